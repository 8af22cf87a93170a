"""The simulated landscape beside real figures: classes, curves, parcel sizes, clear dates."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from cropdash.domain import Legend
from cropdash.figures import palette, wording
from cropdash.figures.confusion import empty
from cropdash.i18n import label, say, sentence

_NAMED = 4  # classes furthest from the line that are named
_MONTHS = (
    sentence("Jan"), sentence("Feb"), sentence("Mar"), sentence("Apr"), sentence("May"),
    sentence("Jun"), sentence("Jul"), sentence("Aug"), sentence("Sep"), sentence("Oct"),
    sentence("Nov"), sentence("Dec"),
)  # fmt: skip
_SIMULATED, _REAL = sentence("Simulated"), sentence("Real")


def class_shares(table: pd.DataFrame, legend: Legend, *, dark: bool = False) -> go.Figure:
    """Share of each class in the simulated landscape against the real one, on logarithmic axes.

    table: class_id, simulated_pixels, real_pixels; classes that lack on one side stand at its edge.
    """
    table = shares(table)
    if table.empty:
        return empty(dark)
    ink = palette.of_theme(dark)
    least = table[["simulated", "real"]].replace(0, np.nan).min().min() / 2
    x, y = table["real"].clip(lower=least), table["simulated"].clip(lower=least)
    gap = pd.Series(np.abs(np.log(y / x)), index=table.index)
    far = gap.rank(ascending=False) <= _NAMED
    classes = [legend.classes[int(i)] for i in table["class_id"]]
    names = [label(c) for c in classes]
    figure = go.Figure(_diagonal(least, ink))
    figure.add_trace(
        go.Scatter(
            x=x,
            y=y,
            mode="markers+text",
            text=[n if named else "" for n, named in zip(names, far, strict=True)],
            textposition=["bottom center" if below else "top center" for below in y < x],
            textfont={"size": 11, "color": ink.text},
            marker={
                "color": [c.colour for c in classes],
                "size": 11,
                "symbol": np.where(table["simulated"] * table["real"] > 0, "circle", "x"),
                "line": {"width": 1, "color": ink.muted},
            },
            customdata=np.column_stack([names, table["real"], table["simulated"]]),
            hovertemplate=f"<b>%{{customdata[0]}}</b><br>{say(_REAL)} %{{customdata[1]:.4%}}"
            f"<br>{say(_SIMULATED)} %{{customdata[2]:.4%}}<extra></extra>",
            showlegend=False,
        )
    )
    scale = {"type": "log", "tickformat": "~p", "dtick": 1}
    figure.update_xaxes(palette.axis(dark, **scale, title=say("Real share of crop pixels")))
    figure.update_yaxes(palette.axis(dark, **scale, title=say("Simulated share")))
    return figure.update_layout(palette.base_layout(dark, height=460, legend=_legend()))


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """class_id, simulated, real: shares of the crop pixels; classes on neither side left out."""
    counts = table[table["class_id"].between(1, 254)]
    counts = counts[["class_id", "simulated_pixels", "real_pixels"]].astype(float).fillna(0)
    counts = counts[(counts[["simulated_pixels", "real_pixels"]] > 0).any(axis=1)]
    totals = counts[["simulated_pixels", "real_pixels"]].sum().replace(0, np.nan)
    return pd.DataFrame(
        {
            "class_id": counts["class_id"].astype(int),
            "simulated": (counts["simulated_pixels"] / totals["simulated_pixels"]).fillna(0),
            "real": (counts["real_pixels"] / totals["real_pixels"]).fillna(0),
        }
    )


def curves(table: pd.DataFrame, crop: str, title: str = "NDVI", *, dark: bool = False) -> go.Figure:
    """Median and 10-90 % band of a crop by month, simulated and real: of NDVI or of one band.

    table: crop, period, and p10, p50, p90 with the prefixes sim_ and real_; real may be empty.
    """
    rows = table[table["crop"] == crop].sort_values("period")
    if rows.empty:
        return empty(dark)
    months = month_names(rows["period"])
    figure = go.Figure()
    left, right = palette.model_colours(dark)
    sides = (("real", _REAL, right, "diamond"), ("sim", _SIMULATED, left, "circle"))
    for prefix, name, colour, symbol in sides:
        side = rows[[f"{prefix}_p10", f"{prefix}_p50", f"{prefix}_p90"]].astype(float)
        if side.isna().to_numpy().all():
            continue
        figure.add_trace(_band(months, side, colour, say(name)))
        figure.add_trace(_median(months, side, colour, say(name), symbol))
    figure.update_xaxes(palette.axis(dark))
    limits = {"range": [-0.05, 1]} if title == "NDVI" else {"rangemode": "tozero"}
    figure.update_yaxes(palette.axis(dark, title=title, **limits))
    return figure.update_layout(palette.base_layout(dark, height=360, legend=_legend()))


def parcel_sizes(table: pd.DataFrame, *, dark: bool = False) -> go.Figure:
    """Quantiles of parcel area by region, simulated above real, on a logarithmic axis.

    table: region, quantile (a share, or a word such as 'mean'), simulated_ha, real_ha.
    """
    if table.empty:
        return empty(dark)
    regions = list(dict.fromkeys(table["region"]))[::-1]
    figure = go.Figure()
    left, right = palette.model_colours(dark)
    sides = (("simulated_ha", _SIMULATED, left, "circle", 0.16), ("real_ha", _REAL, right,
             "diamond", -0.16))  # fmt: skip
    for column, name, colour, symbol, up in sides:
        for rank, region in enumerate(regions):
            rows = table[(table["region"] == region) & table[column].notna()]
            style = {"color": colour, "symbol": symbol}
            figure.add_trace(_quantiles(rows, column, rank + up, say(name), style, first=rank == 0))
    figure.update_xaxes(
        palette.axis(dark, type="log", title=say("Parcel area [ha]"), tickformat="~g")
    )
    ticks = {"tickvals": list(range(len(regions))), "ticktext": [wording.place(r) for r in regions]}
    figure.update_yaxes(palette.axis(dark, **ticks, range=[-0.6, len(regions) - 0.4]))
    height = 130 + 42 * len(regions)
    return figure.update_layout(palette.base_layout(dark, height=height, legend=_legend()))


def clear_dates(table: pd.DataFrame, region: str, *, dark: bool = False) -> go.Figure:
    """Clear dates a month in a region, simulated and real.

    table: region, month (1 to 12, or a period), simulated, real; real may be empty.
    """
    rows = table[table["region"] == region].sort_values("month")
    if rows.empty:
        return empty(dark)
    months = month_names(rows["month"])
    left, right = palette.model_colours(dark)
    figure = go.Figure()
    for column, name, colour in (("simulated", _SIMULATED, left), ("real", _REAL, right)):
        if rows[column].notna().any():
            figure.add_trace(
                go.Bar(
                    x=months, y=rows[column].astype(float), name=say(name),
                    marker={"color": colour},
                    hovertemplate=f"%{{x}}: %{{y:.1f}}<extra>{say(name)}</extra>",
                )
            )  # fmt: skip
    figure.update_xaxes(palette.axis(dark))
    figure.update_yaxes(palette.axis(dark, title=say("Clear dates"), rangemode="tozero"))
    layout = palette.base_layout(dark, height=360, legend=_legend(), barmode="group")
    return figure.update_layout(layout)


def month_names(values: pd.Series) -> list[str]:
    """'Jan' of 1, '01' or '2023-01', in the reader's language."""
    numbers = values.astype(str).str.rpartition("-")[2].astype(float).astype(int)
    return [say(_MONTHS[(n - 1) % 12]) for n in numbers]


