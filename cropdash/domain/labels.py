"""What is declared on a grid, and what a model says of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cropdash.domain.errors import InvalidRaster
from cropdash.domain.nouns import Bytes, Cube, Float, Grid, Ints, Zone, check_shape, trimmed


@dataclass(frozen=True, eq=False)
class Labels:
    """What was declared, on the grid."""

    crop: Bytes  # (H, W) class id, 0 = background, 255 = ignore
    parcel_id: Ints  # (H, W), 0 = none
    grid: Grid

    def __post_init__(self) -> None:
        check_shape("crop", self.crop, self.grid.shape)
        check_shape("parcel_id", self.parcel_id, self.grid.shape)

    def inner(self, margin: int) -> Labels:
        """The labels without a margin of so many pixels."""
        if not margin:
            return self
        crop, parcel_id = trimmed(self.crop, margin), trimmed(self.parcel_id, margin)
        return Labels(crop, parcel_id, self.grid.grown(-margin))


def interior(parcel_id: Ints) -> NDArray[np.bool_]:
    """(H, W) True where all eight neighbours belong to the same parcel.

    The raster's edge is not a border: what lies beyond counts as more of the same.
    """
    height, width = parcel_id.shape
    padded = np.pad(parcel_id, 1, mode="edge")
    same: NDArray[np.bool_] = parcel_id != 0
    for row in range(3):
        for column in range(3):
            same &= padded[row : row + height, column : column + width] == parcel_id
    return same


@dataclass(frozen=True, eq=False)
class Sample:
    """One zone as the models see it."""

    zone: Zone
    cube: Cube
    labels: Labels

    def __post_init__(self) -> None:
        if self.cube.grid != self.zone.grid or self.labels.grid != self.zone.grid:
            raise InvalidRaster(
                "Zone {a}: cube, labels and zone differ in grid.", a=self.zone.zone_id
            )


@dataclass(frozen=True, eq=False)
class Prediction:
    """A model's map of one zone, with the probabilities of its parcels."""

    crop: Bytes  # (H, W) most probable class, for every pixel, inside parcels and out
    confidence: Float  # (H, W) its probability
    parcel_ids: Ints  # (P,)
    parcel_probabilities: Float  # (P, K) mean over the parcel's pixels
    grid: Grid
    run: str
    dissimilarity: Float | None = None  # (P,) to what was learned; above 1: not to be believed

    def __post_init__(self) -> None:
        check_shape("crop", self.crop, self.grid.shape)
        check_shape("confidence", self.confidence, self.grid.shape)
        if self.parcel_probabilities.shape[:1] != self.parcel_ids.shape:
            raise InvalidRaster(
                "{a} parcels but {b} rows of probabilities.",
                a=self.parcel_ids.size,
                b=len(self.parcel_probabilities),
            )

    def inner(self, margin: int) -> Prediction:
        """The prediction without a margin of so many pixels; its parcels are answered as they were."""
        if not margin:
            return self
        crop, confidence = trimmed(self.crop, margin), trimmed(self.confidence, margin)
        return replace(self, crop=crop, confidence=confidence, grid=self.grid.grown(-margin))
