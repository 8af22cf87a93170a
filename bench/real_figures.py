"""Derive the real figures that the realism report ships: `python -m bench.real_figures [--check]`.

Reads ../shared/data and writes cropdash/resources/realism/*.csv; `--check` writes nothing and says
whether the shipped tables are what would be written.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from rasterio.features import rasterize
from rasterio.transform import from_origin

from bench import transfer
from cropdash import legend
from cropdash.domain import indices
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.simulate.realism import land, measures

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
TABLES = Path(__file__).resolve().parents[1] / "cropdash" / "resources" / "realism"
PARCELS = {
    "france": "PARCELLES_GRAPHIQUES_RPG2022_sample100.gpkg",
    "boigneville": "rpg_boigneville_1200_sequences.gpkg",
}
CLEAR = (4, 5, 6, 7)  # classes of SCL that are kept
PIXEL_M = 10.0
MIN_PIXELS = 1_000  # of a size class, for its border share to be told
MONTHS = range(1, 13)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="Write nothing; compare.")
    check = parser.parse_args().check
    wrong = 0
    for name, text in texts().items():
        path = TABLES / f"{name}.csv"
        if check:
            same = path.is_file() and path.read_text(encoding="utf-8") == text
            print(f"{path.name}: {'as shipped' if same else 'DIFFERS'}")
            wrong += not same
        else:
            path.write_text(text, encoding="utf-8", newline="\n")
            print(f"{path.name}: {text.count(chr(10)) - 1} rows")
    sys.exit(1 if wrong else 0)


def texts() -> dict[str, str]:
    """Each table as it is shipped, by name."""
    found = {
        "classes": classes(),
        "zones": zones(),
        "bands": bands(),
        "land": land_of_places(),
        "clear_dates": clear_dates(),
        "parcel_sizes": parcel_sizes(),
        "border_share": border_share(),
    }
    return {name: t.to_csv(index=False, lineterminator="\n") for name, t in found.items()}


def classes() -> pd.DataFrame:
    """class_id, pixels, parcels, hectares: of 41 real zones."""
    folder = SHARED / "nomenclature"
    pixels = pd.read_csv(folder / "class_pixel_counts.csv").set_index("seed_class_id")
    parcels = pd.read_csv(folder / "zone_class_parcels.csv").set_index("seed_class_id")
    table = pd.DataFrame(
        {
            "pixels": pixels["train_pixels"] + pixels["test_pixels"],
            "parcels": parcels["parcels"],
            "hectares": parcels["hectares"],
        }
    )
    return table.rename_axis("class_id").reset_index()


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
    """crop, month, band or NDVI, p10, p50, p90: pixels of real parcels, clear months only."""
    found = [
        measures.quantiles(p, BAND_SETS["10m"], MONTHS).assign(crop=crop)
        for crop, p in _flanders().items()
    ]
    table = pd.concat(found)[["crop", "month", "band", "p10", "p50", "p90"]].dropna()
    return table.round(4)


def land_of_places() -> pd.DataFrame:
    """measure, place, year, value: of real places as of simulated zones."""
    read = transfer.read_flanders()
    if read is None:
        raise SystemExit(f"{transfer.FLANDERS} is absent.")
    cube, where = read
    seen = np.where((cube.clear_dates > 0)[:, None], cube.reflectance, np.nan)
    crop = np.zeros(cube.grid.shape, dtype=int)
    for number, here in where.items():
        crop[here] = number
    parcels = gpd.read_file(transfer.FLANDERS / "parcels.gpkg").to_crs(cube.grid.crs)
    affine = from_origin(cube.grid.left, cube.grid.top, PIXEL_M, PIXEL_M)
    ids = rasterize(
        [(g, i) for i, g in enumerate(parcels.geometry, start=1)],
        out_shape=cube.grid.shape, transform=affine, dtype="int32",
    )  # fmt: skip
    flanders = land.measure(seen, cube.bands, MONTHS, crop, ids)
    field = _field()
    for name in land.EVENNESS[1:4]:
        # Its parcels are areas of one label, which hold several fields; and one field is no place.
        del flanders[name], field[name]
    found = [("flanders", 2018, flanders), ("belgium", 2022, field), ("herault", 2018, _herault())]
    rows = [(m, p, y, round(v, 4)) for p, y, values in found for m, v in values.items()]
    table = pd.DataFrame(rows, columns=["measure", "place", "year", "value"])
    return table.dropna().sort_values("measure", kind="stable")


def _field() -> dict[str, float]:
    """Evenness of one field in Belgium, by monthly medians of clear dates."""
    folder, stacks = SHARED / "imagery" / "belgium_field_2022_scl", {}
    for name in ("B04", "B08", "SCL"):
        with rasterio.open(folder / f"{name}.tif") as file:
            stacks[name], dates = file.read().astype(float), file.descriptions
    inside = (stacks["SCL"] > 0).any(axis=0)
    ndvi = indices.TABLE["NDVI"].values(stacks["B08"], stacks["B04"])
    ndvi = np.where(np.isin(stacks["SCL"], CLEAR), ndvi, np.nan)
    month = np.array([int(date[5:7]) for date in dates])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of pixels without a clear date
        monthly = np.stack([np.nanmedian(ndvi[month == m], axis=0) for m in np.unique(month)])
    return dict(zip(land.EVENNESS, land.evenness(monthly, inside.astype(int)), strict=True))


def _herault() -> dict[str, float]:
    """120 parcels near Pezenas, by monthly medians of nine dates."""
    folder = SHARED / "herault_2018"
    paths = sorted((folder / "scenes").glob("*.tif"))
    stack = []
    for path in paths:
        with rasterio.open(path) as scene:
            values, transform, crs = scene.read().astype(float), scene.transform, scene.crs
        clear = np.isin(values[4], CLEAR) & (values[:4] > 0).all(axis=0)
        stack.append(np.where(clear, values[:4] / 10_000, np.nan))
    month = np.array([int(path.stem[-4:-2]) for path in paths])
    seen = np.full((12, *stack[0].shape), np.nan)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of pixels without a clear date
        for m in np.unique(month):
            seen[m - 1] = np.nanmedian(np.stack(stack)[month == m], axis=0)
    parcels = gpd.read_file(folder / "parcels.gpkg").to_crs(crs)
    of_parcel, _ = legend.load().crops_of(parcels["CODE_CULTU"])
    ids = rasterize(
        [(g, i) for i, g in enumerate(parcels.geometry, start=1)],
        out_shape=seen.shape[2:], transform=transform, dtype="int32",
    )  # fmt: skip
    crop = np.concatenate([[0], of_parcel])[ids]
    return land.measure(seen, BAND_SETS["10m"], MONTHS, crop, ids)


def _flanders() -> dict[int, np.ndarray]:
    """Crop to (T, B, N) reflectance of its pixels, NaN in months without observation."""
    read = transfer.read_flanders()
    if read is None:
        raise SystemExit(f"{transfer.FLANDERS} is absent.")
    cube, where = read
    seen = np.where((cube.clear_dates > 0)[:, None], cube.reflectance, np.nan)
    return {crop: seen[:, :, here] for crop, here in where.items()}


def clear_dates() -> pd.DataFrame:
    """place, month, clear, gap: clear dates of a pixel (mean), and the share of pixels with none.

    `clear` is empty where only composites are known.
    """
    tables = [_count("flanders_2018", *_scenes()), _count("belgium_2022", *_plot())]
    return pd.concat([*tables, _composites()])[["place", "month", "clear", "gap"]].round(3)


def _scenes() -> tuple[list[int], np.ndarray]:
    months, stack = [], []
    for path in sorted((SHARED / "flanders_2018" / "scenes").glob("*.tif")):
        with rasterio.open(path, driver="GTiff") as scene:
            stack.append(scene.read(5))
        months.append(int(path.stem[-4:-2]))
    return months, np.stack(stack)


def _plot() -> tuple[list[int], np.ndarray]:
    """Of the plot alone: outside it every date is empty."""
    with rasterio.open(SHARED / "imagery" / "belgium_field_2022_scl" / "SCL.tif") as file:
        stack, dates = file.read(), file.descriptions
    return [int(date[5:7]) for date in dates], stack[:, (stack > 0).any(axis=0)]


def _count(place: str, months: list[int], stack: np.ndarray) -> pd.DataFrame:
    clear = np.isin(stack, CLEAR).reshape(len(months), -1)  # (N dates, pixels)
    per_month = [clear[np.array(months) == month].sum(axis=0) for month in range(1, 13)]
    return pd.DataFrame(
        {
            "place": place,
            "month": range(1, 13),
            "clear": [float(count.mean()) for count in per_month],
            "gap": [float((count == 0).mean()) for count in per_month],
        }
    )


def _composites() -> pd.DataFrame:
    """Months of real composites that hold nothing (0 = no data), November 2020 to October 2021."""
    with rasterio.open(SHARED / "imagery" / "belgium_monthly_two_missing" / "B08.tif") as file:
        stack, dates = file.read(), file.descriptions
    gap = {
        int(date[5:7]): float((band == 0).mean()) for date, band in zip(dates, stack, strict=True)
    }
    return pd.DataFrame(
        {"place": "belgium_2021", "month": range(1, 13), "clear": np.nan,
         "gap": [gap[month] for month in range(1, 13)]}
    )  # fmt: skip


def parcel_sizes() -> pd.DataFrame:
    """place, quantile, hectares, of_mean: of real parcels, and over their mean."""
    found = []
    for place in PARCELS:
        area = _parcels(place).area.to_numpy() / 10_000
        quantiles = measures.weighted_quantiles(area, np.ones_like(area))
        found += [
            (place, q, round(float(value), 3), round(float(value / area.mean()), 3))
            for q, value in zip(measures.QUANTILES, quantiles, strict=True)
        ]
    return pd.DataFrame(found, columns=["place", "quantile", "hectares", "of_mean"])


def border_share() -> pd.DataFrame:
    """place, low_ha, high_ha, share: border pixels of real parcels at 10 m, by parcel size."""
    contiguous = _parcels("boigneville")
    alone = [_border_counts(row) for row in _rows(_parcels("france"))]
    counts = {"boigneville": _border_counts(contiguous), "france": pd.concat(alone)}
    tables = []
    for place, table in counts.items():
        enough = table.groupby("size")["pixels"].sum().reindex(range(1, 6)).ge(MIN_PIXELS)
        tables.append(measures.border_share(table).assign(place=place)[enough.to_numpy()])
    return pd.concat(tables)[["place", "low_ha", "high_ha", "share"]].round(4)


def _border_counts(parcels: gpd.GeoDataFrame) -> pd.DataFrame:
    """Of parcels burnt on a grid of 10 m with two free pixels around."""
    left, bottom, right, top = parcels.total_bounds
    left, top = left // PIXEL_M * PIXEL_M - 2 * PIXEL_M, top // PIXEL_M * PIXEL_M + 3 * PIXEL_M
    shape = (int((top - bottom) // PIXEL_M) + 3, int((right - left) // PIXEL_M) + 3)
    ids = rasterize(
        [(g, i) for i, g in enumerate(parcels.geometry, start=1)],
        out_shape=shape, transform=from_origin(left, top, PIXEL_M, PIXEL_M), dtype="int32",
    )  # fmt: skip
    return measures.border_counts(ids, np.concatenate([[0], parcels.area / 10_000]))


def _parcels(place: str) -> gpd.GeoDataFrame:
    return gpd.read_file(SHARED / "rpg" / PARCELS[place]).to_crs(2154)


def _rows(parcels: gpd.GeoDataFrame) -> list[gpd.GeoDataFrame]:
    return [parcels.iloc[[i]] for i in range(len(parcels))]


if __name__ == "__main__":
    main()
