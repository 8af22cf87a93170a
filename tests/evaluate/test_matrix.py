"""Counts and scores against scikit-learn and plain loops."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sklearn.metrics as reference
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain.errors import ConfigError, InvalidRaster
from cropdash.evaluate import Confusion, confusion

K = 7


@st.composite
def scenes(draw, n_classes=K):
    """Truth with background and ignore, prediction with classes that truth may lack."""
    shape = draw(st.sampled_from([(3, 5), (40,), (2, 3, 11), (1, 1)]))
    rng = np.random.default_rng(draw(st.integers(0, 2**31)))
    n_true = draw(st.integers(1, n_classes))
    truth = rng.integers(0, n_true, shape).astype(np.uint8)
    truth[rng.random(shape) < 0.1] = 255
    predicted = rng.integers(0, n_classes, shape).astype(np.uint8)
    hit = (rng.random(shape) < 0.5) & (truth != 255)
    return truth, np.where(hit, truth, predicted).astype(np.uint8)


def scored(truth, predicted, include_background):
    keep = truth != 255
    if not include_background:
        keep &= truth != 0
    return truth[keep], predicted[keep]


@given(scenes(), st.booleans())
def test_counts_equal_a_plain_loop(scene, include_background):
    truth, predicted = scene
    expected = np.zeros((K, K), np.int64)
    for t, p in zip(truth.ravel().tolist(), predicted.ravel().tolist(), strict=True):
        if t != 255 and (t != 0 or include_background):
            expected[t, p] += 1
    got = confusion(truth, predicted, K, include_background=include_background)
    assert got.counts.dtype == np.int64
    assert got.unit == "pixel"
    assert got.includes_background is include_background
    np.testing.assert_array_equal(got.counts, expected)


@given(scenes(), st.booleans())
def test_scores_agree_with_scikit_learn(scene, include_background):
    t, p = scored(*scene, include_background)
    if t.size == 0:
        return
    got = confusion(*scene, K, include_background=include_background)
    supported = np.unique(t)
    assert got.supported == tuple(supported)
    options = {"labels": supported, "average": "macro", "zero_division": 0}
    assert got.accuracy == pytest.approx(reference.accuracy_score(t, p))
    assert got.macro_f1 == pytest.approx(reference.f1_score(t, p, **options))
    assert got.macro_recall == pytest.approx(reference.recall_score(t, p, **options))
    assert got.macro_precision == pytest.approx(reference.precision_score(t, p, **options))
    weighted = reference.f1_score(t, p, labels=supported, average="weighted", zero_division=0)
    assert got.weighted_f1 == pytest.approx(weighted)


@given(scenes())
def test_scores_per_class_agree_with_scikit_learn(scene):
    t, p = scored(*scene, True)
    if t.size == 0:
        return
    got = confusion(*scene, K, include_background=True)
    there = got.support > 0
    each = reference.precision_recall_fscore_support(t, p, labels=range(K), zero_division=0)
    for mine, theirs in zip((got.precision, got.recall, got.f1), each[:3], strict=True):
        np.testing.assert_allclose(mine[there], theirs[there])
    np.testing.assert_array_equal(got.support, each[3])
    np.testing.assert_array_equal(got.predicted_total, np.bincount(p, minlength=K))
    assert np.isnan(got.recall[~there]).all()
    assert np.isnan(got.f1[~there]).all()
    np.testing.assert_array_equal(np.isnan(got.precision), ~there & (got.predicted_total == 0))
    one_against_rest = [reference.accuracy_score(t == k, p == k) for k in range(K)]
    np.testing.assert_allclose(got.class_accuracy, one_against_rest)


@given(scenes())
def test_kappa_agrees_with_scikit_learn(scene):
    t, p = scored(*scene, True)
    if t.size == 0:
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = reference.cohen_kappa_score(t, p)
    got = confusion(*scene, K, include_background=True).kappa
    assert got == pytest.approx(expected, nan_ok=True)


@given(scenes(), st.integers(0, 99))
def test_weights_add_up_to_the_area_of_what_is_scored(scene, seed):
    truth, predicted = scene
    area = np.random.default_rng(seed).random(truth.shape)
    got = confusion(truth, predicted, K, area)
    assert got.counts.dtype == np.float64
    assert got.unit == "hectare"
    t, p = scored(truth, predicted, False)
    expected = (
        reference.confusion_matrix(
            t, p, labels=range(K), sample_weight=area[(truth != 0) & (truth != 255)]
        )
        if t.size
        else np.zeros((K, K))
    )
    np.testing.assert_allclose(got.counts, expected, atol=1e-12)


@given(scenes(), scenes())
def test_a_sum_of_matrices_is_the_matrix_of_all(first, second):
    together = [np.concatenate([a.ravel(), b.ravel()]) for a, b in zip(first, second, strict=True)]
    added = confusion(*first, K) + confusion(*second, K)
    np.testing.assert_array_equal(added.counts, confusion(*together, K).counts)


@given(scenes(), st.permutations([0, 0, 1, 1, 1, 2, 3]))
def test_at_level_counts_the_groups_of_truth_and_prediction(scene, group_of):
    truth, predicted = scored(*scene, True)
    groups = np.array(group_of, np.uint8)
    got = confusion(*scene, K, include_background=True).at_level(groups, "group")
    expected = confusion(groups[truth], groups[predicted], 4, include_background=True)
    np.testing.assert_array_equal(got.counts, expected.counts)
    assert got.counts.dtype == np.int64
    assert got.level == "group"


def test_a_prediction_of_background_or_of_an_absent_class_is_an_error():
    got = confusion([1, 1, 2, 2], [1, 0, 2, 3], 4)
    assert got.n_scored == 4
    assert got.accuracy == 0.5
    assert got.supported == (1, 2)
    np.testing.assert_array_equal(got.predicted_total, [1, 1, 1, 1])


def test_a_class_never_predicted_has_precision_zero_and_counts_in_the_mean():
    got = confusion([1, 2], [1, 1], 4)
    np.testing.assert_array_equal(got.precision, [np.nan, 0.5, 0.0, np.nan])
    assert got.macro_precision == 0.25


def test_cells_of_byte_rasters_do_not_wrap_around():
    truth, predicted = np.full((3, 4), 49, np.uint8), np.full((3, 4), 48, np.uint8)
    got = confusion(truth, predicted, 50)
    assert got.counts[49, 48] == 12
    assert got.n_scored == 12


def test_nothing_scored_gives_nan_and_not_an_error():
    got = confusion(np.array([0, 255], np.uint8), np.array([1, 1], np.uint8), 3)
    values = (got.accuracy, got.macro_f1, got.macro_precision, got.weighted_f1, got.kappa)
    assert np.isnan(values).all()
    assert np.isnan(got.class_accuracy).all()
    assert confusion([], [], 3).n_scored == 0


def test_what_lies_under_unscored_truth_is_not_looked_at():
    assert confusion([255, 0, 1], [255, 200, 1], 3).accuracy == 1


def test_advantage_is_positive_where_the_left_is_better():
    better = Confusion(np.array([[8, 2], [0, 5]]))
    worse = Confusion(np.array([[6, 4], [0, 5]]))
    np.testing.assert_allclose(better.advantage_over(worse), [[0.2, 0.2], [0, 0]])
    np.testing.assert_allclose(worse.advantage_over(better), [[-0.2, -0.2], [0, 0]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 2], [1], 3), "predicted has shape"),
        (([1, 2], [1, 2], 3, [1.0]), "weights has shape"),
        (([3], [1], 3), "truth holds the class id 3"),
        (([1], [3], 3), "predicted holds the class id 3"),
        (([1], [-1], 3), "predicted holds the class id -1"),
        (([1.0], [1.0], 3), "whole numbers"),
        (([1], [1], 3, [-1.0]), "Weights"),
        (([1], [1], 3, [np.nan]), "Weights"),
    ],
)
def test_what_cannot_be_counted_is_refused(arguments, message):
    with pytest.raises(InvalidRaster, match=message):
        confusion(*arguments)


@pytest.mark.parametrize("n_classes", [0, 256])
def test_a_legend_that_does_not_fit_bytes_is_refused(n_classes):
    with pytest.raises(ConfigError, match="n_classes"):
        confusion([1], [1], n_classes)


def test_an_unknown_unit_is_refused():
    with pytest.raises(ConfigError, match="acre"):
        confusion([1], [1], 3, unit="acre")


def test_matrices_of_different_kinds_are_not_added():
    pixels = confusion([1], [1], 3)
    for other in (
        confusion([1], [1], 3, unit="parcel"),
        confusion([1], [1], 4),
        confusion([1], [1], 3, include_background=True),
        pixels.at_level([0, 1, 2], "group"),
    ):
        with pytest.raises(InvalidRaster, match="differ in"):
            pixels + other


def test_malformed_matrices_and_groups_are_refused():
    with pytest.raises(InvalidRaster, match="square"):
        Confusion(np.zeros((2, 3), np.int64))
    for groups in ([0, 1], [0, -1, 1]):
        with pytest.raises(InvalidRaster, match="group_of"):
            confusion([1], [1], 3).at_level(groups)
