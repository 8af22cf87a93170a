"""Training patches as another year, another place would have given them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Float, Ints


def without_months(values: Float, hidden: NDArray[np.bool_]) -> Float:
    """(T, ...) as if clouds had covered the hidden (T,) months: a copy, filled as gaps are.

    A hidden month becomes the mean of the nearest earlier and the nearest later month that is
    left, as in a dataset's own gaps; where none is left nothing is hidden. The values are
    standardised month by month, so that it is the standing among all pixels that carries over.
    """
    left = np.flatnonzero(~hidden)
    if not hidden.any() or not len(left):
        return values
    filled = values.copy()
    for month in np.flatnonzero(hidden):
        filled[month] = values[_neighbours(int(month), left.tolist())].mean(axis=0)
    return filled


def _neighbours(month: int, left: Sequence[int]) -> list[int]:
    """The nearest of the months `left` before and after; one alone at the ends."""
    before = [m for m in left if m < month][-1:]
    after = [m for m in left if m > month][:1]
    return before + after


def without_last_crop(
    inputs: Float, parcels: Ints, share: float, rng: np.random.Generator
) -> Float:
    """A copy whose first channel, the last crop, is unknown (0) on a `share` of the parcels.

    `inputs` (T, C, H, W), `parcels` (H, W); what lies between parcels goes together.
    """
    found, which = np.unique(parcels, return_inverse=True)
    hidden = (rng.random(len(found)) < share)[which].reshape(parcels.shape)
    kept = inputs.copy()
    kept[:, 0][:, hidden] = 0
    return kept


def displaced(shared: Float, place: int, noise: float, rng: np.random.Generator) -> Float:
    """(T, D), a copy whose first `place` values (the location) are moved by `noise` deviations.

    So no zone is known by its place.
    """
    moved = shared.copy()
    moved[:, :place] += rng.normal(0, noise, place).astype(np.float32)
    return moved


def mixed(
    inputs: Float, evenness: float, rng: np.random.Generator, *, ids: int = 0
) -> tuple[Float, NDArray[np.int64], Float]:
    """(R, T, C, 1, S) rows, each pixel mixed with that of another row; the rows; the shares.

    A pixel keeps its larger share (R, 1, S), drawn from Beta(evenness, evenness); the rest is that
    of the same column in the row that the (R,) numbers name. With evenness 0 nothing is mixed, and
    the first `ids` channels never are: between two class ids lies a third crop.
    Mixup, Zhang et al. 2018: what lies between two crops is learned as lying between them, so that
    the few parcels of a rare crop are not learned by heart.
    """
    n = len(inputs)
    other = rng.permutation(n)
    if not evenness:
        return inputs, other, np.ones((n, 1, inputs.shape[-1]), np.float32)
    share = rng.beta(evenness, evenness, (n, 1, inputs.shape[-1])).astype(np.float32)
    share = np.maximum(share, 1 - share)
    of = share[:, None, None]  # (R, 1, 1, 1, S)
    mixture = of * inputs + (1 - of) * inputs[other]
    mixture[:, :, :ids] = inputs[:, :, :ids]
    return mixture, other, share
