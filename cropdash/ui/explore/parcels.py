"""One parcel, or two side by side: facts and series."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from cropdash.i18n import number, other_label, say
from cropdash.ui.explore import second_parcel
from cropdash.ui.shell import data
from cropdash.ui.shell.literal import literal
from cropdash.ui.widgets import choices, parcel
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets.names import crop_name


def parcel_panel(dataset: str, zone: str) -> None:
    """Series and facts of the selected parcel, and of a second one to compare with."""
    left, right = st.columns(2)
    with left:
        first = component.choose_parcel(dataset, zone)
    if first is None:
        st.info(
            say("Click a parcel on the map, or choose one above, to see its year."),
            icon=":material/touch_app:",
        )
        return
    with right:
        other = second_parcel.choose_second(dataset, zone)
    chosen = [first] if other is None else [first, other]
    values, picks = st.columns(2)
    with values:
        index = choices.value(dataset)
    with picks:
        second_parcel.choose_picks()
    parcel.series_chart(dataset, zone, chosen, index)
    if other is None:
        parcel.facts(dataset, zone, first)
    else:
        _side_by_side(dataset, zone, chosen)


def _side_by_side(dataset: str, zone: str, chosen: Sequence[int]) -> None:
    """Facts of two parcels in two columns."""
    table = data.parcels(dataset, zone).set_index("parcel_id", drop=False)
    rows, items = [table.loc[i] for i in chosen], data.legend(dataset).classes
    named = [say("Parcel {id}", id=i) for i in chosen]
    lines = [
        f"| | {' | '.join(f'**{name}**' for name in named)} |",
        "| --- | --- | --- |",
        _line(say("Crop"), [literal(crop_name(dataset, row["crop"])) for row in rows]),
        _line(
            say("Also called"),
            [literal(other_label(items[int(row["crop"])]) or "–") for row in rows],
        ),
        _line(say("Declared code"), [literal(row["code"] or "–") for row in rows]),
        _line(say("Area"), [f"{number(row['area_ha'], ',.2f')} ha" for row in rows]),
        _line(say("Pixels"), [number(row["n_pixels"]) for row in rows]),
        _line(
            say("Usual periods"), [parcel.usual_periods(dataset, zone, row) or "–" for row in rows]
        ),
    ]
    st.markdown("\n".join(lines))
    st.caption(say("Usual: observed periods in which NDVI lies in the 10–90 % range of the crop."))
    st.button(say("Swap the two"), icon=":material/swap_horiz:", on_click=second_parcel.swap)


def _line(name: str, cells: Sequence[str]) -> str:
    return f"| {name} | {' | '.join(cells)} |"
