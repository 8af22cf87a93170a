"""Time series of parcels against what is usual for their class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go

from cropdash.domain import Period
from cropdash.figures import palette, values, wording
from cropdash.i18n import number, say

DASHES = ("solid", "dash", "dot", "dashdot")  # so that lines differ by more than colour
_BANDED = 4  # classes with a band each; more would hide one another
_CONTRAST = 2.2  # of a line against the page; WCAG asks 3 of what nothing else tells apart
_DAY_MS = 86_400_000
_FEW = 16  # periods whose points can be as large as a finger finds them
_OBSERVED = 0.05  # share of a parcel's pixels that must be seen for a period to count as observed


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
    """Mean and spread of parcels by period; class median and 10-90 % band; filled ones hatched.

    `band` has period, p10, p50, p90 of `index` over the parcels of a class, or is None. Periods
    are hatched where the first parcel was not observed; hollow points say the same of each.
    """
    figure = go.Figure()
    if band is not None and len(band):
        _add_band(figure, band, band_name, index, dark, None)
    for line in lines:
        _add_line(figure, line, index)
    if lines:
        _hatch_filled(figure, lines[0].series, dark)
    tables = [*(line.series for line in lines), *([] if band is None else [band])]
    return _by_period(figure, index, tables, dark)


def against_two(
    line: Line,
    bands: Sequence[tuple[str, pd.DataFrame, str]],
    *,
    dark: bool = False,
) -> go.Figure:
    """NDVI of one parcel against the bands of several classes: (name, table, colour)."""
    figure = go.Figure()
    for name, table, colour in bands:
        _add_band(figure, table, name, "NDVI", dark, colour)
    _add_line(figure, line, "NDVI")
    _hatch_filled(figure, line.series, dark)
    return _by_period(figure, "NDVI", [line.series, *(table for _, table, _ in bands)], dark)


def class_bands(bands: Sequence[tuple[str, pd.DataFrame, str]], *, dark: bool = False) -> go.Figure:
    """NDVI median and 10-90 % band of several classes: (name, table, colour)."""
    figure = go.Figure()
    for name, table, colour in bands:
        _add_band(figure, table, name, "NDVI", dark, colour)
    return _by_period(figure, "NDVI", [table for _, table, _ in bands], dark)


def seasons(
    classes: Sequence[tuple[str, pd.DataFrame, str]],
    *,
    index: str = "NDVI",
    dark: bool = False,
) -> go.Figure:
    """Mean of several classes by period, with 10-90 % bands if they are few: (name, table, colour).

    Each table has period, mean, p10, p90 of `index`.
    """
    figure = go.Figure()
    for name, table, colour in classes if len(classes) <= _BANDED else ():
        _add_edges(figure, table, colour, name, None)
    for i, (name, table, colour) in enumerate(classes):
        figure.add_scatter(
            x=middles(table["period"]),
            y=table["mean"],
            name=name,
            legendgroup=name,
            mode="lines+markers",
            line={"color": colour, "width": 2.5, "dash": DASHES[i % len(DASHES)]},
            marker={"size": 6 if len(table) <= _FEW else 4},
            hovertemplate=_hover(name, index),
        )
    return _by_period(figure, index, [table for _, table, _ in classes], dark)


def readable_colour(colour: str, dark: bool) -> str:
    """A colour of the legend, moved towards the ink until a line of it stands out from the page."""
    theme = palette.of_theme(dark)
    page, ink = _light(palette.rgb(theme.surface)), palette.rgb(theme.text)
    mixed: Sequence[float] = palette.rgb(colour)
    for _ in range(12):
        bright, dim = max(page, _light(mixed)), min(page, _light(mixed))
        if (bright + 0.05) / (dim + 0.05) >= _CONTRAST:
            break
        mixed = [0.85 * a + 0.15 * b for a, b in zip(mixed, ink, strict=True)]
    return "#" + "".join(f"{round(v):02x}" for v in mixed)


def periods_within(series: pd.DataFrame, band: pd.DataFrame) -> tuple[int, int]:
    """In how many of its observed periods a parcel's NDVI lies in its class's 10-90 % band: (n, of)."""
    seen = series[~is_filled(series)].set_index("period")["NDVI_mean"].dropna()
    usual = band.set_index("period").reindex(seen.index)
    inside = (seen >= usual["p10"]) & (seen <= usual["p90"])
    return int(inside.sum()), int(usual["p10"].notna().sum())


def is_filled(series: pd.DataFrame) -> pd.Series:
    """True for periods in which (nearly) nothing of the parcel was observed."""
    return series["clear_share"] < _OBSERVED


def middles(periods: pd.Series) -> pd.DatetimeIndex:
    """The date at which each period is drawn."""
    return pd.DatetimeIndex([Period.of(period).middle for period in periods])


def _by_period(
    figure: go.Figure, index: str, tables: Sequence[pd.DataFrame], dark: bool
) -> go.Figure:
    """Axes and layout; the initial of each month below, the period's name under the pointer."""
    periods = sorted({Period.of(period) for table in tables for period in table["period"]})
    ticks = wording.month_ticks(periods)
    texts = [f"{initial}<br>{year}" if year else initial for _, initial, year in ticks]
    shown = {"tickvals": [day for day, _, _ in ticks], "ticktext": texts}
    _name_periods(figure, periods)
    # The year heads the box under the pointer: plotly writes the names of months in English alone.
    figure.update_xaxes(palette.axis(dark, **shown, tickangle=0), unifiedhovertitle_text="%{x|%Y}")
    figure.update_yaxes(palette.axis(dark, **values.limits(index)), title=values.title(index))
    legend = palette.legend_above(font={"size": 12})
    return figure.update_layout(
        palette.base_layout(
            dark,
            height=380,
            margin={"l": 8, "r": 12, "t": 24, "b": 28},
            hovermode="x unified",
            legend=legend,
            # From 0 to 1 whatever is drawn: for what belongs to periods and has no value.
            yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True},
        )
    )


