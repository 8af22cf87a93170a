"""Training patches that differ as years and places do."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cropdash.classify import augmentation
from cropdash.prepare.gapfill import fill_gaps

T, C, H, W = 12, 3, 4, 5


def patch(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(T, C, H, W)).astype(np.float32)


@given(seed=st.integers(0, 10_000), share=st.floats(0.05, 0.85))
def test_hidden_months_are_filled_as_a_dataset_fills_its_gaps(seed: int, share: float) -> None:
    inputs = patch(seed)
    before = inputs.copy()
    hidden = np.random.default_rng(seed).random(T) < share
    found = augmentation.without_months(inputs, hidden)
    expected = inputs.copy()
    if not hidden.all():
        expected[hidden] = np.nan
        expected = fill_gaps(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    np.testing.assert_array_equal(inputs, before)  # the zone itself stays as it is


@given(seed=st.integers(0, 10_000), known=st.integers(1, T))
def test_of_a_season_that_goes_on_only_what_is_known_is_changed(seed: int, known: int) -> None:
    rng, inputs = np.random.default_rng(seed), np.abs(patch(seed))
    inputs[known:] = np.nan
    hidden = rng.random(T) < 0.5
    for found in (
        augmentation.without_months(inputs, hidden),
        augmentation.varied(inputs, ("B3", "B4", "B8"), 1.0, rng),
    ):
        assert not np.isnan(found[:known]).any()
        assert np.isnan(found[known:]).all()


@given(seed=st.integers(0, 10_000), whole=st.integers(-3, 3))
def test_a_season_moved_by_whole_months_is_that_of_other_months(seed: int, whole: int) -> None:
    series = patch(seed)
    expected = series[np.clip(np.arange(T) - whole, 0, T - 1)]
    np.testing.assert_allclose(augmentation.shifted(series, whole), expected, atol=1e-6)


@given(periods=st.floats(-2.5, 2.5))
def test_a_season_moved_by_parts_of_a_month_lies_on_the_line_between(periods: float) -> None:
    series = patch(3)
    found = augmentation.shifted(series, periods)
    months = np.arange(T)
    for c, h, w in np.ndindex(C, H, W):
        expected = np.interp(months - periods, months, series[:, c, h, w])
        np.testing.assert_allclose(found[:, c, h, w], expected, atol=1e-5)


BANDS = ("B2", "B4", "B8")


def fields() -> np.ndarray:
    """(T, 3, 2, 2): bare ground left and leaves right, all year."""
    bare, leaves = [0.06, 0.12, 0.16], [0.03, 0.04, 0.45]
    one = np.array([[bare, leaves], [bare, leaves]], np.float32)  # (H, W, B)
    return np.broadcast_to(one.transpose(2, 0, 1), (T, 3, 2, 2)).copy()


def test_soil_is_varied_and_leaves_keep_theirs(monkeypatch) -> None:
    for name in ("_SHIFT", "_GAIN", "_HAZE", "_NOISE"):
        monkeypatch.setattr(augmentation, name, 0.0)
    factors = []
    for seed in range(40):
        found = augmentation.varied(fields(), BANDS, 1.0, np.random.default_rng(seed))
        np.testing.assert_allclose(found[..., 1], fields()[..., 1], rtol=1e-6)
        factor = found[..., 0] / fields()[..., 0]
        assert np.ptp(factor) < 1e-5  # the whole patch, the whole year, all bands
        factors.append(factor.mean())
    assert min(factors) < 0.9
    assert max(factors) > 1.1


def test_haze_lies_over_single_months_and_most_in_the_shortest_band(monkeypatch) -> None:
    for name in ("_SHIFT", "_GAIN", "_SOIL", "_NOISE"):
        monkeypatch.setattr(augmentation, name, 0.0)
    added = augmentation.varied(fields(), BANDS, 2.0, np.random.default_rng(5)) - fields()
    assert (added >= 0).all()
    hazy = added[:, 0, 0, 0] > 1e-6
    assert 0 < hazy.sum() < T
    assert (added[hazy, 0] > added[hazy, 2]).all()


def test_nothing_is_varied_at_strength_0_and_bands_may_be_any() -> None:
    series, rng = fields(), np.random.default_rng(1)
    assert augmentation.varied(series, BANDS, 0.0, rng) is series
    radar = augmentation.varied(series, ("VV", "VH", "X"), 1.0, rng)
    assert radar.shape == series.shape
    assert np.isfinite(radar).all()


def test_ranks_move_all_year_and_by_period() -> None:
    rng = np.random.default_rng(1)
    moved = np.stack([augmentation.moved_ranks((T, C), 2.0, rng) for _ in range(4000)])  # (N, T, C)
    year = moved.mean(axis=1)
    np.testing.assert_allclose(year.std(), 2 * np.hypot(0.3, 0.15 / T**0.5), rtol=0.03)
    np.testing.assert_allclose(
        (moved - year[:, None]).std(), 2 * 0.15 * (11 / 12) ** 0.5, rtol=0.03
    )
    assert abs(np.corrcoef(year[:, 0], year[:, 1])[0, 1]) < 0.05  # each channel by itself
    assert not augmentation.moved_ranks((T, C), 0.0, rng).any()
