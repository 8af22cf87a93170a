"""Class imbalance as a chart."""

import numpy as np
import pandas as pd
import pytest

from cropdash import legend
from cropdash.figures import classes
from cropdash.i18n import speaking

COUNTS = pd.DataFrame(
    {
        "zone_id": ["a", "a", "a", "b", "b"],
        "split": ["train", "train", "train", "test", "test"],
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
    assert figure.layout.xaxis.type == "log"
    assert figure.data[0].marker.color[0] == table.classes[2].colour


def test_the_pointer_tells_share_and_rank():
    notes = classes.imbalance(COUNTS, "pixels", legend.load()).data[0].customdata
    assert "1,500 pixels" in notes[0]
    assert "99.7 % of all, rank 1 of 2" in notes[0]
    assert "0.3 % of all, rank 2 of 2" in notes[1]


@pytest.mark.parametrize("unit", list(classes.UNITS))
def test_the_smallest_bar_has_a_length(unit):
    """On a logarithmic axis a bar that ends where the axis begins can't be seen."""
    figure = classes.imbalance(COUNTS, unit, legend.load())
    low, high = figure.layout.xaxis.range
    assert low <= np.log10(min(figure.data[0].x)) - 0.3
    assert high > np.log10(max(figure.data[0].x))


def test_train_and_test_stand_side_by_side():
    figure = classes.imbalance(COUNTS, "parcels", legend.load(), by_split=True)
    sides = {bar.name: dict(zip(bar.y, bar.x, strict=True)) for bar in figure.data}
    items = legend.load().classes
    assert sides == {
        "Train zones": {items[2].label(): 10, items[1].label(): 1},
        "Test zones": {items[2].label(): 5, items[3].label(): 1},
    }
    assert figure.data[0].marker.color != figure.data[1].marker.color


def test_all_bars_have_a_row_from_the_largest_down():
    figure = classes.imbalance(COUNTS, "parcels", legend.load())
    order, (bottom, top) = figure.layout.yaxis.categoryarray, figure.layout.yaxis.range
    assert list(order) == list(figure.data[0].y)
    assert bottom > top  # the first category is on top


def test_french_bars_have_french_names():
    table = legend.load()
    with speaking("fr"):
        ranked = classes.ranked(COUNTS, "pixels", table)
    assert ranked["label"].iloc[0].rstrip("…") in table.classes[2].label("fr")


def test_no_two_bars_share_a_label():
    """Bars of one label would be stacked into one."""
    table = legend.load()
    everything = pd.DataFrame({"crop": range(1, table.n_classes), "pixels": 1})
    ranked = classes.ranked(everything, "pixels", table)
    assert ranked["label"].is_unique
