"""How hard the demo is, and what a model trained on it alone says of real fields.

`python -m bench.transfer [--seeds 0 1 2]` builds the demo of each seed, trains XGBoost with its
default settings, but without location, on the training zones, and prints

- accuracy and macro F1 on crop pixels of the held-out zones, with the ten largest confusions;
- the share of real maize and grass pixels of Flanders 2018 (../shared/data) named right, of which
  no pixel was trained on;
- in how many months and bands the simulated median lies within the real 10-90 % range.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
from rasterio.features import rasterize

from cropdash import classify, evaluate, legend
from cropdash.domain import Cube, Grid, Sample, Season
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.prepare import splits
from cropdash.prepare.gapfill import fill_gaps
from cropdash.settings import classifiers
from cropdash.simulate.source import SimulatedSource
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build

FLANDERS = Path(__file__).resolve().parents[2] / "shared" / "data" / "flanders_2018"
MAIZE, GRASS = 30, 6
REAL = {MAIZE: ("MIE",), GRASS: ("PPH",)}  # codes of the real parcels
TWINS = {  # confusions that the real map is known for
    "winter wheat with barley, triticale, rye": (8, (36, 48, 15)),
    "meadow with alfalfa, clover": (6, (28, 46)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    real = read_flanders()
    for seed in parser.parse_args().seeds:
        with tempfile.TemporaryDirectory() as folder:
            report(Path(folder), seed, real)


def report(folder: Path, seed: int, real: tuple[Cube, dict[int, np.ndarray]] | None) -> None:
    dataset = build_demo(folder, seed)
    zones = dataset.built_zones()
    train = [dataset.sample(zone) for zone in zones if zone.split == "train"]
    test = [dataset.sample(zone) for zone in zones if zone.split == "test"]
    model = fit(train, folder)
    print(f"\nseed {seed}")
    print_difficulty(score(model, test))
    if real is None:
        print("  Flanders: ../shared/data/flanders_2018 is absent")
        return
    print_transfer(model, *real)
    print_medians(train + test, *real)


def build_demo(folder: Path, seed: int, side: int = 256) -> DatasetFolder:
    source = SimulatedSource(seed=seed, size=side)
    dataset = DatasetFolder(folder, "demo")
    description = build.describe(source, "demo", "Demo", {"seed": seed})
    build.build(source, dataset, description, workers=2, progress=lambda stage, done: None)
    return dataset


def fit(train: list[Sample], folder: Path) -> classify.Classifier:
    # A model for places far from all that it learned has no use for where they lie.
    values = {"classifier": "xgboost", "dataset": "demo", "location": False}
    config = classifiers.parse(values)
    fold = splits.folds(parcel_table(train), config.folds, config.seed)
    model = classify.build(config)
    model.fit(
        [s for s in train if fold[s.zone.zone_id] != config.validation_fold],
        [s for s in train if fold[s.zone.zone_id] == config.validation_fold],
        folder=folder,
        on_epoch=lambda values: None,
        should_stop=lambda: False,
    )
    return model


def score(model: classify.Classifier, test: list[Sample]) -> evaluate.Confusion:
    size = legend.load().n_classes
    parts = [
        evaluate.confusion(s.labels.crop, model.predict_proba(s.cube).argmax(0), size) for s in test
    ]
    return sum(parts[1:], parts[0])


def print_difficulty(confusion: evaluate.Confusion) -> None:
    names = [c.label() for c in legend.load().classes]
    wrong = confusion.counts.astype(float)
    np.fill_diagonal(wrong, 0)
    print(f"  held-out zones: accuracy {confusion.accuracy:.3f}, macro F1 {confusion.macro_f1:.3f}")
    for place in np.argsort(-wrong, axis=None)[:10]:
        truth, said = np.unravel_index(place, wrong.shape)
        share = wrong[truth, said] / wrong.sum()
        print(f"    {names[truth]} called {names[said]}: {share:.1%} of all errors")
    for twin, (one, others) in TWINS.items():
        both = sum(wrong[one, other] + wrong[other, one] for other in others)
        print(f"    together, {twin}: {both / wrong.sum():.1%} of all errors")


def print_transfer(model: classify.Classifier, cube: Cube, where: dict[int, np.ndarray]) -> None:
    said = model.predict_proba(cube).argmax(0)
    right = {crop: float((said[here] == crop).mean()) for crop, here in where.items()}
    pixels = sum(int(here.sum()) for here in where.values())
    total = sum(right[crop] * here.sum() for crop, here in where.items()) / pixels
    print(
        f"  real Flanders: {total:.3f} of {pixels} maize and grass pixels right "
        f"(maize {right[MAIZE]:.3f}, grass {right[GRASS]:.3f})"
    )


def print_medians(samples: list[Sample], cube: Cube, where: dict[int, np.ndarray]) -> None:
    """Months and bands whose simulated median is within the real 10-90 % range."""
    real = np.where((cube.clear_dates > 0)[:, None], cube.reflectance, np.nan)
    for crop, here in where.items():
        seen = np.concatenate([s.cube.reflectance[:, :, s.labels.crop == crop] for s in samples], 2)
        middle = np.nanmedian(seen, axis=2)
        months = np.isfinite(real[:, :, here]).any(axis=(1, 2))
        low, high = np.nanpercentile(real[months][:, :, here], [10, 90], axis=2)
        inside = (middle[months] >= low) & (middle[months] <= high)
        name = legend.load().classes[crop].label()
        by_band = ", ".join(
            f"{band} {n}" for band, n in zip(BAND_SETS["10m"], inside.sum(axis=0), strict=True)
        )
        print(f"  {name}: {inside.sum()} of {inside.size} month-band medians inside ({by_band})")


def read_flanders() -> tuple[Cube, dict[int, np.ndarray]] | None:
    """Filled composite of 64 x 64 px with its clear months, and where each crop stands."""
    if not FLANDERS.is_dir():
        return None
    gappy = np.load(FLANDERS / "reference_monthly_median.npy").astype(np.float32) / 10_000
    with rasterio.open(sorted((FLANDERS / "scenes").glob("*.tif"))[0], driver="GTiff") as scene:
        transform, crs = scene.transform, scene.crs
        grid = Grid(crs.to_string(), transform.c, transform.f, transform.a, scene.shape)
    clear = np.isfinite(gappy).all(axis=1).astype(np.uint8)
    cube = Cube(fill_gaps(gappy), clear, Season.of(2018).periods, BAND_SETS["10m"], grid)
    parcels = gpd.read_file(FLANDERS / "parcels.gpkg").to_crs(crs)
    where = {}
    for crop, codes in REAL.items():
        chosen = parcels[parcels["CODE_CULTU"].isin(codes)].geometry
        where[crop] = (
            rasterize([(g, 1) for g in chosen], out_shape=grid.shape, transform=transform) > 0
        )
    return cube, where


def parcel_table(samples: list[Sample]):
    """zone_id, region and crop of the parcels, for the folds."""
    import pandas as pd

    rows = []
    for s in samples:
        keep = (s.labels.parcel_id > 0) & (s.labels.crop > 0) & (s.labels.crop < 255)
        pairs = np.unique(
            np.stack([s.labels.parcel_id[keep], s.labels.crop[keep].astype(np.int32)]), axis=1
        )
        rows += [(s.zone.zone_id, s.zone.region, int(crop)) for crop in pairs[1]]
    return pd.DataFrame(rows, columns=["zone_id", "region", "crop"])


if __name__ == "__main__":
    main()
