"""Two runs counted the same way: what the Compare page's numbers and tables are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from cropdash import evaluate
from cropdash.domain import Legend, Level
from cropdash.evaluate import Averaged, Confusion, Unit
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import data

MIN_ZONES = 4  # from which on whole zones are resampled
DRAWS = 1000  # ways to exchange the runs; and of parcels where zones are few
Runs = tuple[RunInfo, RunInfo]
Names = tuple[str, str]
Marks = tuple[float, float]  # when each run finished


@dataclass(frozen=True)
class Choice:
    """How the two runs are to be counted."""

    unit: Unit
    level: Level
    background: bool
    average_over: Averaged
    zones: tuple[str, ...]


@dataclass(frozen=True)
class Scored:
    """Both runs counted the same way."""

    left: dict[str, Confusion]  # zone -> matrix at the class level
    right: dict[str, Confusion]
    trained: tuple[frozenset[int], frozenset[int]]
    legend: Legend

    @property
    def totals(self) -> tuple[Confusion, Confusion]:
        """Both matrices over all zones, at the class level."""
        return _total(self.left), _total(self.right)

    def totals_at(self, level: Level) -> tuple[Confusion, Confusion]:
        """Both matrices over all zones at a level."""
        left, right = self.totals
        if level == "class":
            return left, right
        groups = self.legend.group_of(level)
        return left.at_level(groups, level), right.at_level(groups, level)

    def at(self, level: Level) -> tuple[dict[str, Confusion], dict[str, Confusion]]:
        """Both runs' matrices by zone at a level."""
        groups = self.legend.group_of(level)
        if level == "class":
            return self.left, self.right
        return (
            {z: c.at_level(groups, level) for z, c in self.left.items()},
            {z: c.at_level(groups, level) for z, c in self.right.items()},
        )


def decisions(run: RunInfo) -> pd.DataFrame:
    """zone_id, parcel_id, truth, predicted, confidence, correct of each test parcel."""
    return _decisions(run.run_id, run.status.finished)


def common_zones(left: RunInfo, right: RunInfo) -> tuple[str, ...]:
    """Test zones that both runs were scored on."""
    return tuple(sorted(scored_zones(left) & scored_zones(right)))


def scored_zones(run: RunInfo) -> set[str]:
    """Test zones that a run was scored on."""
    return set(run.scores.test.zones if run.scores else ())


def marks_of(runs: Runs) -> Marks:
    """When each run finished: keys of what is cached about them."""
    return runs[0].status.finished, runs[1].status.finished


def score(left: RunInfo, right: RunInfo, choice: Choice) -> Scored:
    """Both runs counted over the chosen zones. Raises InvalidRun if their legends differ."""
    legend = data.shared_legend((left, right))
    k = legend.n_classes
    counted = [
        _counted(run.run_id, run.status.finished, k, choice.unit, choice.zones, choice.background)
        for run in (left, right)
    ]
    return Scored(counted[0], counted[1], (_trained(left, k), _trained(right, k)), legend)


@st.cache_resource(max_entries=16, show_spinner=False)
def _counted(
    run: str, finished: float, k: int, unit: Unit, zones: tuple[str, ...], background: bool
) -> dict[str, Confusion]:
    """A run's matrix of each zone; shared between sessions: read, never change."""
    return evaluate.per_zone(
        _table(run, finished), k, unit=unit, zones=zones, include_background=background
    )


def _trained(run: RunInfo, n_classes: int) -> frozenset[int]:
    """Classes that the run learned; all where that is not known, so that none is called unseen."""
    told = run.scores.trained_classes if run.scores else None
    return frozenset(range(n_classes) if told is None else told)


def figures(scored: Scored, choice: Choice) -> list[dict[str, Any]]:
    """Named numbers of both runs with their denominators."""
    groups = scored.legend.group_of(choice.level)
    out = []
    for total, seen in zip(scored.totals_at(choice.level), scored.trained, strict=True):
        trained = {int(groups[i]) for i in seen}
        out.append(evaluate.summary(total, trained=trained, average_over=choice.average_over))
    return out


@st.cache_data(max_entries=32, show_spinner=False)
def differences(left: str, right: str, choice: Choice, marks: Marks) -> pd.DataFrame:
    """metric, left, right, difference, low, high, p, drawn: zones resampled (parcels if few).

    Also left_low, left_high, right_low, right_high: the 95 % interval of each run by itself.
    Empty where an interval can't be had: fewer than four zones and a unit other than parcel.
    """
    runs = (data.store().run(left), data.store().run(right))
    sides = score(*runs, choice).at(choice.level)
    pairs = None
    if _n_scored(sides[0]) < MIN_ZONES:
        if choice.unit != "parcel" or choice.level != "class" or choice.background:
            return pd.DataFrame()
        pairs = pairs_of(runs, choice)
    found = evaluate.differences(
        sides[0], sides[1], rng=np.random.default_rng(0), pairs=pairs, draws=DRAWS
    )
    rows = [
        (name, d.left, d.right, d.value, d.low, d.high, d.p_value, d.drawn)
        for name, d in found.items()
    ]
    names = ["metric", "left", "right", "difference", "low", "high", "p", "drawn"]
    table = pd.DataFrame(rows, columns=names)
    for name, side in zip(("left", "right"), sides, strict=True):
        own = evaluate.intervals(side, rng=np.random.default_rng(0), draws=DRAWS)
        table[f"{name}_low"] = [own[metric].low for metric in table["metric"]]
        table[f"{name}_high"] = [own[metric].high for metric in table["metric"]]
    return table


@st.cache_data(max_entries=32, show_spinner=False)
def class_bounds(left: str, right: str, choice: Choice, marks: Marks) -> pd.DataFrame:
    """class_id, f1_low, f1_high: interval of each class's or group's F1 difference.

    Empty where there are too few zones to draw from.
    """
    sides = score(data.store().run(left), data.store().run(right), choice).at(choice.level)
    if _n_scored(sides[0]) < MIN_ZONES:
        return pd.DataFrame(columns=["class_id", "f1_low", "f1_high"])
    return evaluate.class_f1_intervals(*sides, rng=np.random.default_rng(0), draws=DRAWS)


def pairs_of(runs: Runs, choice: Choice) -> evaluate.Pairs:
    """The chosen zones' parcels under both runs."""
    both = [d[d["zone_id"].isin(choice.zones)] for d in map(decisions, runs)]
    return evaluate.pair(both[0], both[1])


@st.cache_data(max_entries=16, show_spinner=False)
def _table(run: str, finished: float) -> pd.DataFrame:
    return data.store().confusions(run)


@st.cache_data(max_entries=16, show_spinner=False)
def _decisions(run: str, finished: float) -> pd.DataFrame:
    return data.store().calibration(run)


def _n_scored(side: dict[str, Confusion]) -> int:
    """Zones in which anything was scored."""
    return sum(bool(matrix.counts.any()) for matrix in side.values())


def _total(side: dict[str, Confusion]) -> Confusion:
    matrices = list(side.values())
    total = matrices[0]
    for matrix in matrices[1:]:
        total = total + matrix
    return total