def _diagonal(least: float, ink: palette.Palette) -> go.Scatter:
    line = {"color": ink.muted, "dash": "dash", "width": 1}
    return go.Scatter(
        x=[least, 1],
        y=[least, 1],
        mode="lines",
        line=line,
        hoverinfo="skip",
        name=say("Equal shares"),
    )


def _band(months: list[str], side: pd.DataFrame, colour: str, name: str) -> go.Scatter:
    low, _, high = (side[column].to_numpy() for column in side)
    seen = ~np.isnan(low) & ~np.isnan(high)
    at = [month for month, is_seen in zip(months, seen, strict=True) if is_seen]
    return go.Scatter(
        x=[*at, *at[::-1]],
        y=np.concatenate([high[seen], low[seen][::-1]]),
        mode="lines",
        line={"width": 0},
        fill="toself",
        fillcolor=_faint(colour),
        name=f"{name}: 10–90 %",
        hoverinfo="skip",
    )


def _faint(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.22)"


def _median(
    months: list[str], side: pd.DataFrame, colour: str, name: str, symbol: str
) -> go.Scatter:
    return go.Scatter(
        x=months,
        y=side.iloc[:, 1],
        mode="lines+markers",
        name=f"{name}: {say('median')}",
        line={"color": colour, "width": 2},
        marker={"size": 7, "symbol": symbol},
        customdata=side.iloc[:, [0, 2]],
        hovertemplate="%{x}: %{y:.2f} (%{customdata[0]:.2f} – %{customdata[1]:.2f})"
        f"<extra>{name}</extra>",
    )


def _quantiles(
    rows: pd.DataFrame, column: str, at: float, name: str, style: dict[str, str], *, first: bool
) -> go.Scatter:
    """A region's quantiles on one line; the median is the largest mark."""
    share = pd.to_numeric(rows["quantile"], errors="coerce")
    rows = rows.assign(share=share).sort_values("share")
    is_median = np.isclose(rows["share"].to_numpy(float), 0.5)
    said = [q if np.isnan(s) else say("{share} quantile", share=f"{s:.0%}")
            for q, s in zip(rows["quantile"], rows["share"], strict=True)]  # fmt: skip
    return go.Scatter(
        x=rows[column].astype(float),
        y=np.full(len(rows), at),
        mode="lines+markers",
        name=name,
        legendgroup=name,
        showlegend=first,
        line={"color": style["color"], "width": 2},
        marker={"color": style["color"], "symbol": style["symbol"],
                "size": np.where(is_median, 12, 6)},
        customdata=np.array(said, dtype=object),
        hovertemplate=f"{name}, %{{customdata}}: %{{x:.2f}} ha<extra></extra>",
    )  # fmt: skip


def _legend() -> dict[str, object]:
    return {"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0}
