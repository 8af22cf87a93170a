"""Derive the real figures that the realism report ships: `python -m bench.real_figures [--check]`.

Reads ../shared/data and writes cropdash/resources/realism/*.csv; `--check` writes nothing and says
whether the shipped tables are what would be written.
"""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from rasterio.features import rasterize
from rasterio.transform import from_origin

from bench import transfer
from cropdash.evaluate import realism

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
TABLES = Path(__file__).resolve().parents[1] / "cropdash" / "resources" / "realism"
ONE_COUNTRY = "PARCELLES_GRAPHIQUES_RPG2022_sample100.gpkg"
ONE_PLACE = "rpg_boigneville_1200_sequences.gpkg"


def main() -> None:
    wrong = 0
    for name, table in tables().items():
        text = StringIO()
        table.to_csv(text, index=False, lineterminator="\n")
        path = TABLES / f"{name}.csv"
        if "--check" in sys.argv:
            same = path.is_file() and path.read_text(encoding="utf-8") == text.getvalue()
            print(f"{path.name}: {'as shipped' if same else 'DIFFERS'}")
            wrong += not same
        else:
            path.write_text(text.getvalue(), encoding="utf-8")
            print(f"{path.name}: {len(table)} rows")
    sys.exit(wrong)


def tables() -> dict[str, pd.DataFrame]:
    return {
        "class_pixels": class_pixels(),
        "zones": zones(),
        "bands": bands(),
        "ndvi": ndvi(),
        "clear_dates": clear_dates(),
        "parcel_sizes": parcel_sizes(),
        "border_share": border_share(),
    }


def class_pixels() -> pd.DataFrame:
    """class_id, pixels: of 40 real zones."""
    table = pd.read_csv(SHARED / "nomenclature" / "class_pixel_counts.csv")
    pixels = table["train_pixels"] + table["test_pixels"]
    return pd.DataFrame({"class_id": table["seed_class_id"], "pixels": pixels})


def zones() -> pd.DataFrame:
    """region, zones, parcels, hectares: declared in the region's real zones of 10 x 10 km."""
    table = pd.read_csv(SHARED / "nomenclature" / "seed_zones.csv")
    grouped = table.groupby("region", sort=False)
    return pd.DataFrame(
        {
            "zones": grouped.size(),
            "parcels": grouped["parcels_from_chart"].sum(),
            "hectares": grouped["hectares_from_chart"].sum(),
        }
    ).reset_index()


def bands() -> pd.DataFrame:
    """crop, month, band, p10, p50, p90: pixels of real parcels, clear months only."""
    found = [realism.band_quantiles(p).assign(crop=crop) for crop, p in _flanders().items()]
    table = pd.concat(found)[["crop", "month", "band", "p10", "p50", "p90"]].dropna()
    return table.round(4)


def ndvi() -> pd.DataFrame:
    """crop, month, p10, p50, p90 of the same pixels' NDVI."""
    found = [realism.ndvi_quantiles(p).assign(crop=crop) for crop, p in _flanders().items()]
    return pd.concat(found)[["crop", "month", "p10", "p50", "p90"]].dropna().round(4)


def _flanders() -> dict[int, np.ndarray]:
    """Crop to (T, B, N) reflectance of its pixels, NaN in months without observation."""
    cube, where = transfer.read_flanders()
    seen = np.where((cube.clear_dates > 0)[:, None], cube.reflectance, np.nan)
    return {crop: seen[:, :, here] for crop, here in where.items()}


def clear_dates() -> pd.DataFrame:
    """place, month, clear: mean number of clear dates (SCL 4-7) of a pixel."""
    total = np.zeros(12)
    for path in sorted((SHARED / "flanders_2018" / "scenes").glob("*.tif")):
        with rasterio.open(path, driver="GTiff") as scene:
            scl = scene.read(5)
        total[int(path.stem[-4:-2]) - 1] += np.isin(scl, (4, 5, 6, 7)).mean()
    return pd.DataFrame({"place": "flanders", "month": range(1, 13), "clear": total.round(2)})


def parcel_sizes() -> pd.DataFrame:
    """place, quantile, hectares: of real parcels."""
    found = []
    for place, name in (("france", ONE_COUNTRY), ("boigneville", ONE_PLACE)):
        area = gpd.read_file(SHARED / "rpg" / name).to_crs(2154).area / 10_000
        found += [(place, q, round(float(np.quantile(area, q)), 3)) for q in realism.QUANTILES]
    return pd.DataFrame(found, columns=["place", "quantile", "hectares"])


def border_share() -> pd.DataFrame:
    """low_ha, high_ha, share: border pixels among the pixels of real parcels, by parcel size."""
    parcels = gpd.read_file(SHARED / "rpg" / ONE_PLACE).to_crs(2154)
    left, bottom, right, top = parcels.total_bounds
    shape = (int((top - bottom) // 10) + 1, int((right - left) // 10) + 1)
    ids = rasterize(
        [(g, i) for i, g in enumerate(parcels.geometry, start=1)],
        out_shape=shape, transform=from_origin(left, top, 10, 10), dtype="int32",
    )  # fmt: skip
    area = np.concatenate([[0], parcels.area / 10_000])
    return realism.border_share(realism.border_counts(ids, area)).round(4)


if __name__ == "__main__":
    main()
