"""The nouns: frozen, self-validating, numpy only.

Axes are named by one alphabet everywhere: T periods, B bands, H rows (north to south),
W columns, K classes. Reflectance in memory is float32 in [0, 1] with NaN = missing;
crop rasters are uint8 with 0 = not a mapped crop and 255 = ignore; parcel rasters are
int32 with 0 = no parcel.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import indices
from cropdash.domain.errors import ConfigError, InvalidRaster, quoted
from cropdash.domain.period import Period

Float = NDArray[np.float32]
Bytes = NDArray[np.uint8]
Ints = NDArray[np.int32]
Split = Literal["train", "test", "map"]  # map: to be predicted, never learned from or scored

M2_PER_HA = 10_000
BACKGROUND = 0  # not a mapped crop
MOST_MARGIN = 200  # [px] around a zone
WHOLE = 0.95  # share of a parcel in its zone from which on it counts as seen whole
FEW_PIXELS = 8  # parcels with fewer are weak evidence: most of their pixels mix two fields
IGNORE = 255  # never trained on, never scored
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")  # zones, datasets and runs


def check_name(name: str, what: str) -> str:
    """Return `name` if it is fit to be a folder's name, else raise ConfigError."""
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ConfigError(
            "{a} {b} is not a valid name: use 1 to 64 lower-case letters, digits, '_' or '-'.",
            a=what,
            b=quoted(name),
        )
    return name


@dataclass(frozen=True)
class Grid:
    """North-up raster grid in a projected reference system."""

    crs: str  # e.g. "EPSG:32631"
    left: float  # [m] western edge
    top: float  # [m] northern edge
    pixel_size: float  # [m]
    shape: tuple[int, int]  # (H, W)

    def __post_init__(self) -> None:
        height, width = self.shape
        if height < 1 or width < 1:
            raise InvalidRaster(
                "A grid needs at least one row and one column, not {a}.", a=self.shape
            )
        if not self.pixel_size > 0:
            raise InvalidRaster(
                "A grid's pixel size must be positive, not {a} m.", a=self.pixel_size
            )
        # Plain numbers, whatever the caller computed with: grids are compared and written as JSON.
        for name in ("left", "top", "pixel_size"):
            object.__setattr__(self, name, float(getattr(self, name)))
        object.__setattr__(self, "shape", (int(height), int(width)))

    @property
    def transform(self) -> tuple[float, float, float, float, float, float]:
        """Affine coefficients (a, b, c, d, e, f) from (column, row) to (x, y)."""
        return (self.pixel_size, 0.0, self.left, 0.0, -self.pixel_size, self.top)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """(left, bottom, right, top) [m]."""
        height, width = self.shape
        return (
            self.left,
            self.top - height * self.pixel_size,
            self.left + width * self.pixel_size,
            self.top,
        )

    def grown(self, pixels: int) -> Grid:
        """The grid with so many pixels more on each side; fewer, where the number is below 0.

        To the micrometre, so that the way there and back ends where it began.
        """
        if not pixels:
            return self
        (height, width), step = self.shape, pixels * self.pixel_size
        shape = (height + 2 * pixels, width + 2 * pixels)
        return replace(
            self, left=round(self.left - step, 6), top=round(self.top + step, 6), shape=shape
        )

    @property
    def pixel_area_ha(self) -> float:
        """Area of a pixel [ha]."""
        return self.pixel_size**2 / M2_PER_HA


@dataclass(frozen=True)
class Zone:
    """A square of land that is wholly on one side of the split, or only to be mapped."""

    zone_id: str
    region: str
    split: Split
    grid: Grid
    margin: int = 0  # [px] around it that is kept too, so that its parcels are seen whole

    def __post_init__(self) -> None:
        check_name(self.zone_id, "Zone")
        fits = 0 <= self.margin <= MOST_MARGIN
        if not fits or self.around.grid.grown(-self.margin) != self.grid:
            raise ConfigError(
                "Zone {a} can't have a margin of {b} pixels: use 0 to {c}, and corners of at most 6 "
                "decimals.",
                a=self.zone_id, b=self.margin, c=MOST_MARGIN,
            )  # fmt: skip
        if self.split not in get_args(Split):
            raise ConfigError(
                "Zone {a}: split is {b}; it must be 'train', 'test' or 'map'.",
                a=self.zone_id,
                b=repr(self.split),
            )

    @property
    def around(self) -> Zone:
        """The zone with its margin as part of it: all that is kept of it."""
        return replace(self, grid=self.grid.grown(self.margin), margin=0) if self.margin else self


@dataclass(frozen=True, eq=False)
class Scene:
    """One acquisition over a zone."""

    date: dt.date
    reflectance: Float  # (B, H, W), NaN = no data
    scl: Bytes  # (H, W) Sen2Cor scene classification, 0..11
    grid: Grid
    bands: tuple[str, ...]  # (B,) names, see `sentinel2`

    def __post_init__(self) -> None:
        check_shape("reflectance", self.reflectance, (len(self.bands), *self.grid.shape))
        check_shape("scl", self.scl, self.grid.shape)


