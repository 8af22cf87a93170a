"""Which zones are held out, so that as many classes as can be are learned and tested."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, islice

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Zone
from cropdash.domain.errors import NotEnoughData
from cropdash.domain.message import Message
from cropdash.i18n import sentence

LEAST = 3  # parcels of a class that a zone needs for it to count there
_TRIES = 20_000
_SIDES = {
    True: sentence("all {n} zones that have it are held out for the test"),
    False: sentence("all {n} zones that have it are learned from"),
}


@dataclass(frozen=True)
class Sides:
    """Zones with their sides, and what can't be tested."""

    zones: tuple[Zone, ...]
    untested: dict[int, str]  # class -> why
    tested: int  # classes that stand on both sides


def divide(zones: Sequence[Zone], counts: NDArray[np.int64], share: float = 0.2) -> Sides:
    """Hold out a share of the zones, chosen so that most classes stand on both sides.

    counts: (Z, K) parcels by zone and class, of which 0 is background. Of equal choices the one
    whose test holds nearest to the share of parcels is taken, then the first. Raises NotEnoughData
    for fewer than two zones.
    """
    if len(zones) < 2:
        raise NotEnoughData("One zone can't be both learned from and tested: take two at least.")
    there = counts >= LEAST  # (Z, K)
    there[:, 0] = False
    n = min(max(1, round(share * len(zones))), len(zones) - 1)
    parcels = counts[:, 1:].sum(axis=1)
    best, chosen = (-1, -math.inf), tuple[int, ...]()
    for held in islice(combinations(range(len(zones)), n), _TRIES):
        test = np.zeros(len(zones), bool)
        test[list(held)] = True
        both = int((there[test].any(axis=0) & there[~test].any(axis=0)).sum())
        off = abs(parcels[test].sum() / max(parcels.sum(), 1) - share)
        if (both, -off) > best:
            best, chosen = (both, -off), held
    sided = tuple(
        replace(zone, split="test" if i in chosen else "train") for i, zone in enumerate(zones)
    )
    return Sides(sided, _untested(counts, there, np.isin(np.arange(len(zones)), chosen)), best[0])


def _untested(
    counts: NDArray[np.int64], there: NDArray[np.bool_], test: NDArray[np.bool_]
) -> dict[int, str]:
    told: dict[int, str] = {}
    for crop in np.flatnonzero(counts.sum(axis=0)):
        at = np.flatnonzero(there[:, crop])
        if crop == 0 or (test[at].any() and not test[at].all()):
            continue
        if len(at) == 0:
            told[int(crop)] = Message("no zone has {n} parcels of it", n=LEAST)
        elif len(at) == 1:
            told[int(crop)] = Message("one zone alone has enough parcels of it")
        else:
            told[int(crop)] = Message(_SIDES[bool(test[at].all())], n=len(at))
    return told
