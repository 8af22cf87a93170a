"""From pixel probabilities to one decision per parcel, and from classes to groups."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cropdash.domain import Bytes, Float, Ints, Labels, interior
from cropdash.domain.errors import InvalidRaster

Mask = NDArray[np.bool_]


class ParcelMeans(NamedTuple):
    """Mean probabilities of the parcels of one zone, in order of id."""

    ids: Ints  # (P,)
    probabilities: Float  # (P, K)
    n_pixels: Ints  # (P,) pixels that went into the mean


class Decisions(NamedTuple):
    """The most probable class of each parcel."""

    predicted: Bytes  # (P,)
    confidence: Float  # (P,) its probability


def parcel_probabilities(probabilities: Float, parcel_id: Ints) -> ParcelMeans:
    """Mean of pixel probabilities (K, H, W) over each parcel of `parcel_id` (H, W), 0 = none.

    Border pixels mix two fields, so the mean is over the parcel eroded by one pixel where
    that leaves any pixel, else over the whole parcel. Raises InvalidRaster if the two rasters
    differ in size.
    """
    if probabilities.ndim != 3 or probabilities.shape[1:] != parcel_id.shape:
        raise InvalidRaster(
            "Probabilities of shape {a} don't fit parcels of shape {b}: expected (K, H, W)"
            " and (H, W).",
            a=probabilities.shape,
            b=parcel_id.shape,
        )
    inside = parcel_id != 0
    ids, index = np.unique(parcel_id[inside], return_inverse=True)  # (P,), (N,)
    used = _pixels_to_use(index, interior(parcel_id)[inside], ids.size)
    index = index[used]
    n_pixels = np.bincount(index, minlength=ids.size)
    sums = np.empty((len(probabilities), ids.size))  # (K, P)
    for k, layer in enumerate(probabilities):
        sums[k] = np.bincount(index, layer[inside][used], minlength=ids.size)
    means = (sums / n_pixels).T.astype(np.float32) if ids.size else sums.T.astype(np.float32)
    return ParcelMeans(ids.astype(np.int32), means, n_pixels.astype(np.int32))


def declared(labels: Labels, ids: Ints) -> NDArray[np.int64]:
    """(P,) class that is declared on each of some parcels."""
    found, first = np.unique(labels.parcel_id, return_index=True)
    return labels.crop.ravel()[first][np.searchsorted(found, ids)].astype(np.int64)


def parcel_decisions(probabilities: ArrayLike) -> Decisions:
    """Most probable class and its probability, of each row of (P, K); ties go to the lower id."""
    array = np.asarray(probabilities)
    if array.ndim != 2 or array.shape[1] == 0:
        raise InvalidRaster("Parcel probabilities have shape {a}, expected (P, K).", a=array.shape)
    predicted = array.argmax(axis=1)
    confidence = np.take_along_axis(array, predicted[:, None], axis=1)[:, 0]
    return Decisions(predicted.astype(np.uint8), confidence.astype(np.float32))


def group_probabilities(
    probabilities: NDArray[Any], group_of: ArrayLike, axis: int = -1
) -> NDArray[Any]:
    """Probability of each group or family: the sum over its classes.

    `group_of` (K,) is the group's index of each class; `axis` is where the classes lie.
    """
    groups = np.asarray(group_of)
    if groups.shape != (probabilities.shape[axis],):
        raise InvalidRaster(
            "{a} classes in the probabilities but {b} in group_of.",
            a=probabilities.shape[axis],
            b=groups.size,
        )
    moved = np.moveaxis(probabilities, axis, -1)  # (..., K)
    member = np.eye(int(groups.max()) + 1, dtype=probabilities.dtype)[groups]  # (K, G)
    return np.moveaxis(moved @ member, -1, axis)


def _pixels_to_use(index: NDArray[np.intp], core: Mask, n_parcels: int) -> Mask:
    """(N,) the parcel's core, or all of it where there is no core."""
    has_core = np.bincount(index[core], minlength=n_parcels) > 0
    used: Mask = core | ~has_core[index]
    return used
