"""Which declarations deserve a second look, and on what evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash.domain import WHOLE
from cropdash.domain.errors import ConfigError, InvalidRaster
from cropdash.evaluate.conformal import class_sets

RED, AMBER, GREEN, NONE = "red", "amber", "green", "none"
LIGHTS = (RED, AMBER, GREEN, NONE)
RED_BELOW, AMBER_BELOW = 0.05, 0.20  # probability of what was declared, unless a reader sets others


def evidence(
    declared: NDArray[np.integer],
    said: Sequence[NDArray[np.floating]],
    thresholds: Sequence[float | None],
    confused: NDArray[np.floating] | None = None,
) -> pd.DataFrame:
    """What M models' calibrated probabilities (P, K) say of (P,) declared classes, row by row.

    supported: mean probability of what was declared; suggested, likelihood: the likeliest other
    class and its mean probability; against: models that name another class; outside: models whose
    set of classes (see `conformal`, from `thresholds`) lacks the declared one; sets: models that
    have sets; united: True if all models name one and the same other class; usual: share of the
    answers about scored parcels declared so that name the suggested class, usual_n of usual_of, from
    `confused` (K, K) counts, rows = truth (NaN and 0 without any); judged: True if every model could have named what was declared.
    """
    _check(declared, said, thresholds)
    rows = np.arange(len(declared))
    of_declared = np.stack([p[rows, declared] for p in said])  # (M, P)
    mean = np.mean(said, axis=0)  # (P, K)
    others = mean.copy()
    others[rows, declared] = -1
    suggested = others.argmax(axis=1)
    named = np.stack([p.argmax(axis=1) for p in said])  # (M, P)
    against = named != declared
    sets = [_outside(p, t, declared) for p, t in zip(said, thresholds, strict=True)]
    known = [inside for inside in sets if inside is not None]
    return pd.DataFrame(
        {
            "declared": declared,
            "supported": mean[rows, declared],
            "suggested": suggested,
            "likelihood": mean[rows, suggested],
            "against": against.sum(axis=0),
            "outside": np.sum(known, axis=0) if known else 0,
            "sets": len(known),
            "united": against.all(axis=0) & (named == named[0]).all(axis=0),
            **_usual(confused, declared, suggested),
            "judged": (of_declared > 0).all(axis=0) & (declared > 0),
        }
    )


def lights(found: pd.DataFrame, red: float, amber: float) -> NDArray[np.str_]:
    """(P,) red, amber or green; none for what can't be judged.

    Red: the declared class is supported by less than `red`, and all models agree on another one.
    Amber: it is supported by less than `amber`. Raises ConfigError unless red <= amber.
    """
    if not 0 <= red <= amber <= 1:
        raise ConfigError(
            "The limits of the lights are {a} and {b}: red at most amber.", a=red, b=amber
        )
    supported = found["supported"].to_numpy()
    stopped = (supported < red) & found["united"].to_numpy(bool)
    light = np.where(stopped, RED, np.where(supported < amber, AMBER, GREEN))
    return np.where(found["judged"].to_numpy(bool), light, NONE)


def ranked(found: pd.DataFrame) -> pd.DataFrame:
    """The rows, most doubtful first: least supported, then the likelier other class.

    Parcels of which a zone's edge cuts a part off (`share_in_zone`, where it is told) come after those
    that are seen whole: what lies outside may speak for the declaration.
    """
    cut = found["share_in_zone"] < WHOLE if "share_in_zone" in found else False
    order = ["judged", "_cut", "supported", "likelihood"]
    rows = found.assign(_cut=cut).sort_values(
        order, ascending=[False, True, True, False], kind="stable"
    )
    return rows.drop(columns="_cut")


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
) -> dict[str, NDArray[np.float64]]:
    if confused is None:
        nothing = np.zeros(len(declared))
        return {"usual": np.full(len(declared), np.nan), "usual_n": nothing, "usual_of": nothing}
    counts = np.asarray(confused, np.float64)
    n, of = counts[declared, suggested], counts.sum(axis=1)[declared]
    share = np.divide(n, of, out=np.full_like(n, np.nan), where=of > 0)
    return {"usual": share, "usual_n": n, "usual_of": of}


def _check(
    declared: NDArray[np.integer],
    said: Sequence[NDArray[np.floating]],
    thresholds: Sequence[float | None],
) -> None:
    shapes = {p.shape for p in said}
    if len(shapes) != 1 or len(thresholds) != len(said):
        raise InvalidRaster("Doubts need at least one model, and the same parcels from each.")
    if next(iter(shapes))[0] != len(declared):
        raise InvalidRaster(
            "{a} declarations don't fit {b} answers.", a=len(declared), b=shapes.pop()[0]
        )
