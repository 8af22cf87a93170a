"""How much there is of each class."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from cropdash.domain import Legend
from cropdash.figures import palette, wording
from cropdash.i18n import label, other_label, say, sentence

UNITS = {"pixels": sentence("pixels"), "hectares": "ha", "parcels": sentence("parcels")}
_ROW = 17  # [px] of a class
_AXES = 92  # [px] above and below the bars


def imbalance(
    counts: pd.DataFrame,
    unit: str,
    legend: Legend,
    *,
    by_split: bool = False,
    dark: bool = False,
) -> go.Figure:
    """Bars of each class, largest on top, on a logarithmic axis; train beside test if `by_split`.

    `counts` has split, crop, pixels, parcels, hectares in any number of rows per class.
    """
    table = ranked(counts, unit, legend)
    if by_split:
        bars = _by_split(counts, table, unit, legend, dark)
    else:
        bars = [_bars(table, unit, table["colour"], "", len(table))]
    figure = go.Figure(bars)
    rows = len(table) * (1.5 if by_split else 1)
    figure.update_layout(
        palette.base_layout(
            dark,
            height=int(_AXES + _ROW * max(rows, 3)),
            margin={"l": 8, "r": 16, "t": 28 if by_split else 8, "b": 48},
            bargap=0.25,
            bargroupgap=0,
            legend=palette.legend_above(),
            showlegend=by_split,
        )
    )
    amounts = [x for bar in bars for x in bar.x]
    figure.update_xaxes(
        palette.axis(dark, type="log", range=_range(amounts), dtick=1, tickformat=",~f"),
        title=wording.term(f"{unit}_axis"),
    )
    labels = table["label"].tolist()
    return figure.update_yaxes(
        palette.axis(dark, tickmode="linear", tickfont={"size": 12}),
        categoryorder="array",
        categoryarray=labels,
        range=[len(labels) - 0.5, -0.5],
        showgrid=False,
    )


def ranked(counts: pd.DataFrame, unit: str, legend: Legend) -> pd.DataFrame:
    """crop, label, other_label, colour, amount, share, rank: mapped classes, largest first."""
    totals = counts[counts["crop"] > 0].groupby("crop")[unit].sum()
    totals = totals[totals > 0].sort_values(ascending=False)
    items = [legend.classes[int(crop)] for crop in totals.index]
    return pd.DataFrame(
        {
            "crop": totals.index.to_numpy(),
            "label": wording.shorten_all([label(c) for c in items]),
            "other_label": [other_label(c) for c in items],
            "colour": [c.colour for c in items],
            "amount": totals.to_numpy(),
            "share": (totals / totals.sum()).to_numpy(),
            "rank": range(1, len(totals) + 1),
        }
    )


def by_split(counts: pd.DataFrame, unit: str, legend: Legend) -> pd.DataFrame:
    """`ranked` of each side of the split, one below the other, with the column split."""
    sides = [
        ranked(counts[counts["split"] == side], unit, legend).assign(split=side)
        for side in ("train", "test")
    ]
    return pd.concat(sides, ignore_index=True)


def _by_split(
    counts: pd.DataFrame, whole: pd.DataFrame, unit: str, legend: Legend, dark: bool
) -> list[go.Bar]:
    sides, bars = by_split(counts, unit, legend), []
    names = whole.set_index("crop")["label"]  # cut at the same place in both
    for side, colour in zip(("train", "test"), palette.model_colours(dark), strict=True):
        table = sides[sides["split"] == side].drop(columns="label")
        table = table.assign(label=names.loc[table["crop"]].to_numpy())
        name = wording.term(side)
        bars.append(_bars(table, unit, colour, name, len(table)))
    return bars


def _bars(table: pd.DataFrame, unit: str, colour: Any, name: str, n: int) -> go.Bar:
    columns = (table[c] for c in ("label", "other_label", "amount", "share", "rank"))
    notes = [
        f"<b>{label}</b>{f' ({other})' if other else ''}<br>{name + ': ' if name else ''}"
        f"{wording.number(amount)} {say(UNITS[unit])}<br>"
        f"{say('{share} of all', share=wording.percent(share))}, "
        f"{say('rank {rank} of {n}', rank=rank, n=n)}"
        for label, other, amount, share, rank in zip(*columns, strict=True)
    ]
    return go.Bar(
        orientation="h",
        y=table["label"],
        x=table["amount"],
        name=name,
        marker={"color": colour, "line": {"width": 0.5, "color": "#777"}},
        customdata=notes,
        hovertemplate="%{customdata}<extra></extra>",
    )


def _range(amounts: list[float]) -> list[float]:
    """Powers of ten of the axis: the smallest bar can still be seen, as can the end of the largest."""
    if not amounts:
        return [0.0, 1.0]
    return [math.floor(math.log10(min(amounts)) - 0.3), math.log10(max(amounts)) + 0.1]
