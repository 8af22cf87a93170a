"""What teaches most: the least sure, of many classes, away from borders."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain import FEW_PIXELS
from cropdash.evaluate.learning import most_to_clean, most_to_learn, uncertainty


def test_the_nearer_the_second_class_comes_the_less_sure():
    said = np.array([[0.5, 0.5, 0], [1, 0, 0], [0.1, 0.2, 0.7]])
    np.testing.assert_allclose(uncertainty(said), [1, 0, 0.5])


@given(st.integers(0, 40), st.integers(1, 30), st.integers(0, 2**31))
def test_each_row_once_no_border_before_what_is_whole_and_no_class_beyond_its_cap(n, wanted, seed):
    rng = np.random.default_rng(seed)
    said = rng.dirichlet(np.full(4, 0.4), n)
    pixels, share = rng.integers(1, 30, n), rng.choice([0.4, 1.0], n)
    found = most_to_learn(uncertainty(said), said.argmax(1), pixels, share, wanted)
    assert len(found) == len(set(found.tolist())) == min(n, wanted)
    edge = (pixels < FEW_PIXELS) | (share < 0.95)
    assert (np.diff(edge[found].astype(int)) >= 0).all()
    whole, cap = ~edge, max(1, int(np.ceil(0.2 * wanted)))
    if n and not edge[found].any():
        named = said.argmax(1)
        counts = np.bincount(named[found], minlength=4)
        spent = np.array([(named[whole] == k).sum() <= counts[k] for k in range(4)])
        assert (counts[~spent] >= min(counts.max() - cap, counts.max())).all()
    if n and whole.any():
        first = np.flatnonzero(whole)[uncertainty(said)[whole].argmax()]
        assert uncertainty(said)[found[0]] == uncertainty(said)[first]


@given(st.integers(0, 300), st.integers(1, 60), st.integers(0, 2**31))
def test_nothing_is_cleaned_that_may_be_right_and_little_of_any_class(n, wanted, seed):
    rng = np.random.default_rng(seed)
    declared = rng.choice(5, n, p=[0.5, 0.3, 0.12, 0.06, 0.02])
    said = rng.dirichlet(np.full(5, 0.15), n)
    found = most_to_clean(declared, said, wanted)
    assert len(found) == len(set(found.tolist())) <= wanted
    named = said.argmax(1)
    assert (named[found] != declared[found]).all()
    assert (said[found, named[found]] >= 0.6).all()
    for k in range(5):
        assert (declared[found] == k).sum() <= 0.05 * (declared == k).sum()
    for row in found:  # it looks as typical of the other class as those declared so do
        k = named[row]
        assert said[row, k] >= said[declared == k, k].mean() - 1e-12
    gain = said[found, declared[found]] - said[found, named[found]]
    assert (np.diff(gain) >= 0).all()


def test_planted_errors_are_found_and_a_class_that_is_not_known_yet_is_left_alone():
    rng = np.random.default_rng(4)
    truth = rng.choice(4, 1000, p=[0.5, 0.3, 0.185, 0.015])
    said = np.full((1000, 4), 0.05)
    said[np.arange(1000), np.where(truth == 3, 0, truth)] = 0.85  # the rare one is never named
    said = said * rng.uniform(0.8, 1.2, said.shape)
    said /= said.sum(1, keepdims=True)
    wrong = rng.random(1000) < 0.02
    declared = np.where(wrong & (truth != 3), (truth + 1) % 3, truth)
    found = most_to_clean(declared, said, 100)
    assert set(found) <= set(np.flatnonzero(declared != truth))
    assert (
        len(found) >= 0.4 * (declared != truth).sum()
    )  # half of them are less than usually typical
