"""The ranked list of declarations: counts, table, downloads."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st

from cropdash.domain import Level
from cropdash.domain.source import CARRIED
from cropdash.evaluate import suspicion
from cropdash.figures import wording
from cropdash.i18n import label, number, probability, say
from cropdash.storage.store import RunInfo
from cropdash.ui.review import notes, words
from cropdash.ui.shell import address, data, frame
from cropdash.ui.widgets import chart, run_pair, table

_KEY = "review:list"
_ROWS = 1_000  # that are shown at once


_ON_WHITE = {suspicion.RED: "#b3261e", suspicion.AMBER: "#8a5300", suspicion.GREEN: "#1c6b3c"}
_ON_BLACK = {suspicion.RED: "#ff8a80", suspicion.AMBER: "#ffb454", suspicion.GREEN: "#6fcf97"}


def show_list(rows: pd.DataFrame, runs: Sequence[RunInfo], level: Level, place: str) -> None:
    """The table; a click on the left of a row opens that parcel.

    Of a long list those rows are shown among which the open parcel stands.
    """
    if rows.empty:
        st.caption(say("Nothing is left to review: change the lights or filters."))
        return
    st.caption(
        say("{n} declarations. Click on the left of a row to open it; j and k go on and back.",
            n=number(len(rows)))
    )  # fmt: skip
    first = max(position(rows), 0) // _ROWS * _ROWS
    _turn(rows, first)
    rows, place = rows.iloc[first : first + _ROWS], f"{place}:{first}"
    chosen = table.show(
        _coloured(readable(rows, runs, level), rows["light"]),
        _forms(),
        columns=_columns(),
        width="stretch",
        height="stretch",
        on_select="rerun",
        selection_mode="single-row",
        key=f"{_KEY}:{place}",
    )
    picked = chosen["selection"]["rows"]
    now = (place, picked[0]) if picked and picked[0] < len(rows) else None
    # Only a new click moves on: else an old one would hold the address fast for ever.
    if now != st.session_state.get(f"{_KEY}:clicked"):
        st.session_state[f"{_KEY}:clicked"] = now
        if now is not None:
            open_parcel(rows.iloc[now[1]])


def position(rows: pd.DataFrame) -> int:
    """Where the parcel of the address stands in the list; -1 if it does not.

    The address names the register's id, with or without the zone, or the parcel's number in the zone.
    """
    zone, parcel = st.query_params.get("zone"), st.query_params.get("parcel") or ""
    there = np.ones(len(rows), bool) if zone is None else (rows["zone_id"] == zone).to_numpy(bool)
    same = there & (rows["register_id"] == parcel).to_numpy(bool)
    if not same.any() and zone is not None and parcel.isdecimal():
        same = there & (rows["parcel_id"] == int(parcel)).to_numpy(bool)
    return int(same.argmax()) if same.any() else -1


def _turn(rows: pd.DataFrame, first: int) -> None:
    """To the rows before and after those that are shown, by opening the first of them."""
    if len(rows) <= _ROWS:
        return
    line = st.container(horizontal=True, wrap=False, vertical_alignment="center")
    for key, icon, text, to in (
        ("earlier", ":material/first_page:", say("Rows before"), first - _ROWS),
        ("later", ":material/last_page:", say("Rows after"), first + _ROWS),
    ):
        line.button(
            text, icon=icon, key=f"{_KEY}:{key}", disabled=not 0 <= to < len(rows), type="tertiary",
            width="content", on_click=_open_at, args=(rows, to),
        )  # fmt: skip
    last = min(first + _ROWS, len(rows))
    line.caption(say("{a} to {b} of {n}", a=number(first + 1), b=number(last), n=number(len(rows))))


def _open_at(rows: pd.DataFrame, at: int) -> None:
    open_parcel(rows.iloc[at])


def open_parcel(row: Mapping[str, Any] | pd.Series) -> None:
    """Put a parcel into the address."""
    address.put("zone", str(row["zone_id"]))
    address.put("parcel", str(row["register_id"]))


def readable(rows: pd.DataFrame, runs: Sequence[RunInfo], level: Level) -> pd.DataFrame:
    """What the list shows: the register's id, words and shares."""
    dataset = runs[0].dataset
    called = words.names(dataset, level)
    shown = pd.DataFrame(
        {
            say("Parcel"): rows["register_id"].astype(str),
            say("Light"): [f"● {words.word(name)}" for name in rows["light"]],
            say("Declared"): [called[k] for k in rows["declared"]],
            say("Probable"): rows["supported"],
            say("Suggested"): [called[k] for k in rows["suggested"]],
            say("Its probability"): rows["likelihood"],
            say("Models against"): [f"{n} / {len(runs)}" for n in rows["against"]],
            say("Usual confusion"): [
                _counted(*u) for u in rows[["usual_n", "usual_of"]].to_numpy()
            ],
            say("Area [ha]"): rows["area_ha"],
            say("Zone"): [wording.place(z) for z in rows["zone_id"]],
            say("In the zone"): rows["share_in_zone"],
        }
    )
    if (rows["decision"] != "").any():
        pairs = zip(rows["decision"], rows["truth"], strict=True)
        shown.insert(1, say("Decision"), [notes.said(dataset, d, crop) for d, crop in pairs])
        shown[say("By")] = rows["decided_by"]
    return shown


