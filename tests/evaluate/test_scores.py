"""The summary names every denominator."""

from __future__ import annotations

import json

import numpy as np
import pytest

from cropdash.domain.errors import ConfigError
from cropdash.evaluate import confusion
from cropdash.evaluate.scores import averaged_classes, never_trained, summary

TRUTH = [1, 1, 1, 2, 2, 4, 0, 255]
PREDICTED = [1, 1, 2, 2, 2, 1, 1, 1]


def test_the_summary_is_plain_and_names_its_denominators():
    got = summary(confusion(TRUTH, PREDICTED, 6), trained=[1, 2, 3])
    assert got == json.loads(json.dumps(got, allow_nan=False))
    assert got["n_scored"] == 6
    assert isinstance(got["n_scored"], int)
    assert (got["unit"], got["level"], got["background"]) == ("pixel", "class", "out")
    assert got["classes_averaged"] == [1, 2, 4]
    assert got["n_classes_averaged"] == 3
    assert got["never_trained"] == [4]
    assert got["never_trained_share"] == pytest.approx(1 / 6)
    assert got["macro_recall"] == pytest.approx((2 / 3 + 1 + 0) / 3)
    assert got["macro_precision"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)


def test_macro_scores_follow_the_chosen_list_of_classes():
    matrix = confusion(TRUTH, PREDICTED, 6)
    trained = summary(matrix, trained=[1, 2, 3], average_over="trained")
    assert trained["classes_averaged"] == [1, 2]
    assert trained["macro_recall"] == pytest.approx((2 / 3 + 1) / 2)
    everything = summary(matrix, average_over="all")
    assert everything["classes_averaged"] == [1, 2, 3, 4, 5]
    assert everything["macro_recall"] == pytest.approx((2 / 3 + 1) / 5)


def test_background_is_averaged_only_when_it_is_scored():
    with_background = confusion(TRUTH, PREDICTED, 6, include_background=True)
    got = summary(with_background, trained=[1, 2, 4], average_over="all")
    assert got["background"] == "in"
    assert got["classes_averaged"] == [0, 1, 2, 3, 4, 5]
    assert got["never_trained"] == []


def test_groups_are_listed_at_their_own_level():
    grouped = confusion(TRUTH, PREDICTED, 6).at_level([0, 1, 1, 2, 2, 2], "group")
    got = summary(grouped, trained=[1], average_over="all")
    assert got["level"] == "group"
    assert got["classes_averaged"] == [0, 1, 2]
    assert got["never_trained"] == [2]


def test_an_empty_test_set_has_no_scores():
    got = summary(confusion([0], [1], 3), trained=[1])
    assert got["n_scored"] == 0
    assert got["classes_averaged"] == []
    undefined = ("accuracy", "macro_f1", "macro_precision", "weighted_f1", "never_trained_share")
    assert [got[name] for name in undefined] == [None] * 5


def test_hectares_are_not_rounded():
    got = summary(confusion([1, 1], [1, 2], 3, [0.25, 0.5]))
    assert got["n_scored"] == pytest.approx(0.75)
    assert got["unit"] == "hectare"


def test_summary_equals_the_properties_of_the_matrix():
    rng = np.random.default_rng(4)
    matrix = confusion(rng.integers(0, 6, (9, 13)), rng.integers(0, 6, (9, 13)), 6)
    got = summary(matrix)
    for name in ("accuracy", "macro_precision", "macro_recall", "macro_f1", "weighted_f1", "kappa"):
        assert got[name] == pytest.approx(getattr(matrix, name))


def test_unknown_denominators_are_refused():
    matrix = confusion([1], [1], 3)
    with pytest.raises(ConfigError, match="needs the list"):
        averaged_classes(matrix, None, "trained")
    with pytest.raises(ConfigError, match="average_over"):
        summary(matrix, average_over="some")
    assert never_trained(matrix, None) == ()
    unknown = summary(matrix)
    assert unknown["never_trained"] is None
    assert unknown["never_trained_share"] is None
