import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.domain.errors import ConfigError, NotEnoughData
from cropdash.evaluate import conformal

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
    assert table["class_id"].tolist() == [0, 2]
    assert table["support"].tolist() == [2, 1]
    assert table["covered"].tolist() == [0.5, 1.0]
    assert table["size"].tolist() == [1.5, 2.0]


def test_wrong_questions_are_refused():
    with pytest.raises(ConfigError, match="between 0 and 1"):
        conformal.fit_threshold(np.ones((1, 1)), np.zeros(1, int), 1.0)
    with pytest.raises(NotEnoughData, match="no held-out parcel"):
        conformal.fit_threshold(np.ones((0, 1)), np.zeros(0, int))
