"""Parcel sizes."""

import numpy as np
import pandas as pd
import pytest

from cropdash import legend
from cropdash.figures import parcels

TABLE = legend.load()


def facts(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "crop": rng.choice([0, 3, 8, 30], 300),
            "region": rng.choice(["north", "far_south"], 300),
            "area_ha": rng.lognormal(0, 1, 300),
        }
    )


@pytest.mark.parametrize("by", ["crop", "region"])
def test_boxes_hold_the_quantiles(by):
    source = facts()
    table = parcels.size_table(source, by, TABLE).set_index("key")
    assert (0 in table.index) == (by == "region" and 0 in set(source[by]))
    for key, row in table.iterrows():
        areas = source.loc[source[by] == key, "area_ha"]
        assert row["n"] == len(areas)
        expected = np.quantile(areas, [0.05, 0.25, 0.5, 0.75, 0.95])
        np.testing.assert_allclose(row[["p5", "q1", "median", "q3", "p95"]].astype(float), expected)
    assert table["median"].is_monotonic_decreasing


def test_the_axis_holds_all_whiskers():
    table = parcels.size_table(facts(), "crop", TABLE)
    figure = parcels.size_boxes(table, "crop", TABLE)
    low, high = 10 ** np.array(figure.layout.xaxis.range, dtype=float)
    assert low < table["p5"].min()
    assert high > table["p95"].max()
    assert [b.fillcolor for b in figure.data] == [TABLE.classes[k].colour for k in table["key"]]


def test_regions_are_read_with_spaces():
    assert set(parcels.size_table(facts(), "region", TABLE)["label"]) == {"North", "Far south"}
