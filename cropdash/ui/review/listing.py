"""The ranked list of declarations: counts, table, downloads."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import streamlit as st

from cropdash.domain import Level
from cropdash.evaluate import suspicion
from cropdash.figures import wording
from cropdash.i18n import number, probability, say
from cropdash.ui.review import notes, words
from cropdash.ui.shell import address, data, frame
from cropdash.ui.widgets import chart, parcel, table

_KEY = "review:list"


_ON_WHITE = {suspicion.RED: "#b3261e", suspicion.AMBER: "#8a5300", suspicion.GREEN: "#1c6b3c"}
_ON_BLACK = {suspicion.RED: "#ff8a80", suspicion.AMBER: "#ffb454", suspicion.GREEN: "#6fcf97"}


def show_list(
    rows: pd.DataFrame, models: Sequence[str], level: Level, dataset: str, place: str
) -> None:
    """The table; a click on the left of a row opens that parcel."""
    st.caption(
        say("{n} declarations, most doubtful first. Click on the left of a row to open it.",
            n=number(len(rows)))
    )  # fmt: skip
    chosen = table.show(
        _coloured(readable(rows, models, level, dataset), rows["light"]),
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


def open_parcel(row: Mapping[str, Any] | pd.Series) -> None:
    """Put a parcel into the address."""
    address.put("zone", str(row["zone_id"]))
    address.put("parcel", str(row["parcel_id"]))


def readable(rows: pd.DataFrame, models: Sequence[str], level: Level, dataset: str) -> pd.DataFrame:
    """What the list shows: words and shares."""
    called = words.names(dataset, level)
    shown = pd.DataFrame(
        {
            say("Light"): [f"● {words.word(name)}" for name in rows["light"]],
            say("Declared"): [called[k] for k in rows["declared"]],
            say("Probable"): rows["supported"],
            say("Suggested"): [called[k] for k in rows["suggested"]],
            say("Its probability"): rows["likelihood"],
            say("Models against"): [f"{n} / {len(models)}" for n in rows["against"]],
            say("Usual confusion"): rows["usual"],
            say("Area [ha]"): rows["area_ha"],
            say("Zone"): [wording.place(z) for z in rows["zone_id"]],
            say("Parcel"): _own_ids(rows, dataset),
        }
    )
    if (rows["decision"] != "").any():
        shown.insert(1, say("Decision"), [notes.decision_said(d) for d in rows["decision"]])
    return shown


def _own_ids(rows: pd.DataFrame, dataset: str) -> list[str]:
    """The register's id of each row's parcel."""
    places = zip(rows["zone_id"], rows["parcel_id"], strict=True)
    return [parcel.named(dataset, str(zone), int(i)) for zone, i in places]


def _coloured(shown: pd.DataFrame, lights: pd.Series) -> Any:
    """The table with each light in a colour that can be read on the theme."""
    ink = _ON_BLACK if frame.is_dark() else _ON_WHITE
    shades = [f"color: {ink[name]}" if name in ink else "" for name in lights]
    return shown.style.apply(lambda column: shades, subset=[say("Light")])


def _forms() -> dict[str, table.Form]:
    shares = (say("Probable"), say("Its probability"), say("Usual confusion"))
    return {say("Area [ha]"): ",.2f", **dict.fromkeys(shares, probability)}


def _columns() -> dict[str, Any]:
    column, sure = st.column_config.NumberColumn, say("As the models see it, calibrated.")
    usual = say("Share of the scored parcels declared so that are called the suggested crop.")
    return {
        say("Probable"): column(help=sure),
        say("Its probability"): column(help=sure),
        say("Usual confusion"): column(help=usual),
    }


def downloads(rows: pd.DataFrame, models: Sequence[str], level: Level, dataset: str) -> None:
    """The list as CSV and, with outlines, as GeoPackage."""
    with st.popover(say("Download"), icon=":material/download:"):
        chart.button(
            say("List (CSV)"), lambda: record(rows, models, level, dataset), dataset, "review"
        )
        chart.download(
            say("Parcels (GeoPackage)"),
            lambda: _geopackage(rows, models, level, dataset),
            f"{data.stem(dataset, 'review')}.gpkg",
            "application/geopackage+sqlite3",
            say("Outlines in WGS 84 (EPSG:4326) with light, evidence and your decisions."),
        )


def record(rows: pd.DataFrame, models: Sequence[str], level: Level, dataset: str) -> pd.DataFrame:
    """What is taken home: names instead of ids, evidence in words, the analyst's decisions."""
    called = words.names(dataset, level)
    told = rows[["zone_id", "parcel_id", "light", "area_ha", "n_pixels"]].assign(
        register_id=_own_ids(rows, dataset),
        declared=[called[k] for k in rows["declared"]],
        declared_probability=rows["supported"],
        suggested=[called[k] for k in rows["suggested"]],
        suggested_probability=rows["likelihood"],
        models_against=rows["against"],
        sets_without=rows["outside"],
        usual_confusion=rows["usual"],
    )
    for i, model in enumerate(models):
        name = model.lower().replace(" ", "_")
        told[f"{name}_class"] = [called[k] for k in rows[f"named_{i}"]]
        told[f"{name}_confidence"] = rows[f"sure_{i}"]
    told["evidence"] = [" ".join(words.reasons(row, models, called)) for _, row in rows.iterrows()]
    if "as_of" in rows:  # the day by which the models were asked
        told["as_of"] = rows["as_of"]
    return pd.DataFrame(told.assign(decision=rows["decision"], note=rows["note"]))


def _geopackage(rows: pd.DataFrame, models: Sequence[str], level: Level, dataset: str) -> bytes:
    parts = [
        data.parcels(dataset, str(zone))[["zone_id", "parcel_id", "geometry"]].to_crs(4326)
        for zone in rows["zone_id"].unique()
    ] or [gpd.GeoDataFrame({"zone_id": [], "parcel_id": []}, geometry=[], crs=4326)]
    outlines = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=4326)
    told = outlines.merge(record(rows, models, level, dataset), on=["zone_id", "parcel_id"])
    told = told.assign(**data.description(dataset).season.columns)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "review.gpkg"
        told.to_file(path, layer="review", driver="GPKG")
        return path.read_bytes()
