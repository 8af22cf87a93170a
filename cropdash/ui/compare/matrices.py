"""The two confusion matrices, or their difference: a click on a cell opens what is behind it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import streamlit as st

from cropdash import i18n
from cropdash.domain import Level
from cropdash.figures import arrangement, confusion, wording
from cropdash.i18n import headed, other_label, say
from cropdash.ui.compare import confused
from cropdash.ui.compare.controls import group_labels, said
from cropdash.ui.compare.counting import Choice, Marks, Names, Runs, Scored, marks_of, score
from cropdash.ui.compare.tables import named_cells
from cropdash.ui.shell import address, data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import chart, choices

# How many classes, which ones alone, which groups folded.
Shown = tuple[int | None, tuple[int, ...], tuple[str, ...]]
_TOPS = ("10", "15", "20", "30", "all")
_USUAL = "20"


@st.fragment
@frame.plainly()
def show(runs: Runs, names: Names, scored: Scored, choice: Choice) -> None:
    """Controls, matrices, and the parcels behind the chosen cell; a click redraws only these."""
    view, shown = _controls(runs, names, scored, choice)
    st.caption(
        say(
            "Rows are what was declared, as shares of each row: {what}. Click a cell to see its "
            "parcels.",
            what=said(choice),
        )
    )
    cell = confused.current(scored, choice.level)
    if view == "difference":
        _difference(runs, names, choice, shown, cell)
    else:
        _shown(runs, names, choice, shown, cell, view)
    _download(runs[0].dataset, scored, choice)
    confused.show(runs, names, scored, choice, cell)


def _controls(runs: Runs, names: Names, scored: Scored, choice: Choice) -> tuple[str, Shown]:
    """Side by side, one alone, or the difference; how many classes; which ones; what is folded."""
    first, second, third, fourth = st.columns([5, 4, 3, 3], vertical_alignment="bottom")
    with second:
        tops = {top: say("all") if top == "all" else top for top in _TOPS}
        top = choices.one_of(
            say("Classes shown"), "top", tops, _USUAL,
            help=say("The most frequent ones; the rest is summed up as other."),
        )  # fmt: skip
    with third:
        only = _search(runs, scored, choice.level)
    with fourth:
        folded = _fold(scored, choice.level)
    views = {"pair": say("Side by side"), "left": names[0], "right": names[1]}
    with first:  # all classes are readable at the page's whole width
        usual = "left" if top == "all" else "pair"
        shown = views | {"difference": say("Difference")}
        view = choices.one_of(say("View"), "matrix", shown, usual)
    return view, (None if top == "all" else int(top), only, folded)


def _fold(scored: Scored, level: Level) -> tuple[str, ...]:
    """Groups that are drawn as one row each; the address keeps their stable names as `fold`."""
    left, right = scored.totals_at(level)
    there = np.flatnonzero(left.support + left.predicted_total + right.predicted_total)
    group_of = scored.legend.group_of(level)
    held = [int(np.flatnonzero(group_of == k)[0]) for k in there]  # a class of each group
    found = Counter(arrangement.family_of(scored.legend, level, k) for k in held)
    offered = [family for family, n in found.items() if family and n > 1]
    above: Level = "group" if level == "class" else "family"
    wanted = (st.query_params.get("fold") or "").split(",")
    key = f"address:fold:{level}"
    st.session_state[key] = [family for family in offered if family in wanted]
    chosen = st.multiselect(
        say("Fold groups"), offered, key=key, disabled=not offered,
        on_change=address.follow(key, "fold", lambda now: ",".join(now) or None),
        format_func=lambda family: wording.kin_label(scored.legend, above, family),
        placeholder=say("No group"),
    )  # fmt: skip
    return tuple(chosen)


def _search(runs: Runs, scored: Scored, level: Level) -> tuple[int, ...]:
    """Classes or groups picked by name; the address keeps their stable names as `only`."""
    stable, labels = scored.legend.groups(level), group_labels(runs[0].dataset, level)
    left, right = scored.totals_at(level)
    there = left.support + left.predicted_total + right.predicted_total
    offered = sorted((k for k, n in enumerate(there) if n > 0), key=lambda k: labels[k].casefold())
    wanted = (st.query_params.get("only") or "").split(",")
    key = "address:only"
    st.session_state[key] = [k for k in offered if stable[k] in wanted]
    items = scored.legend.classes
    other = {k: other_label(items[k]) for k in offered} if level == "class" else {}
    chosen = st.multiselect(
        say("Search classes"), offered, key=key,
        on_change=address.follow(key, "only", lambda now: ",".join(stable[k] for k in now) or None),
        format_func=lambda k: f"{labels[k]} · {other[k]}" if other.get(k) else labels[k],
        placeholder=say("Name"), help=say("Type a name to show only some"),
    )  # fmt: skip
    return tuple(chosen)


def _shown(
    runs: Runs, names: Names, choice: Choice, shown: Shown,
    cell: str | None, view: str,
) -> None:  # fmt: skip
    """Both matrices side by side, or one at the page's whole width."""
    figures = _figures(
        _ids(runs), marks_of(runs), choice, shown, cell, view != "pair", i18n.current(),
        frame.is_dark(),
    )  # fmt: skip
    sides = [side for side in ("left", "right") if view in ("pair", side)]
    for side, column in zip(sides, st.columns(len(sides), gap="small"), strict=True):
        i = ("left", "right").index(side)
        with column:
            st.markdown(f"**{literal(names[i])}**")
            alt = say("Confusion matrix of {name}: {what}", name=names[i], what=said(choice))
            _clickable(figures[i], side, alt)


