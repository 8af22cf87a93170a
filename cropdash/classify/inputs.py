"""What a model sees of a zone: one object, from the settings to what stands beside the weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Protocol

from cropdash.domain import Cube, indices
from cropdash.domain.errors import InvalidRaster

# Series of a table: reflectance alone; with dates and heights of the season. Of a network: roots.
RAW, PHENOLOGY, ROOTS = "raw", "phenology", "sqrt"
_OF_PHENOLOGY = ("NDVI", "GNDVI")


class Seeing(Protocol):
    """What settings say of a model's inputs."""

    @property
    def inputs(self) -> str: ...
    @property
    def indices(self) -> tuple[str, ...]: ...
    @property
    def location(self) -> bool: ...
    @property
    def layers(self) -> tuple[str, ...]: ...
    @property
    def last_crop(self) -> bool: ...
    @property
    def zone_mean(self) -> bool: ...


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
    zone_mean: bool = False

    @staticmethod
    def of(config: Seeing, cube: Cube) -> Inputs:
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
            config.last_crop, config.zone_mean,
        )  # fmt: skip
        made.check(cube)
        return made

    def check(self, cube: Cube) -> None:
        """Raise InvalidRaster unless the cube has all that is wanted."""
        own = _OF_PHENOLOGY if self.series == PHENOLOGY else ()
        for name in (*self.indices, *own):
            missing = set(indices.TABLE[name].bands) - set(cube.bands)
            if missing:
                raise InvalidRaster(
                    f"The model wants {name}, for which the zone lacks {', '.join(sorted(missing))}: "
                    "use a dataset that has it, or other settings of inputs and indices."
                )
        there = {layer.name: len(layer.values) for layer in cube.layers}
        for name, n in self.layers:
            if there.get(name) != n:
                raise InvalidRaster(
                    f"The model wants layer {name} with {n} values, which the zone does not have: "
                    "use a dataset built with it."
                )
        if self.last_crop and cube.last_crop is None:
            raise InvalidRaster(
                "The model wants last year's crops, which the zone does not have: use a dataset "
                "built with it."
            )

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> Inputs:
        """What `to_json` wrote; raises KeyError or TypeError if it is damaged."""
        layers = tuple((str(name), int(n)) for name, n in values["layers"])
        known = {**values, "indices": tuple(values["indices"]), "layers": layers}
        return Inputs(**known)
