"""The simulated landscape beside real places and years, and what another year costs a model.

`python -m bench.landscape [--size 256]` builds the demo and prints, measure by measure
(`cropdash.simulate.realism.land`), the zones' range beside real figures, each with its place and
year: those that the realism report ships, and from ../shared/data points of Canada 2017 (snow from
November to April), points of California 2021, and quantiles of five French regions in 2023. The
simulator's constants were chosen with all of these in view but Herault 2018, which was kept apart.

`python -m bench.landscape --years 2021 2022 2023 [--size 96]` trains XGBoost on each year's training
zones and names the pixels of the test zones in each year: what a year costs that was not learned.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.domain import Season
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.prepare import composite
from cropdash.prepare.gapfill import fill_gaps
from cropdash.simulate import landscape
from cropdash.simulate.realism import land
from cropdash.simulate.source import SimulatedSource
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build, realism

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
BANDS = BAND_SETS["10m"]
MONTHS = range(1, 13)
OUTER = 1 / 40  # of zones, at either end of their range
CANADA = {"ct_1200": land.MAIZE, "ct_9120": land.GRASS, "ct_1110": 8}
SNOW = (1, 2, 3, 4, 11, 12)
ZEROED = 0.1  # share of values taken out of the French quantiles, from which on they mislead
MAIN = (4, 6, 8, 9, 14, 17, 27, 28, 30, 31, 33, 36, 40, 41, 43, 45, 47, 48, 49, 50)
PIXELS = 1_500  # of a zone that are learned from, or judged


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--years", type=int, nargs="+")
    chosen = parser.parse_args()
    if chosen.years:
        years(chosen.years, chosen.size, chosen.seed)
    else:
        places(chosen.size, chosen.seed)


def places(size: int, seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, dataset = SimulatedSource(seed=seed, size=size), DatasetFolder(Path(folder), "demo")
        described = build.describe(source, "demo", "Demo", {"seed": seed})
        build.build(source, dataset, described, workers=2, progress=lambda stage, done: None)
        zones = realism.measure(dataset)["land"].groupby("measure", sort=False)["value"]
        quantiles = pd.concat([_quantiles(dataset.sample(z)) for z in dataset.built_zones()])
    known = pd.concat([realism.real_tables()["land"], _canada(), _california()])
    inside = 0
    for measure, values in zones:
        low, middle, high = values.quantile([OUTER, 0.5, 1 - OUTER])
        print(f"{measure}: zones {low:.3f} to {high:.3f}, median {middle:.3f}")
        for row in known[known["measure"] == measure].to_dict("records"):
            is_in = low <= row["value"] <= high
            inside += is_in
            print(f"  {'in ' if is_in else 'OUT'} {row['value']:.3f} {row['place']} {row['year']}")
    print(f"{inside} of {len(known)} real figures lie in the zones' range")
    _france(quantiles)


def _quantiles(sample) -> pd.DataFrame:
    """month, what, p10, p50, p90 of the crop pixels of a zone."""
    crops = (sample.labels.crop > 0) & (sample.labels.crop < 255)
    seen = np.where(sample.cube.clear_dates[:, None] > 0, sample.cube.reflectance, np.nan)
    found = realism.measures.quantiles(seen[:, :, crops], sample.cube.bands, MONTHS)
    return found.rename(columns={"band": "what"})


def _france(zones: pd.DataFrame) -> None:
    table = pd.read_csv(SHARED / "france_2023_quantiles" / "monthly_quantiles.csv")
    zeroed = table[table["what"] == "B8"].set_index(["region", "month"])["share_zero"]
    table["zeroed"] = zeroed.loc[list(zip(table["region"], table["month"], strict=True))].to_numpy()
    table = table[table["what"].isin(["B2", "B3", "B4"]) | (table["zeroed"] < ZEROED)]
    ends = zones.groupby(["what", "month"])[["p10", "p50", "p90"]].quantile([OUTER, 1 - OUTER])
    print("Five French regions, 2023: monthly quantiles of crop pixels in the zones' range")
    for what, rows in table.groupby("what"):
        scale = 1 if what == "NDVI" else 10_000
        for name in ("p10", "p50", "p90"):
            limits = ends[name].unstack().loc[what].loc[rows["month"]].to_numpy()
            value = rows[name].to_numpy() / scale
            low, high = value < limits[:, 0], value > limits[:, 1]
            print(
                f"  {what} {name}: {len(rows) - low.sum() - high.sum()} of {len(rows)},"
                f" {low.sum()} below, {high.sum()} above"
            )


def _canada() -> pd.DataFrame:
    return _points("canada_2017", 2017, CANADA, without=SNOW)


def _california() -> pd.DataFrame:
    return _points("california_2021", 2021, {}, without=())


def _points(name: str, year: int, crops: dict[str, int], without: tuple[int, ...]) -> pd.DataFrame:
    """The measures of labelled points: an image of one row, each pixel a parcel."""
    samples = pd.read_csv(SHARED / "series" / f"{name}_samples.csv")
    samples = samples[samples["label"] != "other"]
    series = pd.read_parquet(SHARED / "series" / f"{name}_series.parquet")
    series = series.assign(month=series["period"].str[-2:].astype(int))
    series = series[~series["month"].isin(without)]
    index = pd.MultiIndex.from_product([MONTHS, samples["sample_id"]], names=["month", "sample_id"])
    wide = series.set_index(["month", "sample_id"])[list(BANDS)].reindex(index) / 10_000
    seen = wide.to_numpy().reshape(12, 1, len(samples), len(BANDS)).transpose(0, 3, 1, 2)
    crop = samples["label"].map(crops).fillna(0).to_numpy(int)[None]
    ids = np.arange(1, len(samples) + 1)[None]
    found = land.measure(seen, BANDS, MONTHS, crop, ids)
    del found["red of the brightest tenth of bare ground, April to June"]  # some points are clouds
    return _rows(found, name.split("_")[0], year)


def _rows(found: dict[str, float], place: str, year: int) -> pd.DataFrame:
    rows = [(measure, place, year, value) for measure, value in found.items()]
    return pd.DataFrame(rows, columns=["measure", "place", "year", "value"]).dropna()


def years(chosen: list[int], size: int, seed: int) -> None:
    """Accuracy on what grows, of the commonest classes, without errors of declaration."""
    import xgboost

    drawn = {year: _pixels(size, seed, year) for year in chosen}
    right = np.zeros((len(chosen), len(chosen)))
    for i, year in enumerate(chosen):
        model = xgboost.XGBClassifier(
            n_estimators=40, max_depth=6, learning_rate=0.3, max_bin=64, subsample=0.7, n_jobs=1
        )
        model.fit(*drawn[year]["train"])
        for j, other in enumerate(chosen):
            pixels, truth = drawn[other]["test"]
            right[i, j] = (model.predict(pixels) == truth).mean()
        print(f"learned {year}: {' '.join(f'{value:.3f}' for value in right[i])}", flush=True)
    cost = (np.diag(right)[None] - right)[~np.eye(len(chosen), dtype=bool)]
    print(f"another year costs {cost.mean():.3f} ({cost.min():.3f} to {cost.max():.3f})")


def _pixels(size: int, seed: int, year: int) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Reflectance and NDVI by month (N, 60) of pixels of both splits, and what grows there (N,)."""
    source = SimulatedSource(seed=seed, size=size, season=Season.of(year))
    rng, found = np.random.default_rng(seed), {"train": [], "test": []}
    for zone in source.zones():
        seen = fill_gaps(composite.stream(source.scenes(zone), source.season.periods).reflectance)
        ndvi = (seen[:, 3] - seen[:, 2]) / (seen[:, 3] + seen[:, 2] + 1e-6)
        rows = np.concatenate([seen, ndvi[:, None]], axis=1).reshape(60, -1)
        drawn = landscape.lay_out(zone, seed)
        grown = drawn.growth[drawn.piece].ravel()
        farmed = (drawn.code != "")[drawn.piece].ravel()
        use = farmed & np.isin(grown, MAIN) & np.isfinite(rows).all(axis=0)
        some = rng.permutation(np.flatnonzero(use))[:PIXELS]
        found[zone.split].append((rows[:, some].T, np.searchsorted(MAIN, grown[some])))
    return {
        split: tuple(np.concatenate(part) for part in zip(*parts, strict=True))
        for split, parts in found.items()
    }


if __name__ == "__main__":
    main()
