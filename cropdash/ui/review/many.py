"""Many parcels at once: those that the list shows, and those of a file from the field."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from cropdash.i18n import number, say
from cropdash.storage import decisions, field
from cropdash.storage.decisions import Parcel, Said
from cropdash.storage.store import RunInfo
from cropdash.ui.review import deciding, notes
from cropdash.ui.shell import data, frame, identity
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import table

_AT_ONCE = (decisions.KEEP, decisions.DOUBTFUL, decisions.VISIT, decisions.LEAVE_OUT)


def show(rows: pd.DataFrame, runs: Sequence[RunInfo]) -> None:
    """One decision for all that is listed, and decisions from a file."""
    with st.popover(say("Many at once"), icon=":material/done_all:"):
        why_not = identity.barred("decide")
        words = {word: say(notes.DECISIONS[word]) for word in _AT_ONCE} | {"": say("Undecided")}
        word = st.selectbox(say("Decision"), list(words), format_func=words.__getitem__)
        told = say("Decide all {n} that are listed", n=number(len(rows)))
        if st.button(told, disabled=bool(why_not) or not len(rows)) and deciding.keep(
            runs, _all(rows, str(word))
        ):
            frame.announce(say("{n} parcels are decided.", n=number(len(rows))))
            st.rerun()
        st.divider()
        _from_file(runs, disabled=bool(why_not))


def _all(rows: pd.DataFrame, word: str) -> list[Said]:
    listed = zip(rows["register_id"], rows["zone_id"], rows["parcel_id"], strict=True)
    return [Said(Parcel(str(i), str(z), int(p)), word) for i, z, p in listed]


def _from_file(runs: Sequence[RunInfo], *, disabled: bool) -> None:
    """A file's decisions, by the register's id, and what to do where another one holds already."""
    file = st.file_uploader(
        say("Decisions from a file (CSV or GeoPackage)"), type=["csv", "gpkg"], disabled=disabled,
        help=say(
            "Columns register_id and decision (keep, doubtful, visit, relabel, leave_out), and if wanted crop and note."
        ),
    )  # fmt: skip
    if file is None:
        return
    dataset = runs[0].dataset
    with frame.plainly(), tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("field.gpkg" if file.name.lower().endswith("gpkg") else "field.csv")
        path.write_bytes(file.getbuffer())
        found = field.compare(
            field.read(path), notes.current(dataset), data.store().parcel_places(dataset),
            [c.name for c in data.legend(dataset).classes if c.id],
        )  # fmt: skip
        st.caption(
            say(
                "{new} new, {same} as they are, {conflicts} against what is decided, {unknown} of no parcel of this dataset.",
                new=number(len(found.new)), same=number(found.same),
                conflicts=number(len(found.conflicts)), unknown=number(len(found.unknown)),
            )
        )  # fmt: skip
        if found.unknown:
            st.caption(literal(", ".join(found.unknown[:10])))
        take = False
        if found.conflicts:
            pairs = [
                (
                    new.parcel.register_id,
                    notes.said(dataset, old.decision, old.crop),
                    notes.said(dataset, new.decision or "", new.crop),
                    old.author,
                )
                for new, old in found.conflicts
            ]
            names = (say("Parcel"), say("Decided"), say("In the file"), say("By"))
            table.show(pd.DataFrame(pairs, columns=list(names)), height=180)
            take = st.checkbox(say("Take the file's where they differ"))
        told = [*found.new, *(new for new, _ in found.conflicts if take)]
        if st.button(say("Take in {n}", n=number(len(told))), disabled=not told) and deciding.keep(
            runs, told, source=file.name
        ):
            frame.announce(say("{n} parcels are decided.", n=number(len(told))))
            st.rerun()
