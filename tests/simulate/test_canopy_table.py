"""Reflectance of canopies from the table."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from cropdash.simulate.canopy_table import (
    DEAD_BROWN,
    DEAD_CHLOROPHYLL,
    DEAD_WATER,
    STRUCTURE,
    Leaves,
    canopy_table,
    covered,
)
from cropdash.simulate.tables import COARSE, FINE

BANDS = 4
LEAVES = Path(__file__).parent / "prosail_leaves.csv"


def leaves(rng: np.random.Generator, dates: int, pieces: int, **fixed: float) -> Leaves:
    shape = (dates, pieces)
    low_high = {"area": (0.01, 7.4), "chlorophyll": (2, 70), "dead": (0.01, 0.99)}
    low_high |= {"water": (0.001, 0.04), "dry": (0.002, 0.014)}
    drawn = {name: rng.uniform(*ends, shape) for name, ends in low_high.items()}
    drawn |= {name: np.full(shape, value) for name, value in fixed.items()}
    return Leaves(**drawn, angle=rng.uniform(31, 69, pieces))


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_the_table_is_interpolated_linearly(seed: int, dates: int, pieces: int) -> None:
    """Reference: scipy's interpolator on the coefficients, one point after another."""
    rng = np.random.default_rng(seed)
    stand = leaves(rng, dates, pieces)
    ground = rng.uniform(0.02, 0.4, (dates, BANDS, pieces))
    sun = np.radians(rng.uniform(26, 69, dates))
    table = canopy_table()
    reference = RegularGridInterpolator(table.axes, table.coefficients)
    found = covered(stand, ground, sun)
    assert found.shape == (dates, BANDS, pieces)
    for n in range(dates):
        for p in range(pieces):
            state = (stand.area[n, p], stand.chlorophyll[n, p], stand.dead[n, p], stand.angle[p])
            a, b, c = reference([*state, np.degrees(sun[n])])[0].T  # (B, 3)
            expected = a + b * ground[n, :, p] / (1 - c * ground[n, :, p])
            np.testing.assert_allclose(found[n, :, p], expected, rtol=1e-4)


@given(st.integers(0, 10_000))
@settings(max_examples=20, deadline=None)
def test_without_leaves_the_ground_is_seen_as_it_is(seed: int) -> None:
    rng = np.random.default_rng(seed)
    ground = rng.uniform(0.02, 0.5, (2, BANDS, 5))
    bare = leaves(rng, 2, 5, area=0.0)
    np.testing.assert_allclose(covered(bare, ground, np.array([0.5, 1.2])), ground, atol=2e-3)


def test_a_deep_canopy_hides_its_ground_and_a_thin_one_does_not() -> None:
    dark, bright = np.full((1, BANDS, 6), 0.05), np.full((1, BANDS, 6), 0.35)
    contrast = {}
    for area in (0.5, 7.0):
        stand = leaves(np.random.default_rng(1), 1, 6, area=area, dead=0.0, chlorophyll=40.0)
        sun = np.array([0.7])
        contrast[area] = covered(stand, bright, sun) - covered(stand, dark, sun)
    assert (contrast[7.0][:, :3] < 0.01).all()  # in the visible
    assert (contrast[0.5] > 5 * contrast[7.0]).all()


def test_dead_leaves_are_red_and_green_ones_are_not() -> None:
    ground = np.full((1, BANDS, 8), 0.1)
    states = {}
    for dead in (0.0, 1.0):
        stand = leaves(np.random.default_rng(2), 1, 8, area=4.0, dead=dead, chlorophyll=40.0)
        states[dead] = covered(stand, ground, np.ones(1))
    red, near = states[1.0][0, 2], states[1.0][0, 3]
    assert (red > 3 * states[0.0][0, 2]).all()
    assert (near < states[0.0][0, 3]).all()


@pytest.mark.parametrize("beyond", [0.0, 200.0])
def test_beyond_its_ends_the_table_holds(beyond: float) -> None:
    rng = np.random.default_rng(3)
    ground = np.full((1, BANDS, 3), 0.1)
    stand = leaves(rng, 1, 3, chlorophyll=beyond)
    held = replace(stand, chlorophyll=np.clip(stand.chlorophyll, 1, 72))
    sun = np.array([1.5])
    np.testing.assert_array_equal(covered(stand, ground, sun), covered(held, ground, sun))
    assert np.isfinite(covered(stand, ground, sun)).all()


@pytest.mark.parametrize(("of", "most"), [("coefficients", 0.65), ("coefficients_20m", 0.95)])
def test_the_table_is_physical(of: str, most: float) -> None:
    a, b, c = np.moveaxis(getattr(canopy_table(), of), -1, 0)
    for part in (a, b, c):
        assert np.isfinite(part).all()
        assert part.min() >= 0
        assert part.max() <= 1.001
    # Leaves over a ground of .3 scatter more where they absorb little, but make no light.
    assert (a + b * 0.3 / (1 - c * 0.3)).max() < most


