"""A place of your own: from a folder of scenes and a register to a map on disk.

    python -m docs.gallery.map_a_place FOLDER NAME

FOLDER holds `scenes/*.tif`, a register (`*.gpkg`) and `zones.geojson`; `docs/your-own-data.md` tells
what is in them. `cropdash simulate export FOLDER --zone brittany_1 --zone brittany_2` writes one to try.
"""

from __future__ import annotations

import sys

import pandas as pd

import cropdash


def main(folder: str, name: str, **settings: int) -> pd.DataFrame:
    """Build, train, map, and say how much of each crop there is [ha]."""
    dataset = cropdash.build(name, source="local", folder=folder)
    print(dataset.zones().drop(columns="geometry"))
    run = cropdash.train(dataset, "xgboost", **settings)
    labels = dataset.classes()["label"]
    found = []
    for zone, said in cropdash.predict(run).items():
        pixel_ha = float(abs(said.x[1] - said.x[0])) ** 2 / 10_000
        counts = said.crop.to_series().value_counts() * pixel_ha
        found.append(pd.DataFrame({"zone": zone, "crop": counts.index.map(labels), "ha": counts}))
    table = pd.concat(found, ignore_index=True)
    print(table)
    print(f"GeoTIFFs and tables of parcels: {run.folder.predictions}")
    return table


if __name__ == "__main__":
    main(*sys.argv[1:])
