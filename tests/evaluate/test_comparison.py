"""Two models on the same parcels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, chi2, permutation_test

from cropdash.domain.errors import ConfigError, InvalidRaster, NotEnoughData
from cropdash.evaluate import confusion, resampling
from cropdash.evaluate.comparison import (
    cell_table,
    class_f1_intervals,
    class_table,
    differences,
    mcnemar,
    zone_table,
)
from cropdash.evaluate.pairs import Pairs, draw_pairs, pair
from cropdash.evaluate.uncertainty import intervals

K = 5


def parcels(n_zones, seed=0, right=0.7, size=80):
    """Parcel predictions of one model; the declarations don't depend on `right`."""
    truth = np.random.default_rng(99).integers(1, K, (n_zones, size))
    rng = np.random.default_rng(seed)
    hit = rng.random(truth.shape) < right
    predicted = np.where(hit, truth, rng.integers(1, K, truth.shape))
    return pd.DataFrame(
        {
            "zone_id": np.repeat([f"z_{z}" for z in range(n_zones)], size),
            "parcel_id": np.tile(np.arange(size), n_zones),
            "truth": truth.ravel(),
            "predicted": predicted.ravel(),
        }
    )


def by_zone(table):
    return {
        zone: confusion(rows["truth"], rows["predicted"], K, unit="parcel")
        for zone, rows in table.groupby("zone_id")
    }


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_agrees_with_scipy(b, c):
    left = np.array([True] * b + [False] * c + [True, False])
    right = np.array([False] * b + [True] * c + [True, False])
    got = mcnemar(left, right)
    assert got[:2] == (b, c)
    assert got.exact is (b + c < 25)
    if b + c == 0:
        expected = 1.0
    elif b + c < 25:
        expected = binomtest(b, b + c).pvalue
    else:
        expected = chi2.sf(max(abs(b - c) - 1, 0) ** 2 / (b + c), 1)
    assert got.p_value == pytest.approx(expected)


def test_mcnemar_wants_the_same_parcels():
    with pytest.raises(InvalidRaster, match="same ones"):
        mcnemar([True], [True, False])


@pytest.mark.parametrize(("n_zones", "drawn"), [(8, "zones"), (2, "parcels")])
def test_a_better_model_is_found_better_and_a_model_equals_itself(n_zones, drawn):
    good, poor = parcels(n_zones, 1, 0.85), parcels(n_zones, 2, 0.55)
    rng = np.random.default_rng(0)
    got = differences(by_zone(good), by_zone(poor), rng=rng, pairs=pair(good, poor), draws=400)
    for row in got.values():
        assert row.value == pytest.approx(row.left - row.right)
        assert 0 < row.low < row.value < row.high
        assert row.p_value < 0.02
        assert (row.drawn, row.n_zones) == (drawn, n_zones)
    if drawn == "parcels":  # no draw on the other side of 0, and one is added
        assert got["accuracy"].p_value == pytest.approx(2 / 401)
    same = differences(by_zone(good), by_zone(good), rng=rng, pairs=pair(good, good), draws=50)
    assert all(tuple(row)[2:6] == (0, 0, 0, 1) for row in same.values())


@pytest.mark.parametrize("n_zones", [4, 7, 9])
def test_p_is_that_of_a_randomisation_test_over_zones(n_zones):
    one, two = parcels(n_zones, 1, 0.74), parcels(n_zones, 2, 0.7)
    got = differences(by_zone(one), by_zone(two), rng=np.random.default_rng(0))["accuracy"]
    of_zones = [
        (t["truth"] == t["predicted"]).groupby(t["zone_id"]).mean().to_numpy() for t in (one, two)
    ]
    expected = permutation_test(
        of_zones,
        lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=True,
    )
    assert got.p_value == pytest.approx(expected.pvalue)
    assert got.p_value >= 2 / 2**n_zones


def test_with_many_zones_p_is_drawn_and_never_zero():
    one, two = parcels(16, 1, 0.9), parcels(16, 2, 0.5)
    got = differences(by_zone(one), by_zone(two), rng=np.random.default_rng(0), draws=500)
    assert got["accuracy"].p_value == pytest.approx(1 / 500, abs=2 / 500)
    assert got["accuracy"].p_value > 0


@pytest.mark.parametrize("n_zones", [5, 8])
def test_equal_models_are_seldom_told_apart(n_zones):
    """Zones differ in which of two equally good models does better in them."""
    excluded, small = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        sides: tuple[dict, dict] = ({}, {})
        for zone in range(n_zones):
            for side, right in zip(sides, rng.normal(0.7, 0.08, 2), strict=True):
                hits = round(400 * float(np.clip(right, 0, 1)))
                side[str(zone)] = confusion(
                    np.ones(400, int), np.repeat([1, 2], [hits, 400 - hits]), K, unit="parcel"
                )
        got = differences(*sides, rng=rng, draws=600)["accuracy"]
        excluded.append(got.low > 0 or got.high < 0)
        small.append(got.p_value < 0.05)
    assert np.mean(excluded) < 0.085
    assert np.mean(small) < 0.085