def _counted(n: float, of: float) -> str:
    """A confusion with its count, so that one of two is not read as a half of many."""
    return say("{n} of {of}", n=number(int(n)), of=number(int(of))) if of else "–"


def _coloured(shown: pd.DataFrame, lights: pd.Series) -> Any:
    """The table with each light in a colour that can be read on the theme."""
    ink = _ON_BLACK if frame.is_dark() else _ON_WHITE
    shades = [f"color: {ink[name]}" if name in ink else "" for name in lights]
    return shown.style.apply(lambda column: shades, subset=[say("Light")])


def _forms() -> dict[str, table.Form]:
    shares = (say("Probable"), say("Its probability"), say("In the zone"))
    return {say("Area [ha]"): ",.2f", **dict.fromkeys(shares, probability)}


def _columns() -> dict[str, Any]:
    column, sure = st.column_config.NumberColumn, say("As the models see it, calibrated.")
    usual = say("Answers about scored parcels declared so that name the suggested crop.")
    return {
        # So narrow that what the models hold of it is seen beside it from 1440 px on.
        say("Declared"): st.column_config.TextColumn(width=140),
        say("Decision"): st.column_config.TextColumn(width=140),
        say("Probable"): column(help=sure),
        say("Its probability"): column(help=sure),
        say("Usual confusion"): st.column_config.TextColumn(help=usual),
        say("In the zone"): column(help=say("Share of the parcel's area; the rest is not seen.")),
    }


def downloads(rows: pd.DataFrame, runs: Sequence[RunInfo], level: Level) -> None:
    """The list as CSV and, with outlines, as GeoPackage and GeoParquet."""
    dataset = runs[0].dataset
    about = say("Outlines in WGS 84 (EPSG:4326) with light, evidence and your decisions.")
    with st.popover(say("Download"), icon=":material/download:"):
        chart.button(say("List (CSV)"), lambda: record(rows, runs, level), dataset, "review")
        chart.download(
            say("Parcels (GeoPackage)"), lambda: _geopackage(rows, runs, level),
            f"{data.stem(dataset, 'review')}.gpkg", "application/geopackage+sqlite3", about,
        )  # fmt: skip
        chart.download(
            say("Parcels (GeoParquet)"), lambda: _geoparquet(rows, runs, level),
            f"{data.stem(dataset, 'review')}.parquet", "application/vnd.apache.parquet", about,
        )  # fmt: skip


