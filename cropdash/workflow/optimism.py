"""How much a wrong split flatters: one model, scored under five ways to hold pixels back."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash import classify
from cropdash.domain import IGNORE, Legend, Sample, Zone
from cropdash.domain.errors import NotEnoughData
from cropdash.domain.message import Message
from cropdash.evaluate import Confusion, confusion, parcels
from cropdash.prepare import splits
from cropdash.settings.train import TrainConfig
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow.zone_dataset import ZoneDataset, beside

Progress = Callable[[str, float], None]
HELD = 5  # one in so many is held back, whatever the unit
PATCH = 24  # [pixels] on a side, as the seed project cuts its patches
SPLITS = ("pixel", "parcel", "patch", "zone", "region")
YEAR = "another year"


@dataclass(frozen=True, eq=False)
class Fold:
    """What is learned from and what is scored; the labels of everything else are gone."""

    learned: Sequence[Sample]
    scored: Sequence[Sample]


def measure(
    dataset: DatasetFolder,
    config: TrainConfig,
    *,
    progress: Progress,
    models: Path | None = None,
    year: DatasetFolder | None = None,
) -> pd.DataFrame:
    """Scores of one model under each of SPLITS, over all zones of the dataset.

    Columns split, folds, accuracy, macro_f1, parcel_accuracy, parcel_macro_f1 (NaN where a parcel
    is on both sides), learned and scored (pixels), flatters_by and flatters_f1_by (accuracy and
    macro F1 above those of whole zones). With `year`, a dataset of the same ground in another year, the
    last row scores there the zones held back whole. Macro F1 is over the classes that occur in what is
    scored; under `region` all are means over regions. The training draws equally many pixels under each. Written to `models` if given.

    No model that is used anywhere is chosen by this: it shows what the split alone does.
    """
    zones = dataset.built_zones()
    if len(zones) < HELD:
        raise NotEnoughData(
            "{a} has {b} built zones; {c} are needed.", a=dataset.name, b=len(zones), c=HELD
        )
    if len({zone.region for zone in zones}) < 2:
        raise NotEnoughData(
            "All zones of {a} lie in one region; to leave one out it needs another.", a=dataset.name
        )
    samples, rows = ZoneDataset(dataset, zones), []
    for i, split in enumerate(SPLITS):
        progress(Message("Split by {a}", a=split), i / len(SPLITS))
        scored = [
            _score(with_others(fold, dataset, config), config, dataset.legend())
            for fold in folds(samples, zones, split, config.seed)
        ]
        rows.append({"split": split, "folds": len(scored), **pd.DataFrame(scored).mean().to_dict()})
    if year is not None:
        progress("Another year", 1.0)
        (fold,) = folds(samples, zones, "zone", config.seed)
        fold = with_others(another_year(fold, year), dataset, config)
        scored = [_score(fold, config, dataset.legend())]
        rows.append({"split": YEAR, "folds": 1, **pd.DataFrame(scored).mean().to_dict()})
    table = pd.DataFrame(rows)
    honest = rows[SPLITS.index("zone")]
    table["flatters_by"] = table["accuracy"] - float(honest["accuracy"])
    table["flatters_f1_by"] = table["macro_f1"] - float(honest["macro_f1"])
    if models is not None:
        _write(table, config, models)
    return table


def folds(
    samples: Sequence[Sample], zones: Sequence[Zone], split: str, seed: int
) -> Iterator[Fold]:
    """What is held back under a split: one fold, or one for each region."""
    if split == "region":
        for region in dict.fromkeys(zone.region for zone in zones):
            yield _parted(samples, [_all_or_none(s, s.zone.region == region) for s in samples])
    elif split == "zone":
        fold = splits.folds(_some_crops(samples), HELD, seed)
        yield _parted(samples, [_all_or_none(s, fold.get(s.zone.zone_id) == 0) for s in samples])
    else:
        yield _parted(samples, [held_back(s, split, seed) for s in samples])


def another_year(fold: Fold, year: DatasetFolder) -> Fold:
    """What is scored is the same zones in the dataset of another year.

    Raises NotEnoughData if that dataset lacks one of them.
    """
    there = {zone.zone_id: zone for zone in year.built_zones()}
    wanted = [sample.zone.zone_id for sample in fold.scored]
    if lacking := sorted(set(wanted) - there.keys()):
        raise NotEnoughData(
            "Dataset {a} lacks zone {b}: give one of the same zones in another year.",
            a=year.name,
            b=lacking[0],
        )
    return Fold(fold.learned, [year.sample(there[zone_id]) for zone_id in wanted])


def with_others(fold: Fold, own: DatasetFolder, config: TrainConfig) -> Fold:
    """What the settings' other datasets teach as well, on other ground than what is scored."""
    others = beside(own, config, [sample.zone for sample in fold.scored])
    return replace(fold, learned=[*fold.learned, *(s for other in others for s in other)])


