"""From a cube to what the models see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pyproj import Transformer

from cropdash.classify import phenology
from cropdash.classify.inputs import PHENOLOGY, RAW, ROOTS, Inputs
from cropdash.domain import BACKGROUND, IGNORE, Cube, Float, Grid, Sample

PLACE = ("latitude", "longitude")
ELEVATION, LAST_CROP = "elevation", "last crop"
# A pixel is drawn by one over this power of its parcel's size; 1: each parcel as often.
DRAWN_BY = 0.75
OF_ZONE = " of the zone"  # ends the name of a channel that is the zone's mean of another
_LEAST_SPREAD = {PLACE[0]: 0.5, PLACE[1]: 0.5, ELEVATION: 50.0}  # [degrees], [m]


def table(cube: Cube, inputs: Inputs) -> Float:
    """(H*W, F) one row per pixel; the columns are those of `table_names`.

    The last crop is a class id, NaN where it is unknown. Raises InvalidRaster if the cube lacks
    what is wanted.
    """
    inputs.check(cube)
    n_pixels = cube.grid.shape[0] * cube.grid.shape[1]
    series = {name: cube.index(name).reshape(-1, n_pixels) for name in inputs.indices}  # (T, H*W)
    columns = [cube.reflectance.reshape(-1, n_pixels)]  # (T*B, H*W)
    if inputs.series != RAW:
        for values in series.values():
            statistics = [f(values, axis=0) for f in (np.min, np.max, np.mean, np.std)]
            columns += [values, np.diff(values, axis=0), np.stack(statistics)]
    if inputs.series == PHENOLOGY:
        columns.append(phenology.describe(cube.ndvi.reshape(-1, n_pixels)))
        columns.append(cube.index(phenology.GREEN).reshape(-1, n_pixels))
    if inputs.zone_mean:
        for name in inputs.indices:
            values = cube.index(name)
            against = values - zone_means(values)[:, None, None]
            columns.append(against.reshape(-1, n_pixels))
    if inputs.location:
        columns.append(coordinates(cube.grid).reshape(2, n_pixels))
    columns += [cube.layer(name).reshape(-1, n_pixels) for name, _ in inputs.layers]
    if inputs.last_crop:
        known = _last_crop(cube).reshape(1, n_pixels)
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
    if inputs.series == PHENOLOGY:
        names += [*phenology.NAMES, *(f"{number} green NDVI" for number in numbers)]
    if inputs.zone_mean:
        names += [f"{number} {i} against its zone" for i in inputs.indices for number in numbers]
    names += list(PLACE) if inputs.location else []
    for layer, n in inputs.layers:
        names += [layer] if n == 1 else [f"{number} {layer}" for number in numbers]
    return names + ([LAST_CROP] if inputs.last_crop else [])


def _last_crop(cube: Cube) -> Float:
    """(H, W) class ids of a cube that has them."""
    return np.asarray(cube.last_crop, np.float32)


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


class Channels(NamedTuple):
    """What the network sees of a zone."""

    own: Float  # (T, C, H, W) of each pixel
    shared: Float  # (T, D) of all of them
    names: tuple[str, ...]  # (C + D,)


def channels(cube: Cube, inputs: Inputs) -> Channels:
    """What the network sees: first of each pixel, then of the zone.

    Of a pixel the last crop (a class id, 0 = unknown), the series with its indices, and further
    layers; of the zone its latitude and longitude and the means of the series. What is not of a
    period is the same in all of them. Raises InvalidRaster if the cube lacks what is wanted.
    """
    inputs.check(cube)
    series, names = cube.reflectance, (*cube.bands, *inputs.indices)
    if inputs.series == ROOTS:
        series = np.sqrt(np.clip(series, 0, None))
    if inputs.indices:
        every = [cube.index(name)[:, None] for name in inputs.indices]
        series = np.concatenate([series, *every], axis=1)
    own, own_names = [series], [*names]
    shared, shared_names = list[Float](), list[str]()
    if inputs.last_crop:
        own.insert(0, _each_period(_last_crop(cube)[None], series))
        own_names.insert(0, LAST_CROP)
    for name, _ in inputs.layers:
        own.append(_each_period(cube.layer(name), series))
        own_names.append(name)
    if inputs.location:
        shared.append(np.broadcast_to(coordinates(cube.grid)[:, 0, 0], (len(series), len(PLACE))))
        shared_names += PLACE
    if inputs.zone_mean:
        shared.append(zone_means(series))
        shared_names += [f"{name}{OF_ZONE}" for name in names]
    return Channels(
        np.concatenate(own, axis=1) if len(own) > 1 else series,
        np.concatenate(shared, axis=1) if shared else np.zeros((len(series), 0), np.float32),
        (*own_names, *shared_names),
    )


def _each_period(values: NDArray[Any], series: Float) -> NDArray[Any]:
    """(1 or T, H, W) as (T, 1, H, W)."""
    return np.broadcast_to(values[:, None], (len(series), 1, *values.shape[1:]))


def n_means(names: Sequence[str]) -> int:
    """How many of the channels are the zone's means of others; they are the last."""
    return sum(name.endswith(OF_ZONE) for name in names)


