"""What was seen of each zone, and what of its parcels was mended or left out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from cropdash.ui import data, scores

_DROPPED = ("without_geometry", "without_area", "repeated_geometry")


def show(dataset: str) -> None:
    """Figures over all built zones, and a table with a row for each."""
    st.subheader("What the zones hold", anchor=False)
    zones = _table(dataset, data.fingerprint(dataset))
    if zones.empty:
        st.info("No zone of this dataset is built yet.", icon=":material/info:")
        return
    scores.row(_figures(zones))
    st.dataframe(zones, hide_index=True, column_config=_columns(), key=f"coverage:{dataset}")
    st.download_button(
        "Coverage (CSV)", data.csv(zones), f"{dataset}_coverage.csv", "text/csv",
        icon=":material/download:", key=f"coverage:csv:{dataset}", on_click="ignore",
    )  # fmt: skip


@st.cache_data(max_entries=8, show_spinner=False)
def _table(dataset: str, key: str) -> pd.DataFrame:
    store = data.store()
    rows = [
        row_of(zone.zone_id, zone.region, zone.split, store.report(dataset, zone.zone_id))
        for zone in store.zones(dataset)
    ]
    return pd.DataFrame(rows)


def row_of(zone_id: str, region: str, split: str, report: Mapping[str, Any]) -> dict[str, Any]:
    """One zone's report as a row; what a report lacks is left empty."""
    months = report.get("months_without_observation") or []
    codes = report.get("unknown_codes") or {}
    warnings = [str(w) for w in report.get("warnings") or []]
    return {
        "Zone": zone_id,
        "Region": region,
        "Split": split,
        "Parcels": report.get("parcels"),
        "Months not seen": len(months),
        "Which months": ", ".join(map(str, months)),
        "Filled": report.get("filled_share"),
        "Unknown codes": sum(codes.values()),
        "Which codes": ", ".join(f"{code} ({n})" for code, n in codes.items()),
        "Mended": report.get("mended_geometry"),
        "Dropped": sum(int(report.get(name) or 0) for name in _DROPPED),
        "Repeated ids": report.get("repeated_id"),
        "Warnings": len(warnings),
        "First warning": warnings[0] if warnings else "",
    }


def _figures(zones: pd.DataFrame) -> list[tuple[str, str, str]]:
    unseen = int((zones["Months not seen"] > 0).sum())
    return [
        ("Parcels", scores.count(zones["Parcels"].sum()), "Of all built zones."),
        (
            "Filled pixel-months",
            f"{zones['Filled'].mean():.1%}",
            "Had no clear date; filled from the months around them. Mean over built zones.",
        ),
        ("Zones with an unseen month", scores.count(unseen), "A month without a clear pixel."),
        ("Unknown codes", scores.count(zones["Unknown codes"].sum()), "Parcels put to background."),
        (
            "Mended / dropped",
            f"{scores.count(zones['Mended'].sum())} / {scores.count(zones['Dropped'].sum())}",
            "Outlines that were repaired; rows without outline or area, or twice the same.",
        ),
    ]


def _columns() -> dict[str, Any]:
    number = st.column_config.NumberColumn
    about = "Share of pixel-months without a clear date"
    return {
        "Zone": st.column_config.TextColumn(pinned=True),
        "Parcels": number(format="localized"),
        "Filled": number("Filled", format="percent", help=about),
        "Mended": number(help="Outlines that were not valid and could be repaired"),
        "Dropped": number(help="Without outline or area, or the same outline twice"),
        "Repeated ids": number(help="Rows whose id stands on several; told apart by their outline"),
    }
