"""What two models say of one parcel."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash import legend
from cropdash.figures import probabilities

NAMES = ("CNN", "XGBoost")
K = legend.load().n_classes


def said(**shares: float) -> np.ndarray:
    answer = np.zeros(K, np.float32)
    for name, share in shares.items():
        answer[int(name[1:])] = share
    return answer


def test_the_first_three_of_both_and_the_declared_one():
    rows = probabilities.table(
        NAMES,
        (said(c1=0.6, c2=0.3, c3=0.06, c4=0.04), said(c5=0.9, c1=0.1)),
        declared=7,
        legend=legend.load(),
    )
    assert rows["class_id"].tolist() == [5, 1, 2, 3, 7]
    assert rows["declared"].tolist() == [False, False, False, False, True]
    assert rows.set_index("class_id").loc[1, ["CNN", "XGBoost"]].tolist() == pytest.approx(
        [0.6, 0.1]
    )


def test_background_is_never_listed_as_declared():
    rows = probabilities.table(NAMES, (said(c1=1), said(c1=1)), declared=0, legend=legend.load())
    assert rows["class_id"].tolist() == [1]


@given(st.integers(0, 2**32 - 1))
def test_each_models_most_probable_class_is_there(seed):
    rng = np.random.default_rng(seed)
    first, second = rng.dirichlet(np.ones(K), 2).astype(np.float32)
    rows = probabilities.table(NAMES, (first, second), 1, legend.load())
    assert {int(first.argmax()), int(second.argmax()), 1} <= set(rows["class_id"])
    assert len(rows) <= 2 * probabilities.TOP + 1


def test_bars_show_the_numbers_of_the_table():
    rows = probabilities.table(
        NAMES, (said(c1=0.6, c2=0.4), said(c2=1)), declared=2, legend=legend.load()
    )
    figure = probabilities.bars(rows, NAMES)
    assert [t.name for t in figure.data] == list(NAMES)
    np.testing.assert_allclose(figure.data[0].x, rows["CNN"])
    bold = [t.startswith("<b>") for t in figure.layout.yaxis.ticktext]
    assert bold == rows["declared"].tolist()
