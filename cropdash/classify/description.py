"""What stands beside the weights: architecture, legend, bands, periods, trained classes."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cropdash.classify import features
from cropdash.domain import Cube, Sample
from cropdash.domain.errors import InvalidRaster, NotEnoughData
from cropdash.settings.train import TrainConfig

MODEL, STATISTICS = "model.json", "statistics.json"
CHECKPOINT, ROUNDS = "checkpoint.safetensors", "checkpoint.ubj"  # of a training under way


@dataclass(frozen=True)
class Frame:
    """What a model was trained on, and so what it can be used on."""

    bands: tuple[str, ...]
    n_periods: int
    classes: tuple[int, ...]  # ids with at least one training pixel

    def check(self, cube: Cube) -> None:
        """Raise InvalidRaster unless the cube's bands and number of periods fit."""
        if cube.bands != self.bands or len(cube.periods) != self.n_periods:
            raise InvalidRaster(
                f"The model wants {self.n_periods} periods of {', '.join(self.bands)}; the zone has "
                f"{len(cube.periods)} of {', '.join(cube.bands)}: use a dataset of the same kind."
            )


def frame_of(train: Sequence[Sample]) -> Frame:
    """Bands, periods and classes of the training zones; pixels without a series teach nothing."""
    found: set[int] = set()
    for sample in train:
        found |= set(np.unique(sample.labels.crop[features.labelled(sample)]).tolist())
    classes = tuple(sorted(found))
    if not classes:
        raise NotEnoughData(
            "No pixel of the training zones has both a mapped crop and a series: "
            "check the register and the scenes."
        )
    first = train[0].cube
    return Frame(first.bands, len(first.periods), classes)


def identity(config: TrainConfig, train: Sequence[Sample]) -> dict[str, Any]:
    """Settings and zones of a training: only the same ones may go on from its checkpoint."""
    zones = [[sample.zone.zone_id, sample.zone.split] for sample in train]
    return {"config": config.model_dump(mode="json"), "zones": zones}


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary name beside `path` that takes its place once it is written whole."""
    temporary = path.with_name(f".part-{os.getpid()}-{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1), encoding="utf-8")
