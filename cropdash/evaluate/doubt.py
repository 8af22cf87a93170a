"""Which declarations deserve a second look, and on what evidence.

A model that never recognises lentils says nothing against a field of lentils by calling it
something else. So the probability of what was declared is held against the mean that parcels
declared so get, per class, as confident learning does (Northcutt et al. 2021, Journal of
Artificial Intelligence Research 70, doi:10.1613/jair.1.12125).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash.errors import ConfigError, InvalidRaster
from cropdash.evaluate.conformal import class_sets

RED, AMBER, GREEN, NONE = "red", "amber", "green", "none"
LIGHTS = (RED, AMBER, GREEN, NONE)

NO_PIXEL, FEW_PIXELS, UNTRAINED, UNRECOGNISED = "no_pixel", "few_pixels", "untrained", "unknown"
LEAST_PIXELS = 2  # a single pixel is half its neighbours'
LEAST_EXPECTED = 0.05  # mean probability below which a class is hardly ever recognised


def evidence(
    declared: NDArray[np.integer],
    said: Sequence[NDArray[np.floating]],
    thresholds: Sequence[float | None],
    confused: NDArray[np.floating] | None = None,
    *,
    trained: NDArray[np.bool_] | None = None,
    pixels: NDArray[np.integer] | None = None,
) -> pd.DataFrame:
    """What M models' calibrated probabilities (P, K) say of (P,) declared classes, row by row.

    supported: mean probability of what was declared; expected: the mean of that over the parcels
    declared so; support: their ratio, by which the rows are ranked; suggested, likelihood: the
    likeliest other class and its mean probability; against: models that name another class;
    outside: models whose set of classes (see `conformal`, from `thresholds`) lacks the declared
    one; sets: models that have sets; united: True if all models name one and the same other class;
    usual: share of the scored parcels declared so that are called the suggested class, from
    `confused` (K, K) counts, rows = truth (NaN without any); reason: why nothing can be said of
    the parcel, empty if it is judged. trained (K,): classes that every model learned; pixels
    (P,): of each parcel, 0 if a model has no answer.
    """
    _check(declared, said, thresholds)
    rows = np.arange(len(declared))
    mean = np.mean(said, axis=0)  # (P, K)
    others = mean.copy()
    others[rows, declared] = -1
    others[:, 0] = -1  # background can't be declared
    suggested = others.argmax(axis=1)
    named = np.stack([p.argmax(axis=1) for p in said])  # (M, P)
    against = named != declared
    sets = [_outside(p, t, declared) for p, t in zip(said, thresholds, strict=True)]
    known = [inside for inside in sets if inside is not None]
    reason = _unjudged(declared, said, trained, pixels)
    supported = mean[rows, declared]
    expected = _expected(declared, supported, reason == "", mean.shape[1])
    reason = np.where((reason == "") & (expected < LEAST_EXPECTED), UNRECOGNISED, reason)
    return pd.DataFrame(
        {
            "declared": declared,
            "supported": supported,
            "expected": expected,
            "support": supported / np.maximum(expected, np.finfo(np.float32).tiny),
            "suggested": suggested,
            "likelihood": mean[rows, suggested],
            "against": against.sum(axis=0),
            "outside": np.sum(known, axis=0) if known else 0,
            "sets": len(known),
            "united": against.all(axis=0) & (named == named[0]).all(axis=0),
            "usual": _usual(confused, declared, suggested),
            "reason": reason,
            "judged": reason == "",
        }
    )


def lights(found: pd.DataFrame, red: float, amber: float) -> NDArray[np.str_]:
    """(P,) red, amber or green; none for what can't be judged.

    Red: the support of what was declared is below `red`, and all models agree on another class.
    Amber: it is below `amber`. Raises ConfigError unless red <= amber.
    """
    if not 0 <= red <= amber <= 1:
        raise ConfigError(f"The limits of the lights are {red} and {amber}: red at most amber.")
    support = found["support"].to_numpy()
    stopped = (support < red) & found["united"].to_numpy(bool)
    light = np.where(stopped, RED, np.where(support < amber, AMBER, GREEN))
    return np.where(found["judged"].to_numpy(bool), light, NONE)


def ranked(found: pd.DataFrame) -> pd.DataFrame:
    """The rows, most doubtful first: least support, then the likelier other class."""
    order = ["judged", "support", "likelihood"]
    return found.sort_values(order, ascending=[False, True, False], kind="stable")


def _unjudged(
    declared: NDArray[np.integer],
    said: Sequence[NDArray[np.floating]],
    trained: NDArray[np.bool_] | None,
    pixels: NDArray[np.integer] | None,
) -> NDArray[np.str_]:
    """(P,) why the models can't judge a parcel; empty if they can."""
    nameable = np.all([(p > 0).any(axis=0) for p in said], axis=0)  # (K,), by any parcel
    nameable[0] = False
    if trained is not None:
        nameable &= trained
    held = np.full(len(declared), LEAST_PIXELS) if pixels is None else pixels
    small = np.where(held < 1, NO_PIXEL, np.where(held < LEAST_PIXELS, FEW_PIXELS, ""))
    return np.where(nameable[declared], small, UNTRAINED)


def _expected(
    declared: NDArray[np.integer],
    supported: NDArray[np.floating],
    judged: NDArray[np.bool_],
    classes: int,
) -> NDArray[np.float64]:
    """(P,) mean probability that the judged parcels of the declared class get; 0 without any."""
    total = np.bincount(declared[judged], supported[judged], minlength=classes)
    count = np.bincount(declared[judged], minlength=classes)
    mean: NDArray[np.float64] = (total / np.maximum(count, 1))[declared]
    return mean


def _outside(
    said: NDArray[np.floating], threshold: float | None, declared: NDArray[np.integer]
) -> NDArray[np.bool_] | None:
    """(P,) True where the model's set lacks what was declared; None if the model has no sets."""
    if threshold is None:
        return None
    lacking: NDArray[np.bool_] = ~class_sets(said, threshold)[np.arange(len(said)), declared]
    return lacking


def _usual(
    confused: NDArray[np.floating] | None,
    declared: NDArray[np.integer],
    suggested: NDArray[np.integer],
) -> NDArray[np.float64]:
    if confused is None:
        return np.full(len(declared), np.nan)
    counts = np.asarray(confused, np.float64)
    total = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, total, out=np.full_like(counts, np.nan), where=total > 0)
    found: NDArray[np.float64] = share[declared, suggested]
    return found


def _check(
    declared: NDArray[np.integer],
    said: Sequence[NDArray[np.floating]],
    thresholds: Sequence[float | None],
) -> None:
    shapes = {p.shape for p in said}
    if len(shapes) != 1 or len(thresholds) != len(said):
        raise InvalidRaster("Doubts need at least one model, and the same parcels from each.")
    if next(iter(shapes))[0] != len(declared):
        raise InvalidRaster(f"{len(declared)} declarations don't fit {shapes.pop()[0]} answers.")
