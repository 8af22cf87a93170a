"""What a dataset was made of: its register, its images, and the file that says so to others."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.i18n import number, say
from cropdash.ui.shell import data, frame
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import chart, table

_SHOWN = 2_000  # scenes of the table; the file has all


@frame.plainly()
def show(dataset: str) -> None:
    """Where its parcels were fetched, which scenes were read and why so, and all of it as a file."""
    if not data.store().dataset(dataset).built:
        return
    told = _provenance(dataset, data.fingerprint(dataset))
    zones = list(told["zones"].values())
    with st.expander(say("What it was made of"), icon=":material/inventory_2:"):
        for register in _once([zone["register"] for zone in zones if zone["register"]]):
            st.markdown(literal(_said(register)))
        scenes = _scenes(zones)
        if len(scenes):
            st.caption(
                say("{n} scenes, each with the offset that was taken off.", n=number(len(scenes)))
            )
            heads = [say("Date"), say("Scene"), say("Offset"), say("Why"), say("Zones")]
            table.show(
                scenes.head(_SHOWN).set_axis(heads, axis=1), height=table.fitting(len(scenes), 300)
            )
        chart.download(
            say("Provenance (JSON)"), lambda: json.dumps(told, indent=1).encode(),
            f"{data.stem(dataset, 'provenance')}.json", "application/json",
            say("Register, scenes, digests and versions; 'build --scenes' reads the same scenes again."),
        )  # fmt: skip


@st.cache_data(max_entries=4, show_spinner=False)
def _provenance(dataset: str, key: str) -> dict[str, Any]:
    return data.store().provenance(dataset)


def _once(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for n, row in enumerate(rows) if row not in rows[:n]]


def _said(register: dict[str, Any]) -> str:
    """One sentence on a register that was fetched."""
    return say(
        "{parcels} parcels of {where}, fetched {when} (UTC); SHA-256 {digest}.",
        parcels=number(int(register["parcels"])),
        where=register.get("service") or register.get("file") or "?",
        when=str(register["fetched"])[:16].replace("T", " "),
        digest=register["digest"],
    )


def _scenes(zones: list[dict[str, Any]]) -> pd.DataFrame:
    """Each scene once: date, name, offset [DN], why, and how many zones it was read for."""
    rows = [
        (row["date"], row["name"], min(row.get("offsets") or [0]), say(str(row.get("why") or "")))
        for zone in zones
        for row in (zone["scenes"] or {}).get("scenes", ())
    ]
    found = pd.DataFrame(rows, columns=["date", "name", "offset", "why"])
    return found.groupby(list(found), sort=True).size().reset_index(name="zones")
