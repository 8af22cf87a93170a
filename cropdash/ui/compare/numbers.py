"""The key numbers of both runs, and whether they differ by more than chance."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from cropdash import evaluate
from cropdash.domain import Level
from cropdash.evaluate import zone_table
from cropdash.figures import standing, wording
from cropdash.i18n import headed, number, say, sentence
from cropdash.ui.compare import repeats
from cropdash.ui.compare.controls import group_labels, said, test_zones
from cropdash.ui.compare.counting import (
    Choice,
    Names,
    Runs,
    Scored,
    differences,
    figures,
    marks_of,
    pairs_of,
    scored_zones,
)
from cropdash.ui.shell import data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import chart, scores

_LEVEL = 0.05  # below which a p-value is taken for more than chance
METRICS = {
    "accuracy": sentence("Accuracy"),
    "macro_f1": sentence("Macro F1"),
    "weighted_f1": sentence("Weighted F1"),
}
# By whether the interval leaves 0 out, and whether the test's p is below _LEVEL.
_AGREED = {
    (True, True): sentence("significant, as the interval leaves 0 out and p is below 0.05"),
    (True, False): sentence(
        "not significant, as p is not below 0.05; the interval leaves 0 out, but both must agree"
    ),
    (False, True): sentence(
        "not significant, as the interval holds 0; p is below 0.05, but both must agree"
    ),
    (False, False): sentence("not significant"),
}


def show(runs: Runs, names: Names, scored: Scored, choice: Choice) -> None:
    """Accuracy and macro scores of both, with the difference and its interval."""
    found = differences(runs[0].run_id, runs[1].run_id, choice, marks_of(runs))
    left, right = figures(scored, choice)
    row = st.container(key="numbers")
    for column, name in zip(row.columns(len(METRICS)), METRICS, strict=True):
        a, b = left[name], right[name]
        with column.container(border=True):
            st.markdown(f"**{say(METRICS[name])}**")
            one, two = st.columns(2)
            one.metric(names[0], _share(a))
            two.metric(names[1], _share(b))
            one.caption(_interval_said(name, "left", a, found))
            two.caption(_interval_said(name, "right", b, found))
            st.caption(_difference_said(names, name, a, b, found))
    _say_other_zones(runs, names)
    counted = say(
        "Scored: {n} {what} ({classes} classes).",
        n=number(left["n_scored"], ",.0f"),
        what=said(choice),
        classes=left["n_classes_averaged"],
    )
    st.caption(counted + _unseen(runs[0].dataset, left, choice.level))


def _say_other_zones(runs: Runs, names: Names) -> None:
    """Warn where the runs were not scored on the same test zones, or on other builds of them."""
    one, two = map(scored_zones, runs)
    if one != two:
        st.warning(
            say(
                "These runs were scored on different test zones: {left} on {a}, {right} on {b}. "
                "Compared are at most the {n} that both have; the scores of their cards elsewhere "
                "are not of the same ground.",
                left=literal(names[0]), right=literal(names[1]), a=number(len(one)),
                b=number(len(two)), n=number(len(one & two)),
            ),
            icon=":material/warning:",
        )  # fmt: skip
    prints = {data.store().record(run.run_id).dataset_fingerprint for run in runs}
    if len(prints - {""}) > 1:
        st.warning(
            say("The dataset was built anew between these two runs: they did not learn the same."),
            icon=":material/warning:",
        )


@st.fragment
@frame.plainly()
def significance(runs: Runs, names: Names, scored: Scored, choice: Choice) -> None:
    """A plain sentence, McNemar's test on the same parcels, and the difference zone by zone."""
    found = differences(runs[0].run_id, runs[1].run_id, choice, marks_of(runs))
    st.markdown(_verdict(names, choice, found))
    st.caption(_mcnemar_said(runs, names, choice, found))
    repeats.seeds(runs, names)
    if len(choice.zones) < 2:
        return
    table = zone_table(*scored.at(choice.level))
    metric = st.segmented_control(
        say("Score"), ["accuracy", "macro_f1"], default="accuracy", required=True,
        format_func=lambda m: say(METRICS[m]), key="zone_metric",
    ) or "accuracy"  # fmt: skip
    interval = bounds(found, metric)
    title = say(
        "{score} of {left} minus {right}, zone by zone: {what}",
        score=say(METRICS[metric]), left=names[0], right=names[1], what=said(choice),
    )  # fmt: skip
    if interval:
        title += say("; band: 95 % interval of all zones together")
    zones = table.assign(zone=[wording.place(z) for z in table["zone_id"]])
    figure = standing.by_zone(zones, names, metric, interval, dark=frame.is_dark())
    file = ("zones", choice.unit, choice.level)
    chart.show(title, figure, lambda: table, runs[0].dataset, "zones", *file)


