import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, log_loss

from cropdash.domain.errors import InvalidRaster, NotEnoughData
from cropdash.evaluate import calibration, uncertainty

seeds = st.integers(0, 2**31)


def drawn(seed, n=4000, k=6, sharpness=1.0):
    """Truth that follows probabilities, and the same probabilities made too sure or too unsure."""
    rng = np.random.default_rng(seed)
    honest = rng.dirichlet(np.full(k, 0.4), n) * 0.98 + 0.02 / k
    truth = (honest.cumsum(1) < rng.random(n)[:, None]).sum(1)
    said = honest**sharpness
    return (said / said.sum(1, keepdims=True)).astype(np.float32), truth


@settings(max_examples=15)
@given(seeds, st.sampled_from([0.4, 1.0, 2.5]))
def test_the_temperature_undoes_what_made_the_model_too_sure(seed, sharpness):
    said, truth = drawn(seed, sharpness=sharpness)
    temperature = calibration.fit_temperature(said, truth)
    assert temperature == pytest.approx(sharpness, rel=0.12)
    scaled = calibration.scale(said, temperature)
    assert (scaled.argmax(1) == said.argmax(1)).all()
    np.testing.assert_allclose(scaled.sum(1), 1, atol=1e-5)
    labels = range(said.shape[1])
    assert log_loss(truth, scaled, labels=labels) <= log_loss(truth, said, labels=labels) + 1e-4
    assert uncertainty.calibration_error(scaled.max(1), scaled.argmax(1) == truth) < 0.03


def test_classes_that_can_not_be_named_are_left_out_of_the_fit():
    said, truth = drawn(1, sharpness=2.0)
    dead = np.concatenate([said, np.zeros((len(said), 1), np.float32)], axis=1)
    never = np.full(500, 6)
    more = np.concatenate([dead, dead[:500]]), np.concatenate([truth, never])
    assert calibration.fit_temperature(*more) == pytest.approx(
        calibration.fit_temperature(said, truth), rel=1e-3
    )
    assert (calibration.scale(dead, 3.0)[:, 6] == 0).all()
    with pytest.raises(NotEnoughData, match="can name"):
        calibration.fit_temperature(dead[:5], never[:5])


@given(seeds, st.floats(0, 1))
def test_adjusting_is_bayes_with_another_prior(seed, tau):
    rng = np.random.default_rng(seed)
    prior, values = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(5), (3, 4))
    expected = np.exp(np.log(values) - tau * np.log(prior))
    expected /= expected.sum(-1, keepdims=True)
    got = calibration.adjust(values, prior, tau)
    np.testing.assert_allclose(got, expected, rtol=2e-4)
    other = calibration.adjust(np.moveaxis(values, -1, 0), prior, tau, axis=0)
    np.testing.assert_allclose(np.moveaxis(other, 0, -1), got, rtol=1e-5)


def test_a_class_that_was_never_there_stays_impossible():
    values = np.array([[0.5, 0.3, 0.2]], np.float32)
    got = calibration.adjust(values, np.array([0.0, 0.5, 0.5]), 1.0)
    np.testing.assert_allclose(got, [[0, 0.6, 0.4]], rtol=1e-5)


@settings(max_examples=12)
@given(seeds)
def test_the_adjustment_is_the_best_of_those_tried(seed):
    """Truth follows the prior, so that accuracy is best without and macro F1 with much of it."""
    rng = np.random.default_rng(seed)
    prior = np.array([0.55, 0.25, 0.12, 0.05, 0.03])
    truth = rng.choice(5, 600, p=prior)
    logits = np.log(prior) + rng.normal(0, 1, (600, 5)) + 1.5 * np.eye(5)[truth]
    said = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    taus = tuple(np.linspace(0, 1, 9).tolist())
    scores = []
    for tau in taus:
        weighted = said / prior**tau
        answer = weighted.argmax(1)
        f1 = f1_score(truth, answer, labels=np.unique(truth), average="macro", zero_division=0)
        scores.append(accuracy_score(truth, answer) + f1)
    found = calibration.fit_adjustment(said, truth, prior, taus)
    assert scores[taus.index(found)] == pytest.approx(max(scores))
    assert found == min(
        t for t, score in zip(taus, scores, strict=True) if score > max(scores) - 1e-9
    )


def test_a_class_that_nobody_has_or_names_does_not_count_in_the_adjustment():
    said = np.array([[0.6, 0.4, 0.0], [0.55, 0.45, 0.0], [0.9, 0.1, 0.0]])
    found = calibration.fit_adjustment(said, np.array([1, 1, 0]), np.array([0.8, 0.2, 0.0]))
    assert found == 0.3  # the first of its steps of 0.05 at which 4^tau passes 6 / 4 and 55 / 45


def test_what_only_impossible_classes_have_is_no_answer():
    values = np.array([[[1.0, 0.0, 0.0], [0.0, 0.25, 0.75]]], np.float32)  # classes lie last
    got = calibration.adjust(values, np.array([0.0, 0.5, 0.5]), 1.0)
    np.testing.assert_allclose(got, [[[0, 0, 0], [0, 0.25, 0.75]]])
    np.testing.assert_allclose(calibration.scale(got, 0.5), [[[0, 0, 0], [0, 0.1, 0.9]]], rtol=1e-5)


def test_a_temperature_of_zero_is_refused():
    for temperature in (0.0, -1.0, float("nan")):
        with pytest.raises(InvalidRaster, match="positive"):
            calibration.scale(np.ones((1, 2)), temperature)
