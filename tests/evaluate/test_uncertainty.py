"""Intervals that cover, and calibration against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cropdash.domain.errors import ConfigError, InvalidRaster, NotEnoughData
from cropdash.evaluate import Confusion, confusion, resampling
from cropdash.evaluate.uncertainty import (
    METRICS,
    calibration_error,
    error_by_chance,
    intervals,
    reliability,
)

K = 5


def zones(n, seed=0, right=0.7, size=60, unit="parcel"):
    """n zones whose accuracy scatters around `right`."""
    rng = np.random.default_rng(seed)
    out = {}
    for z in range(n):
        truth = rng.integers(1, K, size)
        hit = rng.random(size) < np.clip(right + rng.normal(0, 0.1), 0, 1)
        out[f"z_{z}"] = confusion(
            truth, np.where(hit, truth, rng.integers(1, K, size)), K, unit=unit
        )
    return out


@pytest.mark.parametrize(("n", "drawn"), [(8, "zones"), (2, "parcels")])
def test_intervals_hold_the_score_and_repeat(n, drawn):
    got = intervals(zones(n), rng=np.random.default_rng(1), draws=300)
    assert set(got) == set(METRICS)
    total = sum(m.counts for m in zones(n).values())
    for name, interval in got.items():
        assert interval.low < interval.value < interval.high
        assert (interval.drawn, interval.n_zones) == (drawn, n)
        assert interval.value == pytest.approx(getattr(Confusion(total, "parcel"), name))
    assert got == intervals(zones(n), rng=np.random.default_rng(1), draws=300)


@pytest.mark.parametrize("n", [5, 8])
def test_intervals_of_few_zones_cover(n):
    held = []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        found = {}
        for zone in range(n):
            hits = round(400 * float(np.clip(rng.normal(0.7, 0.08), 0, 1)))
            truth, said = np.ones(400, int), np.repeat([1, 2], [hits, 400 - hits])
            found[str(zone)] = confusion(truth, said, K, unit="parcel")
        got = intervals(found, rng=rng, draws=600)["accuracy"]
        held.append(got.low <= 0.7 <= got.high)
    assert np.mean(held) > 0.925


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
@pytest.mark.parametrize("n", [4, 9])
def test_of_equally_large_zones_the_interval_is_that_of_a_mean(n, level):
    """Without differences of size, the jackknife is Student's interval of the zones' accuracies."""
    right = np.random.default_rng(n).integers(20, 40, n)
    found = {
        str(z): confusion(np.ones(40, int), np.repeat([1, 2], [hits, 40 - hits]), K, unit="pixel")
        for z, hits in enumerate(right)
    }
    got = intervals(found, rng=np.random.default_rng(0), level=level)["accuracy"]
    expected = stats.ttest_1samp(right / 40, 0).confidence_interval(level)
    assert (got.low, got.high) == pytest.approx((expected.low, min(expected.high, 1.0)))


def test_the_interval_of_macro_f1_holds_it_and_covers_what_so_many_zones_have():
    """Rare classes lie in few zones, so that those of a zone less are other ones."""
    common, world = 5, np.random.default_rng(7)
    shares, right = 1 / np.arange(1, 16) ** 1.5, world.uniform(0.2, 0.9, 15)

    def sample(rng):
        found = {}
        for zone in range(8):
            there = (rng.random(15) < 0.3) | (np.arange(15) < common)
            truth = 1 + rng.choice(15, 300, p=shares * there / (shares * there).sum())
            hit = rng.random(300) < (right + rng.normal(0, 0.1))[truth - 1]
            said = np.where(hit, truth, 1 + rng.integers(0, common, 300))
            found[str(zone)] = confusion(truth, said, 16, unit="parcel")
        return found

    def score(found):
        return Confusion(sum(m.counts for m in found.values()), "parcel").macro_f1

    expected = np.mean([score(sample(np.random.default_rng(seed))) for seed in range(300)])
    held = []
    for seed in range(300, 500):
        found = sample(np.random.default_rng(seed))
        got = intervals(found, rng=np.random.default_rng(seed))["macro_f1"]
        assert got.low < got.value < got.high
        assert got.value == pytest.approx(score(found))
        held.append(got.low <= expected <= got.high)
    assert 0.9 < np.mean(held) < 0.99


def test_drawn_parcels_scatter_as_draws_with_replacement_do():
    """Within each zone the multinomial's variances; zones are drawn apart from each other."""
    counts = np.array([[[0, 4], [9, 7]], [[3, 0], [1, 0]]])
    drawn = resampling.draw_parcels(counts, 20_000, np.random.default_rng(0))
    n = counts.sum(axis=(1, 2), keepdims=True)
    np.testing.assert_allclose(drawn.mean(axis=0), counts.sum(axis=0), atol=0.1)
    variance = (counts * (1 - counts / n)).sum(axis=0)
    np.testing.assert_allclose(drawn.var(axis=0), variance, rtol=0.05, atol=0.01)


