"""Where a model may be believed: how far a parcel's season lies from all that was learned from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.domain.errors import InvalidRaster, NotEnoughData

Doubles = NDArray[np.float64]
_KEPT = 3_000  # training parcels that others are held against
_AT_ONCE = 2_000  # parcels
_LEAST = 1e-9


@dataclass(frozen=True, eq=False)
class Applicability:
    """The area of applicability (Meyer & Pebesma 2021, doi:10.1111/2041-210X.13650).

    Columns are standardised and weighed by what they tell of the crops: the share of their variance
    that lies between classes (the correlation ratio), which needs no model and is alike for all.
    """

    mean: Doubles  # (F,)
    scale: Doubles  # (F,) what a deviation is divided by, with its weight
    reference: Doubles  # (R, F) scaled training parcels
    zones: NDArray[np.int64]  # (R,) where they lie
    limit: float  # distance to the nearest of them up to which the model may be believed

    def first(self, n: int) -> Applicability:
        """By the first `n` columns alone: of a season that is not over, with a limit of its own."""
        if n >= len(self.mean):
            return self
        known = self.reference[:, :n]
        return Applicability(
            self.mean[:n], self.scale[:n], known, self.zones, _limit(known, self.zones)
        )

    def dissimilarity(self, values: NDArray[np.floating]) -> NDArray[np.float32]:
        """(P,) distance of (P, F) parcels to what was learned, in limits: above 1 lies outside.

        Of a parcel without a season it is infinite. Raises InvalidRaster for other columns.
        """
        if values.ndim != 2 or values.shape[1] != len(self.mean):
            raise InvalidRaster(
                "Seasons of shape {a} don't fit the {b} columns that were learned from.",
                a=values.shape,
                b=len(self.mean),
            )
        scaled = (values - self.mean) / self.scale
        # Where no period is known there are no columns, and so nothing that could be alike.
        known = ~np.isnan(scaled).any(axis=1) & (scaled.shape[1] > 0)
        found = np.full(len(values), np.inf, np.float32)
        found[known] = _nearest(scaled[known], self.reference) / max(self.limit, _LEAST)
        return found

    def to_arrays(self) -> dict[str, Any]:
        """Its fields by name, to be kept on disk."""
        return asdict(self)

    @staticmethod
    def from_arrays(arrays: Mapping[str, Any]) -> Applicability:
        """What `to_arrays` gave; raises KeyError or TypeError if it is damaged."""
        return Applicability(
            arrays["mean"],
            arrays["scale"],
            arrays["reference"],
            arrays["zones"],
            float(arrays["limit"]),
        )


def fit(
    values: NDArray[np.floating],
    classes: NDArray[np.integer],
    zones: NDArray[np.integer],
    rng: np.random.Generator,
) -> Applicability:
    """By training parcels: (N, F) seasons, (N,) classes, (N,) zones.

    The limit is how far parcels lie from those of all other zones, up to the upper whisker (1.5
    quartile ranges above the upper quartile). Raises NotEnoughData without parcels of two zones.
    """
    known = ~np.isnan(values).any(axis=1)
    seasons, classes, zones = np.asarray(values[known], np.float64), classes[known], zones[known]
    if len(np.unique(zones)) < 2:
        raise NotEnoughData("An area of applicability needs parcels of two training zones.")
    mean, deviation = seasons.mean(axis=0), seasons.std(axis=0)
    weight = np.sqrt(_between(seasons, classes))
    scale = np.maximum(deviation, _LEAST) / np.maximum(weight / max(weight.mean(), _LEAST), _LEAST)
    scaled = (seasons - mean) / scale
    chosen = rng.permutation(len(scaled))[:_KEPT]
    reference, of = scaled[chosen], zones[chosen]
    return Applicability(mean, scale, reference, of.astype(np.int64), _limit(reference, of))


def _limit(reference: Doubles, zones: NDArray[np.integer]) -> float:
    """Upper whisker of the distances from parcels to the nearest of all other zones."""
    apart = [
        _nearest(reference[zones == zone], reference[zones != zone])
        for zone in np.unique(zones)
        if (zones != zone).any()
    ]
    distances = np.concatenate(apart)
    low, high = np.quantile(distances, [0.25, 0.75])
    return float(distances[distances <= high + 1.5 * (high - low)].max())


def _between(values: Doubles, classes: NDArray[np.integer]) -> Doubles:
    """(F,) share of each column's variance that lies between classes."""
    _, of = np.unique(classes, return_inverse=True)
    n = np.bincount(of)
    centred = values - values.mean(axis=0)
    sums = np.stack([np.bincount(of, column, minlength=len(n)) for column in centred.T])  # (F, K)
    total = (centred**2).sum(axis=0)
    share: Doubles = (sums**2 / n).sum(axis=1) / np.maximum(total, _LEAST)
    return share


def _nearest(points: Doubles, others: Doubles) -> Doubles:
    """(N,) distance of each point to the nearest of the others."""
    squares = (others**2).sum(axis=1)
    found = []
    for start in range(0, len(points), _AT_ONCE):
        part = points[start : start + _AT_ONCE]
        apart = (part**2).sum(axis=1)[:, None] + squares - 2 * part @ others.T
        found.append(np.sqrt(np.maximum(apart.min(axis=1), 0)))
    return np.concatenate(found) if found else np.zeros(0)