def _difference(
    runs: Runs, names: Names, choice: Choice, shown: Shown,
    cell: str | None,
) -> None:  # fmt: skip
    scored = score(*runs, choice)
    figure = confusion.difference(
        *scored.totals, names, scored.legend, level=choice.level, top_k=shown[0], only=shown[1],
        fold=shown[2], mark=cell, wide=True, dark=frame.is_dark(),
    )  # fmt: skip
    title = say("Where {left} and {right} differ", left=names[0], right=names[1])
    st.markdown(f"**{literal(title)}**")
    _clickable(figure, "difference", headed(title, said(choice)))


def _clickable(figure: Any, side: str, alt: str) -> None:
    """The figure; a click on a cell puts it into the address, a second one changes nothing."""
    key = f"matrix:{side}"

    def choose() -> None:
        points = st.session_state[key]["selection"]["points"]
        cell = points[0].get("customdata") if points else None
        cell = cell[0] if isinstance(cell, list) else cell
        if cell:
            address.put("cell", str(cell))

    chart.opening(
        figure, theme=None, width="stretch", key=key, alt=alt, selection_mode="points",
        on_select=choose,
    )  # fmt: skip


@st.cache_resource(max_entries=24, show_spinner=False)
def _figures(
    ids: tuple[str, str], finished: Marks, choice: Choice,
    shown: Shown, cell: str | None, wide: bool,
    spoken: str, dark: bool,
) -> tuple[Any, Any]:  # fmt: skip
    scored = score(data.store().run(ids[0]), data.store().run(ids[1]), choice)
    return confusion.side_by_side(
        *scored.totals, scored.legend, level=choice.level, top_k=shown[0], only=shown[1],
        fold=shown[2], mark=cell, wide=wide, dark=dark,
    )  # fmt: skip


def _ids(runs: Runs) -> tuple[str, str]:
    return runs[0].run_id, runs[1].run_id


def _download(dataset: str, scored: Scored, choice: Choice) -> None:
    cells = named_cells(scored, choice.level)
    file = ("confusion", choice.unit, choice.level)
    chart.button(say("Confusion cells (CSV)"), lambda: cells, dataset, *file)
