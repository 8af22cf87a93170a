"""Several models as one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import check_grad

from cropdash.domain.errors import InvalidRaster, NotEnoughData
from cropdash.evaluate import stacking
from cropdash.evaluate.stacking import Stack

P, K = 4_000, 5


def two_models(seed: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Two views of the same truth, each with its own noise; the second is the worse one."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(K, P, p=[0.4, 0.3, 0.2, 0.07, 0.03])
    members = []
    for noise in (1.0, 1.6):
        logits = 2 * np.eye(K)[truth] + rng.normal(0, noise, (P, K))
        raised = np.exp(logits)
        members.append((raised / raised.sum(1, keepdims=True)).astype(np.float32))
    return members, truth


def loss(probabilities: np.ndarray, truth: np.ndarray) -> float:
    return -float(np.log(np.maximum(probabilities[np.arange(len(truth)), truth], 1e-9)).mean())


def test_the_stack_is_better_than_each_member_and_than_their_mean_on_new_parcels() -> None:
    stack = stacking.fit_stack(*two_models(0))
    members, truth = two_models(1)
    ours = loss(stack.apply(members), truth)
    assert ours < min(loss(m, truth) for m in members)
    assert ours < loss(sum(members) / 2, truth)
    assert stack.weights[0] > stack.weights[1] > 0


def test_the_gradient_is_that_of_the_cost() -> None:
    rng = np.random.default_rng(3)
    logs = np.log(rng.dirichlet(np.ones(K), (2, 30)))
    truth, allowed = rng.integers(0, K - 1, 30), np.ones((30, K), bool)
    allowed[:, K - 1] = False
    of = lambda x, i: stacking.cost_and_gradient(x, logs, truth, allowed, 0.1)[i]  # noqa: E731
    for _ in range(3):
        x = rng.normal(size=2 + K)
        assert check_grad(lambda x: of(x, 0), lambda x: of(x, 1), x) < 1e-5


def test_a_class_of_one_member_stays_nameable_and_one_of_none_does_not() -> None:
    (one, other), truth = two_models(2)
    one, other = one.copy(), other.copy()
    one[:, 3] = 0
    one[:, 4] = other[:, 4] = 0
    stack = stacking.fit_stack([one, other], truth)
    said = stack.apply([one, other])
    assert (said[:, 3] > 0).all()
    assert not said[:, 4].any()
    np.testing.assert_allclose(said.sum(1), 1, atol=1e-5)


def test_the_axis_of_the_classes_does_not_matter() -> None:
    (one, other), truth = two_models(4)
    stack = Stack.from_json(stacking.fit_stack([one, other], truth).to_json())
    rasters = [m[:12].T.reshape(K, 3, 4) for m in (one, other)]
    np.testing.assert_allclose(
        stack.apply(rasters, axis=0).reshape(K, 12).T,
        stack.apply([one[:12], other[:12]]),
        rtol=1e-5,
    )


def test_what_does_not_fit_is_refused() -> None:
    members, truth = two_models(5)
    with pytest.raises(InvalidRaster):
        Stack((1.0,), (0.0,) * K).apply(members)
    with pytest.raises(NotEnoughData):
        stacking.fit_stack([np.zeros((3, K))], truth[:3])
