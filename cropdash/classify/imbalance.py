"""Rare classes: how rare they are, and what is done so that they are heard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cropdash.classify import features
from cropdash.domain import Sample

_BETA = 0.999  # a class counts fully up to about a thousand parcels, less beyond


class Census(NamedTuple):
    """What there is of each class in the training zones."""

    pixels: NDArray[np.int64]  # (K,) labelled pixels
    parcels: NDArray[np.int64]  # (K,) parcels that hold one; a parcel counts in each zone it is in

    @property
    def shares(self) -> NDArray[np.float64]:
        """(K,) of the labelled pixels."""
        return self.pixels / max(int(self.pixels.sum()), 1)


def census(train: Sequence[Sample], n_classes: int) -> Census:
    """Count the labelled pixels and parcels of each class."""
    pixels, parcels = np.zeros((2, n_classes), np.int64)
    for sample in train:
        mask = features.labelled(sample)
        crops, ids = sample.labels.crop[mask], sample.labels.parcel_id[mask]
        pixels += np.bincount(crops, minlength=n_classes)
        _, first = np.unique(ids, return_index=True)
        parcels += np.bincount(crops[first], minlength=n_classes)
    return Census(pixels, parcels)


def effective_weights(counts: NDArray[np.int64], beta: float = _BETA) -> NDArray[np.float64]:
    """(K,) weight of a member of each class, 1 in the mean over all members; 0 without any.

    One over the effective number of samples, (1 - beta^n) / (1 - beta): members of a large class
    repeat each other. Cui et al. 2019, Class-balanced loss based on effective number of samples.
    """
    there = counts > 0
    weights = np.zeros(len(counts))
    weights[there] = (1 - beta) / (1 - np.power(beta, counts[there]))
    total = float((weights * counts).sum())
    return weights * (counts.sum() / total) if total else weights


def class_weights(found: Census, weighting: str) -> NDArray[np.float64]:
    """(K,) weight of a pixel of each class: 1, or by the effective number of its parcels."""
    if weighting == "none":
        return np.ones(len(found.parcels))
    return effective_weights(found.parcels)