class Standardised(NamedTuple):
    """`Channels`, with mean 0 and deviation 1."""

    own: Float  # (T, C, H, W)
    shared: Float  # (T, D)


def _known(scaled: Float) -> Float:
    known: Float = np.nan_to_num(scaled, copy=False).astype(np.float32, copy=False)
    return known


@dataclass(frozen=True, eq=False)
class Statistics:
    """Mean and deviation of each channel and period, keyed by name on disk."""

    inputs: Inputs
    channels: tuple[str, ...]  # (C,)
    mean: Float  # (T, C)
    deviation: Float  # (T, C)

    def standardise(self, cube: Cube) -> Standardised:
        """What the network sees of a zone, with mean 0 and deviation 1.

        Missing values become the mean. Raises InvalidRaster if the cube lacks what is wanted.
        """
        seen = channels(cube, self.inputs)
        n = seen.own.shape[1]
        own = (seen.own - self.mean[:, :n, None, None]) / self.deviation[:, :n, None, None]
        shared = (seen.shared - self.mean[:, n:]) / self.deviation[:, n:]
        return Standardised(_known(own), _known(shared))

    def to_json(self) -> dict[str, Any]:
        return {
            name: {"mean": self.mean[:, c].tolist(), "deviation": self.deviation[:, c].tolist()}
            for c, name in enumerate(self.channels)
        }

    @staticmethod
    def from_json(
        values: Mapping[str, Any], channels: tuple[str, ...], inputs: Inputs
    ) -> Statistics:
        """Raises KeyError if a channel is missing."""
        mean = np.array([values[name]["mean"] for name in channels], dtype=np.float32).T
        deviation = np.array([values[name]["deviation"] for name in channels], dtype=np.float32).T
        return Statistics(inputs, channels, mean, deviation)


def statistics_of(train: Sequence[Sample], inputs: Inputs) -> Statistics:
    """Mean and deviation over all pixels of the training zones, zone by zone.

    Class ids are left as they are: mean 0, deviation 1.
    """
    n: NDArray[np.float64] | float = 0.0
    total: NDArray[np.float64] | float = 0.0
    squares: NDArray[np.float64] | float = 0.0
    names: tuple[str, ...] = ()
    for sample in train:
        seen = channels(sample.cube, inputs)
        moments, names = _moments(seen), seen.names
        n, total, squares = n + moments[0], total + moments[1], squares + moments[2]
    count = np.maximum(n, 1)
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0))
    safe = np.where(deviation > 1e-6, deviation, 1.0)
    for i, name in enumerate(names):
        # Zones side by side are one place: their distance must not be blown up to a deviation.
        safe[:, i] = np.maximum(safe[:, i], _LEAST_SPREAD.get(name, 0.0))
        if name == LAST_CROP:
            mean[:, i], safe[:, i] = 0.0, 1.0
        if name.endswith(OF_ZONE):  # on the scale of its series, so that they can be compared
            of = names.index(name.removesuffix(OF_ZONE))
            mean[:, i], safe[:, i] = mean[:, of], safe[:, of]
    return Statistics(inputs, names, mean.astype(np.float32), safe.astype(np.float32))


def _moments(seen: Channels) -> NDArray[np.float64]:
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
