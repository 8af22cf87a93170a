"""What each zone is made of: crops, or groups of them, as shares of the declared land."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import plotly.graph_objects as go

from cropdash.domain import Legend, Level
from cropdash.figures import palette, wording
from cropdash.i18n import say

OTHER = -1  # group of what is not shown by itself
SHARES = ("zone_id", "group", "label", "amount", "share")
# Okabe and Ito (2008), "Color universal design": eight colours that all eyes tell apart.
GROUP_COLOURS = (
    "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7", "#5b3a29",
)  # fmt: skip
_OTHER_COLOUR = "#a7aca9"
_NAMED = 0.16  # share of a bar that has room for a name
_ROW = 22  # [px] of a zone


def of_zones(
    counts: pd.DataFrame,
    unit: str,
    legend: Legend,
    level: Level = "class",
    *,
    top: int = 8,
) -> pd.DataFrame:
    """SHARES of the `top` groups of mapped crops in each zone, and of the rest together.

    Groups come in the order of their amount over all zones, the rest last.
    """
    mapped = counts[counts["crop"] > 0]
    group = legend.group_of(level)[mapped["crop"].to_numpy(dtype=int)]
    totals = mapped.groupby(group)[unit].sum().sort_values(ascending=False, kind="stable")
    kept = [int(g) for g in totals[totals > 0].index[:top]]
    parts = mapped.assign(group=[g if g in kept else OTHER for g in group])
    table = parts.groupby(["zone_id", "group"]).agg(amount=(unit, "sum")).reset_index()
    whole = table.groupby("zone_id")["amount"].transform("sum")
    names = wording.group_labels(legend, level)
    labels = {g: names[g] for g in kept} | {OTHER: say("Other")}
    table = table.assign(share=table["amount"] / whole, label=table["group"].map(labels))
    place = {g: i for i, g in enumerate([*kept, OTHER])}
    table = table.sort_values(
        ["zone_id", "group"], key=lambda c: c.map(place) if c.name == "group" else c
    )
    return table[list(SHARES)].reset_index(drop=True)


def bars(
    table: pd.DataFrame,
    unit: str,
    legend: Legend,
    level: Level = "class",
    *,
    zones: Sequence[str] = (),
    marked: str | None = None,
    dark: bool = False,
) -> go.Figure:
    """A bar of 100 % for each zone, in the order given; names stand in the parts that are long enough."""
    order = list(zones) or sorted(table["zone_id"].unique())
    figure, groups = go.Figure(), list(dict.fromkeys(table["group"]))
    groups = [g for g in groups if g != OTHER] + [g for g in groups if g == OTHER]
    for g in groups:
        rows = table[table["group"] == g].set_index("zone_id").reindex(order).dropna()
        figure.add_trace(_part(rows, g, groups.index(g), unit, legend, level, dark))
    figure.update_layout(
        palette.base_layout(
            dark,
            height=120 + _ROW * len(order),
            margin={"l": 8, "r": 12, "t": 8, "b": 48},
            barmode="stack",
            bargap=0.2,
            legend=palette.legend_above(font={"size": 12}, traceorder="normal"),
            uniformtext={"minsize": 10, "mode": "hide"},
        )
    )  # fmt: skip
    figure.update_xaxes(
        palette.axis(dark, range=[0, 100], ticksuffix=" %"),
        title=say("Share of {unit}", unit=unit),
    )
    names = [f"<b>▸ {wording.place(z)}</b>" if z == marked else wording.place(z) for z in order]
    return figure.update_yaxes(
        palette.axis(dark, tickfont={"size": 12}, showgrid=False),
        categoryorder="array",
        categoryarray=[wording.place(z) for z in order],
        tickvals=[wording.place(z) for z in order],
        ticktext=names,
        range=[len(order) - 0.5, -0.5],
    )


def _part(
    rows: pd.DataFrame,
    group: int,
    at: int,
    unit: str,
    legend: Legend,
    level: Level,
    dark: bool,
) -> go.Bar:
    names = wording.brief(wording.group_labels(legend, level))
    label = say("Other") if group == OTHER else names[group]
    colour = _colour(group, at, legend, level)
    notes = [
        f"{wording.percent(s)}: {wording.number(a)} {unit}"
        for s, a in zip(rows["share"], rows["amount"], strict=True)
    ]
    short = wording.shorten(label, 18)
    return go.Bar(
        orientation="h",
        y=[wording.place(z) for z in rows.index],
        x=100 * rows["share"],
        name=wording.shorten(label),
        text=[short if s >= _NAMED else "" for s in rows["share"]],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        textfont={"size": 11, "color": _ink(colour)},
        marker={"color": colour, "line": {"width": 1, "color": palette.of_theme(dark).surface}},
        customdata=notes,
        hovertemplate=f"<b>{label}</b><br>%{{y}}<br>%{{customdata}}<extra></extra>",
    )


def _colour(group: int, at: int, legend: Legend, level: Level) -> str:
    if group == OTHER:
        return _OTHER_COLOUR
    return legend.classes[group].colour if level == "class" else GROUP_COLOURS[at % 8]


def _ink(colour: str) -> str:
    """Black or white, whichever is easier to read on the colour."""
    r, g, b = palette.rgb(colour)
    return "#111111" if 0.299 * r + 0.587 * g + 0.114 * b > 140 else "#ffffff"
