"""What a worker is at, in the reader's language: workers write their stages in English."""

from __future__ import annotations

import re

from cropdash.i18n import say, sentence

_STAGES = (
    sentence("Waiting to start"),
    sentence("Reading zones and training the first epoch"),
    sentence("Training, epoch {n}"),
    sentence(
        "The zones held out have {n} parcels, too few to tell when to stop: use more or larger "
        "zones, or fewer folds."
    ),
    sentence(
        "The zones held out grow other crops than those learned from ({share} % of the parcels): "
        "use another validation fold, or more zones."
    ),
    sentence("Calibrating"),
    sentence("Predicting {zone}"),
    sentence("Scoring"),
    sentence("Building zones"),
    sentence("Built {zone}"),
    sentence("Failed {zone}"),
    sentence("Trial {n} of {total}"),
    sentence("Trial {n} of {total}, epoch {epoch}"),
)
_FOLD = re.compile(r"Fold (?P<n>\d+) of (?P<total>\d+): (?P<stage>.+)")
_PATTERNS = [
    (re.compile(re.sub(r"\\{(\w+)\\}", r"(?P<\1>[\\w-]+)", re.escape(text))), text)
    for text in _STAGES
]


def said(stage: str) -> str:
    """The stage in the reader's language; one that is not known, as it was written."""
    if fold := _FOLD.fullmatch(stage):
        n, total = fold["n"], fold["total"]
        return say("Fold {n} of {total}: {stage}", n=n, total=total, stage=said(fold["stage"]))
    for pattern, text in _PATTERNS:
        if found := pattern.fullmatch(stage):
            return say(text, **found.groupdict())
    return stage
