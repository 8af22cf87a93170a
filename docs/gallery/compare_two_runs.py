"""Two models on the same test zones: is one better, and by how much?

python -m docs.gallery.compare_two_runs DATASET
"""

from __future__ import annotations

import sys

import pandas as pd

import cropdash


def main(dataset: str, **settings: int) -> pd.DataFrame:
    """Train two kinds of model and compare them parcel by parcel."""
    left = cropdash.train(dataset, "xgboost", seed=1, **settings)
    right = cropdash.train(dataset, "forest", seed=1, **settings)
    table = cropdash.compare(left, right, unit="parcel")
    print(table.round(3))
    row = table.loc["accuracy"]
    if row["low"] > 0 or row["high"] < 0:
        better = left if row["difference"] > 0 else right
        print(f"{better.run_id} names more parcels right.")
    else:
        print("The interval holds 0: these zones don't tell the two apart.")
    return table


if __name__ == "__main__":
    main(*sys.argv[1:])
