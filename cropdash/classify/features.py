"""From a cube to what the models see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from cropdash.classify import phenology
from cropdash.domain import BACKGROUND, IGNORE, Cube, Float, Grid, Sample
from cropdash.domain.errors import InvalidRaster

PLACE = ("latitude", "longitude")
ELEVATION, LAST_CROP = "elevation", "last crop"
# A pixel is drawn by one over this power of its parcel's size; 1: each parcel as often.
DRAWN_BY = 0.75
OF_ZONE = " of the zone"  # ends the name of a channel that is the zone's mean of another
_LEAST_SPREAD = {PLACE[0]: 0.5, PLACE[1]: 0.5, ELEVATION: 50.0}  # [degrees], [m]


def table(
    cube: Cube,
    inputs: str,
    location: bool = False,
    elevation: bool = False,
    last_crop: bool = False,
    zone_mean: bool = False,
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
        columns += [phenology.describe(ndvi), cube.index("GNDVI").reshape(len(ndvi), n_pixels)]
    if zone_mean:
        against = cube.ndvi - zone_means(cube.ndvi)[:, None, None]
        columns.append(against.reshape(len(cube.periods), n_pixels))
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
    zone_mean: bool = False,
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
    names += [f"{month} NDVI against its zone" for month in months] if zone_mean else []
    names += list(PLACE) if location else []
    names += [ELEVATION] if elevation else []
    return names + ([LAST_CROP] if last_crop else [])


def check_context(cube: Cube, elevation: bool, last_crop: bool) -> None:
    """Raise InvalidRaster unless the cube has what is wanted."""
    for name, wanted in (("elevation", elevation), ("last_crop", last_crop)):
        if wanted:
            _given(cube, name)


def _given(cube: Cube, name: str) -> NDArray[Any]:
    """(H, W) elevation or last crop."""
    has = (
        cube.last_crop is not None
        if name == "last_crop"
        else any(y.name == name for y in cube.layers)
    )
    if not has:
        what = {"elevation": "the elevation", "last_crop": "last year's crops"}[name]
        raise InvalidRaster(
            f"The model wants {what}, which the zone does not have: use a dataset built with it."
        )
    return cube.last_crop if name == "last_crop" else cube.layer(name)[0]  # type: ignore[return-value]


def coordinates(grid: Grid) -> Float:
    """(2, H, W) latitude and longitude [degrees] of the zone's centre, the same for each pixel.

    Within a zone they would tell parcels apart by where they lie, which no other zone shares.
    """
    left, bottom, right, top = grid.bounds
    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform((left + right) / 2, (top + bottom) / 2)
    centre = np.array([latitude, longitude], dtype=np.float32)
    return np.broadcast_to(centre[:, None, None], (2, *grid.shape))


def zone_means(values: Float) -> Float:
    """(...,) mean over the pixels of (..., H, W) that have a value; NaN where none has.

    What the whole zone shares, such as an early spring or a dry summer, is in it, so it is not in
    the difference from it. The mean is over all land, so it needs no register.
    """
    there = ~np.isnan(values)
    total = np.where(there, values, 0).sum(axis=(-2, -1), dtype=np.float64)
    counts = there.sum(axis=(-2, -1))
    means = np.full(total.shape, np.nan, np.float32)
    np.divide(total, counts, out=means, where=counts > 0, casting="unsafe")
    return means


class Layers(NamedTuple):
    """What the network sees of a zone."""

    own: Float  # (T, C, H, W) of each pixel
    shared: Float  # (T, D) of all of them
    names: tuple[str, ...]  # (C + D,)


def layers(
    cube: Cube,
    inputs: str,
    location: bool = False,
    elevation: bool = False,
    last_crop: bool = False,
    zone_mean: bool = False,
) -> Layers:
    """What the network sees: first of each pixel, then of the zone.

    Of a pixel the last crop (a class id, 0 = unknown), the series, the elevation; of the zone its
    latitude and longitude and the means of the series. What is not of a month is the same in all
    of them. Raises InvalidRaster if the cube lacks what is wanted.
    """
    series, names = cube.reflectance, cube.bands
    if inputs == "sqrt_ndvi":
        roots = np.sqrt(np.clip(series, 0, None))
        series = np.concatenate([roots, cube.ndvi[:, None]], axis=1)
        names = (*cube.bands, "NDVI")
    own, own_names = [series], [*names]
    shared, shared_names = list[Float](), list[str]()
    if last_crop:
        own.insert(0, _each_month(_given(cube, "last_crop").astype(np.float32), series))
        own_names.insert(0, LAST_CROP)
    if elevation:
        own.append(_each_month(_given(cube, "elevation"), series))
        own_names.append(ELEVATION)
    if location:
        shared.append(np.broadcast_to(coordinates(cube.grid)[:, 0, 0], (len(series), len(PLACE))))
        shared_names += PLACE
    if zone_mean:
        shared.append(zone_means(series))
        shared_names += [f"{name}{OF_ZONE}" for name in names]
    return Layers(
        np.concatenate(own, axis=1) if len(own) > 1 else series,
        np.concatenate(shared, axis=1) if shared else np.zeros((len(series), 0), np.float32),
        (*own_names, *shared_names),
    )


def _each_month(values: NDArray[Any], series: Float) -> NDArray[Any]:
    """(H, W) as (T, 1, H, W)."""
    return np.broadcast_to(values, (len(series), 1, *values.shape))


def context_of(channels: Sequence[str]) -> tuple[bool, bool, bool, bool]:
    """Which location, elevation, last crop and zone's mean the channels of `layers` have."""
    return PLACE[0] in channels, ELEVATION in channels, LAST_CROP in channels, n_means(channels) > 0


