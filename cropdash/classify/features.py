"""From a cube to what the models see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.classify.inputs import RAW, Inputs
from cropdash.domain import BACKGROUND, IGNORE, Cube, Float, Grid, Sample, longitude
from cropdash.prepare import as_of

PLACE = ("latitude", "longitude")
LAST_CROP = "last crop"
KNOWN = "periods known"
# A pixel is drawn by one over this power of its parcel's size; 1: each parcel as often.
DRAWN_BY = 0.75
NOWHERE = 0.5  # share of what is learned from whose place is hidden
_NEAR_KM = 50  # from a training zone; farther off what grows where was not learned
_KM_A_DEGREE = 111.2  # of latitude


def table(cube: Cube, inputs: Inputs, placed: bool = True) -> Float:
    """(H*W, F) one row per pixel; the columns are those of `table_names`.

    The last crop is a class id, NaN where it is unknown; so is where the zone lies unless it is
    `placed`. Raises InvalidRaster if the cube lacks what is wanted.
    """
    inputs.check(cube)
    n_pixels = cube.grid.shape[0] * cube.grid.shape[1]
    series = {name: cube.index(name).reshape(-1, n_pixels) for name in inputs.indices}  # (T, H*W)
    columns = [cube.reflectance.reshape(-1, n_pixels)]  # (T*B, H*W)
    n = as_of.known(cube.reflectance)
    if inputs.series != RAW:
        for values in series.values():
            so_far = values[: max(n, 1)]
            statistics = [f(so_far, axis=0) for f in (np.min, np.max, np.mean, np.std)]
            columns += [values, np.diff(values, axis=0), np.stack(statistics)]
    if inputs.location:
        here = coordinates(cube.grid) if placed else np.full((2, n_pixels), np.nan)
        columns.append(here.reshape(2, n_pixels))
    columns += [cube.layer(name).reshape(-1, n_pixels) for name, _ in inputs.layers]
    if inputs.in_season:
        columns.append(np.full((1, n_pixels), n, np.float32))
    if inputs.last_crop:
        known = last_crop(cube).reshape(1, n_pixels)
        columns.append(np.where(known > 0, known, np.float32(np.nan)))
    return np.ascontiguousarray(np.concatenate(columns).T, dtype=np.float32)


def table_names(bands: Sequence[str], n_periods: int, inputs: Inputs) -> list[str]:
    """Names of the columns of `table`."""
    numbers = [f"{t + 1:02d}" for t in range(n_periods)]
    names = [f"{number} {band}" for number in numbers for band in bands]
    for index in inputs.indices if inputs.series != RAW else ():
        names += [f"{number} {index}" for number in numbers]
        names += [f"{number} {index} change" for number in numbers[1:]]
        names += [f"{index} {s}" for s in ("minimum", "maximum", "mean", "deviation")]
    names += list(PLACE) if inputs.location else []
    for layer, n in inputs.layers:
        names += [layer] if n == 1 else [f"{number} {layer}" for number in numbers]
    names += [KNOWN] if inputs.in_season else []
    return names + ([LAST_CROP] if inputs.last_crop else [])


def of_pixels(cube: Cube, pixels: NDArray[np.integer]) -> Cube:
    """The cube of these (N,) flat positions alone, as one row of pixels in the middle of the zone."""
    n, grid = len(pixels), cube.grid
    (left, bottom, right, top), half = grid.bounds, grid.pixel_size / 2
    row = replace(
        grid, left=(left + right) / 2 - n * half, top=(top + bottom) / 2 + half, shape=(1, n)
    )

    def taken(values: NDArray[Any]) -> NDArray[Any]:
        return values.reshape(*values.shape[:-2], -1)[..., pixels][..., None, :]

    return replace(
        cube,
        reflectance=taken(cube.reflectance),
        clear_dates=taken(cube.clear_dates),
        grid=row,
        layers=tuple(replace(layer, values=taken(layer.values)) for layer in cube.layers),
        last_crop=None if cube.last_crop is None else taken(cube.last_crop),
    )


def last_crop(cube: Cube) -> Float:
    """(H, W) class ids of a cube that has them."""
    return np.asarray(cube.last_crop, np.float32)


def coordinates(grid: Grid) -> Float:
    """(2, H, W) latitude and longitude [degrees] of the zone's centre, the same for each pixel.

    Within a zone they would tell parcels apart by where they lie, which no other zone shares.
    """
    from pyproj import Transformer

    left, bottom, right, top = grid.bounds
    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform((left + right) / 2, (top + bottom) / 2)
    centre = np.array([latitude, longitude], dtype=np.float32)
    return np.broadcast_to(centre[:, None, None], (2, *grid.shape))


def is_near(places: Sequence[tuple[float, float]], grid: Grid) -> bool:
    """True within 50 km of one of these places (latitude and longitude, degrees)."""
    here = coordinates(grid)[:, 0, 0]
    apart = np.reshape(places, (-1, 2)) - here
    apart[:, 1] = longitude.wrapped(apart[:, 1]) * np.cos(np.radians(here[0]))
    return bool((np.hypot(*apart.T) * _KM_A_DEGREE <= _NEAR_KM).any())


def parcel_weight(sample: Sample, power: float) -> Float:
    """(H, W) one over this power of the size of the pixel's parcel, in pixels."""
    ids = sample.labels.parcel_id
    sizes = np.bincount(ids.ravel())
    return (1.0 / np.maximum(sizes, 1) ** power)[ids].astype(np.float32)


def labelled(sample: Sample) -> NDArray[np.bool_]:
    """(H, W) True where a mapped crop is declared and what is known of the season is not missing."""
    crop, series = sample.labels.crop, sample.cube.reflectance
    seen = ~np.isnan(series[: max(as_of.known(series), 1)]).any(axis=(0, 1))
    declared: NDArray[np.bool_] = (crop != BACKGROUND) & (crop != IGNORE)
    return declared & seen


def class_shares(samples: Sequence[Sample], n_classes: int) -> NDArray[np.float64]:
    """(K,) share of the labelled pixels that each class has."""
    counts = np.zeros(n_classes)
    for sample in samples:
        counts += np.bincount(sample.labels.crop[labelled(sample)], minlength=n_classes)
    shares: NDArray[np.float64] = counts / max(counts.sum(), 1)
    return shares
