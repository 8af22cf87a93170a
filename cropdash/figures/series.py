"""Time series of parcels against what is usual for their class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from cropdash.figures import palette

INDICES = ("NDVI", "B2", "B3", "B4", "B8")
_OBSERVED = 0.05  # share of a parcel's pixels that must be seen for a month to count as observed


@dataclass(frozen=True)
class Line:
    """One parcel of the chart."""

    name: str  # e.g. "Parcel 12, winter soft wheat"
    series: pd.DataFrame  # rows of series.parquet of this parcel, in order
    colour: str


def parcel_series(
    lines: Sequence[Line],
    band: pd.DataFrame | None,
    band_name: str,
    *,
    index: str = "NDVI",
    dark: bool = False,
) -> go.Figure:
    """Mean and spread of parcels by month; class median and 10-90 % band; filled months hatched.

    `band` has period, p10, p50, p90 of NDVI over the parcels of a class, or is None.
    """
    figure = go.Figure()
    if band is not None and len(band) and index == "NDVI":
        _add_band(figure, band, band_name, dark)
    for line in lines:
        _add_line(figure, line, index)
    if lines:
        _hatch_filled(figure, lines[0].series, dark)
    unit = "NDVI" if index == "NDVI" else f"Reflectance {index}"
    ranged = {"range": [-0.05, 1.0]} if index == "NDVI" else {"rangemode": "tozero"}
    figure.update_yaxes(**palette.axis(dark), title=unit, **ranged)
    return _by_month(figure, dark)


def class_bands(bands: Sequence[tuple[str, pd.DataFrame, str]], *, dark: bool = False) -> go.Figure:
    """NDVI median and 10-90 % band of several classes: (name, table, colour)."""
    figure = go.Figure()
    for name, table, colour in bands:
        _add_band(figure, table, name, dark, colour)
    figure.update_yaxes(**palette.axis(dark), title="NDVI", range=[-0.05, 1.0])
    return _by_month(figure, dark)


def is_filled(series: pd.DataFrame) -> pd.Series:
    """True for months in which (nearly) nothing of the parcel was observed."""
    return series["clear_share"] < _OBSERVED


def _by_month(figure: go.Figure, dark: bool) -> go.Figure:
    """Months by their initials, which stay upright on a telephone; in full on hover."""
    months = pd.DatetimeIndex(sorted({x for trace in figure.data for x in trace.x}))
    ticks = {"tickvals": months, "ticktext": [f"{month:%b}"[0] for month in months]}
    figure.update_xaxes(palette.axis(dark, **ticks, hoverformat="%B %Y", tickangle=0))
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 12}}
    return figure.update_layout(
        palette.base_layout(
            dark,
            height=400,
            margin={"l": 8, "r": 12, "t": 24, "b": 28},
            hovermode="x unified",
            legend=legend,
        )
    )


def _add_line(figure: go.Figure, line: Line, index: str) -> None:
    series, months = line.series, _dates(line.series["period"])
    mean, spread = series[f"{index}_mean"], series[f"{index}_std"]
    filled = is_filled(series)
    figure.add_scatter(
        x=months,
        y=mean,
        name=line.name,
        mode="lines+markers",
        line={"color": line.colour, "width": 2.5},
        marker={
            "size": 9,
            "symbol": ["circle-open" if f else "circle" for f in filled],
            "line": {"width": 2, "color": line.colour},
        },
        error_y={"type": "data", "array": spread, "thickness": 1, "width": 3, "color": line.colour},
        customdata=list(zip(spread, series["clear_share"] * 100, strict=True)),
        hovertemplate="%{y:.2f} ± %{customdata[0]:.2f}, %{customdata[1]:.0f} % observed",
    )


def _add_band(
    figure: go.Figure, band: pd.DataFrame, name: str, dark: bool, colour: str | None = None
) -> None:
    colour = colour or ("#9aa5a0" if dark else "#7d8a84")
    months = _dates(band["period"])
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "legendgroup": name}
    figure.add_scatter(x=months, y=band["p90"], showlegend=False, **edge)
    figure.add_scatter(
        x=months,
        y=band["p10"],
        fill="tonexty",
        fillcolor=_faint(colour),
        name=f"{name}: 10–90 % of parcels",
        **edge,
    )
    figure.add_scatter(
        x=months,
        y=band["p50"],
        name=f"{name}: median",
        mode="lines",
        line={"color": colour, "width": 2, "dash": "dash"},
        legendgroup=name,
        hovertemplate="%{y:.2f}",
    )


def _hatch_filled(figure: go.Figure, series: pd.DataFrame, dark: bool) -> None:
    months = _dates(series["period"])[is_filled(series).to_numpy()]
    if not len(months):
        return
    figure.add_bar(
        x=months,
        y=[1.05] * len(months),
        base=-0.05,
        width=[27 * 86_400_000] * len(months),  # [ms] most of a month
        name="No clear date: filled in",
        marker={
            "color": "rgba(0,0,0,0)",
            "line": {"width": 0},
            "pattern": {
                "shape": "/",
                "fgcolor": "#8a8f8c" if dark else "#a5aaa7",
                "size": 9,
                "solidity": 0.2,
            },
        },
        hoverinfo="skip",
    )


def _dates(periods: pd.Series) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(pd.to_datetime(periods, format="%Y-%m"))


def _faint(colour: str) -> str:
    r, g, b = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({r},{g},{b},0.22)"
