"""Behind a cell of the confusion matrix: when in the year two kinds of parcels differ."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash.domain.errors import InvalidRaster


def separating_periods(
    one: NDArray[np.floating], other: NDArray[np.floating], periods: Sequence[str]
) -> pd.DataFrame:
    """Period by period, how far apart two sets of series (P1, T) and (P2, T) lie; best first.

    Columns period, mean_one, mean_other, spread (pooled standard deviation), effect: Cohen's d,
    the difference of the means in spreads (Cohen 1988; .8 is large). NaN is left out; the effect
    is NaN where a side has fewer than two values or neither spreads.
    """
    if one.ndim != 2 or other.ndim != 2 or not one.shape[1] == other.shape[1] == len(periods):
        raise InvalidRaster(
            "Series of shape {a} and {b} don't have {c} periods.",
            a=one.shape,
            b=other.shape,
            c=len(periods),
        )
    n = [(~np.isnan(side)).sum(axis=0) for side in (one, other)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # periods without a value stay NaN
        means = [np.nanmean(side, axis=0) for side in (one, other)]
        squares = [
            np.nanvar(side, axis=0) * count for side, count in zip((one, other), n, strict=True)
        ]
    freedom = n[0] + n[1] - 2
    able = (n[0] >= 2) & (n[1] >= 2)
    spread = np.sqrt(_ratio(squares[0] + squares[1], freedom.astype(np.float64), able))
    effect = _ratio(means[0] - means[1], spread, able & (spread > 0))
    table = pd.DataFrame(
        {
            "period": list(periods),
            "mean_one": means[0],
            "mean_other": means[1],
            "spread": spread,
            "effect": effect,
        }
    )
    order = table["effect"].abs().sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _ratio(
    a: NDArray[np.floating], b: NDArray[np.float64], where: NDArray[np.bool_]
) -> NDArray[np.float64]:
    ratio: NDArray[np.float64] = np.divide(a, b, out=np.full(len(a), np.nan), where=where)
    return ratio
