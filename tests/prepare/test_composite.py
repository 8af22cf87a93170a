import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.domain import Scene
from cropdash.domain.errors import InvalidScene
from cropdash.prepare import composite
from tests import worlds

PERIODS = ("2023-04", "2023-05", "2023-06")


def by_nanmedian(scenes, periods):
    """Independent reference."""
    at, bands = scenes[0].grid, scenes[0].bands
    result = np.full((len(periods), len(bands), *at.shape), np.nan, np.float32)
    counts = np.zeros((len(periods), *at.shape), int)
    for t, period in enumerate(periods):
        of_month = [s for s in scenes if f"{s.date:%Y-%m}" == period]
        masks = [np.isin(s.scl, (4, 5, 6, 7)) & ~np.isnan(s.reflectance).any(0) for s in of_month]
        for y, x in np.ndindex(at.shape):
            clear = [
                s.reflectance[:, y, x] for s, m in zip(of_month, masks, strict=True) if m[y, x]
            ]
            counts[t, y, x] = len(clear)
            if clear:
                result[t, :, y, x] = np.median(np.array(clear, np.float64), axis=0)
    return result, counts


@given(
    st.lists(st.tuples(st.integers(3, 6), st.integers(1, 28)), min_size=1, max_size=9).filter(
        lambda days: any(month > 3 for month, _ in days)
    ),
    st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
def test_equals_a_plain_median(days, seed):
    scenes = [
        worlds.scene(dt.date(2023, m, d), seed + i, cloudy=0.5)
        for i, (m, d) in enumerate(sorted(days))
    ]
    cube = composite.stream(scenes, PERIODS)
    expected, counts = by_nanmedian(scenes, PERIODS)
    np.testing.assert_allclose(cube.reflectance, expected, rtol=1e-6)
    np.testing.assert_array_equal(cube.clear_dates, counts)


def test_stream_refuses_disorder():
    scenes = [worlds.scene(dt.date(2023, m, 1)) for m in (4, 5, 4)]
    with pytest.raises(InvalidScene, match="2023-04-01 comes after that of 2023-05-01"):
        composite.stream(scenes, PERIODS)


@pytest.mark.parametrize(
    "kept",
    [(4, True), (5, True), (6, True), (7, True), (3, False), (8, False), (0, False), (11, False)],
)
def test_scl_classes_kept(kept):
    code, expected = kept
    plain = worlds.scene(dt.date(2023, 5, 1))
    scene = Scene(
        plain.date,
        plain.reflectance,
        np.full(plain.grid.shape, code, np.uint8),
        plain.grid,
        plain.bands,
    )
    assert composite.clear_mask(scene).all() == expected


def test_a_pixel_without_data_in_one_band_is_not_clear():
    plain = worlds.scene(dt.date(2023, 5, 1), cloudy=0)
    values = plain.reflectance.copy()
    values[1, 2, 3] = np.nan
    scene = Scene(plain.date, values, plain.scl, plain.grid, plain.bands)
    cube = composite.stream([scene], ("2023-05",))
    assert cube.clear_dates[0, 2, 3] == 0
    assert np.isnan(cube.reflectance[0, :, 2, 3]).all()
    assert cube.clear_dates.sum() == plain.scl.size - 1


def test_no_scene_and_unequal_grids_are_refused():
    with pytest.raises(InvalidScene, match="no scene"):
        composite.stream([], PERIODS)
    odd = [
        worlds.scene(dt.date(2023, 5, 1)),
        worlds.scene(dt.date(2023, 5, 9), at=worlds.grid((6, 5))),
    ]
    with pytest.raises(InvalidScene, match="grid"):
        composite.stream(odd, PERIODS)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 31])
@pytest.mark.parametrize("cached", [1, 16_384])
def test_dates_are_sorted_at_each_pixel(n, cached, monkeypatch):
    monkeypatch.setattr(composite, "_CACHED", cached)
    rng = np.random.default_rng(n)
    stack = rng.normal(size=(n, 2, 7, 5)).astype(np.float32)
    stack[rng.random(stack.shape) < 0.3] = np.inf  # clouds
    expected = np.sort(stack, axis=0)
    composite._sort(stack)
    np.testing.assert_array_equal(stack, expected)
