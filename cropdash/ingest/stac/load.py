"""Granules of one day to one scene on the zone's own grid."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.errors import RasterioError

from cropdash.domain import Grid, Scene, sentinel2
from cropdash.domain.errors import InvalidScene, SourceUnavailable
from cropdash.domain.source import Warn
from cropdash.files import rasters
from cropdash.files.retry import GaveUp, Transient
from cropdash.ingest.stac import assets
from cropdash.ingest.stac.endpoints import Endpoint
from cropdash.ingest.stac.granules import Granule, layers_of

Numbers = NDArray[np.uint16]


@dataclass(frozen=True)
class Reader:
    """What reading needs to know, besides the granule."""

    grid: Grid
    bands: tuple[str, ...]
    endpoint: Endpoint
    warn: Warn
    # One thread a layer for as long as a zone takes: a new thread loads the database of
    # reference systems anew, which took ten times as long as reading a small zone.
    pool: ThreadPoolExecutor
    # Of each granule that was read, by its name: a digest of its numbers on the grid.
    digests: dict[str, str] = field(default_factory=dict)
    frozen: Mapping[str, str] | None = None  # digests that must be met, of the granules to read
    known: dict[str, Numbers] = field(default_factory=dict)  # SCL of granules that are read next


def read_day(date: dt.date, groups: Sequence[Sequence[Granule]], reader: Reader) -> Scene | None:
    """One scene of all that was taken on a day; None if no pixel of the grid was.

    Each group holds the processings of one tile and overpass, the best first: the first that can
    be read is taken, and one that can't be read is named to `warn`. Where granules overlap, a
    pixel comes as a whole (bands and SCL) from the first that holds data there: those in the
    grid's own reference system, which need no resampling, then the newest processing, then by
    name. Raises SourceUnavailable if the service fails, since a day must not be lost to that.
    """
    grid, bands = reader.grid, reader.bands
    if (unclear := _unclear(groups, reader)) is not None:
        return unclear
    reflectance = np.full((len(bands), *grid.shape), np.nan, dtype=np.float32)
    scl = np.zeros(grid.shape, dtype=np.uint8)
    for group in in_order(groups, grid):
        read = _first_readable(group, reader)
        if read is None:
            continue
        granule, numbers = read
        # (H, W) 0 is no data in every layer; known before the offset makes dark pixels 0.
        fresh = (numbers != 0).all(axis=0) & (scl == 0)
        values = to_reflectance(numbers[:-1], granule.offsets)
        reflectance[:, fresh] = values[:, fresh]
        scl[fresh] = numbers[-1][fresh]
    return Scene(date, reflectance, scl, grid, bands) if scl.any() else None


def _unclear(groups: Sequence[Sequence[Granule]], reader: Reader) -> Scene | None:
    """A day on which no pixel of the grid is clear, of which SCL alone is read; None of others.

    A composite takes nothing of it, whatever its bands hold, and so a third of all dates need not
    be fetched.
    """
    low, high = sentinel2.CLEAR_SCL
    seen = np.zeros(reader.grid.shape, dtype=np.uint8)
    digests = {}
    for group in in_order(groups, reader.grid):
        known = (g for g in group if reader.frozen is None or g.name in reader.frozen)
        granule = next(known, None)
        if granule is None:
            continue
        try:
            scl = _layer(granule, -1, reader)
        except InvalidScene:
            return None  # the next processing may be whole
        if ((scl >= low) & (scl <= high)).any():
            return None
        digests[granule.name] = _digest(scl)
        seen = np.where(seen == 0, scl, seen).astype(np.uint8)
    for name, digest in digests.items():
        _check_frozen(name, digest, reader)
    reader.digests.update(digests)
    if not seen.any():
        return None
    nothing = np.full((len(reader.bands), *reader.grid.shape), np.nan, dtype=np.float32)
    return Scene(groups[0][0].date, nothing, seen, reader.grid, reader.bands)


def _layer(granule: Granule, position: int, reader: Reader) -> Numbers:
    """(H, W) of one of the granule's layers, which is kept until the granule is read whole."""
    assets.quiet_logs()
    layers = layers_of(reader.bands)
    numbers = _read_layer(granule.name, layers[position], granule.hrefs[position], reader)
    reader.known[granule.name] = numbers
    return numbers


def _digest(numbers: Numbers) -> str:
    return hashlib.sha256(np.ascontiguousarray(numbers).data).hexdigest()


def _check_frozen(name: str, digest: str, reader: Reader) -> None:
    if reader.frozen is not None and digest != reader.frozen[name]:
        raise SourceUnavailable(
            "{a} has other numbers than when the list of scenes was written: ask its"
            " provider, or delete the zone's scenes.json to take what there is now.",
            a=name,
        )


