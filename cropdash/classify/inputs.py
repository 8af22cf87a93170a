"""What a model sees of a zone: one object, from the settings to what stands beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any

from cropdash.domain import Cube, indices
from cropdash.domain.errors import InvalidRaster
from cropdash.settings.train import TrainConfig

RAW, DIGITAL = "raw", "digital"  # series of a table: reflectance alone; of a network: numbers


@dataclass(frozen=True)
class Inputs:
    """What a model sees beside the reflectance of all bands."""

    series: str  # how the series is shown, by a name that the classifier gives
    indices: tuple[str, ...] = ()
    location: bool = False
    layers: tuple[
        tuple[str, int], ...
    ] = ()  # names, and values a season: T, or 1 where it is still
    last_crop: bool = False
    in_season: bool = False  # how much of the season is known

    @staticmethod
    def of(config: TrainConfig, cube: Cube) -> Inputs:
        """What the settings want of zones such as this one.

        A layer's name may end with a star, for all that begin alike. Raises InvalidRaster if the
        cube lacks what is wanted.
        """
        there = {layer.name: len(layer.values) for layer in cube.layers}
        found: dict[str, int] = {}
        for wanted in config.layers:
            alike = {name: n for name, n in there.items() if fnmatchcase(name, wanted)}
            found |= alike or {wanted: 1}
        made = Inputs(
            config.inputs, config.indices, config.location, tuple(found.items()),
            config.last_crop, config.in_season,
        )  # fmt: skip
        made.check(cube)
        return made

    def check(self, cube: Cube) -> None:
        """Raise InvalidRaster unless the cube has all that is wanted."""
        for name in self.indices:
            missing = set(indices.TABLE[name].bands) - set(cube.bands)
            if missing:
                raise InvalidRaster(
                    "The model wants {a}, for which the zone lacks {b}: use a dataset that has it,"
                    " or other settings of inputs and indices.",
                    a=name,
                    b=", ".join(sorted(missing)),
                )
        there = {layer.name: len(layer.values) for layer in cube.layers}
        for name, n in self.layers:
            if there.get(name) != n:
                raise InvalidRaster(
                    "The model wants layer {a} with {b} values, which the zone does not have: use a"
                    " dataset built with it.",
                    a=name,
                    b=n,
                )
        if self.last_crop and cube.last_crop is None:
            raise InvalidRaster(
                "The model wants last year's crops, which the zone does not have: use a dataset "
                "built with it."
            )

    def to_json(self) -> dict[str, Any]:
        """Its settings by name, to be kept on disk."""
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Inputs:
        """What `to_json` wrote; raises KeyError or TypeError if it is damaged."""
        layers = tuple((str(name), int(n)) for name, n in values["layers"])
        known = {**values, "indices": tuple(values["indices"]), "layers": layers}
        return Inputs(**known)