def test_zones_without_anything_scored_are_no_zones():
    one, two = by_zone(parcels(5, 1)), by_zone(parcels(5, 2))
    nothing = confusion(np.zeros(3, int), np.ones(3, int), K, unit="parcel")
    more = [side | {f"empty_{i}": nothing for i in range(3)} for side in (one, two)]
    rngs = [np.random.default_rng(3) for _ in range(4)]
    assert differences(one, two, rng=rngs[0]) == differences(*more, rng=rngs[1])
    assert intervals(one, rng=rngs[2]) == intervals(more[0], rng=rngs[3])
    assert differences(one, two, rng=rngs[0])["accuracy"].n_zones == 5
    few = [dict(list(side.items())[:2]) | {f"e_{i}": nothing for i in range(4)} for side in more]
    with pytest.raises(NotEnoughData, match="pairs"):
        differences(*few, rng=rngs[0])


def test_a_class_of_few_zones_has_no_interval():
    def side(seed):
        found = by_zone(parcels(8, seed))
        rng = np.random.default_rng(seed)
        for zone in list(found)[:3]:
            truth = np.repeat([1, 2, 4], 20)
            found[zone] = confusion(truth, rng.permutation(truth), K, unit="parcel")
        for zone in list(found)[3:]:
            truth = np.repeat([1, 2, 3], 20)
            found[zone] = confusion(truth, rng.permutation(truth), K, unit="parcel")
        return found

    table = class_f1_intervals(side(1), side(2), rng=np.random.default_rng(0)).set_index("class_id")
    assert table.loc[[0, 4]].isna().all(axis=None)  # in no zone, and in three
    assert table.loc[[1, 2, 3]].notna().all(axis=None)
    assert (table.loc[[1, 2, 3], "f1_low"] < table.loc[[1, 2, 3], "f1_high"]).all()


def test_pairs_must_be_the_parcels_that_were_scored():
    one, two = parcels(2, 1), parcels(2, 2)
    pairs, rng = pair(one[one["parcel_id"] > 0], two), np.random.default_rng(0)
    for check in (differences, class_f1_intervals):
        with pytest.raises(InvalidRaster, match="other parcels"):
            check(by_zone(one), by_zone(two), rng=rng, pairs=pairs)
    pixels = [
        {z: confusion(t["truth"], t["predicted"], K) for z, t in table.groupby("zone_id")}
        for table in (one, two)
    ]
    with pytest.raises(NotEnoughData, match="unit parcel"):
        differences(*pixels, rng=rng, pairs=pair(one, two))


def test_swapping_the_models_changes_the_sign_only():
    one, two = parcels(6, 1, 0.8), parcels(6, 2, 0.7)
    first = differences(by_zone(one), by_zone(two), rng=np.random.default_rng(5))["macro_f1"]
    other = differences(by_zone(two), by_zone(one), rng=np.random.default_rng(5))["macro_f1"]
    assert first[2:6] == pytest.approx((-other.value, -other.high, -other.low, other.p_value))


def test_drawn_pairs_keep_both_models_on_the_same_parcels():
    one, two = parcels(3, 1), parcels(3, 2)
    left, right = draw_pairs(pair(one, two), K, 40, np.random.default_rng(0))
    assert left.shape == right.shape == (40, K, K)
    np.testing.assert_array_equal(left.sum(axis=2), right.sum(axis=2))
    np.testing.assert_array_equal(left.sum(axis=(1, 2)), len(one))
    total = sum(m.counts for m in by_zone(one).values())
    np.testing.assert_allclose(left.mean(axis=0), total, atol=6)


def test_few_zones_need_pairs():
    one, two = by_zone(parcels(3, 1)), by_zone(parcels(3, 2))
    with pytest.raises(NotEnoughData, match="pairs"):
        differences(one, two, rng=np.random.default_rng(0))


def test_pair_keeps_scored_parcels_that_both_models_have():
    one = parcels(2, 1).assign(truth=lambda t: t["truth"].where(t["parcel_id"] > 1, 0))
    two = one.assign(predicted=1).sample(frac=1, random_state=0)
    two = two[two["parcel_id"] != 5]
    got = pair(one, two)
    assert got.truth.size == 2 * (80 - 3)
    np.testing.assert_array_equal(got.right, 1)
    np.testing.assert_array_equal(got.right_correct, got.truth == 1)
    np.testing.assert_array_equal(got.left_correct, got.left == got.truth)
    assert pair(one, two, include_background=True).truth.size == 2 * 79


def test_pair_refuses_what_does_not_match():
    table = parcels(1)
    with pytest.raises(InvalidRaster, match="twice"):
        pair(pd.concat([table, table]), table)
    with pytest.raises(InvalidRaster, match="declarations"):
        pair(table, table.assign(truth=1))
    with pytest.raises(NotEnoughData, match="in common"):
        pair(table, table.assign(zone_id="elsewhere"))
    with pytest.raises(InvalidRaster, match="same length"):
        Pairs(np.array(["a"]), np.array([1, 2]), np.array([1]), np.array([1]))


