"""What a year that was not learned costs XGBoost, and what wins it back.

    python -m bench.years [--landscapes 52] [--years 2021 2022 2023] [--size 80]

Builds each simulated landscape under the weather of each year, as the same fields with the same
crops: only weather, sky and register differ. Each year is the one that was never seen once: a model of
the year before (`one`) and one of all other years (`others`, equally many pixels) name the parcels of whole
test zones in it; as they are, trained on zones varied as the network's patches are (each
three times: the season's start, gains, soil, haze), with one shift a zone chosen by the mean confidence, and with class shares of the new year by
expectation maximisation (Saerens et al. 2002; classes above 1 % of the training, half of the weight
on the shares that were learned). What is lost is against a model of the year itself; intervals are
over zones, drawn anew, each with all its years.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cropdash import classify
from cropdash.classify import augmentation, features
from cropdash.classify.classifier import Classifier
from cropdash.domain import IGNORE, Sample, Season
from cropdash.evaluate import parcels
from cropdash.settings import classifiers
from cropdash.simulate.source import SimulatedSource
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build, partition

SHIFTS = (0.0, -0.5, 0.5)  # months that a zone's season may be moved by
LEAST, STEPS = 0.01, 100  # share of a class, and rounds of expectation maximisation
COPIES = 3  # of a zone that is varied
DRAWS = 2_000
Right = NDArray[np.float64]  # (Z, 2) parcels named right, and all, by test zone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--landscapes", type=int, nargs="+", default=[52])
    parser.add_argument("--years", type=int, nargs="+", default=[2021, 2022, 2023])
    parser.add_argument("--size", type=int, default=80)
    parser.add_argument("--pixels", type=int, default=10_000)
    chosen = parser.parse_args()
    lost: dict[str, list[Right]] = defaultdict(list)
    for seed in chosen.landscapes:
        with tempfile.TemporaryDirectory() as folder:
            sets = {y: built(Path(folder), seed, y, chosen.size) for y in chosen.years}
            for name, by_zone in of_landscape(sets, chosen.pixels).items():
                lost[name].append(by_zone)
    told(lost)


def built(folder: Path, seed: int, year: int, size: int) -> DatasetFolder:
    source = SimulatedSource(seed=seed, size=size, season=Season.of(year), zones_per_region=3)
    dataset = DatasetFolder(folder, f"y{year}")
    described = build.describe(source, dataset.name, str(year), {"seed": seed})
    build.build(source, dataset, described, workers=1, progress=lambda stage, done: None)
    return dataset


def of_landscape(sets: Mapping[int, DatasetFolder], pixels: int) -> dict[str, Right]:
    """By model and means (Z, 2): parcels lost against a model of the year itself, and all."""
    legend, some = next(iter(sets.values())).legend(), {"classifier": "xgboost", "dataset": "d"}
    zones = {y: partition.choose_zones(s, classifiers.parse(some)) for y, s in sets.items()}
    train = {y: [sets[y].sample(z) for z in zones[y].train] for y in sets}
    held = {y: [sets[y].sample(z) for z in zones[y].validation] for y in sets}
    test = {y: [sets[y].sample(z) for z in zones[y].test] for y in sets}

    def learned(years: Sequence[int], copies: int) -> tuple[Classifier, NDArray[np.float64]]:
        model = classify.build(classifiers.parse(some | {"pixels": pixels, "threads": 1}), legend)
        samples = [s for y in years for s in train[y]]
        samples = [varied(s, i) for s in samples for i in range(copies)] or samples
        with tempfile.TemporaryDirectory() as scratch:
            model.fit(
                samples, held[years[0]], folder=Path(scratch), on_epoch=lambda values: None,
                should_stop=lambda: False,
            )  # fmt: skip
        return model, features.class_shares(samples, legend.n_classes)

    own: dict[int, Right] = {}
    found: dict[str, list[tuple[int, Right]]] = defaultdict(list)

    def keep(name: str, year: int, of: tuple[Classifier, NDArray[np.float64]]) -> None:
        for means, right in named(*of, test[year]).items():
            found[f"{name}{means}"].append((year, right))

    for year, later in zip(sets, [*sets][1:] + [*sets][:1], strict=True):
        model, prior = learned([year], 0)
        own[year] = named(model, prior, test[year])[""]
        keep("one", later, (model, prior))
        keep("one, varied", later, learned([year], COPIES))
        keep("others", year, learned([y for y in sets if y != year], 0))
    return {
        name: np.sum([np.stack([own[y][:, 0] - r[:, 0], r[:, 1]], axis=1) for y, r in rows], axis=0)
        for name, rows in found.items()
    }


def varied(sample: Sample, number: int) -> Sample:
    """The zone as another year might have shown it."""
    rng = np.random.default_rng((number, sum(sample.zone.zone_id.encode())))
    cube = sample.cube
    series = augmentation.varied(cube.reflectance, cube.bands, 1.0, rng)
    return replace(sample, cube=replace(cube, reflectance=series))


def named(
    model: Classifier, prior: NDArray[np.float64], samples: Sequence[Sample]
) -> dict[str, Right]:
    """By the means (Z, 2) parcels of the zones that are named right, and all."""
    plain, moved, truths = [], [], []
    for sample in samples:
        said, truth = [], np.zeros(0, np.int64)
        for shift in SHIFTS:
            series = augmentation.shifted(sample.cube.reflectance, shift).astype(np.float32)
            cube = replace(sample.cube, reflectance=series)
            means = parcels.parcel_probabilities(model.predict_proba(cube), sample.labels.parcel_id)
            truth = parcels.declared(sample.labels, means.ids)
            mapped = (truth > 0) & (truth != IGNORE)
            said.append(means.probabilities[mapped])
            truth = truth[mapped]
        sure = [each.max(axis=1).mean() if len(each) else 0.0 for each in said]
        plain.append(said[0])
        moved.append(said[int(np.argmax(sure))])
        truths.append(truth)
    shared = with_shares(np.concatenate(plain), prior)
    parts = np.split(shared, np.cumsum([len(t) for t in truths])[:-1])
    every = {"": plain, ", shift by confidence": moved, ", shares by EM": parts}
    return {
        name: np.array(
            [[(p.argmax(1) == t).sum(), len(t)] for p, t in zip(said, truths, strict=True)], float
        )
        for name, said in every.items()
    }


def with_shares(said: NDArray[np.float32], prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """(P, K) answers bent to the likeliest class shares of these parcels."""
    free, shares = prior >= LEAST, prior.copy()
    ratio = np.ones_like(prior)
    for _ in range(STEPS):
        bent = said * ratio
        bent /= np.maximum(bent.sum(axis=1, keepdims=True), 1e-12)
        shares = np.where(free, (bent.mean(axis=0) + prior) / 2, prior)
        ratio = np.where(free, shares / np.where(free, prior, 1), 1)
    return bent


def told(lost: Mapping[str, Sequence[Right]]) -> None:
    """What each way loses, and wins back of what one other year loses."""
    stacked = {name: np.concatenate(parts) for name, parts in lost.items()}  # landscapes' zones
    base, rng = stacked["one"], np.random.default_rng(0)
    drawn = rng.integers(0, len(base), (DRAWS, len(base)))

    def rate(rows: Right) -> NDArray[np.float64]:
        total = rows.sum(axis=-2)
        return np.asarray(total[..., 0] / total[..., 1])

    print(f"{len(base)} zones, {base[:, 1].sum():.0f} parcels named of years never seen")
    for name, rows in stacked.items():
        back = rate(base) - rate(rows)
        low, high = np.quantile(rate(base[drawn]) - rate(rows[drawn]), [0.025, 0.975])
        ends = np.quantile(rate(rows[drawn]), [0.025, 0.975])
        print(
            f"{name:34s} loses {rate(rows):+.3f} ({ends[0]:+.3f} to {ends[1]:+.3f}), wins back "
            f"{back:+.3f} ({low:+.3f} to {high:+.3f}), {back / rate(base):+.0%}"
        )


if __name__ == "__main__":
    main()
