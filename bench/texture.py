"""What a map looks like, in numbers, and whether its edges lie where the register's do.

    python -m bench.texture FOLDER [--passes 3]

For each run of `FOLDER` (data/demo and models/): its map of the demo's test zones and of Herault 2018
(../shared/data), raw and smoothed `--passes` times, with

- isolated: share of the parcels' pixels that differ from all of their four neighbours;
- pieces: areas of one answer in a parcel, joined by sides, a parcel;
- edges: F1 of the places where the answer changes between two parcels against those where the declared
  crop does, one pixel off allowed;
- accuracy of the pixels.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from scipy import ndimage

from bench import real_sets
from cropdash import classify
from cropdash.domain import Sample
from cropdash.evaluate import smoothing
from cropdash.settings import classifiers
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.workflow import partition


def isolated(said: np.ndarray, parcels: np.ndarray) -> float:
    """Of (H, W) classes, within (H, W) parcels."""
    around = np.pad(said.astype(int), 1, constant_values=-1)
    sides = (around[:-2, 1:-1], around[2:, 1:-1], around[1:-1, :-2], around[1:-1, 2:])
    alone = np.all([side != said for side in sides], axis=0)
    return float(alone[parcels > 0].mean())


def pieces(said: np.ndarray, parcels: np.ndarray) -> float:
    """Areas of one class of one parcel, a parcel."""
    found = 0
    for crop in np.unique(said):
        here = np.where(said == crop, parcels, 0)
        # Parcels that touch are kept apart by a grid twice as fine, whose lines join only the same.
        fine = np.zeros(tuple(2 * n - 1 for n in here.shape), bool)
        fine[::2, ::2] = here > 0
        fine[1::2, ::2] = (here[1:] == here[:-1]) & (here[1:] > 0)
        fine[::2, 1::2] = (here[:, 1:] == here[:, :-1]) & (here[:, 1:] > 0)
        found += int(ndimage.label(fine)[1])
    return found / max(len(np.unique(parcels[parcels > 0])), 1)


def edge_f1(said: np.ndarray, crop: np.ndarray, parcels: np.ndarray) -> float:
    ours, theirs = (_edges(values, parcels) for values in (said, crop))
    near = [ndimage.binary_dilation(edges, np.ones((3, 3))) for edges in (ours, theirs)]
    hit = (
        (ours & near[1]).sum() / max(ours.sum(), 1),
        (theirs & near[0]).sum() / max(theirs.sum(), 1),
    )
    return float(2 * hit[0] * hit[1] / max(sum(hit), 1e-9))


def _edges(values: np.ndarray, parcels: np.ndarray) -> np.ndarray:
    found = np.zeros(values.shape, bool)
    inside = parcels > 0
    found[1:] |= (values[1:] != values[:-1]) & inside[1:] & inside[:-1]
    found[:, 1:] |= (values[:, 1:] != values[:, :-1]) & inside[:, 1:] & inside[:, :-1]
    return found


def of_maps(maps: Sequence[tuple[np.ndarray, Sample]]) -> tuple[float, float, float]:
    """Means over the zones, by parcels and pixels alike."""
    rows = []
    for said, sample in maps:
        crop, parcels = sample.labels.crop, sample.labels.parcel_id
        rows.append((isolated(said, parcels), pieces(said, parcels), edge_f1(said, crop, parcels)))
    a, b, c = np.mean(rows, axis=0)
    return float(a), float(b), float(c)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--passes", type=int, nargs="+", default=[3])
    arguments = parser.parse_args()
    dataset = DatasetFolder(arguments.folder / "data", "demo")
    with tempfile.TemporaryDirectory() as scratch:
        herault = real_sets.herault(Path(scratch))
        for path in sorted((arguments.folder / "models").glob("*/model.json")):
            config = classifiers.parse(RunFolder(path.parent).config)
            test = [dataset.sample(z) for z in partition.choose_zones(dataset, config).test]
            model = classify.load(path.parent, dataset.legend())
            for name, zones in (("demo", test), ("Herault", herault.zones if herault else ())):
                bare = [(model.predict_proba(zone.cube), zone) for zone in zones]
                for line in lines(bare, arguments.passes):
                    print(f"{config.classifier:<10}{name:<10}{line}", flush=True)


def lines(bare: Sequence[tuple[np.ndarray, Sample]], passes: Sequence[int]) -> Iterator[str]:
    for n in (0, *passes):
        smoothing._PASSES = n
        maps = [
            ((smoothing.smoothed(said, zone.cube.ndvi) if n else said).argmax(axis=0), zone)
            for said, zone in bare
        ]
        mapped = [(zone.labels.crop > 0) & (zone.labels.crop < 255) for _, zone in maps]
        right = [
            said[m] == zone.labels.crop[m] for (said, zone), m in zip(maps, mapped, strict=True)
        ]
        alone, parts, edges = of_maps(maps)
        share = np.concatenate(right).mean() if right else np.nan
        yield f"{n} passes: isolated {alone:.2%}, pieces {parts:.2f}, edges {edges:.3f}, right {share:.3f}"


if __name__ == "__main__":
    main()
