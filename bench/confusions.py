"""Where the confusions that real maps are known for stand among all of a run's confusions.

    python -m bench.confusions RUN [RUN ...]

Reads the scored pixels of trained runs (CROPDASH_MODELS) and prints each pair's rank in four readings,
1 being the largest: by pixels in one direction, by pixels in both directions together, by share of what
was declared (each row of the matrix divided by its support), and within the row of the smaller crop.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash import legend
from cropdash.evaluate import formulas
from cropdash.settings import folders
from cropdash.storage.runs import RunFolder

PAIRS = {  # (class, the smaller class it is confused with)
    "wheat and barley": (8, 36),
    "wheat and triticale": (8, 48),
    "wheat and rye": (8, 15),
    "meadow and alfalfa": (6, 28),
    "meadow and clover": (6, 46),
}
TOGETHER = {36: (48, 15), 28: (46,)}  # joined as one crop: the first stands for all
GROUPED = {"wheat and barley, triticale, rye": (8, 36), "meadow and alfalfa, clover": (6, 28)}
TOP = 10


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="+", metavar="RUN")
    for run in parser.parse_args().runs:
        counts = read(RunFolder(folders.folders().models / run).confusions())
        print(f"{run}: accuracy {np.trace(counts) / counts.sum():.3f}")
        print_ranks(counts)


def read(table: pd.DataFrame) -> NDArray[np.float64]:
    """(K, K) pixels of all zones, rows = declared; uncropped land isn't scored."""
    size = legend.load().n_classes
    rows = table[(table["unit"] == "pixel") & (table["truth"] > 0)]
    counts = np.zeros((size, size))
    np.add.at(counts, (rows["truth"], rows["predicted"]), rows["value"])
    return counts


def print_ranks(counts: NDArray[np.float64]) -> None:
    table = ranks(counts)
    joined = ranks(join(counts), GROUPED)
    print(pd.concat([table, joined]).to_string(float_format="{:.0f}".format, na_rep="-"))
    inside = (table.drop(columns="support") <= TOP).sum()
    print(f"among the {TOP} largest: " + ", ".join(f"{n} {c}" for n, c in inside.items()))


def join(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K, K) with the rows and columns of `TOGETHER` summed; those of the joined are left empty."""
    whole = np.array(counts, dtype=np.float64)
    for first, others in TOGETHER.items():
        for other in others:
            for view in (whole, whole.T):
                view[first] += view[other]
                view[other] = 0
    return whole


def ranks(
    counts: NDArray[np.float64], pairs: Mapping[str, tuple[int, int]] = PAIRS
) -> pd.DataFrame:
    """Rank of each pair by reading, 1 = largest, ties sharing the better rank; NaN where never confused.

    pixels and shares: the better of the pair's two directions; both: the two summed, among
    unordered pairs; row: the larger crop among all that the smaller one is taken for.
    """
    wrong = np.array(counts, dtype=np.float64)
    np.fill_diagonal(wrong, 0)
    shares = np.nan_to_num(formulas.row_shares(counts))
    np.fill_diagonal(shares, 0)
    both = np.triu(wrong + wrong.T)
    found = {}
    for name, (one, other) in pairs.items():
        directions = ((one, other), (other, one))
        found[name] = {
            "support": counts[other].sum(),
            "pixels": min(_rank(wrong, wrong[cell]) for cell in directions),
            "both": _rank(both, (wrong + wrong.T)[one, other]),
            "shares": min(_rank(shares, shares[cell]) for cell in directions),
            "row": _rank(wrong[other], wrong[other, one]),
        }
    return pd.DataFrame.from_dict(found, orient="index").replace(np.inf, np.nan)


def _rank(values: NDArray[np.float64], value: float) -> float:
    """1 + how many are larger; infinite if nothing is confused so."""
    return float((values > value).sum() + 1) if value > 0 else np.inf


if __name__ == "__main__":
    main()
