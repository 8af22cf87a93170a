"""How far apart the colours of the maps are, for three kinds of sight, with the worst pairs named.

    python -m bench.colours [--dataset demo] [--legend FILE] [--worst 5]

Distances are CIE 1976, of colours as common, deutan and protan eyes see them. Of classes those
pairs are compared that are declared in one zone together; without the dataset, all.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np

from cropdash import legend
from cropdash.domain import Legend
from cropdash.domain.errors import CropdashError
from cropdash.figures import layers
from cropdash.figures.shares import GROUP_COLOURS
from cropdash.legend import colours
from cropdash.settings.folders import folders
from cropdash.storage.store import Store

NEAR = 10.0  # a pair nearer than this is told apart with effort


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--legend", type=Path)
    parser.add_argument("--worst", type=int, default=5)
    given = parser.parse_args()
    agreement = [(text, colour) for text, colour, _ in layers.AGREEMENT]
    report("agreement", agreement, None, given.worst)
    report("parts of a bar", [(c, c) for c in GROUP_COLOURS], None, given.worst)
    held, zones = _classes(given.dataset, given.legend)
    named = [(item.label(), item.colour) for item in held.classes]
    report(f"classes in one zone ({len(zones)} zones)", named, _met(zones), given.worst)


def report(
    title: str,
    named: Sequence[tuple[str, str]],
    met: set[tuple[int, int]] | None,
    worst: int,
) -> None:
    """Least distance by sight, how many pairs are near, and which are the nearest."""
    pairs = list(combinations(range(len(named)), 2))
    kept = [k for k, pair in enumerate(pairs) if met is None or pair in met]
    print(f"{title}: {len(kept)} pairs")
    for sight in colours.SIGHTS:
        found = colours.apart([colour for _, colour in named], sight)[kept]
        order = np.argsort(found)[:worst]
        near = int((found < NEAR).sum())
        print(f"  {sight:<7} least {found.min():5.1f}, {near} below {NEAR:.0f}")
        for at in order:
            one, other = (named[i][0] for i in pairs[kept[at]])
            print(f"    {found[at]:5.1f}  {one} | {other}")


def _classes(dataset: str, path: Path | None) -> tuple[Legend, list[list[int]]]:
    """The legend, and the mapped classes that are declared in each zone."""
    if path:
        held = legend.load(path)
        return held, [list(range(1, held.n_classes))]
    store = Store(folders().data, folders().models)
    try:
        counts = store.class_counts(dataset)
    except CropdashError as error:
        print(f"{error} All classes of the French legend are compared.")
        return legend.load(), [list(range(1, legend.load().n_classes))]
    crops = counts[counts["crop"].between(1, 254)]
    return store.legend(dataset), [
        sorted(set(rows)) for _, rows in crops.groupby("zone_id")["crop"]
    ]


def _met(zones: Sequence[Sequence[int]]) -> set[tuple[int, int]]:
    return {pair for zone in zones for pair in combinations(zone, 2)}


if __name__ == "__main__":
    main()
