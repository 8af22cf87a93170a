"""From a cube to what the models see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import BACKGROUND, IGNORE, Cube, Float, Sample


def table(cube: Cube, inputs: str) -> Float:
    """(H*W, F) one row per pixel: T x B reflectances, with `ndvi` also NDVI and its changes."""
    layers = [cube.reflectance.reshape(-1, cube.grid.shape[0] * cube.grid.shape[1])]  # (T*B, H*W)
    if inputs == "ndvi":
        ndvi = cube.ndvi.reshape(len(cube.periods), -1)  # (T, H*W)
        statistics = [f(ndvi, axis=0) for f in (np.min, np.max, np.mean, np.std)]
        layers += [ndvi, np.diff(ndvi, axis=0), np.stack(statistics)]
    return np.ascontiguousarray(np.concatenate(layers).T, dtype=np.float32)


def table_names(bands: Sequence[str], n_periods: int, inputs: str) -> list[str]:
    """Names of the columns of `table`."""
    months = [f"{t + 1:02d}" for t in range(n_periods)]
    names = [f"{month} {band}" for month in months for band in bands]
    if inputs == "ndvi":
        names += [f"{month} NDVI" for month in months]
        names += [f"{month} NDVI change" for month in months[1:]]
        names += [f"NDVI {s}" for s in ("minimum", "maximum", "mean", "deviation")]
    return names


def layers(cube: Cube, inputs: str) -> tuple[Float, tuple[str, ...]]:
    """(T, C, H, W) what the network sees, and the names of the C channels."""
    if inputs == "reflectance":
        return cube.reflectance, cube.bands
    roots = np.sqrt(np.clip(cube.reflectance, 0, None))
    return np.concatenate([roots, cube.ndvi[:, None]], axis=1), (*cube.bands, "NDVI")


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


def statistics_of(train: Sequence[Sample], inputs: str) -> Statistics:
    """Mean and deviation over all pixels of the training zones, zone by zone."""
    n: NDArray[np.float64] | float = 0.0
    total: NDArray[np.float64] | float = 0.0
    squares: NDArray[np.float64] | float = 0.0
    channels: tuple[str, ...] = ()
    for sample in train:
        values, channels = layers(sample.cube, inputs)
        valid = ~np.isnan(values)
        known = np.where(valid, values, 0).astype(np.float64)
        n = n + valid.sum(axis=(2, 3))
        total = total + known.sum(axis=(2, 3))
        squares = squares + (known * known).sum(axis=(2, 3))
    count = np.maximum(n, 1)
    mean = total / count
    deviation = np.sqrt(np.maximum(squares / count - mean * mean, 0))
    safe = np.where(deviation > 1e-6, deviation, 1.0)
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
