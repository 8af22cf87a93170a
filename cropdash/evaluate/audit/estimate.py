"""Accuracy and area from a stratified sample of parcels whose truth is known, with intervals.

Everything is a ratio of two totals that the sample estimates. The strata need not be the map's
classes (Stehman 2014, Estimating area and map accuracy for stratified random sampling when the
strata are different from the map classes, International Journal of Remote Sensing 35), and
parcels differ in area (Tyukavina et al. 2025): a hectare counts by ratios of hectares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtrit

from cropdash.domain.errors import InvalidRaster, NotEnoughData

Doubles = NDArray[np.float64]
LEVEL = 0.95


class Estimate(NamedTuple):
    """A share with its standard error and interval (95 %), from n sampled units."""

    value: float
    error: float
    low: float
    high: float
    n: int


@dataclass(frozen=True, eq=False)
class Sample:
    """n units drawn at random within strata. Raises InvalidRaster or NotEnoughData.

    stratum (n,) and sizes (H,): units of each stratum, sampled or not; truth and mapped (n,) class
    ids, area (n,) [ha]. Every stratum needs two units, or all that it has.
    """

    stratum: NDArray[np.int64]
    sizes: Doubles
    truth: NDArray[np.int64]
    mapped: NDArray[np.int64]
    area: Doubles

    def __post_init__(self) -> None:
        shapes = {each.shape for each in (self.stratum, self.truth, self.mapped, self.area)}
        if len(shapes) != 1 or len(shapes.pop()) != 1 or self.sizes.ndim != 1:
            raise InvalidRaster("A sample needs one stratum, truth, class and area a unit.")
        drawn = self.drawn
        if len(drawn) > len(self.sizes) or (drawn > self.sizes).any():
            raise InvalidRaster("More units were sampled of a stratum than it holds.")
        if (drawn < np.minimum(2, self.sizes)).any():
            few = ", ".join(map(str, np.flatnonzero(drawn < np.minimum(2, self.sizes))))
            raise NotEnoughData(
                "Of stratum {a} fewer than two parcels are answered: its variance is unknown.",
                a=few,
            )

    @property
    def drawn(self) -> Doubles:
        """(H,) sampled units of each stratum."""
        return np.bincount(self.stratum, minlength=len(self.sizes)).astype(np.float64)

    @property
    def weights(self) -> Doubles:
        """(n,) units that each sampled one stands for."""
        of = np.divide(self.sizes, self.drawn, out=np.zeros_like(self.sizes), where=self.drawn > 0)
        return of[self.stratum]


def ratio(sample: Sample, part: ArrayLike, whole: ArrayLike, *, finite: bool = True) -> Estimate:
    """Total of `part` (n,) over that of `whole` (n,), a share of it, unit by unit.

    Its variance is that of the residuals (Cochran 1977, equation 6.48), with the correction for
    what was drawn of a finite number unless told otherwise. The interval is Korn and Graubard's
    (1998, Survey Methodology 24): Clopper and Pearson's with the sample's effective size, which
    holds what it promises near 0 and 1 too. NaN where the sample holds nothing of `whole`.
    """
    y, x = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    inside, weights = x > 0, sample.weights
    total = float((weights * x).sum())
    n = int(inside.sum())
    if total <= 0:
        return Estimate(np.nan, np.nan, np.nan, np.nan, 0)
    value = min(max(float((weights * y).sum()) / total, 0.0), 1.0)
    error = float(np.sqrt(variance(sample, y - value * x, finite=finite))) / total
    if finite and (sample.drawn == sample.sizes).all():
        return Estimate(value, 0.0, value, value, n)
    kish = float((weights * x).sum() ** 2 / ((weights * x) ** 2).sum())
    own = len(np.unique(sample.stratum[inside]))
    return Estimate(value, error, *_interval(value, error, n, kish, n - own), n)


def variance(sample: Sample, values: ArrayLike, *, finite: bool = True) -> float:
    """Of the estimated total of (n,) values, stratum by stratum (Cochran 1977, equation 5.24)."""
    drawn, of = sample.drawn, np.asarray(values, np.float64)
    sums = np.bincount(sample.stratum, of, minlength=len(drawn))
    means = np.divide(sums, drawn, out=np.zeros_like(sums), where=drawn > 0)
    squares = np.bincount(sample.stratum, (of - means[sample.stratum]) ** 2, minlength=len(drawn))
    spread = squares / np.maximum(drawn - 1, 1)
    left = 1 - drawn / sample.sizes if finite else 1.0
    return float((sample.sizes**2 * left * spread / np.maximum(drawn, 1)).sum())


def _interval(value: float, error: float, n: int, kish: float, free: int) -> tuple[float, float]:
    """Korn and Graubard's: `free` degrees of freedom, `kish` the size by the weights alone."""
    size = kish if error <= 0 else min(value * (1 - value) / error**2, float(n))
    tail = (1 + LEVEL) / 2
    if free >= 1 and n > 1:
        size *= float(stdtrit(n - 1, tail) / stdtrit(free, tail)) ** 2
    hits = value * size
    low = 0.0 if value <= 0 else float(betaincinv(hits, size - hits + 1, 1 - tail))
    high = 1.0 if value >= 1 else float(betaincinv(hits + 1, size - hits, tail))
    return low, high


def overall(sample: Sample, *, by_area: bool = False) -> Estimate:
    """Share of all parcels, or of all hectares, that the map names right."""
    whole = sample.area if by_area else np.ones(len(sample.area))
    return ratio(sample, whole * (sample.truth == sample.mapped), whole)


def by_class(sample: Sample, mapped_ha: ArrayLike, *, finite: bool = True) -> pd.DataFrame:
    """One row a class that is mapped or found; mapped_ha (K,) is what the map gives each.

    class_id, mapped_ha; users_*, of what is mapped as the class, the share that is right, and
    producers_*, of what is the class, the share that is mapped, by parcels (…_value, _error, _low,
    _high, _n); users_ha_* and producers_ha_* the same by hectares; area_* [ha], its share of the
    area of all.
    """
    areas = np.asarray(mapped_ha, np.float64)
    one, area = np.ones(len(sample.area)), sample.area
    known = np.union1d(np.flatnonzero(areas > 0), np.union1d(sample.truth, sample.mapped))
    rows = []
    for k in known:
        is_class, is_mapped = sample.truth == k, sample.mapped == k
        right = is_class & is_mapped
        of_class = {
            "users": ratio(sample, one * right, one * is_mapped, finite=finite),
            "producers": ratio(sample, one * right, one * is_class, finite=finite),
            "users_ha": ratio(sample, area * right, area * is_mapped, finite=finite),
            "producers_ha": ratio(sample, area * right, area * is_class, finite=finite),
            "area": _times(ratio(sample, area * is_class, area, finite=finite), areas.sum()),
        }
        cells = {
            f"{name}_{field}": value
            for name, found in of_class.items()
            for field, value in found._asdict().items()
        }
        rows.append({"class_id": int(k), "mapped_ha": float(areas[k])} | cells)
    return pd.DataFrame(rows).drop(columns=["area_n"])


def _times(found: Estimate, area: float) -> Estimate:
    value, error, low, high, n = found
    return Estimate(area * value, area * error, area * low, area * high, n)
