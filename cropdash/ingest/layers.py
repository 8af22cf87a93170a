"""Further layers: GeoTIFFs of one's own (radar, heights, an embedding) on each zone's grid."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import numpy as np
from rasterio.errors import RasterioError

from cropdash.domain import Float, Grid, Layer, Period, Season, Zone
from cropdash.domain.errors import ConfigError
from cropdash.files import rasters
from cropdash.settings.build import check_layer

MOST = 128  # of a dataset
_SUFFIXES = (".tif", ".tiff")
_DAY = r"20\d{2}-\d{2}-\d{2}"
_WHEN = re.compile(rf"(?<!\d)(?:{_DAY}_{_DAY}|{_DAY}|20\d{{6}}|20\d{{2}}-\d{{2}})(?!\d)")


@dataclass(frozen=True)
class Plane:
    """One band of a file: a layer, or a part of it."""

    path: Path
    band: int  # from 1
    name: str  # of the layer
    days: Period | None  # that it shows; None: all season


def plan(entries: Sequence[tuple[str | None, Path]]) -> tuple[Plane, ...]:
    """What the files and folders hold, from their headers; each may come with a layer's name.

    Raises ConfigError for what is no GeoTIFF on a map, and for names that can't be.
    """
    planes = tuple(
        plane for name, path in entries for file in _files(path) for plane in _planes(file, name)
    )
    names = {plane.name for plane in planes}
    if len(names) > MOST:
        raise ConfigError("These files hold {a} layers: give {b} at most.", a=len(names), b=MOST)
    undated = {plane.name: plane.path.name for plane in planes if plane.days is None}
    for plane in planes:
        if plane.days is not None and plane.name in undated:
            raise ConfigError(
                "Layer {a} comes with a date ({b}) and without ({c}): name one of them otherwise.",
                a=plane.name,
                b=plane.path.name,
                c=undated[plane.name],
            )
    return planes


def read(planes: Sequence[Plane], zone: Zone, season: Season) -> tuple[Layer, ...]:
    """The layers on the zone's grid; NaN = unknown. Where several files know a pixel, their mean.

    A file with a date counts for the period that holds it; one that shows several days, for each
    period with which it shares half of the shorter one's days.

    Raises ConfigError for a layer that knows nothing of the zone.
    """
    sums = {
        plane.name: np.zeros(
            (1 if plane.days is None else len(season.periods), *zone.grid.shape), np.float32
        )
        for plane in planes
    }
    counts = {name: np.zeros(values.shape, np.uint16) for name, values in sums.items()}
    wanted = [plane for plane in planes if _places(plane, season)]
    for path, of_file in groupby(wanted, key=lambda plane: plane.path):
        used = list(of_file)
        for plane, values in zip(used, _warped(path, used, zone.grid), strict=True):
            known = ~np.isnan(values)
            for place in _places(plane, season):
                sums[plane.name][place][known] += values[known]
                counts[plane.name][place] += known
    for name, count in counts.items():
        if not count.any():
            files = sorted({plane.path.name for plane in planes if plane.name == name})
            raise ConfigError(
                "Layer {a} ({b}) knows nothing of zone {c} in {d}: give files that cover the"
                " zones, or leave the layer out.",
                a=name,
                b=files[0],
                c=zone.zone_id,
                d=season.text,
            )
    with np.errstate(invalid="ignore"):
        return tuple(
            Layer(name, np.where(counts[name] > 0, sums[name] / counts[name], np.float32(np.nan)))
            for name in sums
        )


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        if not path.exists():
            raise ConfigError("There is no file {a}.", a=path)
        yield path
        return
    inside = sorted(path.iterdir())
    found = [p for p in inside if p.suffix.lower() in _SUFFIXES and not p.name.startswith(".")]
    if not found:
        raise ConfigError("{a} holds no GeoTIFF: put the files of a layer there.", a=path)
    yield from found


def _planes(path: Path, given: str | None) -> Iterator[Plane]:
    try:
        with rasters.opened(path) as raster:
            crs, titles = raster.crs, raster.descriptions
    except RasterioError as error:
        raise ConfigError("{a} can't be read as a GeoTIFF ({b}).", a=path.name, b=error) from error
    if crs is None:
        raise ConfigError("{a} names no reference system: write the file with one.", a=path.name)
    days, stem = _split(path.stem)
    for band, title in enumerate(titles, start=1):
        own_days, own = _split(title or "") if given is None else (None, "")
        name = own or given or stem or _split(path.parent.name)[1] or "layer"
        if not own and len(titles) > 1:
            name = f"{name}_{band}"
        try:
            yield Plane(path, band, check_layer(name), own_days or days)
        except ConfigError as error:
            raise ConfigError("{a}: {b}", a=path.name, b=error) from error


def _split(text: str) -> tuple[Period | None, str]:
    """The days that a name holds, and what is left of it as a layer's name."""
    found = _WHEN.search(text)
    days = _days(found.group()) if found else None
    rest = text[: found.start()] + text[found.end() :] if found and days else text
    return days, re.sub(r"[^A-Za-z0-9.+-]+", "_", rest).strip("_.+-")


def _days(text: str) -> Period | None:
    try:
        if re.fullmatch(r"\d{8}", text):
            day = dt.datetime.strptime(text, "%Y%m%d").replace(tzinfo=dt.UTC).date()
            return Period(day, day)
        if re.fullmatch(_DAY, text):
            day = dt.date.fromisoformat(text)
            return Period(day, day)
        return Period.of(text)
    except ValueError:  # eight digits that are no day, say
        return None


def _places(plane: Plane, season: Season) -> tuple[int, ...]:
    """Positions of the periods that a plane counts for."""
    if plane.days is None:
        return (0,)
    return tuple(i for i, p in enumerate(season.periods) if _share_half(p, plane.days))


def _share_half(one: Period, other: Period) -> bool:
    shared = (min(one.end, other.end) - max(one.start, other.start)).days + 1
    return 2 * shared >= min((p.end - p.start).days + 1 for p in (one, other))


def _warped(path: Path, planes: Sequence[Plane], grid: Grid) -> Float:
    """(N, H, W) the planes of one file, bilinear on the grid; NaN where it has no data."""
    wanted = [plane.band for plane in planes]
    try:
        with rasters.opened(path) as raster:
            read = rasters.on_grid(raster, grid, wanted, smooth=True)
            scale = np.array([raster.scales[n - 1] for n in wanted], np.float32)
            offset = np.array([raster.offsets[n - 1] for n in wanted], np.float32)
    except RasterioError as error:
        raise ConfigError("{a} can't be read as a GeoTIFF ({b}).", a=path.name, b=error) from error
    values: Float = read * scale[:, None, None] + offset[:, None, None]
    values[~np.isfinite(values)] = np.nan
    return values
