"""The two confusion matrices, or their difference: a click on a cell opens what is behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from cropdash import i18n
from cropdash.domain import Level
from cropdash.figures import confusion
from cropdash.i18n import other_label, say
from cropdash.ui.compare import confused
from cropdash.ui.compare.controls import group_labels, said
from cropdash.ui.compare.counting import Choice, Marks, Names, Runs, Scored, marks_of, score
from cropdash.ui.compare.tables import all_cells
from cropdash.ui.shell import address, data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import chart, choices

_TOPS = ("10", "15", "20", "30", "all")
_USUAL = "20"
_MARKS = "compare:marks"  # cells that each figure outlines from the start
_ANEW = "compare:anew"  # how often each figure lost its outline and was drawn anew


@st.fragment
def show(runs: Runs, names: Names, scored: Scored, choice: Choice) -> None:
    """Controls, matrices, and the parcels behind the chosen cell; a click redraws only these."""
    view, top, only = _controls(runs, scored, choice)
    st.caption(
        say(
            "Rows are what was declared, as shares of each row: {what}. Click a cell to see its "
            "parcels.",
            what=said(choice),
        )
    )
    drawn = (*(run.run_id for run in runs), choice, view, top, only)
    cell = confused.current(scored, choice.level)
    if view == "difference":
        _difference(runs, names, choice, (top, only), cell, drawn)
    else:
        _pair(runs, names, choice, (top, only), cell, drawn)
    _download(runs[0].dataset, scored, choice)
    confused.show(runs, names, scored, choice, cell)


def _controls(
    runs: Runs, scored: Scored, choice: Choice
) -> tuple[str, int | None, tuple[int, ...]]:
    """Side by side or difference; how many classes; which ones."""
    first, second, third = st.columns([3, 3, 4], vertical_alignment="bottom")
    with first:
        views = {"pair": say("Side by side"), "difference": say("Difference")}
        view = choices.one_of(say("View"), "matrix", views)
    with second:
        tops = {top: say("all") if top == "all" else top for top in _TOPS}
        top = choices.one_of(
            say("Classes shown"), "top", tops, _USUAL,
            help=say("The most frequent ones; the rest is summed up as other."),
        )  # fmt: skip
    with third:
        only = _search(runs, scored, choice.level)
    return view, None if top == "all" else int(top), only


def _search(runs: Runs, scored: Scored, level: Level) -> tuple[int, ...]:
    """Classes or groups picked by name; the address keeps their stable names as `only`."""
    stable, labels = scored.legend.groups(level), group_labels(runs[0].dataset, level)
    left, right = scored.totals_at(level)
    there = left.support + left.predicted_total + right.predicted_total
    offered = sorted((k for k, n in enumerate(there) if n > 0), key=lambda k: labels[k].casefold())
    wanted = (st.query_params.get("only") or "").split(",")
    key = "address:only"
    st.session_state[key] = [k for k in offered if stable[k] in wanted]

    def follow() -> None:
        address.put("only", ",".join(stable[k] for k in st.session_state[key]) or None)

    items = scored.legend.classes
    other = {k: other_label(items[k]) for k in offered} if level == "class" else {}
    chosen = st.multiselect(
        say("Search classes"), offered, key=key, on_change=follow,
        format_func=lambda k: f"{labels[k]} · {other[k]}" if other.get(k) else labels[k],
        placeholder=say("Type a name to show only some"),
    )  # fmt: skip
    return tuple(chosen)


def _pair(
    runs: Runs, names: Names, choice: Choice, shown: tuple[int | None, tuple[int, ...]],
    cell: str | None, drawn: tuple[Any, ...],
) -> None:  # fmt: skip
    marks = (_mark("left", cell, drawn), _mark("right", cell, drawn))
    figures = _figures(
        _ids(runs), marks_of(runs), choice, shown, marks, i18n.current(), frame.is_dark()
    )
    for side, name, column, figure in zip(
        ("left", "right"), names, st.columns(2, gap="small"), figures, strict=True
    ):
        with column:
            st.markdown(f"**{literal(name)}**")
            alt = say("Confusion matrix of {name}: {what}", name=name, what=said(choice))
            _clickable(figure, side, alt)


def _difference(
    runs: Runs, names: Names, choice: Choice, shown: tuple[int | None, tuple[int, ...]],
    cell: str | None, drawn: tuple[Any, ...],
) -> None:  # fmt: skip
    scored = score(*runs, choice)
    figure = confusion.difference(
        *scored.totals, names, scored.legend, level=choice.level, top_k=shown[0], only=shown[1],
        mark=_mark("difference", cell, drawn), dark=frame.is_dark(),
    )  # fmt: skip
    title = say("Where {left} and {right} differ", left=names[0], right=names[1])
    st.markdown(f"**{literal(title)}**")
    _clickable(figure, "difference", f"{title}: {said(choice)}")


def _clickable(figure: Any, side: str, alt: str) -> None:
    key = f"matrix:{side}:{st.session_state.get(f'{_ANEW}:{side}', 0)}"
    st.plotly_chart(
        figure, theme=None, width="stretch", key=key, alt=alt, selection_mode="points",
        on_select=_chooser(key, side),
    )  # fmt: skip


def _chooser(key: str, side: str) -> Callable[[], None]:
    """Puts the clicked cell into the address. The clicked figure outlines it by itself."""

    def choose() -> None:
        points = st.session_state[key]["selection"]["points"]
        cell = points[0].get("customdata") if points else None
        cell = cell[0] if isinstance(cell, list) else cell
        kept: Mapping[str, Any] = st.session_state.get(_MARKS, {})
        if cell:
            address.put("cell", str(cell))
            st.session_state[_MARKS] = {
                name: mark if name == side else {**mark, "cell": str(cell)}
                for name, mark in kept.items()
            } | {"clicked": {"cell": str(cell)}}
        else:
            _outline_again(side, kept)

    return choose


def _outline_again(side: str, kept: Mapping[str, Any]) -> None:
    """Draw a figure anew: a second click on the outlined cell took the outline, not the choice."""
    again = f"{_ANEW}:{side}"
    st.session_state[again] = st.session_state.get(again, 0) + 1
    st.session_state[_MARKS] = {name: mark for name, mark in kept.items() if name != side}


def _mark(side: str, cell: str | None, drawn: tuple[Any, ...]) -> str | None:
    """The cell that a figure outlines from the start.

    A click must not change the clicked figure, or the browser would draw it anew: its mark
    changes only when something else does.
    """
    kept = dict(st.session_state.get(_MARKS, {}))
    text, mine = repr(drawn), kept.get(side)
    clicked = (kept.get("clicked") or {}).get("cell")
    if mine is None or mine["drawn"] != text or (cell != clicked and mine["cell"] != cell):
        mine = {"drawn": text, "cell": cell}
    st.session_state[_MARKS] = kept | {side: mine}
    marked: str | None = mine["cell"]
    return marked


@st.cache_resource(max_entries=24, show_spinner=False)
def _figures(
    ids: tuple[str, str], finished: Marks, choice: Choice,
    shown: tuple[int | None, tuple[int, ...]], marks: tuple[str | None, str | None],
    spoken: str, dark: bool,
) -> tuple[Any, Any]:  # fmt: skip
    scored = score(data.store().run(ids[0]), data.store().run(ids[1]), choice)
    return confusion.side_by_side(
        *scored.totals, scored.legend, level=choice.level, top_k=shown[0], only=shown[1],
        marks=marks, dark=dark,
    )  # fmt: skip


def _ids(runs: Runs) -> tuple[str, str]:
    return runs[0].run_id, runs[1].run_id


def _download(dataset: str, scored: Scored, choice: Choice) -> None:
    names = scored.legend.groups(choice.level)
    cells = all_cells(scored, choice.level)
    cells = cells.assign(
        truth_name=[names[i] for i in cells["truth"]],
        predicted_name=[names[i] for i in cells["predicted"]],
    )
    file = ("confusion", choice.unit, choice.level)
    chart.button(say("Confusion cells (CSV)"), lambda: cells, dataset, *file)
