"""What Earth Engine is asked to compute for one zone and month."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from pyproj import CRS, Transformer

from cropdash.domain import Grid, Period, sentinel2
from cropdash.ingest.earthengine.tiling import CLEAR_DATES

COLLECTION = "COPERNICUS/S2_SR_HARMONIZED"  # DN = reflectance x 10,000, of all baselines alike
FIRST_YEAR = 2017  # of surface reflectance in Earth Engine
MISSING = 65535
_SCL = "SCL"
_CLEAR = (4, 7)  # as in prepare.composite, which must not be imported here
_DAY_MS = 86_400_000
_MOST_DATES = 64  # values a pixel that a median keeps one by one; a month has at most 31
_UTM = re.compile(r"^EPSG:32[67](\d{2})$")


def composite(grid: Grid, period: Period) -> Any:
    """An ee.Image of B2, B3, B4, B8 (median DN) and clear_dates, all uint16.

    All that was taken on one day (solar day of the zone) is one observation: where granules
    overlap, a pixel comes as a whole from the granule of the zone's own UTM zone, which needs no
    resampling, then from the newest processing. It is clear if its SCL is 4 to 7. No value of a
    band is 65535 but where the month has no clear date. Nothing is resampled but by nearest
    neighbour, Earth Engine's default. `ee` must be initialised.
    """
    import ee

    start, days = period_ms(grid, period)
    end = start + days * _DAY_MS
    images = _ordered(ee.ImageCollection(COLLECTION), grid, start, end)
    blank = ee.ImageCollection([_blank()])

    def day(number: Any) -> Any:
        begin = ee.Number(number).multiply(_DAY_MS).add(start)
        of_day = images.filterDate(ee.Date(begin), ee.Date(begin.add(_DAY_MS)))
        # The masked image gives a day without granules its bands.
        return _clear(blank.merge(of_day.map(_whole)).mosaic())

    stack = ee.ImageCollection.fromImages(ee.List.sequence(0, days - 1).map(day))
    median = stack.select(list(sentinel2.BAND_SETS["10m"])).reduce(
        ee.Reducer.median(maxRaw=_MOST_DATES)
    )
    values = median.rename(list(sentinel2.BAND_SETS["10m"])).round().min(MISSING - 1).toUint16()
    count = stack.select(sentinel2.BAND_SETS["10m"][0]).count().rename(CLEAR_DATES).toUint16()
    filled = values.unmask(MISSING, False).addBands(count.unmask(0, False))
    return filled.toUint16()  # unmask widens the type to that of the constant


def period_ms(grid: Grid, period: Period) -> tuple[int, int]:
    """Start of a period at the grid's solar time [ms since 1970, UTC], and its days."""
    first = dt.datetime.combine(period.start, dt.time(), dt.UTC)
    west, _, east, _ = _lonlat(grid)
    longitude = (west + east) / 2 if west <= east else 180.0
    shift = dt.timedelta(hours=longitude / 15)
    return round((first - shift).timestamp() * 1000), period.days


def place(grid: Grid) -> dict[str, Any]:
    """A grid as computePixels wants it."""
    size, height, width = grid.pixel_size, *grid.shape
    epsg = grid.crs.upper().startswith("EPSG:")
    return {
        "dimensions": {"width": width, "height": height},
        "affineTransform": {
            "scaleX": size, "shearX": 0, "translateX": grid.left,
            "shearY": 0, "scaleY": -size, "translateY": grid.top,
        },
        **({"crsCode": grid.crs} if epsg else {"crsWkt": CRS(grid.crs).to_wkt("WKT1_GDAL")}),
    }  # fmt: skip


def _ordered(collection: Any, grid: Grid, start: int, end: int) -> Any:
    """Images over the grid; of overlapping ones the preferred come last, as mosaics want it."""
    import ee

    over = collection.filterBounds(ee.Geometry.BBox(*_lonlat(grid)))
    images = (
        over.filterDate(start, end)
        .sort("GENERATION_TIME")
        .select([*sentinel2.BAND_SETS["10m"], _SCL])
    )
    utm = _UTM.match(grid.crs.upper())
    if utm is None:
        return images
    own = ee.Filter.stringContains("system:index", f"_T{utm[1]}")  # …_T31UDS
    return images.filter(own.Not()).merge(images.filter(own))


def _whole(image: Any) -> Any:
    """Pixels that hold data in every band; SCL 0 is no data."""
    import ee

    held = image.mask().reduce(ee.Reducer.allNonZero()).And(image.select(_SCL).gt(0))
    return image.updateMask(held)


def _clear(image: Any) -> Any:
    scl, (low, high) = image.select(_SCL), _CLEAR
    return image.updateMask(scl.gte(low).And(scl.lte(high)))


def _blank() -> Any:
    """An image of the same bands that is masked everywhere."""
    import ee

    names = [*sentinel2.BAND_SETS["10m"], _SCL]
    return ee.Image.constant([0] * len(names)).rename(names).toUint16().updateMask(0)


def _lonlat(grid: Grid) -> tuple[float, float, float, float]:
    """(west, south, east, north) [degrees] of the grid; west > east across the antimeridian."""
    to_degrees = Transformer.from_crs(grid.crs, "OGC:CRS84", always_xy=True)
    west, south, east, north = to_degrees.transform_bounds(*grid.bounds, densify_pts=21)
    return float(west), float(south), float(east), float(north)
