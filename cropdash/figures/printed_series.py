"""A parcel's year for print: its series against what is usual for one or two crops, as SVG."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pandas as pd

from cropdash.domain import Period
from cropdash.figures import palette, wording
from cropdash.figures.series import is_filled, middles
from cropdash.i18n import number, say

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_INCH, _TEXT = 2.54, 8  # [cm]; [points]


def against(
    series: pd.DataFrame,
    name: str,
    bands: Sequence[tuple[str, pd.DataFrame]],
    *,
    index: str = "NDVI",
    size_cm: tuple[float, float] = (18.0, 6.2),
) -> bytes:
    """SVG of one parcel's values by period: (name, table with period, p10, p50, p90) for each crop.

    Periods without a clear date are hatched, and their points are hollow.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size_cm[0] / _INCH, size_cm[1] / _INCH), layout="constrained")
    axes: Axes = figure.add_subplot()
    for (label, table), colour, style in zip(
        bands, palette.model_colours(False), ("--", ":"), strict=False
    ):
        at, short = middles(table["period"]), wording.shorten(label, 34)
        said = say("{name}: 10–90 % of parcels", name=short)
        axes.fill_between(
            at, table["p10"], table["p90"], color=colour, alpha=0.18, lw=0, label=said
        )
        axes.plot(
            at, table["p50"], style, color=colour, lw=1.2, label=say("{name}: median", name=short)
        )
    _line(axes, series, name, index)
    axes.set_ylabel(index, fontsize=_TEXT)
    ticks = wording.month_ticks([Period.of(p) for p in series["period"]])
    axes.set_xticks(
        _days([at for at, _, _ in ticks]), [f"{m}\n{year}".strip() for _, m, year in ticks]
    )
    axes.tick_params(labelsize=_TEXT - 1, length=2, width=0.5)
    axes.yaxis.set_major_formatter(lambda value, _: number(value, ".3g"))
    axes.grid(visible=True, axis="y", lw=0.3)
    for edge in ("top", "right"):
        axes.spines[edge].set_visible(False)
    figure.legend(loc="outside lower center", ncols=2, fontsize=_TEXT - 1, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _line(axes: Axes, series: pd.DataFrame, name: str, index: str) -> None:
    filled, at = is_filled(series).to_numpy(), middles(series["period"])
    values, ink = series[f"{index}_mean"].to_numpy(), palette.LIGHT.text
    told = say("No clear date: filled in")
    for period in series["period"][filled]:
        span = Period.of(period)
        axes.axvspan(*_days([span.start, span.end]), facecolor="none", edgecolor=palette.LIGHT.hatch, hatch="//",
                     lw=0, label=told)  # fmt: skip
        told = "_"
    axes.plot(
        at, values, "-", color=ink, lw=1.6, label=wording.shorten(name, 34).replace("$", r"\$")
    )
    axes.scatter(at[~filled], values[~filled], 16, color=ink, zorder=3)
    axes.scatter(at[filled], values[filled], 16, facecolor="#ffffff", edgecolor=ink, zorder=3)


def _days(dates: Sequence[dt.date]) -> list[float]:
    """Days since 1970, as Matplotlib counts them."""
    return [float((date - dt.date(1970, 1, 1)).days) for date in dates]