def in_order(groups: Sequence[Sequence[Granule]], grid: Grid) -> list[Sequence[Granule]]:
    """Groups, those whose pixels are preferred first."""
    by_name = sorted(groups, key=lambda g: g[0].name)
    newest = sorted(by_name, key=lambda g: g[0].processing, reverse=True)
    return sorted(newest, key=lambda g: g[0].crs != grid.crs)


def to_reflectance(numbers: Numbers, offsets: Sequence[int]) -> NDArray[np.float32]:
    """(B, H, W) reflectance of digital numbers; numbers below the offset are 0, not missing."""
    shift = np.asarray(offsets, dtype=np.int32)[:, None, None]
    shifted = np.maximum(numbers.astype(np.int32) + shift, 0)
    reflectance: NDArray[np.float32] = shifted.astype(np.float32) / np.float32(sentinel2.SCALE)
    return reflectance


def read_granule(granule: Granule, reader: Reader) -> Numbers:
    """(B + 1, H, W) digital numbers of the bands and SCL on the grid; 0 = no data.

    Raises InvalidScene if a layer can't be read, SourceUnavailable if the service fails.
    """
    assets.quiet_logs()
    wanted = list(zip(layers_of(reader.bands), granule.hrefs, strict=True))
    scl = reader.known.pop(granule.name, None)
    tasks = [
        reader.pool.submit(_read_layer, granule.name, layer, href, reader)
        for layer, href in (wanted if scl is None else wanted[:-1])
    ]
    try:
        found = [task.result() for task in tasks]
        return np.stack(found if scl is None else [*found, scl])
    finally:
        for task in tasks:
            task.cancel()


def _first_readable(group: Sequence[Granule], reader: Reader) -> tuple[Granule, Numbers] | None:
    for granule in group:
        if reader.frozen is not None and granule.name not in reader.frozen:
            continue
        try:
            numbers = read_granule(granule, reader)
        except InvalidScene as error:
            if reader.frozen is not None:
                raise SourceUnavailable(
                    "A scene of the list of scenes is not there any more ({a}): ask its provider,"
                    " or delete the zone's scenes.json to take what there is now.",
                    a=error,
                ) from error
            reader.warn(str(error))
            continue
        digest = _digest(numbers)
        _check_frozen(granule.name, digest, reader)
        reader.digests[granule.name] = digest
        return granule, numbers
    return None


def _read_layer(name: str, layer: str, href: str, reader: Reader) -> Numbers:
    """(H, W) digital numbers of one layer, tried again while the fault may pass."""
    endpoint = reader.endpoint
    what = f"{name} (layer {layer})"
    again, damaged = False, True  # damaged only if no try failed otherwise

    def attempt() -> Numbers:
        nonlocal damaged, again
        forget, again = again, True
        path = _path(what, href, endpoint)
        try:
            return _read_once(path, what, reader.grid, endpoint, forget)
        except RasterioError as error:
            try:
                raise assets.judge(error, what, endpoint, remote=path.startswith("/vsi")) from None
            except Transient as fault:
                damaged &= isinstance(fault, assets.Damaged)
                raise

    try:
        return endpoint.retry.run(attempt)
    except GaveUp as fault:
        if damaged:
            raise InvalidScene(
                "{a} is there but {b}, however often: left out.", a=what, b=fault
            ) from None
        raise SourceUnavailable(
            "{a} could not be fetched from {b} ({c}): try again later; what is built stays.",
            a=what,
            b=endpoint.name,
            c=fault,
        ) from None


def _path(what: str, href: str, endpoint: Endpoint) -> str:
    try:
        return assets.gdal_path(href, endpoint)
    except InvalidScene as error:
        raise InvalidScene("{a} is left out: {b}.", a=what, b=error) from None


def _read_once(path: str, what: str, grid: Grid, endpoint: Endpoint, forget: bool) -> Numbers:
    """(H, W) digital numbers of one file on the grid; `forget` what GDAL remembers of it.

    Nearest in every layer: a pixel's bands and its SCL are of the same spot, and no value is mixed
    with missing data or across the edge of a cloud, as any smoother rule would. So on the tile's
    own grid a 10 m band comes as it is, and the four pixels in one of a 20 m band (B5, B6, B7, B8A,
    B11, B12) or of SCL share its number.
    """
    settings = assets.SETTINGS | dict(endpoint.gdal) | (assets.FORGET if forget else {})
    place = path if path.startswith("/vsi") else Path(path)
    with rasterio.Env(**settings), rasters.opened(place) as raster:
        if raster.crs is None or np.dtype(raster.dtypes[0]).kind != "u":
            raise InvalidScene(
                "{a} is left out: it is {b} in {c}, not digital numbers on a map.",
                a=what,
                b=raster.dtypes[0],
                c=raster.crs or "no reference system",
            )
        numbers = rasters.on_grid(raster, grid, [1], smooth=False, missing=0)[0]
        return numbers.astype(np.uint16)  # type: ignore[no-any-return]
