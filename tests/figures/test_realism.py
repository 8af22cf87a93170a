"""Figures of the realism report: shares, gaps and months."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cropdash import legend
from cropdash.figures import realism

KEYS = [f"{side}_p{q}" for side in ("sim", "real") for q in (10, 50, 90)]


def _classes(rows: list[tuple[int, float | None, float | None]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["class_id", "simulated_pixels", "real_pixels"])


def _ndvi(real: bool = True) -> pd.DataFrame:
    rows = []
    for month in range(1, 13):
        values = [0.1, 0.3, 0.5, *([0.2, 0.4, 0.6] if real and month != 12 else [None] * 3)]
        rows.append(
            {"crop": "maize", "period": f"2023-{month:02d}", **dict(zip(KEYS, values, strict=True))}
        )
    return pd.DataFrame(rows)


def test_shares_leave_the_background_out_and_sum_to_one():
    table = realism.shares(
        _classes([(0, 9e9, 9e9), (1, 1, 30), (2, 3, None), (3, 0, 0), (255, 5, 5)])
    )
    assert list(table["class_id"]) == [1, 2]
    assert list(table["simulated"]) == [0.25, 0.75]
    assert list(table["real"]) == [1, 0]


def test_classes_that_lack_on_one_side_are_drawn_at_its_edge():
    figure = realism.class_shares(_classes([(1, 0, 10), (2, 100, 1000), (3, 7, 0)]), legend.load())
    dots = figure.data[-1]
    assert np.isfinite(np.log10(np.array(dots.x, float))).all()
    assert (np.array(dots.y, float) > 0).all()
    assert list(dots.marker.symbol) == ["x", "circle", "x"]


@pytest.mark.parametrize("dark", [False, True])
def test_a_band_and_a_median_for_each_side_that_is_there(dark):
    names = [t.name for t in realism.curves(_ndvi(), "maize", dark=dark).data]
    assert names == ["Real: 10–90 %", "Real: median", "Simulated: 10–90 %", "Simulated: median"]
    names = [t.name for t in realism.curves(_ndvi(real=False), "maize", dark=dark).data]
    assert names == ["Simulated: 10–90 %", "Simulated: median"]


def test_a_month_without_real_figures_leaves_the_real_band_out_there():
    band = realism.curves(_ndvi(), "maize").data[0]
    assert "Dec" not in band.x
    assert len(band.x) == len(band.y) == 22
    assert list(band.y[:11]) == [0.6] * 11


def test_quantiles_stand_in_order_and_the_median_is_largest():
    rows = [("a", q, ha, None if q == 0.5 else ha * 2) for q, ha in ((0.9, 9), (0.1, 1), (0.5, 5))]
    rows += [("b", "mean", 3, 4)]
    table = pd.DataFrame(rows, columns=["region", "quantile", "simulated_ha", "real_ha"])
    lines = [t for t in realism.parcel_sizes(table).data if len(t.x) > 1]
    assert list(lines[0].x) == [1, 5, 9]
    assert int(np.argmax(lines[0].marker.size)) == 1
    assert list(lines[1].x) == [2, 18]


@pytest.mark.parametrize("month", [[3, 1], ["03", "01"], ["2023-03", "2023-01"]])
def test_months_are_named_however_they_are_written(month):
    table = pd.DataFrame(
        {"region": "a", "month": month, "simulated": [2.0, 1.0], "real": [None, None]}
    )
    figure = realism.clear_dates(table, "a")
    assert [t.name for t in figure.data] == ["Simulated"]
    assert (list(figure.data[0].x), list(figure.data[0].y)) == (["Jan", "Mar"], [1.0, 2.0])


def test_an_empty_table_is_said_not_raised():
    assert realism.curves(_ndvi(), "wheat").layout.annotations
    assert realism.parcel_sizes(pd.DataFrame(columns=["region"])).layout.annotations
    assert realism.class_shares(_classes([]), legend.load()).layout.annotations
