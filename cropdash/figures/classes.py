"""How much there is of each class, and how often the ground was seen."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from cropdash.figures import palette
from cropdash.legend import Legend

UNITS = {"pixels": "pixels", "hectares": "ha", "parcels": "parcels"}


def imbalance(counts: pd.DataFrame, unit: str, legend: Legend, *, dark: bool = False) -> go.Figure:
    """Bars of each class, largest first, on a logarithmic axis.

    `counts` has crop, pixels, parcels, hectares in any number of rows per class.
    """
    table = ranked(counts, unit, legend)
    figure = go.Figure(
        go.Bar(
            x=table["label"],
            y=table["amount"],
            marker={"color": table["colour"], "line": {"width": 0.5, "color": "#777"}},
            customdata=table[["share", "rank", "label_fr"]],
            hovertemplate="<b>%{x}</b> (%{customdata[2]})<br>%{y:,.0f} "
            + UNITS[unit]
            + "<br>%{customdata[0]:.2%} of all, rank %{customdata[1]}<extra></extra>",
        )
    )
    figure.update_layout(
        **palette.base_layout(dark, height=430, margin={"l": 64, "r": 8, "t": 16, "b": 150})
    )
    figure.update_xaxes(**palette.axis(dark), tickangle=-55, nticks=60)
    figure.update_yaxes(
        **palette.axis(dark), type="log", title=f"{unit.capitalize()} (log scale)", dtick=1
    )
    return figure


def ranked(counts: pd.DataFrame, unit: str, legend: Legend) -> pd.DataFrame:
    """crop, label, label_fr, colour, amount, share, rank: mapped classes, largest first."""
    totals = counts[counts["crop"] > 0].groupby("crop")[unit].sum()
    totals = totals[totals > 0].sort_values(ascending=False)
    items = [legend.classes[int(crop)] for crop in totals.index]
    return pd.DataFrame(
        {
            "crop": totals.index.to_numpy(),
            "label": [_short(c.label_en) for c in items],
            "label_fr": [c.label_fr for c in items],
            "colour": [c.colour for c in items],
            "amount": totals.to_numpy(),
            "share": (totals / totals.sum()).to_numpy(),
            "rank": range(1, len(totals) + 1),
        }
    )


def clear_dates(table: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Heat map of the mean number of clear dates by zone and month."""
    grid = table.pivot(index="zone_id", columns="period", values="clear_dates")
    empty = table.pivot(index="zone_id", columns="period", values="empty_share")
    months = pd.to_datetime(grid.columns, format="%Y-%m").strftime("%b")
    figure = go.Figure(
        go.Heatmap(
            x=list(months),
            y=[str(zone).replace("_", " ").capitalize() for zone in grid.index],
            z=grid.to_numpy(),
            customdata=empty.to_numpy(),
            colorscale="Viridis",
            zmin=0,
            xgap=1,
            ygap=1,
            colorbar={"title": {"text": "Clear dates"}, "thickness": 14},
            hovertemplate="%{y}, %{x}<br>%{z:.1f} clear dates<br>"
            "%{customdata:.0%} of pixels filled in<extra></extra>",
        )
    )
    figure.update_layout(
        **palette.base_layout(
            dark, height=90 + 17 * len(grid), margin={"l": 130, "r": 8, "t": 12, "b": 32}
        )
    )
    figure.update_xaxes(**palette.axis(dark))
    figure.update_yaxes(**palette.axis(dark), autorange="reversed", tickmode="linear")
    return figure


def parcel_sizes(parcels: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Histogram of parcel areas of a zone."""
    figure = go.Figure(
        go.Histogram(
            x=parcels["area_ha"],
            nbinsx=40,
            marker={"color": "#5b8c6a"},
            hovertemplate="%{x} ha: %{y} parcels<extra></extra>",
        )
    )
    figure.update_layout(
        **palette.base_layout(dark, height=300, margin={"l": 56, "r": 8, "t": 12, "b": 44})
    )
    figure.update_xaxes(**palette.axis(dark), title="Parcel area [ha]")
    figure.update_yaxes(**palette.axis(dark), title="Parcels")
    return figure


def _short(label: str, limit: int = 26) -> str:
    return label if len(label) <= limit else label[: limit - 1].rstrip(" ,(") + "…"
