"""Parts of the Compare page: two runs judged on the same test zones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd
import streamlit as st

from cropdash import evaluate, legend
from cropdash.evaluate import Averaged, Confusion, Unit
from cropdash.legend import Level
from cropdash.storage.store import RunInfo
from cropdash.ui import data, scores

LEVELS: dict[Level, str] = {"class": "Class", "level_2": "Level 2", "level_1": "Level 1"}
AVERAGES: dict[Averaged, str] = {
    "supported": "Classes in the test",
    "trained": "… that were trained",
    "all": "All of the legend",
}
ALL = "All test zones"
MIN_ZONES = 4  # from which on the bootstrap draws whole zones
DRAWS = 1000  # of the zone bootstrap: intervals to about half a point
# As the seed project published them, background in and over its own class lists.
PUBLISHED = pd.DataFrame(
    {
        "Model": ["CNN (seed project)", "XGBoost (seed project)"],
        "Accuracy": [0.8721, 0.8045],
        "Macro precision": [0.4099, 0.3543],
        "Macro recall": [0.3544, 0.2303],
        "Macro F1": [0.3516, 0.2524],
        "Loss": [0.5222, 0.7358],
    }
)


@dataclass(frozen=True)
class Choice:
    """How the two runs are to be counted."""

    unit: Unit
    level: Level
    background: bool
    average_over: Averaged
    zones: tuple[str, ...]

    @property
    def said(self) -> str:
        """The denominator, in words."""
        units = {"pixel": "pixels", "parcel": "parcels", "hectare": "parcels weighted by area"}
        place = f"{len(self.zones)} test zone{'s' if len(self.zones) != 1 else ''}"
        ground = "background in" if self.background else "background left out"
        return f"{units[self.unit]} of {place}, {ground}, macro over: {AVERAGES[self.average_over].strip('… ').lower()}"


@dataclass(frozen=True)
class Scored:
    """Both runs counted the same way."""

    left: dict[str, Confusion]  # zone -> matrix at the class level
    right: dict[str, Confusion]
    trained: tuple[frozenset[int], frozenset[int]]

    @property
    def totals(self) -> tuple[Confusion, Confusion]:
        """Both matrices over all zones, at the class level."""
        return _total(self.left), _total(self.right)

    def totals_at(self, level: Level) -> tuple[Confusion, Confusion]:
        """Both matrices over all zones at a level."""
        left, right = self.at(level)
        return _total(left), _total(right)

    def at(self, level: Level) -> tuple[dict[str, Confusion], dict[str, Confusion]]:
        groups = legend.load().group_of(level)
        if level == "class":
            return self.left, self.right
        return (
            {z: c.at_level(groups, level) for z, c in self.left.items()},
            {z: c.at_level(groups, level) for z, c in self.right.items()},
        )


def controls(left: RunInfo, right: RunInfo, zones: Sequence[str]) -> Choice:
    """Unit, level, denominator and zones of both runs; says which zones only one run has."""
    places = _places(left.dataset, zones)
    first, second, third, fourth = st.columns([3, 3, 3, 3], vertical_alignment="bottom")
    unit = first.segmented_control(
        "Unit", evaluate.UNITS, default="pixel", required=True, format_func=str.capitalize,
        help="Hectare: decisions on parcels, weighted by their area.", key="unit",
    )  # fmt: skip
    level = second.segmented_control(
        "Level", list(LEVELS), default="class", required=True, format_func=LEVELS.__getitem__,
        help="Classes, or the groups above them.", key="level",
    )  # fmt: skip
    average = third.selectbox(
        "Macro scores average over", list(AVERAGES), format_func=AVERAGES.__getitem__, key="over",
        help="With all of the legend and background in: the convention of the seed project.",
    )  # fmt: skip
    place = fourth.selectbox("Zones", list(places), format_func=_readable, key="zones")
    background = st.toggle(
        "Count background as a class", key="background",
        help="Our models never answer background, so each such pixel counts as an error.",
    )  # fmt: skip
    if scored := len(_scored_zones(left) | _scored_zones(right)) - len(zones):
        st.caption(f"Zones that only one of the runs was scored on are left out: {scored}.")
    return Choice(unit, level, bool(background), average, places[str(place)])


def _places(dataset: str, zones: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """What can be chosen: all zones, regions that hold several of them, single zones."""
    regions: dict[str, tuple[str, ...]] = {}
    for zone in data.zones(dataset):
        if zone.zone_id in zones:
            name = f"Region {_readable(zone.region)}"
            regions[name] = (*regions.get(name, ()), zone.zone_id)
    several = {name: held for name, held in regions.items() if 1 < len(held) < len(zones)}
    return {ALL: tuple(zones), **several, **{zone: (zone,) for zone in zones}}


@st.cache_data(max_entries=16, show_spinner=False)
def _table(run: str, finished: float) -> pd.DataFrame:
    return data.store().confusions(run)


@st.cache_data(max_entries=16, show_spinner=False)
def _decisions(run: str, finished: float) -> pd.DataFrame:
    return data.store().calibration(run)


def decisions(run: RunInfo) -> pd.DataFrame:
    """zone_id, parcel_id, truth, predicted, confidence, correct of each test parcel."""
    return _decisions(run.run_id, run.status.finished)


def common_zones(left: RunInfo, right: RunInfo) -> tuple[str, ...]:
    """Test zones that both runs were scored on."""
    return tuple(sorted(_scored_zones(left) & _scored_zones(right)))


def _scored_zones(run: RunInfo) -> set[str]:
    return set(run.scores.get("test", {}).get("zones", ()))


def score(left: RunInfo, right: RunInfo, choice: Choice) -> Scored:
    """Both runs counted over the chosen zones."""
    k = legend.load().n_classes
    counted = [
        evaluate.per_zone(
            _table(run.run_id, run.status.finished),
            k,
            unit=choice.unit,
            zones=choice.zones,
            include_background=choice.background,
        )
        for run in (left, right)
    ]
    seen = [frozenset(run.scores.get("trained_classes", ())) for run in (left, right)]
    return Scored(counted[0], counted[1], (seen[0], seen[1]))


def figures(scored: Scored, choice: Choice) -> list[dict[str, Any]]:
    """Named numbers of both runs with their denominators."""
    groups = legend.load().group_of(choice.level)
    out = []
    for side, seen in zip(scored.at(choice.level), scored.trained, strict=True):
        trained = {int(groups[i]) for i in seen}
        out.append(
            evaluate.summary(_total(side), trained=trained, average_over=choice.average_over)
        )
    return out


@st.cache_data(max_entries=32, show_spinner="Drawing zones for the intervals")
def differences(left: str, right: str, choice: Choice, marks: tuple[float, float]) -> pd.DataFrame:
    """metric, left, right, difference, low, high, p: zone bootstrap (parcels where zones are few).

    Also left_low, left_high, right_low, right_high: the 95 % interval of each run by itself.
    Empty where an interval can't be had: fewer than four zones and a unit other than parcel.
    """
    runs = [data.store().run(r) for r in (left, right)]
    sides = score(runs[0], runs[1], choice).at(choice.level)
    pairs = None
    if len(choice.zones) < MIN_ZONES:
        if choice.unit != "parcel" or choice.level != "class":
            return pd.DataFrame()
        pairs = _pairs(runs[0], runs[1], choice)
    found = evaluate.differences(
        sides[0], sides[1], rng=np.random.default_rng(0), pairs=pairs, draws=DRAWS
    )
    rows = [(name, d.left, d.right, d.value, d.low, d.high, d.p_value) for name, d in found.items()]
    names = ["metric", "left", "right", "difference", "low", "high", "p"]
    table = pd.DataFrame(rows, columns=names)
    for name, side in zip(("left", "right"), sides, strict=True):
        own = evaluate.intervals(side, rng=np.random.default_rng(0), draws=DRAWS)
        table[f"{name}_low"] = [own[metric].low for metric in table["metric"]]
        table[f"{name}_high"] = [own[metric].high for metric in table["metric"]]
    return table


def show_figures(
    names: tuple[str, str], scored: Scored, choice: Choice, found: pd.DataFrame
) -> None:
    """Accuracy and macro scores of both, with the difference and its interval."""
    left, right = figures(scored, choice)
    for column, name in zip(st.columns(3), ("accuracy", "macro_f1", "weighted_f1"), strict=True):
        a, b = left[name], right[name]
        with column.container(border=True):
            st.markdown(f"**{_readable(name)}**")
            one, two = st.columns(2)
            one.metric(names[0], scores.share(a))
            two.metric(names[1], scores.share(b))
            one.caption(_interval_said(name, "left", a, found))
            two.caption(_interval_said(name, "right", b, found))
            st.caption(_difference_said(names, name, a, b, found))
    st.caption(
        f"Scored: {left['n_scored']:,.0f} {choice.said} ({left['n_classes_averaged']} classes)."
        + _unseen(left, choice.level)
    )


def significance(names: tuple[str, str], left: RunInfo, right: RunInfo, choice: Choice) -> None:
    """McNemar's test on the same parcels, in words."""
    pairs = _pairs(left, right, choice)
    test = evaluate.mcnemar(pairs.left_correct, pairs.right_correct)
    word = "significant" if test.p_value < 0.05 else "not significant"
    st.markdown(
        f"On the same {len(pairs.left_correct):,} parcels of {len(choice.zones)} "
        f"test zone{'s' if len(choice.zones) != 1 else ''} only **{names[0]}** is right on "
        f"{test.only_left:,}, only **{names[1]}** on {test.only_right:,}: the difference is "
        f"**{word}** (McNemar, p = {test.p_value:.2g}). Parcels of one zone resemble each other"
        + (
            ", so the zone bootstrap above is the stricter judge."
            if len(choice.zones) >= MIN_ZONES
            else ": read it with care, there are too few zones to draw from."
        )
    )


