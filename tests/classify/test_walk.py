"""The trees as we walk them, beside XGBoost's own prediction: the same bits."""

import numpy as np
import pytest
import xgboost

from cropdash.classify.xgboost import guard, walk

CLASSES, FEATURES = 3, 5


def grown(depth, rows=400, seed=0, categories=False):
    """A booster of seven rounds, what its file holds, and values as it saw them: some are missing."""
    rng = np.random.default_rng(seed)
    table = rng.integers(0, 60, (rows, FEATURES)).astype(np.float32) / 8
    crops = (table[:, 0] + table[:, 1] * table[:, 2] + rng.random(rows)).astype(int) % CLASSES
    table[rng.random(table.shape) < 0.2] = np.nan
    types = ["q"] * (FEATURES - 1) + ["c" if categories else "q"]
    if categories:
        table[:, -1] = rng.integers(0, 6, rows)
    settings = {
        "objective": "multi:softprob", "num_class": CLASSES, "max_depth": depth, "nthread": 1,
        "min_child_weight": 0, "max_cat_to_onehot": 1,
    }  # fmt: skip
    matrix = xgboost.DMatrix(table, crops, feature_types=types, enable_categorical=True)
    booster = xgboost.train(settings, matrix, 7)
    return booster, guard.check(booster.save_raw(raw_format="ubj"), FEATURES, CLASSES), table


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("depth", [1, 2, 4, 6])
def test_answers_are_those_of_xgboost_bit_by_bit(depth, threads):
    booster, learner, table = grown(depth, rows=700, seed=depth)
    walked = walk.Walk.of(learner, CLASSES)
    for rows in (table, table[:1], table[: walk._BLOCK + 1], np.full_like(table[:3], np.nan)):
        expected = booster.inplace_predict(rows)
        found = walked.probabilities(np.ascontiguousarray(rows), threads)
        np.testing.assert_array_equal(found, expected)
        assert len(np.unique(expected)) > 1  # it says something
    assert walked.probabilities(table[:0], threads).shape == (0, CLASSES)


def test_rows_that_lack_a_feature_are_refused():
    """What is compiled checks no bounds: it would answer from what lies beside them in memory."""
    _, learner, table = grown(4)
    with pytest.raises(ValueError, match="more features"):
        walk.Walk.of(learner, CLASSES).probabilities(table[:, : FEATURES - 1].copy(), 1)


def test_both_ways_of_a_missing_value_are_gone():
    _, learner, _ = grown(4)
    left = [tree["default_left"] for tree in learner["gradient_booster"]["model"]["trees"]]
    assert set(np.concatenate(left).tolist()) == {0, 1}


def test_large_trees_and_splits_by_categories_are_left_to_xgboost():
    assert walk.Walk.of(grown(12, rows=3000)[1], CLASSES) is None
    assert walk.Walk.of(grown(3, categories=True)[1], CLASSES) is None


def test_a_beginning_that_all_classes_share_is_spread():
    _, learner, table = grown(2)
    learner["learner_model_param"]["base_score"] = "5E-1"
    walked = walk.Walk.of(learner, CLASSES)
    np.testing.assert_array_equal(walked.base, np.full(CLASSES, 0.5, np.float32))
    assert walked.probabilities(table, 1).sum(axis=1) == pytest.approx(1, abs=1e-5)
