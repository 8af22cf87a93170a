"""What teaches most: the least sure, of many classes, away from borders."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain import FEW_PIXELS
from cropdash.evaluate.learning import most_to_learn, uncertainty


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
