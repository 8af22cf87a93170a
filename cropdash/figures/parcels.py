"""How large parcels are."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cropdash.domain import Legend
from cropdash.figures import palette, wording
from cropdash.i18n import label, say

BOXES = ("key", "label", "n", "p5", "q1", "median", "q3", "p95")
_QUANTILES = {"p5": 0.05, "q1": 0.25, "median": 0.5, "q3": 0.75, "p95": 0.95}
_ROW = 20  # [px] of a box


def size_table(facts: pd.DataFrame, by: str, legend: Legend) -> pd.DataFrame:
    """BOXES of parcel areas [ha] by `by` (crop or region), largest median first.

    facts: crop, region, area_ha; parcels of unmapped crops are left out of the crops.
    """
    chosen = facts[facts["crop"] > 0] if by == "crop" else facts
    if chosen.empty:
        return pd.DataFrame(columns=list(BOXES))
    grouped = chosen.groupby(by)["area_ha"]
    table = grouped.quantile(np.array(list(_QUANTILES.values()))).unstack()
    table.columns = list(_QUANTILES)
    table = table.assign(n=grouped.size()).sort_values("median", ascending=False).reset_index()
    names = [
        label(legend.classes[int(k)]) if by == "crop" else wording.place(str(k)) for k in table[by]
    ]
    return table.rename(columns={by: "key"}).assign(label=wording.shorten_all(names))[list(BOXES)]


def size_boxes(table: pd.DataFrame, by: str, legend: Legend, *, dark: bool = False) -> go.Figure:
    """A box of each row of `size_table`: half of the parcels in the box, 90 % in the whiskers."""
    ink = palette.of_theme(dark)
    figure = go.Figure()
    for row in table.to_dict("records"):
        fill = legend.classes[int(row["key"])].colour if by == "crop" else ink.sequential[3]
        figure.add_trace(
            go.Box(
                orientation="h",
                y=[row["label"]],
                name=f"{row['label']} ({wording.number(row['n'])})",
                lowerfence=[row["p5"]],
                q1=[row["q1"]],
                median=[row["median"]],
                q3=[row["q3"]],
                upperfence=[row["p95"]],
                fillcolor=fill,
                line={"color": ink.muted, "width": 1.2},
                hoverinfo="x+name",
                hoverlabel={"namelength": -1},
                showlegend=False,
            )
        )
    figure.update_layout(
        palette.base_layout(
            dark,
            height=76 + _ROW * max(len(table), 3),
            margin={"l": 8, "r": 12, "t": 8, "b": 48},
            boxgap=0.3,
        )
    )
    _area_axis(figure, dark)
    if len(table):
        ends = (math.log10(table["p5"].min()) - 0.1, math.log10(table["p95"].max()) + 0.1)
        figure.update_xaxes(range=ends)
    return figure.update_yaxes(
        palette.axis(dark, tickmode="linear", tickfont={"size": 12}),
        range=[len(table) - 0.5, -0.5],
        showgrid=False,
    )


def _area_axis(figure: go.Figure, dark: bool) -> None:
    figure.update_xaxes(
        palette.axis(dark, type="log", tickformat=",~f", dtick=1, hoverformat=",.2f"),
        title=say("Parcel area [ha] (log scale)"),
        minor={"dtick": "D2", "showgrid": True, "gridcolor": palette.of_theme(dark).grid},
    )
