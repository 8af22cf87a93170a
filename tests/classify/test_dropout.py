"""Dropout that draws four chances at once."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cropdash.classify.cnn.dropout import Dropout


def _kept(p: float, *shape: int, seed: int = 0) -> torch.Tensor:
    torch.manual_seed(seed)
    return Dropout(p)(torch.ones(*shape)) != 0


@given(st.floats(0.01, 0.9), st.integers(0, 1000))
def test_each_of_the_values_of_a_draw_is_dropped_with_the_chance_asked_for(p, seed):
    n = 40_000
    kept = _kept(p, n, 4, seed=seed).double().mean(dim=0)
    assert (kept - (1 - p)).abs().max() < 6 * math.sqrt(p * (1 - p) / n) + 2**-16


@given(st.integers(0, 1000))
def test_the_values_of_a_draw_are_dropped_independently(seed):
    n = 40_000
    centred = _kept(0.5, n, 4, seed=seed).double() - 0.5
    together = (centred.T @ centred / n * 4).fill_diagonal_(0)  # correlations
    assert together.abs().max() < 6 / math.sqrt(n)


@pytest.mark.parametrize("p", [0.1, 0.25, 0.9])
def test_what_is_kept_is_raised_so_that_the_mean_stays(p):
    torch.manual_seed(0)
    x = torch.rand(3, 5, 7, 11)
    y = Dropout(p)(x)
    torch.testing.assert_close(y[y != 0], x[y != 0] / (1 - p), rtol=1e-4, atol=0)
    assert 0 < (y == 0).float().mean() < 1


def test_the_gradient_is_that_of_the_mask():
    torch.manual_seed(0)
    x = torch.rand(3, 5, 7, 11, requires_grad=True)
    y = Dropout(0.3)(x)
    y.sum().backward()
    torch.testing.assert_close(x.grad, y.detach() / x.detach())


@pytest.mark.parametrize("kind", [torch.float32, torch.bfloat16])
def test_memory_order_and_type_stay(kind):
    x = torch.rand(3, 5, 7, 11, dtype=kind).to(memory_format=torch.channels_last)
    y = Dropout(0.5)(x)
    assert y.stride() == x.stride()
    assert y.dtype == kind


def test_a_view_that_is_not_dense_is_taken_as_well():
    x = torch.ones(4, 6, 10)[:, ::2, 1:8]
    y = Dropout(0.5)(x)
    assert y.shape == x.shape
    assert set(y.unique().tolist()) == {0.0, 2.0}


def test_chance_comes_from_the_seed():
    first, again, other = _kept(0.5, 999), _kept(0.5, 999), _kept(0.5, 999, seed=1)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_nothing_is_dropped_when_answering_or_with_no_chance():
    x = torch.rand(3, 5)
    assert torch.equal(Dropout(0.5).eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)
