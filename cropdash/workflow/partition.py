"""Which zones of a dataset are learned from, which are held out, and which are never looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cropdash.domain import Zone
from cropdash.domain.errors import InvalidRun, NotEnoughData
from cropdash.prepare import splits
from cropdash.settings.train import TrainConfig
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunRecord


@dataclass(frozen=True)
class Zones:
    """Who sees what."""

    train: tuple[Zone, ...]
    validation: tuple[Zone, ...]
    test: tuple[Zone, ...]


def choose_zones(dataset: DatasetFolder, config: TrainConfig) -> Zones:
    """Whole zones on each side: test zones are never looked at before scoring.

    With a single training zone there is none to validate on: the model trains without early
    stopping. A training zone without a mapped crop has nothing to teach and is left out.
    """
    built = dataset.built_zones()
    learnable = [z for z in built if z.split == "train"]
    test = tuple(z for z in built if z.split == "test")
    if not learnable:
        raise NotEnoughData(f"Dataset {dataset.name} has no built training zone: build it first.")
    check_context(dataset, built, config)
    parcels = mapped_parcels(dataset, learnable)
    mapped = set(parcels["zone_id"])
    learnable = [z for z in learnable if z.zone_id in mapped]
    if not learnable:
        raise NotEnoughData(
            f"No training zone of dataset {dataset.name} has a parcel with a mapped crop: "
            "check the register's crop codes."
        )
    if len(learnable) == 1:
        return Zones(tuple(learnable), (), test)
    n_folds = min(config.folds, len(learnable))
    fold = splits.folds(parcels, n_folds, config.seed)
    held = config.validation_fold % n_folds
    return Zones(
        tuple(z for z in learnable if fold[z.zone_id] != held),
        tuple(z for z in learnable if fold[z.zone_id] == held),
        test,
    )


def check_context(dataset: DatasetFolder, zones: Sequence[Zone], config: TrainConfig) -> None:
    """Raise InvalidRun if a zone lacks the elevation or last crop that the settings want."""
    words = {"elevation": "elevation", "last_crop": "last year's crops"}
    for name in (name for name in words if getattr(config, name)):
        without = [z.zone_id for z in zones if not _has(dataset, z.zone_id, name)]
        if without:
            raise InvalidRun(
                f"Dataset {dataset.name} has no {words[name]} in {len(without)} of {len(zones)} "
                f"zones ({without[0]}): build it with them under a new name, or set {name} to false."
            )


def _has(dataset: DatasetFolder, zone_id: str, name: str) -> bool:
    if name == "last_crop":
        return dataset.has_last_crops(zone_id)
    return name in dataset.layer_names(zone_id)


def check_unchanged(record: RunRecord, dataset: DatasetFolder) -> None:
    """Raise InvalidRun if the dataset is not the one that a study was begun on."""
    if record.dataset_fingerprint != dataset.fingerprint():
        raise InvalidRun(
            f"Dataset {dataset.name} changed since this study began, and with it which zones are "
            "held out: start a new study."
        )


def mapped_parcels(dataset: DatasetFolder, zones: Sequence[Zone]) -> pd.DataFrame:
    """zone_id, region, crop of every parcel with a mapped crop."""
    tables = [
        dataset.parcels(z.zone_id)[["crop"]].assign(zone_id=z.zone_id, region=z.region)
        for z in zones
    ]
    table = pd.concat(tables, ignore_index=True)
    return pd.DataFrame(table[table["crop"] > 0])
