"""What a run's scores are: typed, as they are kept on disk and shown on pages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class UnitScores:
    """Scores of one unit over the test zones, with what they were counted over; None = undefined."""

    unit: str  # pixel, parcel or hectare
    level: str  # class, group or family
    background: str  # "in" or "out" of what is scored
    average_over: str  # which classes the macro scores average over, see `evaluate.scores`
    accuracy: float | None
    macro_precision: float | None
    macro_recall: float | None
    macro_f1: float | None
    weighted_f1: float | None
    kappa: float | None
    n_scored: float  # pixels, parcels or hectares
    classes_averaged: tuple[int, ...]
    never_trained: tuple[int, ...] | None  # classes of the test; None: what was trained is unknown
    never_trained_share: float | None  # of what is scored

    @property
    def n_classes_averaged(self) -> int:
        """How many classes the macro scores average over."""
        return len(self.classes_averaged)


@dataclass(frozen=True)
class SetScores:
    """How often the sets of classes hold the declared one, and how large they are."""

    promised: float
    covered: float
    size: float
    parcels: int
    by_class: tuple[Mapping[str, Any], ...]  # class_id, support, covered, size
    by_zone: tuple[Mapping[str, Any], ...]  # zone_id and the same


@dataclass(frozen=True)
class TestScores:
    """Scores of the zones that were held out."""

    zones: tuple[str, ...]
    pixel: UnitScores
    parcel: UnitScores
    hectare: UnitScores
    sets: SetScores | None = None
    answers: Mapping[str, float | None] | None = None  # of two levels, see `evaluate.backoff`

    def of(self, unit: str) -> UnitScores:
        """Those of "pixel", "parcel" or "hectare"."""
        scores: UnitScores = getattr(self, unit)
        return scores


@dataclass(frozen=True)
class RunScores:
    """scores.json of a run."""

    test: TestScores
    trained_classes: tuple[int, ...] | None  # ids; None: the run does not say
    dataset_fingerprint: str
    seconds: Mapping[str, float] = field(default_factory=dict)  # by step