def _name_periods(figure: go.Figure, periods: Sequence[Period]) -> None:
    """Add their names as the first line of the box under the pointer."""
    figure.add_scatter(
        x=[period.middle for period in periods],
        y=[0] * len(periods),
        yaxis="y2",
        mode="markers",
        marker={"opacity": 0},
        showlegend=False,
        customdata=[wording.period(period, with_year=False) for period in periods],
        hovertemplate="<b>%{customdata}</b><extra></extra>",
    )
    figure.data = (figure.data[-1], *figure.data[:-1])


def _add_line(figure: go.Figure, line: Line, index: str) -> None:
    series, is_dense = line.series, len(line.series) > _FEW
    mean, spread = series[f"{index}_mean"], series[f"{index}_std"]
    filled, digits = is_filled(series), values.digits(index)
    notes = [
        f"± {number(s, f'.{digits}f')}, {say('{share} observed', share=wording.percent(c))}"
        for s, c in zip(spread, series["clear_share"], strict=True)
    ]
    figure.add_scatter(
        x=middles(series["period"]),
        y=mean,
        name=line.name,
        mode="lines+markers",
        line={"color": line.colour, "width": 2.5},
        marker={
            "size": 6 if is_dense else 9,
            "symbol": ["circle-open" if f else "circle" for f in filled],
            "line": {"width": 1.5 if is_dense else 2, "color": line.colour},
        },
        error_y={
            "type": "data",
            "array": spread,
            "thickness": 1,
            "width": 0 if is_dense else 3,
            "color": line.colour,
        },
        customdata=notes,
        hovertemplate=_hover(line.name, index, "<br>", " %{customdata}"),
    )


def _add_edges(
    figure: go.Figure, band: pd.DataFrame, colour: str, group: str, name: str | None
) -> None:
    """The surface between p10 and p90; named in the legend if `name` is given."""
    at = middles(band["period"])
    edge = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "legendgroup": group}
    figure.add_scatter(x=at, y=band["p90"], showlegend=False, **edge)
    figure.add_scatter(
        x=at,
        y=band["p10"],
        fill="tonexty",
        fillcolor=palette.faint(colour),
        name=name,
        showlegend=name is not None,
        **edge,
    )


def _add_band(
    figure: go.Figure,
    band: pd.DataFrame,
    name: str,
    index: str,
    dark: bool,
    colour: str | None,
) -> None:
    colour, name = colour or ("#9aa5a0" if dark else "#7d8a84"), wording.shorten(name, 20)
    _add_edges(figure, band, colour, name, say("{name}: 10–90 % of parcels", name=name))
    figure.add_scatter(
        x=middles(band["period"]),
        y=band["p50"],
        name=say("{name}: median", name=name),
        mode="lines",
        line={"color": colour, "width": 2, "dash": "dash"},
        legendgroup=name,
        hovertemplate=_hover(name, index),
    )


def _hover(name: str, index: str, between: str = " ", after: str = "") -> str:
    """A line of the box under the pointer: names are cut, or it would be wider than a telephone."""
    short = wording.shorten(name, 24)
    return f"{short}:{between}%{{y:.{values.digits(index)}f}}{after}<extra></extra>"


def _hatch_filled(figure: go.Figure, series: pd.DataFrame, dark: bool) -> None:
    periods = [Period.of(period) for period in series["period"][is_filled(series).to_numpy()]]
    if not periods:
        return
    figure.add_bar(
        x=[period.middle for period in periods],
        y=[1] * len(periods),
        width=[0.9 * period.days * _DAY_MS for period in periods],  # [ms]
        name=say("No clear date: filled in"),
        yaxis="y2",
        marker={
            "color": "rgba(0,0,0,0)",
            "line": {"width": 0},
            "pattern": {
                "shape": "/",
                "fgcolor": palette.of_theme(dark).hatch,
                "size": 9,
                "solidity": 0.2,
            },
        },
        hoverinfo="skip",
    )


def _light(rgb: Sequence[float]) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    linear = [
        v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in (c / 255 for c in rgb)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
