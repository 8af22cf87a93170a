"""What Earth Engine is asked to compute for one zone and period."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pyproj import CRS

from cropdash.domain import Grid, Period, sentinel2
from cropdash.ingest import solar
from cropdash.ingest.earthengine.tiling import CLEAR_DATES

COLLECTION = "COPERNICUS/S2_SR_HARMONIZED"  # its numbers are on one scale, of all baselines alike
FIRST_YEAR = 2017  # of surface reflectance in Earth Engine
_DAY_MS = 86_400_000
_UTM = re.compile(r"EPSG:32[67](\d{2})")


def composite(grid: Grid, period: Period, bands: Sequence[str]) -> Any:
    """An ee.Image of the bands (median DN) and clear_dates, all uint16.

    All that was taken on one day (solar day of the zone) is one observation: where granules
    overlap, a pixel comes as a whole from the granule of the zone's own UTM zone, which needs no
    resampling, then from the newest processing. It is clear if its SCL says so. No value of a band
    is `sentinel2.MISSING` but where the period has no clear date. Everything is resampled by nearest
    neighbour, Earth Engine's default: the four pixels in one of a 20 m band (B5, B6, B7, B8A, B11,
    B12) or of SCL share its number, and none is mixed with missing data or across the edge of a
    cloud. `ee` must be initialised.
    """
    import ee

    start, names = _start_ms(grid, period), list(bands)
    images = _ordered(grid, start, start + period.days * _DAY_MS, [*names, sentinel2.SCL])
    blank = ee.ImageCollection([_blank([*names, sentinel2.SCL])])

    def day(number: Any) -> Any:
        begin = ee.Number(number).multiply(_DAY_MS).add(start)
        of_day = images.filterDate(ee.Date(begin), ee.Date(begin.add(_DAY_MS)))
        # The masked image gives a day without granules its bands.
        return _clear(blank.merge(of_day.map(_whole)).mosaic())

    stack = ee.ImageCollection.fromImages(ee.List.sequence(0, period.days - 1).map(day))
    # A median keeps `maxRaw` values one by one, and makes an estimate of more.
    median = stack.select(names).reduce(ee.Reducer.median(maxRaw=2 * period.days))
    values = median.rename(names).round().min(sentinel2.MISSING - 1).toUint16()
    count = stack.select(names[0]).count().rename(CLEAR_DATES).toUint16()
    filled = values.unmask(sentinel2.MISSING, False).addBands(count.unmask(0, False))
    return filled.toUint16()  # unmask widens the type to that of the constant


def _start_ms(grid: Grid, period: Period) -> int:
    """Start of a period at the grid's solar time [ms since 1970, UTC]."""
    return round(solar.midnight(grid, period.start).timestamp() * 1000)


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


def _ordered(grid: Grid, start: int, end: int, names: list[str]) -> Any:
    """Images over the grid; of overlapping ones the preferred come last, as mosaics want it."""
    import ee

    over = ee.ImageCollection(COLLECTION).filterBounds(ee.Geometry.BBox(*solar.degrees(grid)))
    images = over.filterDate(start, end).sort("GENERATION_TIME").select(names)
    utm = _UTM.fullmatch(grid.crs.upper())
    if utm is None:
        return images
    own = ee.Filter.stringContains("system:index", f"_T{utm[1]}")  # …_T31UDS
    return images.filter(own.Not()).merge(images.filter(own))


def _whole(image: Any) -> Any:
    """Pixels that hold data in every band; SCL 0 is no data."""
    import ee

    held = image.mask().reduce(ee.Reducer.allNonZero()).And(image.select(sentinel2.SCL).gt(0))
    return image.updateMask(held)


def _clear(image: Any) -> Any:
    scl, (low, high) = image.select(sentinel2.SCL), sentinel2.CLEAR_SCL
    return image.updateMask(scl.gte(low).And(scl.lte(high)))


def _blank(names: list[str]) -> Any:
    """An image of the same bands that is masked everywhere."""
    import ee

    return ee.Image.constant([0] * len(names)).rename(names).toUint16().updateMask(0)
