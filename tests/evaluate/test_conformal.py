import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from cropdash.domain.errors import ConfigError, InvalidRaster, NotEnoughData
from cropdash.evaluate import calibration, conformal

K = 5


@settings(max_examples=10)
@given(st.integers(0, 2**31), st.sampled_from([0.5, 0.8, 0.9]))
def test_sets_hold_the_truth_as_often_as_promised(seed, coverage):
    power = np.random.default_rng(seed).uniform(0.3, 3)  # honest or not, the promise holds
    shares = []
    for i in range(300):  # many small calibrations: the promise is over them
        rng = np.random.default_rng((seed, i))
        honest = rng.dirichlet(np.full(K, 0.5), 120)
        truth = (honest.cumsum(1) < rng.random(120)[:, None]).sum(1)
        said = honest**power / (honest**power).sum(1, keepdims=True)
        threshold = conformal.fit_threshold(said[:60], truth[:60], coverage)
        sets = said[60:] >= threshold
        shares.append(sets[np.arange(60), truth[60:]].mean())
    assert np.mean(shares) == pytest.approx(coverage + 0.5 / 61, abs=0.02)


@given(st.integers(1, 90), st.integers(1, 19), st.integers(0, 999))
@example(19, 18, 0)  # exactly two of (n + 1) may be missed, which floats call 1.9999999999999996
@example(9, 18, 0)  # one of ten is just enough
@example(8, 18, 0)  # and one of nine is not
def test_the_threshold_is_the_quantile_of_the_published_rank(n, twentieths, seed):
    """The ceil((n + 1) * coverage)-th smallest of the scores 1 - p, counted in whole numbers."""
    coverage = Fraction(twentieths, 20)
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.ones(K), n).astype(np.float32)
    truth = rng.integers(0, K, n)
    threshold = conformal.fit_threshold(probabilities, truth, float(coverage))
    rank = math.ceil((n + 1) * coverage)
    likely_first = sorted((float(probabilities[i, k]) for i, k in enumerate(truth)), reverse=True)
    assert threshold == (0 if rank > n else likely_first[rank - 1])
    # The parcel on which the threshold lies is itself covered.
    held = conformal.class_sets(probabilities, threshold)[np.arange(n), truth]
    assert held.sum() >= min(rank, n)


@given(st.integers(2, 12), st.integers(1, 30), st.integers(0, 999))
def test_each_zone_counts_alike_and_equal_zones_as_their_parcels(zones, parcels, seed):
    rng = np.random.default_rng(seed)
    n = zones * parcels
    said, truth = rng.dirichlet(np.ones(K), n), rng.integers(0, K, n)
    of = rng.permutation(np.repeat(rng.permutation(99)[:zones], parcels))
    weights = calibration.zone_weights(of)
    np.testing.assert_allclose(weights, 1)
    alike = conformal.fit_threshold(said, truth, 0.9, weights)
    assert alike == conformal.fit_threshold(said, truth, 0.9)
    # A zone whose parcels are each told twice counts no more than before.
    twice = np.concatenate([np.arange(n), np.flatnonzero(of == of[0])])
    weights = calibration.zone_weights(of[twice])
    assert weights.sum() == pytest.approx(len(twice))
    for zone in np.unique(of):
        assert weights[of[twice] == zone].sum() == pytest.approx(len(twice) / zones)


def test_a_large_and_easy_zone_does_not_promise_for_the_others():
    """Nine zones of 20 hard parcels and one of 2,000 easy ones: what new zones are like is the nine."""
    rng = np.random.default_rng(0)
    sizes = [2000] + [20] * 9
    of = np.repeat(np.arange(10), sizes)
    sure = np.where(of == 0, rng.uniform(0.8, 1, len(of)), rng.uniform(0, 1, len(of)))
    said = np.stack([sure, 1 - sure], axis=1)
    truth = np.zeros(len(of), int)
    held = {}
    for name, weights in (("pooled", None), ("alike", calibration.zone_weights(of))):
        threshold = conformal.fit_threshold(said, truth, 0.9, weights)
        held[name] = np.mean([(sure[of == z] >= threshold).mean() for z in range(10)])
    assert held["alike"] == pytest.approx(0.9, abs=0.02)
    assert held["pooled"] < 0.5


def test_too_few_parcels_promise_nothing_but_everything():
    probabilities = np.full((4, K), 1 / K)
    assert conformal.fit_threshold(probabilities, np.zeros(4, int), 0.9) == 0
    assert conformal.class_sets(probabilities, 0.0).all()


def test_the_likeliest_class_is_always_in_and_the_impossible_never():
    probabilities = np.array([[0.0, 0.4, 0.35, 0.25, 0.0]])
    assert conformal.class_sets(probabilities, 0.9).tolist() == [[False, True, False, False, False]]
    assert conformal.class_sets(probabilities, 0.0)[0].tolist() == [False, True, True, True, False]


def test_coverage_by_class():
    sets = np.array([[1, 1, 0], [0, 1, 0], [1, 0, 1]], bool)
    table = conformal.coverage_table(sets, np.array([0, 0, 2]))
    assert list(table.columns) == ["class_id", "support", "covered", "size"]
    assert table["class_id"].tolist() == [0, 2]
    assert table["support"].tolist() == [2, 1]
    assert table["covered"].tolist() == [0.5, 1.0]
    assert table["size"].tolist() == [1.5, 2.0]
    table = conformal.coverage_table(sets, np.array([0, 0, 2]), ["b", "a", "b"])
    assert table["zone_id"].tolist() == ["a", "b"]
    assert table["support"].tolist() == [1, 2]
    assert table["covered"].tolist() == [0.0, 1.0]


def test_wrong_questions_are_refused():
    for coverage in (0.0, 1.0):
        with pytest.raises(ConfigError, match="between 0 and 1"):
            conformal.fit_threshold(np.ones((1, 1)), np.zeros(1, int), coverage)
    with pytest.raises(NotEnoughData, match="no held-out parcel"):
        conformal.fit_threshold(np.ones((0, 1)), np.zeros(0, int))
    with pytest.raises(InvalidRaster, match="2 sets but 1 parcels"):
        conformal.coverage_table(np.ones((2, 3), bool), np.zeros(1, int))
