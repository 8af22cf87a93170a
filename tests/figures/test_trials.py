"""Charts of searches and folds: every trial is there, and told apart."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cropdash.figures import trials as figures
from cropdash.i18n import speaking


def some(n: int = 12, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    score = rng.random(n)
    state = rng.choice(["done", "pruned", "stopped"], n)
    state[0] = "done"
    best = pd.Series(np.where(state == "done", score, np.nan)).cummax().ffill()
    table = pd.DataFrame({"trial": range(n), "state": state, "score": score, "best": best})
    return table.assign(
        rate=10 ** -rng.random(n), depth=rng.integers(1, 5, n), inputs=["a", "b"] * (n // 2)
    )


@pytest.mark.parametrize("dark", [False, True])
def test_each_trial_is_one_point_at_its_score(dark):
    table = some()
    figure = figures.scores_by_trial(table, dark=dark)
    drawn = {
        x: y for t in figure.data if t.mode == "markers" for x, y in zip(t.x, t.y, strict=True)
    }
    assert drawn == pytest.approx(dict(zip(table["trial"] + 1, table["score"], strict=True)))
    line = next(t for t in figure.data if t.mode == "lines")
    assert (np.diff(line.y) >= 0).all()
    low, high = figure.layout.yaxis.range
    assert low < table["score"].min() < table["score"].max() < high


def test_mean_and_deviation_of_the_folds():
    folds = pd.DataFrame({"fold": [1, 2, 3] * 2, "score": ["A"] * 3 + ["B"] * 3})
    folds["value"] = [0.1, 0.2, 0.6, 0.5, 0.5, 0.5]
    figure = figures.scores_by_fold(folds)
    assert figure.data[0].y == pytest.approx((0.3, 0.5))
    assert figure.data[0].error_y.array == pytest.approx((np.std([0.1, 0.2, 0.6], ddof=1), 0))
    assert figure.data[1].y == pytest.approx(tuple(folds["value"]))


def test_nothing_to_show_is_said():
    nothing = some().assign(score=np.nan)
    with speaking("fr"):
        for figure in (
            figures.scores_by_trial(nothing),
            figures.scores_by_fold(pd.DataFrame(columns=["fold", "score", "value"])),
        ):
            assert not figure.data
            assert figure.layout.annotations[0].text.startswith("Rien")