def _parted(samples: Sequence[Sample], out: Sequence[NDArray[np.bool_]]) -> Fold:
    pairs = list(zip(samples, out, strict=True))
    return Fold(
        [without(sample, held) for sample, held in pairs if not held.all()],
        [without(sample, ~held) for sample, held in pairs if held.any()],
    )


def _all_or_none(sample: Sample, held: bool) -> NDArray[np.bool_]:
    return np.full(sample.labels.crop.shape, held)


def _some_crops(samples: Sequence[Sample]) -> pd.DataFrame:
    """zone_id, region and crop of every fiftieth labelled pixel, by which zones are spread."""
    tables = []
    for sample in samples:
        crop, zone = sample.labels.crop, sample.zone
        mapped = crop[(crop > 0) & (crop != IGNORE)][::50]
        tables.append(
            pd.DataFrame({"crop": mapped}).assign(zone_id=zone.zone_id, region=zone.region)
        )
    return pd.concat(tables, ignore_index=True)


def held_back(sample: Sample, split: str, seed: int) -> NDArray[np.bool_]:
    """(H, W) True for one in HELD of the zone's pixels, parcels or patches."""
    rng = np.random.default_rng((seed, sum(sample.zone.zone_id.encode())))
    height, width = sample.labels.crop.shape
    if split == "pixel":
        return rng.random((height, width)) < 1 / HELD
    if split == "parcel":
        ids = sample.labels.parcel_id
        return (rng.random(int(ids.max()) + 1) < 1 / HELD)[ids]
    tiles = rng.random((-(-height // PATCH), -(-width // PATCH))) < 1 / HELD
    whole = tiles.repeat(PATCH, axis=0).repeat(PATCH, axis=1)
    return whole[:height, :width]


def without(sample: Sample, out: NDArray[np.bool_]) -> Sample:
    """The sample with the labels of (H, W) `out` taken away."""
    crop = np.where(out, 0, sample.labels.crop).astype(np.uint8)
    parcel_id = np.where(out, 0, sample.labels.parcel_id).astype(np.int32)
    return replace(sample, labels=replace(sample.labels, crop=crop, parcel_id=parcel_id))


def _score(fold: Fold, config: TrainConfig, legend: Legend) -> dict[str, float]:
    model, k = classify.build(config, legend), legend.n_classes
    with tempfile.TemporaryDirectory() as scratch:
        model.fit(
            fold.learned, (), folder=Path(scratch), on_epoch=lambda values: None,
            should_stop=lambda: False,
        )  # fmt: skip
    pixels, fields = Confusion(np.zeros((k, k), int)), Confusion(np.zeros((k, k), int), "parcel")
    for sample in fold.scored:
        said = model.predict_proba(sample.cube)
        pixels += confusion(sample.labels.crop, said.argmax(axis=0), k)
        means = parcels.parcel_probabilities(said, sample.labels.parcel_id)
        truth = parcels.declared(sample.labels, means.ids)
        fields += confusion(truth, means.probabilities.argmax(axis=1), k, unit="parcel")
    shared = _parcels_of(fold.learned) & _parcels_of(fold.scored)
    return {
        "accuracy": pixels.accuracy,
        "macro_f1": pixels.macro_f1,
        "parcel_accuracy": np.nan if shared else fields.accuracy,
        "parcel_macro_f1": np.nan if shared else fields.macro_f1,
        "learned": float(sum(_labelled(s) for s in fold.learned)),
        "scored": float(pixels.counts.sum()),
    }


def _labelled(sample: Sample) -> int:
    crop = sample.labels.crop
    return int(((crop > 0) & (crop != IGNORE)).sum())


def _parcels_of(samples: Sequence[Sample]) -> set[tuple[str, int]]:
    return {
        (s.zone.zone_id, int(i))
        for s in samples
        for i in np.unique(s.labels.parcel_id[s.labels.crop > 0])
        if i
    }


def _write(table: pd.DataFrame, config: TrainConfig, models: Path) -> None:
    rows = table.astype(object).where(table.notna(), None).to_dict("records")
    layout.OPTIMISM.write(models, {"config": config.model_dump(mode="json"), "splits": rows})
