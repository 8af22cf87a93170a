"""What each zone is made of."""

import numpy as np
import pandas as pd
import pytest

from cropdash import legend
from cropdash.domain import LEVELS
from cropdash.figures import shares

TABLE = legend.load()


def counts(seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = [
        {"zone_id": zone, "crop": crop, "pixels": int(n), "hectares": n / 100, "parcels": 1}
        for zone in ("north_1", "south_1", "south_2")
        for crop, n in zip(
            rng.permutation(TABLE.n_classes)[:20], rng.integers(1, 999, 20), strict=True
        )
    ]
    return pd.DataFrame(rows)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("unit", ["pixels", "hectares", "parcels"])
def test_the_shares_of_a_zone_add_up_to_one_and_nothing_is_lost(level, unit):
    table, source = shares.of_zones(counts(), unit, TABLE, level, top=3), counts()
    np.testing.assert_allclose(table.groupby("zone_id")["share"].sum(), 1)
    expected = source[source["crop"] > 0].groupby("zone_id")[unit].sum()
    pd.testing.assert_series_equal(
        table.groupby("zone_id")["amount"].sum(), expected, check_names=False
    )


def test_the_largest_groups_are_shown_and_the_rest_is_one():
    table, source = shares.of_zones(counts(), "pixels", TABLE, top=3), counts()
    totals = source[source["crop"] > 0].groupby("crop")["pixels"].sum()
    assert set(table["group"]) == {*totals.nlargest(3).index, shares.OTHER}


def test_a_group_is_the_sum_of_its_crops():
    table = shares.of_zones(counts(), "pixels", TABLE, "family", top=2)
    source, group_of = counts(), TABLE.group_of("family")
    for row in table[table["group"] != shares.OTHER].to_dict("records"):
        mine = source[(source["zone_id"] == row["zone_id"]) & (source["crop"] > 0)]
        expected = mine.loc[group_of[mine["crop"]] == row["group"], "pixels"].sum()
        assert row["amount"] == expected


def test_crops_keep_the_colours_of_the_legend():
    table = shares.of_zones(counts(), "pixels", TABLE, top=4)
    figure = shares.bars(table, "pixels", TABLE)
    kept = [g for g in dict.fromkeys(table["group"]) if g != shares.OTHER]
    drawn = {bar.marker.color for bar in figure.data}
    assert {TABLE.classes[g].colour for g in kept} <= drawn


def test_bars_reach_a_hundred_in_every_zone():
    table = shares.of_zones(counts(), "pixels", TABLE, top=4)
    figure, reached = shares.bars(table, "pixels", TABLE, marked="south_2"), {}
    for bar in figure.data:
        for zone, share in zip(bar.y, bar.x, strict=True):
            reached[zone] = reached.get(zone, 0) + share
    assert reached == {z: pytest.approx(100) for z in ("North 1", "South 1", "South 2")}
    assert sum("▸" in name for name in figure.layout.yaxis.ticktext) == 1


def test_a_dataset_without_mapped_crops_has_no_shares():
    assert shares.of_zones(counts().assign(crop=0), "pixels", TABLE).empty
