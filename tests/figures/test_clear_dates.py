"""Clear dates by zone and month."""

import numpy as np
import pandas as pd
import pytest

from cropdash.domain import Season
from cropdash.figures import clear_dates

TABLE = pd.DataFrame(
    {
        "zone_id": ["b", "b", "a", "a", "a"],
        "period": ["2023-01", "2023-02", "2023-02", "2023-01", "2023-03"],
        "clear_dates": [1.0, 2.0, 3.0, 4.0, 5.0],
        "empty_share": [0.5, 0.0, 0.0, 0.1, 0.25],
    }
)


def cells(figure):
    heat = figure.data[0]
    return {
        (y, x): heat.z[i][j] for i, y in enumerate(heat.y) for j, x in enumerate(heat.x)
    }  # fmt: skip


def test_clear_dates_keep_zone_and_period():
    found = cells(clear_dates.heat_map(TABLE))
    assert found.pop(("B", "March 2023")) != found[("A", "March 2023")]  # unknown there: NaN
    assert found == {
        ("B", "January 2023"): 1.0,
        ("B", "February 2023"): 2.0,
        ("A", "February 2023"): 3.0,
        ("A", "January 2023"): 4.0,
        ("A", "March 2023"): 5.0,
    }


def test_the_share_of_filled_pixels_is_in_per_cent():
    found = cells(clear_dates.heat_map(TABLE, shown="empty_share"))
    assert found[("B", "January 2023")] == 50.0
    assert found[("A", "March 2023")] == 25.0


def test_zones_stand_in_the_order_given_and_the_readers_own_is_marked():
    figure = clear_dates.heat_map(TABLE, zones=["a", "b"], marked="b")
    assert list(figure.data[0].y) == ["A", "B"]
    plain, marked = figure.layout.yaxis.ticktext
    assert plain == "A"
    assert "B" in marked
    assert marked != "B"


def test_both_numbers_are_under_the_pointer_whichever_is_drawn():
    for shown in clear_dates.SHOWN:
        figure = clear_dates.heat_map(TABLE, shown=shown, zones=["b", "a"])
        notes = np.array(figure.data[0].customdata)
        assert "1 clear dates" in notes[0, 0]
        assert "50.0 %" in notes[0, 0]


@pytest.mark.parametrize("every", ["month", "dekad", "16d"])
def test_columns_are_periods_and_ticks_months(every):
    season = Season.of("2022-10..2023-09", every)
    table = pd.DataFrame(
        {"zone_id": "a", "period": [p.id for p in season.periods], "clear_dates": 1.0, "empty_share": 0.0}
    )  # fmt: skip
    figure = clear_dates.heat_map(table)
    assert len(figure.data[0].x) == len(set(figure.data[0].x)) == len(season.periods)
    assert "".join(t[-1] for t in figure.layout.xaxis.ticktext) == "ONDJFMAMJJAS"
    assert set(figure.layout.xaxis.tickvals) <= set(figure.data[0].x)