def record(rows: pd.DataFrame, runs: Sequence[RunInfo], level: Level) -> pd.DataFrame:
    """What is downloaded, the register's id first: names instead of ids, evidence in words, what was
    decided, and what it is all traced to."""
    dataset, models = runs[0].dataset, run_pair.names_of(runs)
    called, codes = words.names(dataset, level), data.legend(dataset).codes
    carried = [str(name) for name in rows if str(name).startswith(CARRIED)]
    told = pd.DataFrame(
        {
            "register_id": rows["register_id"].astype(str),
            "code": rows["code"],
            "code_label": [label(codes[c]) if c in codes else "" for c in rows["code"]],
            **{name.removeprefix(CARRIED): rows[name] for name in carried},
            "decision": rows["decision"], "truth": rows["truth"], "note": rows["note"],
            "decided": rows["decided"], "decided_by": rows["decided_by"],
            "light": rows["light"],
            "declared": [called[k] for k in rows["declared"]],
            "declared_probability": rows["supported"],
            "suggested": [called[k] for k in rows["suggested"]],
            "suggested_probability": rows["likelihood"],
            "models_against": rows["against"], "sets_without": rows["outside"],
            "usual_confusion": rows["usual"], "usual_n": rows["usual_n"], "usual_of": rows["usual_of"],
            "area_ha": rows["area_ha"], "n_pixels": rows["n_pixels"],
            "share_in_zone": rows["share_in_zone"], "share_seen": rows["seen"],
        }
    )  # fmt: skip
    for i, model in enumerate(models):
        name = model.lower().replace(" ", "_")
        told[f"{name}_class"] = [called[k] for k in rows[f"named_{i}"]]
        told[f"{name}_confidence"] = rows[f"sure_{i}"]
    told["evidence"] = [" ".join(words.reasons(row, models, called)) for _, row in rows.iterrows()]
    return pd.DataFrame(
        told.assign(zone_id=rows["zone_id"], parcel_id=rows["parcel_id"], **_traced(rows, runs))
    )


def _traced(rows: pd.DataFrame, runs: Sequence[RunInfo]) -> dict[str, Any]:
    """Runs, limits, day and fingerprints of what the list was made from."""
    told: dict[str, Any] = {"dataset": runs[0].dataset}
    told["dataset_fingerprint"] = data.fingerprint(runs[0].dataset)
    for letter, run in zip("ab", runs, strict=False):
        told[f"run_{letter}"] = run.run_id
        made_of = data.store().predicted_of(run.run_id)
        told[f"model_{letter}_fingerprint"] = [made_of.get(str(z), "") for z in rows["zone_id"]]
    for name in ("red_below", "amber_below", "as_of"):
        if name in rows:  # as_of: the day by which the models were asked
            told[name] = rows[name]
    return told


def _outlines(rows: pd.DataFrame, runs: Sequence[RunInfo], level: Level) -> gpd.GeoDataFrame:
    dataset = runs[0].dataset
    parts = [
        data.parcels(dataset, str(zone))[["register_id", "geometry"]].to_crs(4326)
        for zone in rows["zone_id"].unique()
    ] or [gpd.GeoDataFrame({"register_id": []}, geometry=[], crs=4326)]
    outlines = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=4326)
    outlines = outlines.assign(register_id=outlines["register_id"].astype(str))
    listed = record(rows, runs, level).assign(**data.description(dataset).season.columns)
    found = outlines.merge(listed, on="register_id")
    return gpd.GeoDataFrame(found[[*listed.columns, "geometry"]], crs=4326)


def _geopackage(rows: pd.DataFrame, runs: Sequence[RunInfo], level: Level) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "review.gpkg"
        _outlines(rows, runs, level).to_file(path, layer="review", driver="GPKG")
        return path.read_bytes()


def _geoparquet(rows: pd.DataFrame, runs: Sequence[RunInfo], level: Level) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "review.parquet"
        _outlines(rows, runs, level).to_parquet(path, index=False)
        return path.read_bytes()
