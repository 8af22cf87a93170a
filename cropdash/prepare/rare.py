"""Classes too rare to learn: left out of training, or learned as a commoner one of their group."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import BACKGROUND, IGNORE, Bytes, Labels

Rule = Literal["keep", "drop", "merge"]


def learned_as(
    parcels: NDArray[np.int64], group_of: NDArray[np.int64], least: int, rule: Rule
) -> Bytes:
    """(K,) the class that each class is learned as, from (K,) training parcels and groups.

    Classes with fewer than `least` parcels are dropped (255, never learned), or merged into the
    class of their group with most parcels; where no class of the group has enough, they are
    dropped as well. Background stays what it is.
    """
    target = np.arange(len(parcels), dtype=np.uint8)
    rare = parcels < least
    rare[BACKGROUND] = False
    if rule == "keep":
        return target
    target[rare] = IGNORE
    if rule == "merge":
        for crop in np.flatnonzero(rare):
            peers = np.flatnonzero((group_of == group_of[crop]) & ~rare)
            peers = peers[peers != BACKGROUND]
            if peers.size:
                target[crop] = peers[parcels[peers].argmax()]
    return target


def relabel(labels: Labels, target: Bytes) -> Labels:
    """Labels as they are learned; ignored pixels stay ignored."""
    table = np.full(256, IGNORE, np.uint8)
    table[: len(target)] = target
    return Labels(table[labels.crop], labels.parcel_id, labels.grid)