def n_means(channels: Sequence[str]) -> int:
    """How many of the channels are the zone's means of others; they are the last."""
    return sum(name.endswith(OF_ZONE) for name in channels)


class Inputs(NamedTuple):
    """`Layers`, standardised."""

    own: Float  # (T, C, H, W)
    shared: Float  # (T, D)


def _known(scaled: Float) -> Float:
    known: Float = np.nan_to_num(scaled, copy=False).astype(np.float32, copy=False)
    return known


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and deviation of each channel and period, keyed by name on disk."""

    channels: tuple[str, ...]  # (C,)
    mean: Float  # (T, C)
    deviation: Float  # (T, C)

    def standardise(self, seen: Layers) -> Inputs:
        """With mean 0 and deviation 1; missing values become the mean."""
        n = seen.own.shape[1]
        own = (seen.own - self.mean[:, :n, None, None]) / self.deviation[:, :n, None, None]
        shared = (seen.shared - self.mean[:, n:]) / self.deviation[:, n:]
        return Inputs(_known(own), _known(shared))

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
    zone_mean: bool = False,
) -> Statistics:
    """Mean and deviation over all pixels of the training zones, zone by zone.

    Class ids are left as they are: mean 0, deviation 1.
    """
    n: NDArray[np.float64] | float = 0.0
    total: NDArray[np.float64] | float = 0.0
    squares: NDArray[np.float64] | float = 0.0
    channels: tuple[str, ...] = ()
    for sample in train:
        seen = layers(sample.cube, inputs, location, elevation, last_crop, zone_mean)
        moments, channels = _moments(seen), seen.names
        n, total, squares = n + moments[0], total + moments[1], squares + moments[2]
    count = np.maximum(n, 1)
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0))
    safe = np.where(deviation > 1e-6, deviation, 1.0)
    for i, name in enumerate(channels):
        # Zones side by side are one place: their distance must not be blown up to a deviation.
        safe[:, i] = np.maximum(safe[:, i], _LEAST_SPREAD.get(name, 0.0))
        if name == LAST_CROP:
            mean[:, i], safe[:, i] = 0.0, 1.0
        if name.endswith(OF_ZONE):  # on the scale of its series, so that they can be compared
            of = channels.index(name.removesuffix(OF_ZONE))
            mean[:, i], safe[:, i] = mean[:, of], safe[:, of]
    return Statistics(channels, mean.astype(np.float32), safe.astype(np.float32))


def _moments(seen: Layers) -> NDArray[np.float64]:
    """(3, T, C + D) number, sum and sum of squares of the values that are there."""
    found = []
    pixels = seen.own.shape[-2] * seen.own.shape[-1]
    for values, each in ((seen.own, 1), (seen.shared[:, :, None, None], pixels)):
        valid = ~np.isnan(values)
        known = np.where(valid, values, 0).astype(np.float64)
        sums = [part.sum(axis=(2, 3)) for part in (valid, known, known * known)]
        found.append(np.stack(sums).astype(np.float64) * each)
    return np.concatenate(found, axis=2)


def parcel_weight(sample: Sample, power: float) -> Float:
    """(H, W) one over this power of the size of the pixel's parcel, in pixels."""
    ids = sample.labels.parcel_id
    sizes = np.bincount(ids.ravel())
    return (1.0 / np.maximum(sizes, 1) ** power)[ids].astype(np.float32)


def labelled(sample: Sample) -> NDArray[np.bool_]:
    """(H, W) True where a mapped crop is declared and the series is not missing."""
    crop = sample.labels.crop
    seen = ~np.isnan(sample.cube.reflectance).any(axis=(0, 1))
    declared: NDArray[np.bool_] = (crop != BACKGROUND) & (crop != IGNORE)
    return declared & seen
