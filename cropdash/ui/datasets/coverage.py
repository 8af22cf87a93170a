"""What was seen of each zone, and what of its parcels was mended or left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.i18n import number, say, sentence
from cropdash.ui.shell import data
from cropdash.ui.widgets import chart, damage, scores, table

_COLUMNS = {  # and what is said of them
    sentence("Zone"): "",
    sentence("Region"): "",
    sentence("Split"): "",
    sentence("Parcels"): "",
    sentence("Periods not seen"): "",
    sentence("Which periods"): "",
    sentence("Filled"): sentence("Share of pixels without a clear date, mean over periods"),
    sentence("Unknown codes"): "",
    sentence("Which codes"): "",
    sentence("Mended"): sentence("Outlines that were not valid and could be repaired"),
    sentence("Dropped"): sentence("Without outline or area, or the same outline twice"),
    sentence("Repeated ids"): sentence(
        "Rows whose id stands on several; told apart by their outline"
    ),
    sentence("Layers known"): sentence("Share of pixels that the least known layer knows"),
    sentence("Warnings"): "",
    sentence("First warning"): "",
}
_DROPPED = ("without_geometry", "without_area", "repeated_geometry")


def show(dataset: str) -> None:
    """Figures over all built zones, and a table with a row for each."""
    st.header(say("What the zones hold"), anchor=False)
    zones = _table(dataset, data.fingerprint(dataset))
    if zones.empty:
        none = say("No zone of this dataset is built yet.")
        st.info(damage.instead(none), icon=":material/info:")
        return
    scores.row(_figures(zones), "coverage")
    shown = zones.assign(Split=zones["Split"].map(say))
    shares = {"Filled": ".1%", "Layers known": ".1%"}
    table.show(shown, shares, columns=_columns(), key=f"coverage:{dataset}")
    chart.button(say("Coverage (CSV)"), lambda: zones, dataset, "coverage")


@st.cache_data(max_entries=8, show_spinner=False)
def _table(dataset: str, key: str) -> pd.DataFrame:
    store = data.store()
    rows = [
        row_of(zone.zone_id, zone.region, zone.split, store.report(dataset, zone.zone_id))
        for zone in store.zones(dataset)
    ]
    first = pd.Series([row["First warning"] for row in rows], dtype=object)  # messages stay
    return pd.DataFrame(rows).assign(**{"First warning": first})


def row_of(zone_id: str, region: str, split: str, report: Mapping[str, Any]) -> dict[str, Any]:
    """One zone's report as a row; what a report lacks is left empty."""
    unseen = report.get("periods_without_observation") or []
    codes = report.get("unknown_codes") or {}
    warnings = [str(w) for w in report.get("warnings") or []]
    return {
        "Zone": zone_id,
        "Region": region,
        "Split": split,
        "Parcels": report.get("parcels"),
        "Periods not seen": len(unseen),
        "Which periods": ", ".join(map(str, unseen)),
        "Filled": report.get("filled_share"),
        "Unknown codes": sum(codes.values()),
        "Which codes": ", ".join(f"{code} ({n})" for code, n in codes.items()),
        "Mended": report.get("mended_geometry"),
        "Dropped": sum(int(report.get(name) or 0) for name in _DROPPED),
        "Repeated ids": report.get("repeated_id"),
        "Layers known": min((report.get("layers_known") or {}).values(), default=None),
        "Warnings": len(warnings),
        "First warning": warnings[0] if warnings else "",
    }


def _figures(zones: pd.DataFrame) -> list[tuple[str, str, str]]:
    unseen = int((zones["Periods not seen"] > 0).sum())
    return [
        (say("Parcels"), scores.count(zones["Parcels"].sum()), say("Of all built zones.")),
        (
            say("Filled pixels"),
            number(zones["Filled"].mean(), ".1%"),
            say("Had no clear date; filled from the periods around them. Mean over built zones."),
        ),
        (
            say("Zones with an unseen period"),
            scores.count(unseen),
            say("A period without a clear pixel."),
        ),
        (
            say("Unknown codes"),
            scores.count(zones["Unknown codes"].sum()),
            say("Parcels put to background."),
        ),
        (
            say("Mended / dropped"),
            f"{scores.count(zones['Mended'].sum())} / {scores.count(zones['Dropped'].sum())}",
            say("Outlines that were repaired; rows without outline or area, or twice the same."),
        ),
    ]


def _columns() -> dict[str, Any]:
    shown = {
        name: st.column_config.Column(say(name), help=say(about) if about else None)
        for name, about in _COLUMNS.items()
    }
    return shown | {
        "Zone": st.column_config.TextColumn(say("Zone"), pinned=True),
    }
