"""Which zones of a dataset are learned from, which are held out, and which are never looked at."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cropdash.classify import stopping
from cropdash.domain import BACKGROUND, IGNORE, Bytes, Zone, indices
from cropdash.domain.errors import InvalidRun, NotEnoughData
from cropdash.domain.message import Message
from cropdash.prepare import rare, splits
from cropdash.settings.train import TrainConfig
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.run_record import RunRecord


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
        dataset.check_damage()
        raise NotEnoughData(
            "Dataset {a} has no built training zone: build it first.", a=dataset.name
        )
    check_inputs(dataset, built, config)
    parcels = mapped_parcels(dataset, learnable)
    mapped = set(parcels["zone_id"])
    learnable = [z for z in learnable if z.zone_id in mapped]
    if not learnable:
        if all(dataset.report(zone.zone_id).get("outlines") for zone in built):
            raise NotEnoughData(
                "Dataset {a} holds outlines alone, so there is nothing to learn from: predict"
                " it with a run of another dataset, by predict RUN --on {b}.",
                a=dataset.name,
                b=dataset.name,
            )
        raise NotEnoughData(
            "No training zone of dataset {a} has a parcel with a mapped crop: check the"
            " register's crop codes.",
            a=dataset.name,
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


def check_inputs(dataset: DatasetFolder, zones: Sequence[Zone], config: TrainConfig) -> None:
    """Raise InvalidRun if a zone lacks what the settings want a model to see."""
    bands = dataset.description().bands
    able = [index.name for index in indices.of_bands(bands)]
    for name in config.indices:
        if name not in able:
            raise InvalidRun(
                "The bands of dataset {a} ({b}) don't give {c}: set indices to some of {d}.",
                a=dataset.name,
                b=", ".join(bands),
                c=name,
                d=", ".join(able) or "none",
            )
    for wanted in config.layers:
        without = [z for z in zones if not fnmatch.filter(dataset.layer_names(z.zone_id), wanted)]
        _check_all_have(dataset, zones, without, f"layer {wanted}", "layers")
    if config.last_crop:
        without = [z for z in zones if not dataset.has_last_crops(z.zone_id)]
        _check_all_have(dataset, zones, without, "last year's crops", "last_crop")


def _check_all_have(
    dataset: DatasetFolder, zones: Sequence[Zone], without: Sequence[Zone], what: str, setting: str
) -> None:
    if without:
        raise InvalidRun(
            "Dataset {a} has no {b} in {c} of {d} zones ({e}): build it with them under a"
            " new name, or take it out of the setting {f}.",
            a=dataset.name,
            b=what,
            c=len(without),
            d=len(zones),
            e=without[0].zone_id,
            f=setting,
        )


def check_unchanged(record: RunRecord, dataset: DatasetFolder) -> None:
    """Raise InvalidRun if the dataset is not the one that a study was begun on."""
    if record.dataset_fingerprint != dataset.fingerprint():
        raise InvalidRun(
            "Dataset {a} changed since this study began, and with it which zones are held"
            " out: start a new study.",
            a=dataset.name,
        )


def mapped_parcels(dataset: DatasetFolder, zones: Sequence[Zone]) -> pd.DataFrame:
    """zone_id, region, crop of every parcel with a mapped crop."""
    tables = [
        dataset.parcel_facts(z.zone_id, ("crop",)).assign(zone_id=z.zone_id, region=z.region)
        for z in zones
    ]
    table = pd.concat(tables, ignore_index=True)
    return pd.DataFrame(table[table["crop"] > 0])


def undeclared(dataset: DatasetFolder, zones: Sequence[Zone]) -> str:
    """Why nothing can be scored, where no parcel of the zones has a mapped crop; else ""."""
    known = dataset.look()
    crops = {crop for zone in zones for crop, *_ in known[zone.zone_id].said.crops}
    if crops - {BACKGROUND, IGNORE}:
        return ""
    names = ", ".join(zone.zone_id for zone in zones[:5])
    return Message(
        "Nothing is scored: dataset {dataset} declares no mapped crop in {zones}, as with outlines"
        " alone.",
        dataset=dataset.name,
        zones=names,
    )


def held_out_doubts(dataset: DatasetFolder, zones: Zones) -> Iterator[str]:
    """Why the validation zones may be no guide, in sentences; see `classify.stopping`."""
    if zones.validation:
        size = dataset.legend().n_classes
        crops = [mapped_parcels(dataset, side)["crop"] for side in (zones.train, zones.validation)]
        counts = [np.bincount(crop[crop != IGNORE], minlength=size) for crop in crops]
        yield from stopping.doubts(*counts)


def rare_classes(
    dataset: DatasetFolder, zones: Sequence[Zone], config: TrainConfig
) -> tuple[Bytes, dict[str, Any]]:
    """(K,) the class that each is learned as, by the settings' rule, and what that means in words."""
    legend = dataset.legend()
    crops = mapped_parcels(dataset, zones)["crop"]
    counts = np.bincount(crops[crops != IGNORE], minlength=legend.n_classes)
    target = rare.learned_as(counts, legend.group_of("group"), config.least_parcels, config.rare)
    names = [c.name for c in legend.classes]
    return target, {
        "parcels": {name: int(n) for name, n in zip(names, counts, strict=True) if n},
        "dropped": [names[k] for k in np.flatnonzero((target == IGNORE) & (counts > 0))],
        "merged": {
            names[k]: names[target[k]]
            for k in np.flatnonzero((target != np.arange(len(target))) & (target != IGNORE))
            if counts[k]
        },
    }
