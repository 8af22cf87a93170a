"""Images as Earth Engine has them: computed lazily, on whatever grid the answer is wanted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from cropdash.domain import Grid
from tests.ingest.earthengine.graph import Refused

Layer = tuple[NDArray[Any], NDArray[np.bool_]]  # (H, W) values and where they are valid
Layers = list[Layer]


@dataclass(eq=False)
class Image:
    """Bands by name with their type; `compute` gives their layers on a grid."""

    names: tuple[str, ...]
    types: tuple[np.dtype[Any], ...]
    compute: Callable[[Grid], Layers]
    properties: dict[str, Any] = field(default_factory=dict)
    footprint: Any = None  # shapely polygon [degrees]; None: everywhere
    known: dict[Grid, Layers] = field(default_factory=dict)

    def on(self, grid: Grid) -> Layers:
        if grid not in self.known:
            layers = self.compute(grid)
            self.known[grid] = [
                (np.asarray(values, kind), valid)
                for (values, valid), kind in zip(layers, self.types, strict=True)
            ]
        return self.known[grid]

    def like(
        self,
        compute: Callable[[Grid], Layers],
        names: Sequence[str] | None = None,
        types: Sequence[Any] | None = None,
        *,
        keep: bool = True,
    ) -> Image:
        """Another image; `keep`: with the same properties, as functions of one image do."""
        return Image(
            self.names if names is None else tuple(names),
            self.types if types is None else tuple(np.dtype(kind) for kind in types),
            compute,
            dict(self.properties) if keep else {},
            self.footprint if keep else None,
        )


@dataclass(eq=False)
class Collection:
    """Images in order."""

    images: list[Image]


def constant(value: Any) -> Image:
    """One band for a number, several for a list; valid everywhere."""
    numbers = value if isinstance(value, list) else [value]
    names = [f"constant_{i}" for i in range(len(numbers))] if isinstance(value, list) else None
    kinds = [np.dtype(np.int32 if isinstance(n, int) else np.float64) for n in numbers]

    def compute(grid: Grid) -> Layers:
        valid = np.ones(grid.shape, dtype=bool)
        return [(np.full(grid.shape, n, k), valid) for n, k in zip(numbers, kinds, strict=True)]

    return Image(tuple(names or ["constant"]), tuple(kinds), compute)


def image_of(value: Any) -> Image:
    """An image, or the constant one of a number."""
    return value if isinstance(value, Image) else constant(value)


def asset(
    layers: dict[str, tuple[Grid, NDArray[Any], NDArray[np.bool_]]], properties: dict[str, Any]
) -> Image:
    """An image that is stored: every band on a grid of its own, read by nearest neighbour."""
    first = next(iter(layers.values()))[0]

    def compute(grid: Grid) -> Layers:
        return [nearest(grid, *stored) for stored in layers.values()]

    kinds = tuple(values.dtype for _, values, _ in layers.values())
    return Image(tuple(layers), kinds, compute, properties, footprint(first))


def nearest(
    grid: Grid, stored: Grid, values: NDArray[Any], valid: NDArray[np.bool_]
) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """The stored pixel in which the centre of each pixel lies; not valid outside."""
    x = grid.left + grid.pixel_size * (np.arange(grid.shape[1]) + 0.5)
    y = grid.top - grid.pixel_size * (np.arange(grid.shape[0]) + 0.5)
    east, north = np.meshgrid(x, y)
    if grid.crs != stored.crs:
        change = pyproj.Transformer.from_crs(grid.crs, stored.crs, always_xy=True)
        east, north = change.transform(east, north)
    # A hair to the south-east, so that places between two pixels fall on a side that is told.
    columns = np.floor((east - stored.left) / stored.pixel_size + 1e-9).astype(int)
    rows = np.floor((stored.top - north) / stored.pixel_size + 1e-9).astype(int)
    height, width = stored.shape
    inside = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns = rows.clip(0, height - 1), columns.clip(0, width - 1)
    return values[rows, columns], valid[rows, columns] & inside


def footprint(grid: Grid) -> Any:
    """A grid's outline in degrees."""
    left, bottom, right, top = grid.bounds
    along = np.linspace(0, 1, 21)
    ring = np.concatenate(
        [
            np.column_stack([left + (right - left) * along, np.full(21, top)]),
            np.column_stack([np.full(21, right), top - (top - bottom) * along]),
            np.column_stack([right - (right - left) * along, np.full(21, bottom)]),
            np.column_stack([np.full(21, left), bottom + (top - bottom) * along]),
        ]
    )
    to_degrees = pyproj.Transformer.from_crs(grid.crs, "OGC:CRS84", always_xy=True)
    return shapely.Polygon(np.column_stack(to_degrees.transform(*ring.T)))


def same_bands(images: Sequence[Image]) -> Image:
    """The first image. Raises Refused unless all have its bands."""
    for image in images:
        if image.names != images[0].names:
            raise Refused(
                f"Expected a homogeneous image collection, but an image with bands {image.names}"
                f" was encountered beside {images[0].names}."
            )
    return images[0]
