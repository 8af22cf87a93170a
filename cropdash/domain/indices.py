"""Vegetation, water and soil indices: formula, bands and source, in one table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float32]


@dataclass(frozen=True)
class Index:
    """A number made of bands; NaN where a band is missing or the denominator is not positive."""

    name: str
    title: str
    bands: tuple[str, ...]  # in the order in which `values` takes them
    formula: str
    source: str
    values: Callable[..., Float]  # of (...,) reflectance a band, to (...,)
    low: float = -1.0  # what a chart or a colour scale begins with
    high: float = 1.0


def _ratio(above: Float, below: Float) -> Float:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below > 0, above / below, np.float32(np.nan)).astype(np.float32)


def _difference(one: Float, other: Float) -> Float:
    """(one - other) / (one + other)."""
    return _ratio(one - other, one + other)


def _evi2(near: Float, red: Float) -> Float:
    return _ratio(np.float32(2.5) * (near - red), near + np.float32(2.4) * red + np.float32(1))


def _bsi(short: Float, red: Float, near: Float, blue: Float) -> Float:
    return _difference(short + red, near + blue)


TABLE: dict[str, Index] = {
    index.name: index
    for index in (
        Index("NDVI", "vegetation", ("B8", "B4"), "(B8 - B4) / (B8 + B4)",
              "Rouse et al. 1974", _difference, -0.1, 1.0),
        Index("GNDVI", "green vegetation", ("B8", "B3"), "(B8 - B3) / (B8 + B3)",
              "Gitelson et al. 1996, doi:10.1016/S0034-4257(96)00072-7", _difference, -0.1, 1.0),
        Index("NDWI", "open water", ("B3", "B8"), "(B3 - B8) / (B3 + B8)",
              "McFeeters 1996, doi:10.1080/01431169608948714", _difference, -1.0, 0.5),
        Index("NDMI", "moisture of the canopy", ("B8", "B11"), "(B8 - B11) / (B8 + B11)",
              "Gao 1996, doi:10.1016/S0034-4257(96)00067-3", _difference, -0.5, 0.7),
        Index("NDRE", "chlorophyll by the red edge", ("B8", "B5"), "(B8 - B5) / (B8 + B5)",
              "Gitelson and Merzlyak 1994, doi:10.1016/1011-1344(93)06963-4", _difference, -0.1, 0.8),
        Index("EVI2", "vegetation, less saturated", ("B8", "B4"),
              "2.5 (B8 - B4) / (B8 + 2.4 B4 + 1)",
              "Jiang et al. 2008, doi:10.1016/j.rse.2008.06.006", _evi2, -0.1, 1.0),
        Index("BSI", "bare soil", ("B11", "B4", "B8", "B2"),
              "((B11 + B4) - (B8 + B2)) / ((B11 + B4) + (B8 + B2))",
              "Rikimaru et al. 2002, Tropical Ecology 43(1)", _bsi, -0.6, 0.6),
    )
}  # fmt: skip


def of_bands(bands: Sequence[str]) -> tuple[Index, ...]:
    """The indices that these bands allow."""
    return tuple(index for index in TABLE.values() if set(index.bands) <= set(bands))