def test_zones_left_out_equal_a_plain_loop():
    counts = resampling.stack(zones(6))
    for out, without in enumerate(resampling.left_out(counts)):
        expected = sum(c for zone, c in enumerate(counts) if zone != out)
        np.testing.assert_array_equal(without, expected)


def test_drawn_parcels_keep_each_zone_s_number_and_hit_only_its_cells():
    counts = resampling.stack(zones(2))
    drawn = resampling.draw_parcels(counts, 50, np.random.default_rng(3))
    np.testing.assert_array_equal(drawn.sum(axis=(1, 2)), counts.sum())
    assert (drawn[:, counts.sum(axis=0) == 0] == 0).all()


def test_a_zone_interval_covers_the_truth_about_as_often_as_it_says():
    covered = 0
    for seed in range(120):
        got = intervals(zones(20, seed), rng=np.random.default_rng(seed), draws=200)["accuracy"]
        # Wrong guesses hit by chance one time in four.
        covered += got.low <= 0.7 + 0.3 / 4 <= got.high
    assert 0.85 < covered / 120 <= 1.0


def test_a_class_in_one_zone_only_has_its_part_in_the_interval():
    by_zone = zones(5)
    rare = np.zeros((K, K), np.int64)
    rare[1, 1], rare[4, 4] = 3, 2
    by_zone = {
        z: Confusion(m.counts * (np.arange(K) != 4)[:, None], "parcel") for z, m in by_zone.items()
    }
    by_zone["rare"] = Confusion(rare, "parcel")
    got = intervals(by_zone, rng=np.random.default_rng(0), draws=200)["macro_f1"]
    assert np.isfinite(got[:3]).all()
    assert got.low < got.value < got.high


def test_intervals_that_would_mislead_are_refused():
    with pytest.raises(NotEnoughData, match="pixel needs at least 4 zones"):
        intervals(zones(3, unit="pixel"), rng=np.random.default_rng(0))
    with pytest.raises(NotEnoughData, match="no zone"):
        intervals({}, rng=np.random.default_rng(0))
    with pytest.raises(ConfigError, match="level"):
        intervals(zones(5), rng=np.random.default_rng(0), level=95)


def test_zones_without_a_scored_parcel_have_no_interval():
    empty = {f"z_{i}": confusion([], [], K, unit="parcel") for i in range(2)}
    got = intervals(empty, rng=np.random.default_rng(0), draws=10)["accuracy"]
    assert np.isnan([got.value, got.low, got.high]).all()


@given(st.integers(0, 999), st.integers(1, 12))
def test_reliability_equals_a_plain_loop(seed, n_bins):
    rng = np.random.default_rng(seed)
    confidence = rng.random(57).round(2)
    correct = rng.random(57) < confidence
    table = reliability(confidence, correct, n_bins)
    error = 0.0
    for i, row in enumerate(table.itertuples()):
        inside = (confidence > row.low) & (confidence <= row.high)
        if i == 0:
            inside |= confidence == 0
        assert row.n == inside.sum()
        if inside.any():
            assert row.confidence == pytest.approx(confidence[inside].mean())
            assert row.accuracy == pytest.approx(correct[inside].mean())
            error += inside.mean() * abs(confidence[inside].mean() - correct[inside].mean())
        else:
            assert np.isnan([row.confidence, row.accuracy]).all()
    assert table["n"].sum() == 57
    assert calibration_error(confidence, correct, n_bins) == pytest.approx(error)


def test_a_model_as_sure_as_it_is_right_has_no_calibration_error():
    assert calibration_error([0.75] * 4, [True, True, True, False]) == pytest.approx(0)
    assert calibration_error([1.0] * 4, [False] * 4) == pytest.approx(1)
    assert calibration_error(np.float32([1.0000001]), [True]) == pytest.approx(0)


@pytest.mark.parametrize(
    ("confidence", "correct", "error"),
    [
        ([], [], NotEnoughData),
        ([0.5], [True, False], InvalidRaster),
        ([1.5], [True], InvalidRaster),
        ([np.nan], [True], InvalidRaster),
    ],
)
def test_confidences_that_are_none_are_refused(confidence, correct, error):
    with pytest.raises(error):
        reliability(confidence, correct)
    if error is NotEnoughData:
        return
    with pytest.raises(ConfigError, match="n_bins"):
        reliability([0.5], [True], 0)


@pytest.mark.parametrize(("n", "power"), [(60, 0.3), (400, 1.0), (5_000, 3.0)])
def test_a_calibration_error_by_chance_is_that_of_confidences_that_are_true(n, power):
    rng = np.random.default_rng(n)
    sure = rng.random(n) ** power
    drawn = [calibration_error(sure, rng.random(n) < sure) for _ in range(400)]
    assert error_by_chance(sure) == pytest.approx(np.mean(drawn), rel=0.08)
    assert error_by_chance(np.ones(n)) == 0
