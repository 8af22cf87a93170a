"""How the values of bands and indices are spread, by crop."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots

from cropdash.figures import palette, series, values, wording
from cropdash.i18n import number, say

HISTOGRAM = ("band", "name", "from", "to", "share")
_BINS = 48


def of_bands(
    seen: Mapping[str, NDArray[np.float32]], groups: Mapping[str, NDArray[np.bool_]]
) -> pd.DataFrame:
    """HISTOGRAM: share of the values of each group in each bin; bins are the same for all groups.

    seen: (n,) by band, index or layer, NaN = missing; groups: (n,) members by name.
    """
    tables = []
    for band, found in seen.items():
        edges = _edges(found)
        for name, members in groups.items():
            known = found[members & np.isfinite(found)]
            counted, _ = np.histogram(np.clip(known, edges[0], edges[-1]), edges)
            share = counted / max(len(known), 1)
            columns = {"band": band, "name": name, "from": edges[:-1], "to": edges[1:]}
            tables.append(pd.DataFrame({**columns, "share": share}))
    if not tables:
        return pd.DataFrame(columns=list(HISTOGRAM))
    return pd.concat(tables, ignore_index=True)[list(HISTOGRAM)]


def curves(
    table: pd.DataFrame,
    colours: Mapping[str, str],
    of_parcels: bool,
    *,
    dark: bool = False,
) -> go.Figure:
    """A panel for each band, a stepped line for each group; HISTOGRAM as `table`."""
    bands = list(dict.fromkeys(table["band"]))
    rows = max((len(bands) + 1) // 2, 1)
    figure = make_subplots(rows, 2, horizontal_spacing=0.09, vertical_spacing=0.2 / rows + 0.08)
    for i, band in enumerate(bands):
        for j, (name, colour) in enumerate(colours.items()):
            found = table[(table["band"] == band) & (table["name"] == name)]
            line = {"color": colour, "width": 2, "dash": series.DASHES[j % 4]}
            trace = _curve(found, name, line, i == 0)
            figure.add_trace(trace, row=i // 2 + 1, col=i % 2 + 1)
    figure.update_layout(
        palette.base_layout(
            dark,
            height=80 + 250 * rows,
            margin={"l": 8, "r": 12, "t": 36, "b": 48},
            legend=palette.legend_above(),
            showlegend=True,
        )
    )
    figure.update_xaxes(palette.axis(dark, tickangle=0, nticks=5))
    figure.update_yaxes(palette.axis(dark, rangemode="tozero"))
    for i, band in enumerate(bands):
        near = {"rangemode": "tozero"} if values.kind(band) == "bands" else {}
        figure.update_xaxes(near, title=values.title(band), row=i // 2 + 1, col=i % 2 + 1)
    unit = say("Share of parcels [%]") if of_parcels else say("Share of pixels [%]")
    return figure.update_yaxes(title=unit, col=1)


def _curve(found: pd.DataFrame, name: str, line: Mapping[str, object], shown: bool) -> go.Scatter:
    middle = (found["from"] + found["to"]) / 2
    notes = [
        f"{number(a, '.3f')}–{number(b, '.3f')}"
        for a, b in zip(found["from"], found["to"], strict=True)
    ]
    return go.Scatter(
        x=middle,
        y=100 * found["share"],
        name=wording.shorten(name),
        legendgroup=name,
        showlegend=shown,
        mode="lines",
        line=dict(line),
        customdata=notes,
        hovertemplate=f"<b>{wording.shorten(name)}</b><br>%{{customdata}}: %{{y:.1f}} %<extra></extra>",
    )


def _edges(found: NDArray[np.float32]) -> NDArray[np.float64]:
    known = found[np.isfinite(found)]
    low, high = np.quantile(known, [0.002, 0.998]) if len(known) else (0.0, 1.0)
    return np.linspace(low, high if high > low else low + 0.01, _BINS + 1)
