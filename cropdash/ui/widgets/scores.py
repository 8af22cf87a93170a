"""Numbers of a run for people, each with what it was counted over."""

from __future__ import annotations

import math
import numbers
from collections.abc import Sequence
from typing import Any

import streamlit as st

from cropdash import i18n
from cropdash.domain.scores import RunScores
from cropdash.i18n import say, sentence

DASH = "–"
HEADLINE = (
    (sentence("Pixel accuracy"), "pixel", "accuracy"),
    (sentence("Pixel macro F1"), "pixel", "macro_f1"),
    (sentence("Parcel accuracy"), "parcel", "accuracy"),
    (sentence("Parcel macro F1"), "parcel", "macro_f1"),
)
_DENOMINATORS = {
    "pixel": sentence(
        "{n} crop pixels of {zones} held-out test zones; F1 is the mean over {classes} classes that "
        "occur there; background is not scored."
    ),
    "parcel": sentence(
        "{n} crop parcels of {zones} held-out test zones; F1 is the mean over {classes} classes "
        "that occur there; background is not scored."
    ),
}


def share(value: Any) -> str:
    """A score between 0 and 1 with three decimals, or a dash."""
    return i18n.number(value, ".3f") if _is_number(value) else DASH


def count(value: Any) -> str:
    """A whole number with thousands separators, or a dash."""
    return i18n.number(round(value)) if _is_number(value) else DASH


def value_of(scores: RunScores | None, unit: str, name: str) -> float | None:
    """A score on the test zones; None where it is absent or undefined."""
    value = getattr(scores.test.of(unit), name) if scores else None
    return float(value) if isinstance(value, numbers.Real) and _is_number(value) else None


def headline(scores: RunScores | None) -> list[tuple[str, str, str]]:
    """Name, value and denominator of the four scores that are shown first."""
    return [
        (
            say(name),
            share(value_of(scores, unit, key)),
            denominator(scores, unit),
        )
        for name, unit, key in HEADLINE
    ]


def denominator(scores: RunScores | None, unit: str) -> str:
    """What a score was counted over, in one line."""
    found = scores.test.of(unit) if scores else None
    return say(
        _DENOMINATORS[unit],
        n=count(found and found.n_scored),
        zones=count(len(scores.test.zones) if scores else 0),
        classes=count(found and found.n_classes_averaged),
    )


def row(items: Sequence[tuple[str, str, str]], of: str) -> None:
    """Cards beside each other that wrap on a narrow screen; `of` is what tells the row apart."""
    with st.container(horizontal=True, key=f"metrics-{of}"):
        for name, value, about in items:
            st.metric(name, value, help=about or None, border=True, width="stretch")


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not math.isnan(value)
