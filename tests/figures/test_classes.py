"""Class imbalance and clear dates as charts."""

import numpy as np
import pandas as pd
import pytest

from cropdash import legend
from cropdash.figures import classes

COUNTS = pd.DataFrame(
    {
        "zone_id": ["a", "a", "a", "b", "b"],
        "crop": [0, 1, 2, 2, 3],
        "pixels": [900, 5, 1000, 500, 0],
        "parcels": [9, 1, 10, 5, 1],
        "hectares": [9.0, 0.05, 10.0, 5.0, 0.01],
    }
)


@pytest.mark.parametrize("unit", list(classes.UNITS))
def test_classes_are_ranked_by_amount_without_background(unit):
    table = classes.ranked(COUNTS, unit, legend.load())
    assert 0 not in table["crop"].tolist()
    assert table["rank"].tolist() == list(range(1, len(table) + 1))
    assert (np.diff(table["amount"]) <= 0).all()
    assert table["share"].sum() == pytest.approx(1)


def test_zones_are_added_up_and_classes_without_any_left_out():
    table = classes.ranked(COUNTS, "pixels", legend.load()).set_index("crop")
    assert table["amount"].to_dict() == {2: 1500, 1: 5}


def test_the_axis_is_logarithmic_and_bars_wear_the_colours_of_the_legend():
    table = legend.load()
    figure = classes.imbalance(COUNTS, "parcels", table)
    assert figure.layout.yaxis.type == "log"
    assert figure.data[0].marker.color[0] == table.classes[2].colour
    assert "rank" in figure.data[0].hovertemplate


def test_no_two_bars_share_a_label():
    """Bars of one label would be stacked into one."""
    table = legend.load()
    everything = pd.DataFrame({"crop": range(1, table.n_classes), "pixels": 1})
    ranked = classes.ranked(everything, "pixels", table)
    assert ranked["label"].is_unique


def test_clear_dates_keep_zone_and_month():
    table = pd.DataFrame(
        {
            "zone_id": ["b", "b", "a", "a"],
            "period": ["2023-01", "2023-02", "2023-02", "2023-01"],
            "clear_dates": [1.0, 2.0, 3.0, 4.0],
            "empty_share": [0.5, 0.0, 0.0, 0.1],
        }
    )
    heat = classes.clear_dates(table).data[0]
    at = {(y, x): heat.z[i][j] for i, y in enumerate(heat.y) for j, x in enumerate(heat.x)}
    assert at == {("B", "Jan"): 1.0, ("B", "Feb"): 2.0, ("A", "Feb"): 3.0, ("A", "Jan"): 4.0}
