import math

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.prepare import gapfill
from cropdash.prepare.gapfill import fill_gaps


def by_loops(array):
    """The rule, written plainly: one value at a time."""
    filled = array.copy()
    for at in np.ndindex(array.shape[1:]):
        series = array[(slice(None), *at)]
        valid = [t for t in range(len(series)) if not math.isnan(series[t])]
        for t in range(len(series)):
            if t in valid or not valid:
                continue
            before = [v for v in valid if v < t]
            after = [v for v in valid if v > t]
            nearest = ([series[before[-1]]] if before else []) + (
                [series[after[0]]] if after else []
            )
            filled[(t, *at)] = sum(nearest) / len(nearest)
    return filled


@st.composite
def gappy(draw):
    shape = draw(
        st.tuples(st.integers(1, 9), st.integers(1, 3), st.integers(1, 4), st.integers(1, 5))
    )
    kind = draw(st.sampled_from([np.float32, np.float64]))
    width = 8 * np.dtype(kind).itemsize
    values = draw(hnp.arrays(kind, shape, elements=st.floats(-10, 10, width=width)))
    gaps = draw(hnp.arrays(bool, shape))
    return np.where(gaps, kind(np.nan), values)


@given(gappy())
@settings(deadline=None, max_examples=200)
def test_equals_nested_loops(array):
    np.testing.assert_array_equal(fill_gaps(array), by_loops(array))


@given(gappy())
@settings(deadline=None)
def test_keeps_what_is_valid_and_the_input(array):
    before = array.copy()
    filled = fill_gaps(array)
    np.testing.assert_array_equal(array, before)
    np.testing.assert_array_equal(filled[~np.isnan(array)], array[~np.isnan(array)])
    np.testing.assert_array_equal(
        np.isnan(filled), np.isnan(array).all(axis=0, keepdims=True) & np.isnan(array)
    )


def test_many_blocks_and_strided_input_give_the_same(monkeypatch):
    rng = np.random.default_rng(0)
    array = rng.random((6, 3, 11, 13), dtype=np.float32)
    array[rng.random(array.shape) < 0.4] = np.nan
    expected = by_loops(array)
    monkeypatch.setattr(gapfill, "_BLOCK", 17)
    np.testing.assert_array_equal(fill_gaps(array), expected)
    strided = np.asfortranarray(array)
    np.testing.assert_array_equal(fill_gaps(strided), expected)


def test_infinity_is_a_value_not_a_gap():
    array = np.array([[np.inf], [np.nan], [-1.0]], dtype=np.float32)
    np.testing.assert_array_equal(fill_gaps(array)[:, 0], [np.inf, np.inf, -1.0])


def test_negative_nan_is_a_gap():
    array = np.array([[1.0], [np.copysign(np.nan, -1)], [3.0]], dtype=np.float32)
    np.testing.assert_array_equal(fill_gaps(array)[:, 0], [1.0, 2.0, 3.0])


def test_empty_arrays_pass():
    assert fill_gaps(np.zeros((3, 0), np.float32)).shape == (3, 0)


@pytest.mark.parametrize("kind", [np.uint16, np.float16])
def test_other_numbers_are_refused(kind):
    with pytest.raises(TypeError, match="float"):
        fill_gaps(np.zeros((3, 2), kind))


def test_large_values_are_no_infinity():
    largest = np.finfo(np.float32).max
    array = np.array([[np.nan], [largest], [np.nan]], np.float32)
    np.testing.assert_array_equal(fill_gaps(array)[:, 0], [largest] * 3)
