"""A comparison for a paper: figures at a set size, tables as Markdown and LaTeX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.evaluate import zone_table
from cropdash.figures import printed, wording
from cropdash.i18n import headed, number, say
from cropdash.ui.compare import numbers, tables
from cropdash.ui.compare.controls import group_labels, said, test_zones
from cropdash.ui.compare.counting import Choice, Names, Runs, Scored, differences, marks_of
from cropdash.ui.widgets import chart, scores

_TOP, _TOPS = 20, ("10", "15", "20", "30")  # classes of the matrices, as the address says


def figures(runs: Runs, names: Names, scored: Scored, choice: Choice) -> bytes:
    """ZIP of SVG and PNG: the matrices and their difference, classes, zones, reliability."""
    counted, labels = said(choice), group_labels(runs[0].dataset, choice.level)
    wanted = st.query_params.get("top") or str(_TOP)
    top = None if wanted == "all" else int(wanted) if wanted in _TOPS else _TOP
    found = printed.matrices(
        *scored.totals, names, scored.legend, counted, level=choice.level, top_k=top
    )
    by_class = tables.scores_by_class(runs, scored, choice).sort_values("f1_difference")
    f1 = say("F1 of both by class, the largest lead of {left} on top", left=names[0])
    found |= printed.by_class(by_class, names, labels, headed(f1, counted))
    apart = differences(runs[0].run_id, runs[1].run_id, choice, marks_of(runs))
    title = say(
        "{score} of {left} minus {right}, zone by zone: {what}",
        score=say("Accuracy"), left=names[0], right=names[1], what=counted,
    )  # fmt: skip
    zones = zone_table(*scored.at(choice.level))
    found |= printed.by_zone(zones, names, "accuracy", numbers.bounds(apart, "accuracy"), title)
    sure, errors = tables.reliability(runs, names, choice.zones)
    title = say(
        "Share of parcels that are right by confidence, {zones}",
        zones=test_zones(len(choice.zones)),
    )
    return chart.zipped(printed.files(found | printed.reliability(sure, errors, title)))


def texts(runs: Runs, names: Names, scored: Scored, choice: Choice) -> bytes:
    """ZIP of tables.md and tables.tex: scores, classes and zones, with what each counts."""
    counted = said(choice)
    found = differences(runs[0].run_id, runs[1].run_id, choice, marks_of(runs))
    listed = {
        say("Scores: {what}", what=counted): _scores(names, found),
        say("F1 by class: {what}", what=counted): _classes(runs, names, scored, choice),
        say("Accuracy by zone: {what}", what=counted): _zones(names, scored, choice),
    }
    kept = {title: table for title, table in listed.items() if len(table)}
    marked = "\n".join(f"**{_marked(t)}**\n\n{markdown(table)}\n" for t, table in kept.items())
    return chart.zipped(
        {"tables.md": marked, "tables.tex": "\n".join(map(latex, kept.values(), kept))}
    )


def markdown(table: pd.DataFrame) -> str:
    """A table of texts as Markdown writes it; nothing in a cell acts."""
    rows = [list(table.columns), ["---"] * table.shape[1], *table.to_numpy().tolist()]
    head, rule, *body = rows
    lines = [
        [_marked(str(c)) for c in head],
        rule,
        *([_marked(str(c)) for c in row] for row in body),
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def latex(table: pd.DataFrame, caption: str) -> str:
    """A table of texts as LaTeX's booktabs take it; nothing in a cell acts."""
    rows = [
        [_typeset(str(cell)) for cell in row]
        for row in [list(table.columns), *table.to_numpy().tolist()]
    ]
    head, *body = (" & ".join(row) + r" \\" for row in rows)
    lines = [
        r"\begin{table}", rf"\caption{{{_typeset(caption)}}}",
        rf"\begin{{tabular}}{{l{'r' * (table.shape[1] - 1)}}}", r"\toprule", head, r"\midrule",
        *body, r"\bottomrule", r"\end{tabular}", r"\end{table}", "",
    ]  # fmt: skip
    return "\n".join(lines)


_LATEX = {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"}, "−": "$-$", "±": r"$\pm$", "\u202f": r"\,",
    "<": r"\textless{}", ">": r"\textgreater{}",
}  # fmt: skip


def _typeset(text: str) -> str:
    return "".join(_LATEX.get(sign, sign) for sign in " ".join(text.split(" ")).replace("\n", " "))


def _marked(text: str) -> str:
    """Each sign that Markdown or HTML would act on behind a backslash; a cell is one line."""
    return "".join(f"\\{s}" if s in r"\`*_{}[]<>#|~!$&" else s for s in text.replace("\n", " "))


def _scores(names: Names, found: pd.DataFrame) -> pd.DataFrame:
    rows = [
        {
            say("Score"): say(numbers.METRICS[str(row["metric"])]),
            names[0]: _with(row, "left"),
            names[1]: _with(row, "right"),
            say("Difference"): f"{number(row['difference'], '+.3f')} "
            f"[{number(row['low'], '+.3f')}; {number(row['high'], '+.3f')}]",
            "p": number(row["p"], ".2g"),
        }
        for row in found.to_dict("records")
        if row["metric"] in numbers.METRICS
    ]
    return pd.DataFrame(rows)


def _with(row: Mapping[Any, Any], side: str) -> str:
    """A score and its interval."""
    value, low, high = (number(float(row[side + end]), ".3f") for end in ("", "_low", "_high"))
    return f"{value} [{low}; {high}]"


def _classes(runs: Runs, names: Names, scored: Scored, choice: Choice) -> pd.DataFrame:
    table = tables.scores_by_class(runs, scored, choice)
    return _columns(table, {say("Class"): table["name"]}, names, "f1", "support")


def _zones(names: Names, scored: Scored, choice: Choice) -> pd.DataFrame:
    table = zone_table(*scored.at(choice.level))
    places = [wording.place(zone) for zone in table["zone_id"]]
    return _columns(table, {say("Zone"): places}, names, "accuracy", "n_scored")


def _columns(
    table: pd.DataFrame,
    first: dict[str, Sequence[str] | pd.Series],
    names: Names,
    score: str,
    n: str,
) -> pd.DataFrame:
    shown: dict[str, object] = {**first, "n": [wording.number(float(v)) for v in table[n]]}
    for side, name in zip(("left", "right"), names, strict=True):
        shown[name] = [scores.share(float(v)) for v in table[f"{side}_{score}"]]
    gaps = table[f"{score}_difference"]
    shown[say("Difference")] = [scores.DASH if v != v else number(v, "+.3f") for v in gaps]
    return pd.DataFrame(shown)