def _verdict(names: Names, choice: Choice, found: pd.DataFrame) -> str:
    ends = bounds(found, "accuracy")
    if ends is None:
        return say(
            "There are too few zones to say whether the difference would hold on others: choose "
            "all test zones, or the unit parcel."
        )
    row = found[found["metric"] == "accuracy"].iloc[0]
    better = names[0] if row["difference"] > 0 else names[1]
    lead = (
        say("By accuracy **{better} is better** beyond chance:", better=better)
        if _is_beyond_chance(row)
        else say("By accuracy **neither model is better** beyond chance:")
    )
    means = (
        sentence(
            "by how much single zones move it, the difference lies between {low} and {high} (95 %);"
            " exchanging the models zone by zone sets them as far apart with p\u00a0=\u00a0{p}."
        )
        if row["drawn"] == "zones"
        else sentence(
            "drawing the parcels of these few zones anew, the difference lies between {low} and "
            "{high} (p\u00a0=\u00a0{p}). Of other zones that says little."
        )
    )
    low, high = (number(bound, "+.3f") for bound in ends)
    return f"{lead} " + say(means, low=low, high=high, p=number(row["p"], ".2g"))


def _is_beyond_chance(row: pd.Series) -> bool:
    """Both the interval and the test must say so: each alone errs where zones are few."""
    return _interval_speaks(row) and _test_speaks(row)


def _interval_speaks(row: pd.Series) -> bool:
    return bool(row["low"] > 0 or row["high"] < 0)


def _test_speaks(row: pd.Series) -> bool:
    return bool(row["p"] < _LEVEL)


def _mcnemar_said(runs: Runs, names: Names, choice: Choice, found: pd.DataFrame) -> str:
    pairs = pairs_of(runs, choice)
    test = evaluate.mcnemar(pairs.left_correct, pairs.right_correct)
    lead = say(
        "On the same {n} parcels of {zones} only {left} is right on {a}, only {right} on {b}: "
        "McNemar's p\u00a0=\u00a0{p}.",
        n=number(len(pairs.left_correct)), zones=test_zones(len(choice.zones)),
        left=names[0], right=names[1], a=number(test.only_left), b=number(test.only_right),
        p=number(test.p_value, ".2g"),
    )  # fmt: skip
    if len(found) and found["drawn"].iloc[0] == "zones":
        return f"{lead} " + say(
            "Parcels of one zone resemble each other, so the interval over zones is the stricter "
            "judge."
        )
    return f"{lead} " + say(
        "Parcels of one zone resemble each other: read it with care, there are too few zones to "
        "draw from."
    )


def bounds(found: pd.DataFrame, metric: str) -> tuple[float, float] | None:
    """The interval of a score's difference; None where there is none."""
    row = found[found["metric"] == metric] if len(found) else found
    return None if row.empty else (float(row["low"].iloc[0]), float(row["high"].iloc[0]))


def _difference_said(
    names: Names, name: str, a: float | None, b: float | None, found: pd.DataFrame
) -> str:
    if a is None or b is None:
        return say("Nothing is scored.")
    row = found[found["metric"] == name] if len(found) else found
    lead = headed(f"{names[0]} − {names[1]}", number(a - b, "+.3f"))
    # The interval is of the score over classes with support: another average has none.
    if row.empty or abs(float(row["difference"].iloc[0]) - (a - b)) > 1e-9:
        return f"{lead}; " + say("no interval for this choice.")
    low, high = float(row["low"].iloc[0]), float(row["high"].iloc[0])
    word = say(_AGREED[_interval_speaks(row.iloc[0]), _test_speaks(row.iloc[0])])
    between = say(
        "95 % interval {low} to {high}, p\u00a0=\u00a0{p}: {word}.",
        low=number(low, "+.3f"), high=number(high, "+.3f"), p=number(row["p"].iloc[0], ".2g"),
        word=word,
    )  # fmt: skip
    return f"{lead}, {between}"


def _interval_said(name: str, side: str, value: float | None, found: pd.DataFrame) -> str:
    row = found[found["metric"] == name] if len(found) else found
    if value is None or row.empty or abs(float(row[side].iloc[0]) - value) > 1e-9:
        return say("no interval")
    low, high = (number(row[f"{side}_{end}"].iloc[0], ".3f") for end in ("low", "high"))
    return say("95 %: {low} to {high}", low=low, high=high)


def _unseen(dataset: str, numbers: dict[str, Any], level: Level) -> str:
    if not numbers["never_trained"]:
        return ""
    labels = group_labels(dataset, level)
    which = literal(", ".join(labels[i] for i in numbers["never_trained"]))
    return " " + say("Never trained, so counted as errors: {which}.", which=which)


def _share(value: float | None) -> str:
    return scores.DASH if value is None else number(value, ".3f")
