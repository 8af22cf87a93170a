"""What stands beside the weights: settings, legend, and what the model was trained on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cropdash.classify import features
from cropdash.classify.inputs import Inputs
from cropdash.domain import Cube, Grid, Legend, Period, Sample
from cropdash.domain.errors import InvalidRaster, InvalidRun, NotEnoughData
from cropdash.domain.message import Message
from cropdash.files.records import Form
from cropdash.settings.train import TrainConfig

MODEL, STATISTICS = Form("model.json"), Form("statistics.json")
_LEAP_YEAR = 2024  # any that has all days


def days_of(periods: Sequence[Period]) -> tuple[str, ...]:
    """The days of the year on which periods begin: "10-01", …"""
    return tuple(f"{period.start:%m-%d}" for period in periods)


def same_days(one: Sequence[str], other: Sequence[str]) -> bool:
    """True if periods begin alike; a day beside it is alike, for the sake of leap years."""
    numbers = [
        [dt.date.fromisoformat(f"{_LEAP_YEAR}-{day}").timetuple().tm_yday for day in days]
        for days in (one, other)
    ]
    if len(one) != len(other):
        return False
    apart = [abs(a - b) for a, b in zip(*numbers, strict=True)]
    return all(min(days, 366 - days) <= 1 for days in apart)


@dataclass(frozen=True)
class TrainingSchema:
    """What a model was trained on, and so what it can be used on."""

    bands: tuple[str, ...]
    days: tuple[str, ...]  # (T,) on which the periods begin
    inputs: Inputs
    classes: tuple[int, ...]  # ids with at least one training pixel
    # Latitude and longitude of the training zones, of a model that sees them.
    places: tuple[tuple[float, float], ...] = ()

    @property
    def n_periods(self) -> int:
        """T, the periods of its season."""
        return len(self.days)

    def knows_place(self, grid: Grid) -> bool:
        """True where a training zone is near; farther off what grows where was not learned."""
        return features.is_near(self.places, grid)

    def misfit(self, bands: Sequence[str], periods: Sequence[Period]) -> str:
        """Why data of these bands and periods are none for the model; empty if they are."""
        days = days_of(periods)
        if tuple(bands) == self.bands and same_days(days, self.days):
            return ""
        return Message(
            "The model wants {a}; the data have {b}: use a dataset of the same kind.",
            a=_told(self.days, self.bands),
            b=_told(days, bands),
        )

    def check(self, cube: Cube) -> None:
        """Raise InvalidRaster unless the cube's bands, periods and what else is seen fit."""
        if told := self.misfit(cube.bands, cube.periods):
            raise InvalidRaster(told)
        self.inputs.check(cube)


def _told(days: Sequence[str], bands: Sequence[str]) -> str:
    return Message(
        "{n} periods from {first} to {last} of {bands}",
        n=len(days),
        first=days[0],
        last=days[-1],
        bands=", ".join(bands),
    )


def schema_of(train: Sequence[Sample], config: TrainConfig) -> TrainingSchema:
    """Of the training zones; pixels without a series teach nothing.

    Raises NotEnoughData if there is no other pixel, InvalidRaster if the zones lack what the
    settings want.
    """
    found: set[int] = set()
    places: list[tuple[float, float]] = []
    for sample in train:  # each is read here
        found |= set(np.unique(sample.labels.crop[features.labelled(sample)]).tolist())
        latitude, longitude = features.coordinates(sample.cube.grid)[:, 0, 0].tolist()
        places.append((latitude, longitude))
    classes = tuple(sorted(found))
    if not classes:
        raise NotEnoughData(
            "No pixel of the training zones has both a mapped crop and a series: "
            "check the register and the scenes."
        )
    first = train[0].cube
    return TrainingSchema(
        first.bands, days_of(first.periods), Inputs.of(config, first), classes,
        tuple(places) if config.location else (),
    )  # fmt: skip


def identity(config: TrainConfig, train: Sequence[Sample]) -> dict[str, Any]:
    """Settings and zones of a training: only the same ones may go on from its checkpoint."""
    zones = [[sample.zone.zone_id, sample.zone.split] for sample in train]
    return {"config": config.model_dump(mode="json"), "zones": zones}


def write(
    folder: Path,
    config: TrainConfig,
    legend: Legend,
    schema: TrainingSchema,
    statistics: Mapping[str, Any],
    **more: Any,
) -> None:
    """Write model.json, with `more` that the classifier tells, and statistics.json."""
    STATISTICS.write(folder, statistics)
    described = {
        "config": config.model_dump(mode="json"),
        "legend_hash": legend.hash,
        "bands": schema.bands,
        "days": schema.days,
        "inputs": schema.inputs.to_json(),
        "classes": schema.classes,
        "places": schema.places,
    }
    MODEL.write(folder, described | more)


def schema_in(model: Mapping[str, Any], config: TrainConfig) -> TrainingSchema:
    """What `write` wrote of it.

    Raises KeyError, TypeError or ValueError if it is damaged or not what the settings ask for.
    """
    inputs = Inputs.from_json(model["inputs"])
    asked = (config.inputs, config.indices, config.location, config.last_crop, config.in_season)
    seen = (inputs.series, inputs.indices, inputs.location, inputs.last_crop, inputs.in_season)
    if asked != seen:
        raise ValueError("The inputs are not those of the settings.")
    places = tuple((float(lat), float(lon)) for lat, lon in model["places"])
    return TrainingSchema(
        tuple(model["bands"]), tuple(model["days"]), inputs, tuple(model["classes"]), places
    )


def damaged(folder: Path, weights: str) -> InvalidRun:
    """What is raised of a model that can't be read."""
    return InvalidRun("{a} of run {b} is damaged: train it again.", a=weights, b=folder.name)