@dataclass(frozen=True, eq=False)
class Layer:
    """Another value of each pixel beside its reflectance, such as height or radar."""

    name: str  # "elevation", "VV"
    values: Float  # (T, H, W), or (1, H, W) where it is the same all season; NaN = unknown


@dataclass(frozen=True, eq=False)
class Cube:
    """A season of composites on one grid."""

    reflectance: Float  # (T, B, H, W), NaN = missing
    clear_dates: Bytes  # (T, H, W) number of clear observations, 0 = none (so filled, or missing)
    periods: tuple[Period, ...]  # (T,); ids are taken too
    bands: tuple[str, ...]  # (B,) names, see `sentinel2`
    grid: Grid
    layers: tuple[Layer, ...] = ()  # what else is known of each pixel
    last_crop: Bytes | None = (
        None  # (H, W) class of the year before, 0 = unknown; None: no register
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "periods", tuple(Period.of(p) for p in self.periods))
        t, b = len(self.periods), len(self.bands)
        check_shape("reflectance", self.reflectance, (t, b, *self.grid.shape))
        check_shape("clear_dates", self.clear_dates, (t, *self.grid.shape))
        if self.last_crop is not None:
            check_shape("last_crop", self.last_crop, self.grid.shape)
        for layer in self.layers:
            n = 1 if len(layer.values) == 1 else t
            check_shape(layer.name, layer.values, (n, *self.grid.shape))
        names = (*self.bands, *indices.TABLE, *(layer.name for layer in self.layers))
        if len(set(names)) != len(names) or len(set(self.periods)) != t:
            raise InvalidRaster(
                "A cube's bands, layers and periods must not repeat, nor a layer be called as an index."
            )

    def over(self, periods: Sequence[Period]) -> Cube:
        """The cube over a longer season, of which its own periods are the first: the others are NaN."""
        first = len(self.periods)
        if self.periods != tuple(periods[:first]):
            raise InvalidRaster(
                "Periods from {a} to {b} are not the first of a season that begins with {c}.",
                a=self.periods[0],
                b=self.periods[-1],
                c=periods[0],
            )
        if first == len(periods):
            return self

        def longer(values: NDArray[Any], fill: float) -> NDArray[Any]:
            rest = np.full((len(periods) - first, *values.shape[1:]), fill, values.dtype)
            return np.concatenate([values, rest])

        layers = tuple(
            layer if len(layer.values) == 1 else replace(layer, values=longer(layer.values, np.nan))
            for layer in self.layers
        )
        return replace(
            self, reflectance=longer(self.reflectance, np.nan), layers=layers,
            clear_dates=longer(self.clear_dates, 0), periods=tuple(periods),
        )  # fmt: skip

    def inner(self, margin: int) -> Cube:
        """The cube without a margin of so many pixels."""
        if not margin:
            return self
        return replace(
            self, grid=self.grid.grown(-margin), reflectance=trimmed(self.reflectance, margin),
            clear_dates=trimmed(self.clear_dates, margin),
            layers=tuple(replace(one, values=trimmed(one.values, margin)) for one in self.layers),
            last_crop=None if self.last_crop is None else trimmed(self.last_crop, margin),
        )  # fmt: skip

    def band(self, name: str) -> Float:
        """(T, H, W) series of one band, by name."""
        if name not in self.bands:
            raise InvalidRaster(
                "The cube has no band {a}; it has {b}.", a=name, b=", ".join(self.bands)
            )
        return self.reflectance[:, self.bands.index(name)]

    def layer(self, name: str) -> Float:
        """(T, H, W) of a further layer, or (1, H, W) where it is the same all season."""
        for layer in self.layers:
            if layer.name == name:
                return layer.values
        there = ", ".join(layer.name for layer in self.layers) or "none"
        raise InvalidRaster("The cube has no layer {a}; it has {b}.", a=name, b=there)

    def index(self, name: str) -> Float:
        """(T, H, W) of an index of `indices.TABLE`; NaN where undefined."""
        of = indices.TABLE[name]
        return of.values(*(self.band(band) for band in of.bands))

    @property
    def ndvi(self) -> Float:
        """(T, H, W) normalised difference vegetation index; NaN where undefined."""
        return self.index("NDVI")


def trimmed(values: NDArray[Any], margin: int) -> NDArray[Any]:
    """(…, H, W) without a margin of so many pixels."""
    return values[..., margin:-margin, margin:-margin] if margin else values


def check_shape(name: str, array: NDArray[np.generic], expected: tuple[int, ...]) -> None:
    """Raise InvalidRaster unless the array has that shape."""
    if array.shape != expected:
        raise InvalidRaster("{a} has shape {b}, expected {c}.", a=name, b=array.shape, c=expected)