def test_the_class_table_holds_both_models_scores():
    one, two = (sum(by_zone(parcels(3, s)).values(), start=empty()) for s in (1, 2))
    got = class_table(one, two).set_index("class_id")
    assert got.index.tolist() == [1, 2, 3, 4]
    for k in got.index:
        assert got.loc[k, "support"] == one.support[k]
        assert got.loc[k, "left_f1"] == pytest.approx(one.f1[k])
        assert got.loc[k, "right_precision"] == pytest.approx(two.precision[k])
        assert got.loc[k, "f1_difference"] == pytest.approx(one.f1[k] - two.f1[k])


def empty():
    return confusion([], [], K, unit="parcel")


def test_a_class_that_is_only_predicted_is_listed_without_a_score():
    got = class_table(confusion([1, 1], [1, 3], K), confusion([1, 1], [1, 1], K))
    assert got["class_id"].tolist() == [1, 3]
    assert got["left_predicted"].tolist() == [1, 1]
    assert np.isnan(got["left_f1"][1])


def test_the_cell_table_leads_with_the_largest_advantage():
    one, two = confusion([1, 1, 2, 2], [1, 1, 2, 1], K), confusion([1, 1, 2, 2], [2, 2, 2, 1], K)
    got = cell_table(one, two)
    assert got[["truth", "predicted"]].values.tolist()[:2] == [[1, 1], [1, 2]]
    assert got["advantage"].tolist() == [1, 1, 0, 0]
    assert got["left"].tolist() == [2, 0, 1, 1]
    assert got["right_share"].tolist() == [0, 1, 0.5, 0.5]


@pytest.mark.parametrize("n_zones", [2, 7])
def test_class_intervals_hold_the_difference(n_zones):
    one, two = parcels(n_zones, 1, 0.85), parcels(n_zones, 2, 0.55)
    got = class_f1_intervals(
        by_zone(one), by_zone(two), rng=np.random.default_rng(0), pairs=pair(one, two), draws=300
    )
    assert got["class_id"].tolist() == list(range(K))
    table = class_table(
        sum(by_zone(one).values(), start=empty()), sum(by_zone(two).values(), start=empty())
    ).merge(got, on="class_id")
    assert (table["f1_low"] < table["f1_difference"]).all()
    assert (table["f1_difference"] < table["f1_high"]).all()
    assert np.isnan(got["f1_low"][0])


def test_the_zone_table_has_one_row_per_zone():
    one, two = by_zone(parcels(3, 1)), by_zone(parcels(3, 2))
    got = zone_table(one, two)
    assert got["zone_id"].tolist() == list(one)
    np.testing.assert_allclose(
        got["accuracy_difference"], got["left_accuracy"] - got["right_accuracy"]
    )
    assert got["right_macro_f1"][2] == pytest.approx(two["z_2"].macro_f1)
    assert got["left_accuracy"][1] == pytest.approx(one["z_1"].accuracy)
    assert got["n_scored"].tolist() == [80] * 3
    np.testing.assert_allclose(
        got["macro_f1_difference"], got["left_macro_f1"] - got["right_macro_f1"]
    )


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_all_ways_to_exchange_zones_are_tried_once_if_they_are_few(n):
    rng = np.random.default_rng(0)
    ways = resampling.exchanges(n, 2**n, rng)
    assert len(ways) == len(np.unique(ways, axis=0)) == 2**n
    drawn = resampling.exchanges(n, 2**n - 1, rng)
    assert len(drawn) == 2**n - 1
    assert not drawn[0].any()  # as it is
    assert set(np.unique(resampling.exchanges(20, 500, rng))) == {0, 1}


def test_models_scored_on_other_ground_are_not_compared():
    one, two = by_zone(parcels(4, 1)), by_zone(parcels(5, 2))
    with pytest.raises(InvalidRaster, match="same zones"):
        zone_table(one, two)
    with pytest.raises(InvalidRaster, match="same truth"):
        class_table(confusion([1], [1], K), confusion([2], [1], K))
    with pytest.raises(InvalidRaster, match="same truth"):
        cell_table(confusion([1], [1], K), confusion([1], [1], K, unit="parcel"))
    with pytest.raises(InvalidRaster, match="same truth"):
        class_table(confusion([1], [1], K), confusion([1], [1], K + 1))
    grouped = confusion([1], [1], K).at_level(range(K))
    with pytest.raises(InvalidRaster, match="same truth"):
        class_table(confusion([1], [1], K), grouped)
    same_total = {"a": confusion([1], [1], K)}, {"a": confusion([2], [1], K)}
    with pytest.raises(InvalidRaster, match="same truth"):
        zone_table(*same_total)
    for check in (differences, class_f1_intervals):
        with pytest.raises(InvalidRaster, match="same zones"):
            check(one, two, rng=np.random.default_rng(0))
        with pytest.raises(ConfigError, match="level"):
            check(one, one, rng=np.random.default_rng(0), level=1.0)
