"""Two models beside each other: what stands where, in whose colour."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cropdash.figures import palette, standing

NAMES = ("CNN", "XGBoost")
ZONES = pd.DataFrame(
    {
        "zone": ["Alsace 1", "Brittany 1", "Southwest 1", "Nowhere 1"],
        "n_scored": [100, 2000, 30, 0],
        "left_accuracy": [0.9, 0.7, 0.5, np.nan],
        "right_accuracy": [0.8, 0.75, 0.5, np.nan],
        "accuracy_difference": [0.1, -0.05, 0.0, np.nan],
    }
)


def test_zones_stand_in_order_of_the_lead_and_in_the_leaders_colour():
    figure = standing.by_zone(ZONES, NAMES, "accuracy", (-0.02, 0.08))
    left, right = figure.data
    assert figure.layout.yaxis.categoryarray == ("Brittany 1", "Southwest 1", "Alsace 1")
    assert list(left.y) == ["Alsace 1"]
    assert set(right.y) == {"Brittany 1", "Southwest 1"}
    assert (left.marker.color, right.marker.color) == palette.model_colours(False)
    (band,) = figure.layout.shapes
    assert (band.x0, band.x1) == (-0.02, 0.08)
    low, high = figure.layout.xaxis.range
    assert low == -high  # zero stands in the middle
    assert high > 0.1
    assert "2,000" in right.customdata[list(right.y).index("Brittany 1")]


def test_without_an_interval_there_is_no_band():
    assert not standing.by_zone(ZONES, NAMES, "accuracy").layout.shapes
    assert standing.by_zone(ZONES.tail(1), NAMES, "accuracy").layout.annotations


def test_marked_periods_and_the_parcels_between_two_classes():
    periods = ["2023-05", "2023-06", "2023-07"]
    band = pd.DataFrame({"period": periods, "p10": 0.2, "p50": 0.4, "p90": 0.6})
    mean = pd.DataFrame({"period": periods, "mean": [0.1, 0.2, 0.3]})
    bands = [("A", band, "#111111"), ("B", band, "#222222")]
    figure = standing.two_seasons(bands, ("Confused", mean), ["2023-06"])
    (shape,) = figure.layout.shapes
    assert pd.Timestamp(shape.x0) == pd.Timestamp("2023-06-01")
    assert pd.Timestamp(shape.x1) == pd.Timestamp("2023-07-01")
    (line,) = [t for t in figure.data if t.name == "Confused"]
    assert list(line.y) == [0.1, 0.2, 0.3]
    plain = standing.two_seasons(bands)
    assert not plain.layout.shapes
    assert "Confused" not in [t.name for t in plain.data]
