"""From a cube to what the models see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from cropdash.classify import phenology
from cropdash.domain import BACKGROUND, IGNORE, Cube, Float, Grid, Sample
from cropdash.errors import InvalidRaster

PLACE = ("latitude", "longitude")
ELEVATION, LAST_CROP = "elevation", "last crop"
_LEAST_SPREAD = {PLACE[0]: 0.5, PLACE[1]: 0.5, ELEVATION: 50.0}  # [degrees], [m]


def table(
    cube: Cube,
    inputs: str,
    location: bool = False,
    elevation: bool = False,
    last_crop: bool = False,
) -> Float:
    """(H*W, F) one row per pixel; the columns are those of `table_names`.

    The last crop is a class id, NaN where it is unknown. Raises InvalidRaster if the cube lacks
    what is wanted.
    """
    n_pixels = cube.grid.shape[0] * cube.grid.shape[1]
    columns = [cube.reflectance.reshape(-1, n_pixels)]  # (T*B, H*W)
    if inputs != "raw":
        ndvi = cube.ndvi.reshape(len(cube.periods), n_pixels)  # (T, H*W)
        statistics = [f(ndvi, axis=0) for f in (np.min, np.max, np.mean, np.std)]
        columns += [ndvi, np.diff(ndvi, axis=0), np.stack(statistics)]
    if inputs == "phenology":
        columns += [phenology.describe(ndvi), _green_ndvi(cube).reshape(len(ndvi), n_pixels)]
    if location:
        columns.append(coordinates(cube.grid).reshape(2, n_pixels))
    if elevation:
        columns.append(_given(cube, "elevation").reshape(1, n_pixels))
    if last_crop:
        known = _given(cube, "last_crop").reshape(1, n_pixels).astype(np.float32)
        columns.append(np.where(known > 0, known, np.float32(np.nan)))
    return np.ascontiguousarray(np.concatenate(columns).T, dtype=np.float32)


def table_names(
    bands: Sequence[str],
    n_periods: int,
    inputs: str,
    location: bool = False,
    elevation: bool = False,
    last_crop: bool = False,
) -> list[str]:
    """Names of the columns of `table`."""
    months = [f"{t + 1:02d}" for t in range(n_periods)]
    names = [f"{month} {band}" for month in months for band in bands]
    if inputs != "raw":
        names += [f"{month} NDVI" for month in months]
        names += [f"{month} NDVI change" for month in months[1:]]
        names += [f"NDVI {s}" for s in ("minimum", "maximum", "mean", "deviation")]
    if inputs == "phenology":
        names += [*phenology.NAMES, *(f"{month} green NDVI" for month in months)]
    names += list(PLACE) if location else []
    names += [ELEVATION] if elevation else []
    return names + ([LAST_CROP] if last_crop else [])


def check_context(cube: Cube, elevation: bool, last_crop: bool) -> None:
    """Raise InvalidRaster unless the cube has what is wanted."""
    for name, wanted in (("elevation", elevation), ("last_crop", last_crop)):
        if wanted:
            _given(cube, name)


def _given(cube: Cube, name: str) -> NDArray[Any]:
    values: NDArray[Any] | None = getattr(cube, name)
    if values is None:
        what = {"elevation": "the elevation", "last_crop": "last year's crops"}[name]
        raise InvalidRaster(
            f"The model wants {what}, which the zone does not have: use a dataset built with it."
        )
    return values


def coordinates(grid: Grid) -> Float:
    """(2, H, W) latitude and longitude [degrees] of the zone's centre, the same for each pixel.

    Within a zone they would tell parcels apart by where they lie, which no other zone shares.
    """
    left, bottom, right, top = grid.bounds
    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform((left + right) / 2, (top + bottom) / 2)
    centre = np.array([latitude, longitude], dtype=np.float32)
    return np.broadcast_to(centre[:, None, None], (2, *grid.shape))


def _green_ndvi(cube: Cube) -> Float:
    """(T, H, W) (B8 - B3) / (B8 + B3); NaN where a band is missing or both are zero."""
    green, near = (cube.reflectance[:, cube.bands.index(b)] for b in ("B3", "B8"))
    total = near + green
    index: Float = np.full_like(total, np.nan)
    np.divide(near - green, total, out=index, where=total > 0)
    return index


def layers(
    cube: Cube,
    inputs: str,
    location: bool = False,
    elevation: bool = False,
    last_crop: bool = False,
) -> tuple[Float, tuple[str, ...]]:
    """(T, C, H, W) what the network sees, and the names of the C channels.

    The context, where wanted, is the same in every period: first the last crop (class ids, 0 =
    unknown), after the series elevation, latitude and longitude. Raises InvalidRaster if the cube
    lacks what is wanted.
    """
    values, names = cube.reflectance, cube.bands
    if inputs == "sqrt_ndvi":
        roots = np.sqrt(np.clip(values, 0, None))
        values = np.concatenate([roots, cube.ndvi[:, None]], axis=1)
        names = (*cube.bands, "NDVI")
    before, after = list[Float](), list[Float]()
    if last_crop:
        before.append(_given(cube, "last_crop")[None].astype(np.float32))
        names = (LAST_CROP, *names)
    if elevation:
        after.append(_given(cube, "elevation")[None])
        names = (*names, ELEVATION)
    if location:
        after.append(coordinates(cube.grid))
        names = (*names, *PLACE)
    if before or after:
        lasting = [(np.broadcast_to(c, (len(values), *c.shape))) for c in (*before, *after)]
        n = len(before)
        values = np.concatenate([*lasting[:n], values, *lasting[n:]], axis=1)
    return values, names


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and deviation of each channel and period, keyed by name on disk."""

    channels: tuple[str, ...]  # (C,)
    mean: Float  # (T, C)
    deviation: Float  # (T, C)

    def standardise(self, values: Float) -> Float:
        """(T, C, H, W) with mean 0 and deviation 1; missing values become the mean."""
        scaled = (values - self.mean[:, :, None, None]) / self.deviation[:, :, None, None]
        standard: Float = np.nan_to_num(scaled, copy=False).astype(np.float32, copy=False)
        return standard

    def to_json(self) -> dict[str, Any]:
        return {
            name: {"mean": self.mean[:, c].tolist(), "deviation": self.deviation[:, c].tolist()}
            for c, name in enumerate(self.channels)
        }

    @staticmethod
    def from_json(values: Mapping[str, Any], channels: tuple[str, ...]) -> Statistics:
        """Raises KeyError if a channel is missing."""
        mean = np.array([values[name]["mean"] for name in channels], dtype=np.float32).T
        deviation = np.array([values[name]["deviation"] for name in channels], dtype=np.float32).T
        return Statistics(channels, mean, deviation)