def group_labels(level: Level, language: Literal["en", "fr"] = "en") -> list[str]:
    """Readable name of each class or group."""
    table = legend.load()
    if level == "class":
        return [c.label(language) for c in table.classes]
    return [_readable(name) for name in table.groups(level)]


def _pairs(left: RunInfo, right: RunInfo, choice: Choice) -> evaluate.Pairs:
    both = [d[d["zone_id"].isin(choice.zones)] for d in (decisions(left), decisions(right))]
    return evaluate.pair(both[0], both[1])


def _total(side: dict[str, Confusion]) -> Confusion:
    matrices = list(side.values())
    total = matrices[0]
    for matrix in matrices[1:]:
        total = total + matrix
    return total


def _difference_said(
    names: tuple[str, str], name: str, a: float | None, b: float | None, found: pd.DataFrame
) -> str:
    if a is None or b is None:
        return "Nothing is scored."
    row = found[found["metric"] == name] if len(found) else found
    lead = f"{names[0]} − {names[1]}: {a - b:+.3f}"
    # The interval is of the score over classes with support: another average has none.
    if row.empty or abs(float(row["difference"].iloc[0]) - (a - b)) > 1e-9:
        return f"{lead}; no interval for this choice."
    low, high = float(row["low"].iloc[0]), float(row["high"].iloc[0])
    word = "significant" if low > 0 or high < 0 else "not significant"
    return f"{lead}, 95 % interval {low:+.3f} to {high:+.3f}: {word}."


def _interval_said(name: str, side: str, value: float | None, found: pd.DataFrame) -> str:
    row = found[found["metric"] == name] if len(found) else found
    if value is None or row.empty or abs(float(row[side].iloc[0]) - value) > 1e-9:
        return "no interval"
    return f"95 %: {row[f'{side}_low'].iloc[0]:.3f} to {row[f'{side}_high'].iloc[0]:.3f}"


def _unseen(numbers: dict[str, Any], level: Level) -> str:
    if not numbers["never_trained"]:
        return ""
    labels = group_labels(level)
    which = ", ".join(labels[i] for i in numbers["never_trained"])
    return f" Never trained, so counted as errors: {which}."


def _readable(name: object) -> str:
    text = str(name).replace("_", " ")
    return (text[:1].upper() + text[1:]).replace(" f1", " F1")
