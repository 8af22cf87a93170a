"""What the reader reviews: runs, level, limits, filters; kept in the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from cropdash.domain import WHOLE, Level
from cropdash.evaluate import learning, suspicion
from cropdash.figures import wording
from cropdash.i18n import number, say, sentence
from cropdash.storage.store import RunInfo
from cropdash.ui.review import notes, words
from cropdash.ui.review.notes import DECISIONS, UNDECIDED
from cropdash.ui.shell import address
from cropdash.ui.widgets import choices, run_pair
from cropdash.ui.widgets.cases import Limits

_LEVELS = {"class": sentence("Class"), "group": sentence("Group")}
_EVERY = "all"
_ORDERS = {
    "doubt": sentence("Most doubtful first"),
    "largest": sentence("Largest first"),
    "likely": sentence("Most probable other crop first"),
}
_BY = {"largest": "area_ha", "likely": "likelihood"}  # columns, the largest value first
_LEARNED = 100  # parcels that are asked for at once, of which no class fills more than a fifth


@dataclass(frozen=True)
class Filters:
    """Which rows of the list are shown."""

    lights: tuple[str, ...]
    zone: str | None
    declared: int | None
    least: float  # [ha]
    suggested: int | None = None
    whole: bool = False  # none of which a zone's edge cuts a part off
    decided: str = ""  # a decision, "undecided", or empty: all
    learn: bool = False  # those first that a model would learn most from
    order: str = "doubt"  # of `_ORDERS`


def choose_runs(runs: Sequence[RunInfo]) -> list[RunInfo]:
    """One or two runs."""
    return run_pair.choose_runs(runs, alone=say("No second run"))


def choose_level() -> Level:
    """Crops, or groups, among which a confusion is no doubt."""
    options = {key: say(text) for key, text in _LEVELS.items()}
    about = say("By group, wheat declared as triticale is no doubt: both are winter cereals.")
    chosen = choices.one_of(say("Judge by"), "level", options, help=about)
    return "group" if chosen == "group" else "class"


def choose_limits() -> Limits:
    """Where red and amber begin, in per cent; the address keeps them as `limits`."""
    usual = Limits()
    default = (round(100 * usual.red), round(100 * usual.amber))
    key = "review:limits"
    follow = address.follow(
        key, "limits", lambda ends: None if tuple(ends) == default else f"{ends[0]}-{ends[1]}"
    )
    low, high = st.slider(
        say("Red and amber below"), 0, 100, _limits_of(st.query_params.get("limits"), default), key=key, on_change=follow, format="%d %%",
        help=say(
            "Probability of what was declared, as the models see it. Red also needs all models to "
            "agree on another crop."
        ),
    )  # fmt: skip
    return Limits(low / 100, high / 100)


def _limits_of(text: str | None, default: tuple[int, int]) -> tuple[int, int]:
    low, _, high = (text or "").partition("-")
    if not (low.isdigit() and high.isdigit()):
        return default
    found = int(low), int(high)
    return found if 0 <= found[0] <= found[1] <= 100 else default


def choose_filters(table: pd.DataFrame, level: Level, dataset: str) -> Filters:
    """Lights, zone, declared crop and least area."""
    names = words.names(dataset, level)
    lights = _lights({str(name): n for name, n in table["light"].value_counts().items()})
    zones = sorted(table["zone_id"].unique())
    counts = table["declared"].value_counts()
    with st.popover(say("More filters"), icon=":material/filter_alt:"):
        zone = _box(say("Zone"), "in", zones, wording.place, say("All zones"))
        declared = _box(
            say("Declared"), "declared", [str(int(k)) for k in counts.index],
            lambda k: f"{names[int(k)]} ({number(int(counts[int(k)]))})", say("All classes"),
        )  # fmt: skip
        crop = int(declared) if declared is not None else None
        pairs = table if crop is None else table[table["declared"] == crop]
        counted = pairs["suggested"].value_counts()
        suggested = _box(
            say("Suggested"), "suggested", [str(int(k)) for k in counted.index],
            lambda k: f"{names[int(k)]} ({number(int(counted[int(k)]))})", say("All classes"),
        )  # fmt: skip
        words_of = {UNDECIDED: say("Undecided")} | {w: say(t) for w, t in DECISIONS.items()}
        decided = _box(
            say("Decision"), "decided", list(words_of), words_of.__getitem__, say("All decisions")
        )
        order = choices.box_of(say("Order"), "order", _ORDERS, width=260)
        least = st.number_input(say("Least area [ha]"), 0.0, 100.0, 0.0, 0.1, key="review:least")
        whole = choices.toggle(
            say("Whole parcels only"), "whole",
            say("Without those of which the zone's edge cuts a part off."),
        )  # fmt: skip
        learn = choices.toggle(
            say("Most to learn first"), "learn",
            say(
                "Those first from whose truth a model would learn most: the least sure, of all classes, away from borders."
            ),
        )  # fmt: skip
    chosen = int(suggested) if suggested is not None else None
    return Filters(lights, zone, crop, float(least), chosen, whole, decided or "", learn, order)


def _lights(counts: Mapping[str, int]) -> tuple[str, ...]:
    """Which lights are listed; each with its number of parcels."""
    key, default = "review:lights", [suspicion.RED, suspicion.AMBER]
    wanted = st.query_params.get("lights")
    named = [name for name in suspicion.LIGHTS if name in (wanted or "").split(",")]
    st.session_state[key] = named if wanted is not None else default
    follow = address.follow(
        key, "lights", lambda now: None if list(now) == default else ",".join(now) or "-"
    )
    chosen = st.pills(
        say("Lights"), list(suspicion.LIGHTS), selection_mode="multi", key=key, on_change=follow,
        format_func=lambda name: f"{words.light(name)} {number(counts.get(name, 0))}",
        label_visibility="collapsed", wrap=False,
    )  # fmt: skip
    return tuple(chosen or ())


def _box(
    label: str, name: str, options: Sequence[str], format_func: Callable[[str], str], every: str
) -> str | None:
    offered = {_EVERY: every} | {option: format_func(option) for option in options}
    chosen = choices.box_of(label, name, offered, _EVERY, width=260)
    return None if chosen == _EVERY else chosen


def shown(table: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    """The rows that the filters leave, in order."""
    kept = table["light"].isin(filters.lights) & (table["area_ha"] >= filters.least)
    if filters.zone is not None:
        kept &= table["zone_id"] == filters.zone
    if filters.declared is not None:
        kept &= table["declared"] == filters.declared
    if filters.suggested is not None:
        kept &= table["suggested"] == filters.suggested
    if filters.whole:
        kept &= table["share_in_zone"] >= WHOLE
    return pd.DataFrame(table[kept].reset_index(drop=True))


def listed(table: pd.DataFrame, filters: Filters, dataset: str) -> pd.DataFrame:
    """The rows that all filters leave, with their decisions, in the order wanted;
    how many of all are decided is said."""
    rows = notes.added(shown(table, filters), dataset)
    notes.progress(rows, dataset)
    if filters.decided:
        word = "" if filters.decided == UNDECIDED else filters.decided
        rows = rows[rows["decision"] == word].reset_index(drop=True)
    if filters.order in _BY:
        rows = rows.sort_values(
            _BY[filters.order], ascending=False, kind="stable", ignore_index=True
        )
    if filters.learn:
        unsure, named = rows["unsure"].to_numpy(), rows["named"].to_numpy()
        pixels, share = rows["n_pixels"].to_numpy(), rows["share_in_zone"].to_numpy()
        order = learning.most_to_learn(unsure, named, pixels, share, _LEARNED)
        rows = rows.iloc[order].reset_index(drop=True)
    return rows
