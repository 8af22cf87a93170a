"""How many hectares of each crop there are, corrected for the map's errors, with an interval.

    python -m docs.gallery.area_with_interval RUN

Pixels that a map calls maize are not the area of maize. A random sample of places whose crop was
checked, on the ground or in photographs, corrects it and says how sure it is. Here the declared crop
stands for what was checked.
"""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
from pyproj import Transformer

import cropdash


def checked(run: cropdash.Run, points: int, seed: int = 0) -> pd.DataFrame:
    """Points drawn at random in each predicted zone, with the crop that was declared there."""
    rng, found = np.random.default_rng(seed), []
    for zone in run.zones():
        truth = run.dataset.labels(zone)
        rows, columns = (rng.integers(0, truth.sizes[axis], points) for axis in ("y", "x"))
        to_degrees = Transformer.from_crs(truth.crs, "EPSG:4326", always_xy=True)
        lon, lat = to_degrees.transform(truth.x.values[columns], truth.y.values[rows])
        crop = truth.crop.values[rows, columns]
        known = crop != 255  # what is ignored was not checked
        table = pd.DataFrame({"lon": lon, "lat": lat, "class": crop.astype(str)})
        found.append(table[known])
    return pd.concat(found, ignore_index=True)


def main(run: str, points: str = "300") -> pd.DataFrame:
    """The table of areas, largest first."""
    opened = cropdash.open_run(run)
    table = cropdash.areas(opened, checked(opened, int(points)))
    table.insert(0, "crop", table["class_id"].map(opened.dataset.classes()["label"]))
    table = table.sort_values("estimated_ha", ascending=False)
    print(table[["crop", "mapped_ha", "estimated_ha", "low_ha", "high_ha"]].round(1))
    return table


if __name__ == "__main__":
    main(*sys.argv[1:])
