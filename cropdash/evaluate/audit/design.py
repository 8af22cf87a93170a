"""How many parcels an audit looks at, how many of each stratum, and which ones."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cropdash.domain.errors import ConfigError, NotEnoughData

Allocation = Literal["proportional", "neyman", "equal"]
Ints = NDArray[np.int64]
LEAST = 2  # units of a stratum: with fewer its variance is unknown
_SURE = 0.01  # no stratum is expected to be right, or wrong, more surely than this


def sample_size(sizes: ArrayLike, expected: ArrayLike, standard_error: float) -> int:
    """Units to sample so that overall accuracy has about this standard error.

    sizes (H,) are units of each stratum, expected (H,) the share of each that may be right.
    Raises ConfigError unless 0 < standard_error < 0.5.

    Olofsson et al. 2014, Good practices for estimating area and assessing accuracy of land change,
    Remote Sensing of Environment 148, equation 13 (after Cochran 1977, equation 5.25).
    """
    if not 0 < standard_error < 0.5:
        raise ConfigError(
            "The standard error of an audit is {a}: give one above 0 and below 0.5.",
            a=standard_error,
        )
    n, right = _checked(sizes, expected)
    weights, spread = n / n.sum(), _spread(right)
    wanted = float((weights * spread).sum()) ** 2
    wanted /= standard_error**2 + float((weights * spread**2).sum() / n.sum())
    return min(math.ceil(wanted), int(n.sum()))


def allocate(
    sizes: ArrayLike,
    wanted: int,
    *,
    least: int = LEAST,
    how: Allocation = "proportional",
    expected: ArrayLike | None = None,
) -> Ints:
    """(H,) units to sample of each stratum: at least `least` of each, or all that it has.

    The others are shared out by size, by size times expected spread (Neyman 1934), or evenly. More
    than `wanted` come out where the least of all strata is more. Raises ConfigError for Neyman's
    without `expected`.
    """
    n, right = _checked(
        sizes, np.full(len(np.atleast_1d(sizes)), 0.5) if expected is None else expected
    )
    if how == "neyman" and expected is None:
        raise ConfigError("Neyman's allocation needs the accuracy expected of each stratum.")
    shares = {"proportional": n, "neyman": n * _spread(right), "equal": np.ones_like(n)}[how]
    floor = np.minimum(n, max(least, LEAST))
    total = min(max(wanted, int(floor.sum())), int(n.sum()))
    found = np.clip(total * shares / shares.sum(), floor, n)
    for _ in range(100):  # what a stratum can't take, or must have, the others get or give
        free = (found > floor) if found.sum() > total else (found < n)
        if abs(found.sum() - total) < 1e-9 or not free.any():
            break
        part = np.where(free, shares, 0.0)
        found = np.clip(found + (total - found.sum()) * part / part.sum(), floor, n)
    return _whole(found, floor, n, total)


def draw(
    keys: Sequence[str], strata: ArrayLike, allocated: ArrayLike, seed: str
) -> NDArray[np.bool_]:
    """(N,) True for the units that are sampled: in each stratum a simple random sample.

    Each unit's number is SHA-256 of "<seed>:<key>", and the least of each stratum are taken: who
    knows keys, strata and seed draws the same sample with any language, today or in ten years.
    Raises NotEnoughData where a stratum holds fewer units than are to be drawn.
    """
    stratum, wanted = np.asarray(strata, np.int64), np.asarray(allocated, np.int64)
    numbers = np.array([hashlib.sha256(f"{seed}:{key}".encode()).hexdigest() for key in keys])
    taken = np.zeros(len(stratum), bool)
    for h, count in enumerate(wanted):
        held = np.flatnonzero(stratum == h)
        if len(held) < count:
            raise NotEnoughData(
                "Stratum {a} holds {b} parcels, and {c} were to be drawn: draw fewer.",
                a=h,
                b=len(held),
                c=count,
            )
        taken[held[np.argsort(numbers[held], kind="stable")[:count]]] = True
    return taken


def by_class(mapped: ArrayLike, fewest: int) -> tuple[Ints, list[int | None]]:
    """(N,) stratum of each unit by its mapped class, and the class of each stratum.

    Classes of fewer than `fewest` units share the last stratum, whose class is None.
    """
    classes = np.asarray(mapped, np.int64)
    known, counts = np.unique(classes, return_counts=True)
    own = [int(k) for k, count in zip(known, counts, strict=True) if count >= fewest]
    place = {k: h for h, k in enumerate(own)}
    strata = np.array([place.get(int(k), len(own)) for k in classes], np.int64)
    return strata, [*own, *([None] if len(own) < len(known) else [])]


def _spread(expected: NDArray[np.float64]) -> NDArray[np.float64]:
    """Standard deviation of right (1) or wrong (0)."""
    right = np.clip(expected, _SURE, 1 - _SURE)
    return np.sqrt(right * (1 - right))


def _checked(
    sizes: ArrayLike, expected: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n, right = np.asarray(sizes, np.float64), np.asarray(expected, np.float64)
    if n.ndim != 1 or n.shape != right.shape or not len(n) or (n < 1).any():
        raise NotEnoughData("A stratum of the audit is empty: leave it out.")
    if not ((right >= 0) & (right <= 1)).all():
        raise ConfigError("The accuracy expected of a stratum is a share from 0 to 1.")
    return n, right


def _whole(
    found: NDArray[np.float64], floor: NDArray[np.float64], n: NDArray[np.float64], total: int
) -> Ints:
    """Whole numbers of the same sum: what is cut off goes to those that lost most."""
    whole = np.maximum(np.floor(found + 1e-9), floor)
    for h in np.argsort(whole - found, kind="stable"):
        if whole.sum() >= total:
            break
        whole[h] += whole[h] < n[h]
    return whole.astype(np.int64)