def statistics_of(
    train: Sequence[Sample],
    inputs: str,
    location: bool = False,
    elevation: bool = False,
    last_crop: bool = False,
) -> Statistics:
    """Mean and deviation over all pixels of the training zones, zone by zone.

    Class ids are left as they are: mean 0, deviation 1.
    """
    n: NDArray[np.float64] | float = 0.0
    total: NDArray[np.float64] | float = 0.0
    squares: NDArray[np.float64] | float = 0.0
    channels: tuple[str, ...] = ()
    for sample in train:
        values, channels = layers(sample.cube, inputs, location, elevation, last_crop)
        valid = ~np.isnan(values)
        known = np.where(valid, values, 0).astype(np.float64)
        n = n + valid.sum(axis=(2, 3))
        total = total + known.sum(axis=(2, 3))
        squares = squares + (known * known).sum(axis=(2, 3))
    count = np.maximum(n, 1)
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0))
    safe = np.where(deviation > 1e-6, deviation, 1.0)
    for i, name in enumerate(channels):
        # Zones side by side are one place: their distance must not be blown up to a deviation.
        safe[:, i] = np.maximum(safe[:, i], _LEAST_SPREAD.get(name, 0.0))
        if name == LAST_CROP:
            mean[:, i], safe[:, i] = 0.0, 1.0
    return Statistics(channels, mean.astype(np.float32), safe.astype(np.float32))


def parcel_weight(sample: Sample) -> Float:
    """(H, W) one over the square root of the size of the pixel's parcel, in pixels."""
    ids = sample.labels.parcel_id
    sizes = np.bincount(ids.ravel())
    return (1 / np.sqrt(np.maximum(sizes, 1)))[ids].astype(np.float32)


def labelled(sample: Sample) -> NDArray[np.bool_]:
    """(H, W) True where a mapped crop is declared and the series is not missing."""
    crop = sample.labels.crop
    seen = ~np.isnan(sample.cube.reflectance).any(axis=(0, 1))
    declared: NDArray[np.bool_] = (crop != BACKGROUND) & (crop != IGNORE)
    return declared & seen