# bands of 20 m ------------------------------------------------------------------


@given(st.integers(0, 10_000), st.integers(1, 3), st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_the_bands_of_20_m_are_looked_up_by_what_a_leaf_absorbs(
    seed: int, dates: int, pieces: int
) -> None:
    """Reference: scipy's interpolator, one point and band after another; dead leaves are mixed in."""
    rng = np.random.default_rng(seed)
    stand = leaves(rng, dates, pieces)
    ground = rng.uniform(0.02, 0.4, (dates, len(COARSE), pieces))
    sun = np.radians(rng.uniform(26, 69, dates))
    table = canopy_table()
    reference = RegularGridInterpolator(table.axes_20m, table.coefficients_20m)
    low, high = table.axes_20m[1][[0, -1]]
    found = covered(stand, ground, sun, COARSE)
    for n, p, b in np.ndindex(dates, pieces, len(COARSE)):
        chlorophyll = stand.chlorophyll[n, p]
        green = (chlorophyll, 2 + chlorophyll / 8, 0, stand.water[n, p], stand.dry[n, p])
        dead = (
            DEAD_CHLOROPHYLL, 2 + DEAD_CHLOROPHYLL / 8, DEAD_BROWN, DEAD_WATER, stand.dry[n, p]
        )  # fmt: skip
        expected = 0.0
        for share, contents in ((1 - stand.dead[n, p], green), (stand.dead[n, p], dead)):
            absorbed = np.dot(contents, table.specific_absorption[:, b]) / STRUCTURE
            root = np.clip(np.sqrt(absorbed), low, high)
            at = [stand.area[n, p], root, stand.angle[p], np.degrees(sun[n])]
            a, gain, back = reference(at)[0, b]
            expected += share * (a + gain * ground[n, b, p] / (1 - back * ground[n, b, p]))
        assert found[n, b, p] == pytest.approx(expected, rel=2e-4)


def test_what_is_looked_up_is_what_prosail_gives() -> None:
    """Leaves between the nodes, as PROSAIL itself sees them (`bench.canopy_table --leaves`)."""
    table = pd.read_csv(LEAVES)
    assert len(table) == 60
    off = []
    for row in table.itertuples():
        area, chlorophyll, dead, water, dry = (
            np.array([[v]]) for v in (row.area, row.chlorophyll, row.dead, row.water, row.dry)
        )
        stand = Leaves(area, chlorophyll, dead, np.array([row.angle]), water, dry)
        ground = np.full((1, len(COARSE), 1), row.ground)
        found = covered(stand, ground, np.radians([row.zenith]), COARSE)[0, :, 0]
        off.append(found - [getattr(row, name) for name in COARSE])
    assert np.abs(off).max() < 0.02
    assert (np.sqrt(np.square(off).mean(axis=0)) < 0.005).all()


def test_water_darkens_the_short_wave_infrared_alone() -> None:
    ground = np.full((1, len(COARSE), 5), 0.2)
    wet, dry = (
        covered(
            leaves(np.random.default_rng(4), 1, 5, area=3.0, dead=0.0, water=water),
            ground,
            np.ones(1),
            COARSE,
        )[0]
        for water in (0.025, 0.005)
    )
    b11 = COARSE.index("B11")
    assert (wet[b11:] < 0.75 * dry[b11:]).all()
    np.testing.assert_allclose(wet[:b11], dry[:b11], rtol=0.03)


def test_bands_of_20_m_agree_with_the_band_of_10_m_between_them() -> None:
    """B7 (783 nm) and B8A (865 nm) lie beside B8 (833 nm): one plateau, one brightness."""
    stand = leaves(np.random.default_rng(5), 1, 40, dry=0.006, water=0.012, dead=0.0)
    sun = np.array([0.8])
    near = covered(stand, np.full((1, len(FINE), 40), 0.2), sun)[0, FINE.index("B8")]
    for name in ("B7", "B8A"):
        other = covered(stand, np.full((1, len(COARSE), 40), 0.2), sun, COARSE)[
            0, COARSE.index(name)
        ]
        np.testing.assert_allclose(other, near, atol=0.02)


def test_the_bands_of_10_m_are_those_of_the_first_landscape() -> None:
    """Composites of the demo hang on every bit of them."""
    table = canopy_table()
    of_half = table.coefficients.astype(np.float16)
    assert hashlib.sha256(of_half.tobytes()).hexdigest()[:16] == "28a0c76dfbc52877"
