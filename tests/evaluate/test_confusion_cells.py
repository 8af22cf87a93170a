"""When in the year two kinds of parcels differ."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash.domain.errors import InvalidRaster
from cropdash.evaluate.confusion_cells import separating_periods

PERIODS = [f"2023-{m:02d}" for m in range(1, 8)]


def sets(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(0.5, 0.1, (40, 7)), rng.normal(0.5, 0.1, (25, 7))


def test_the_planted_period_is_found() -> None:
    one, other = sets()
    one[:, 4] += 0.3
    other[:, 1] += 0.15
    table = separating_periods(one, other, PERIODS)
    assert table["period"].tolist()[:2] == ["2023-05", "2023-02"]
    assert table["effect"].iloc[0] > 0.8
    assert table["effect"].iloc[1] < -0.8


def test_the_effect_is_that_of_the_textbook_and_turns_with_the_sides() -> None:
    one, other = sets(1)
    one[3, 2] = np.nan
    table = separating_periods(one, other, PERIODS).set_index("period")
    a, b = one[~np.isnan(one[:, 2]), 2], other[:, 2]
    pooled = ((len(a) - 1) * a.var(ddof=1) + (len(b) - 1) * b.var(ddof=1)) / (len(a) + len(b) - 2)
    assert table.loc["2023-03", "effect"] == pytest.approx((a.mean() - b.mean()) / pooled**0.5)
    turned = separating_periods(other, one, PERIODS).set_index("period")
    np.testing.assert_allclose(turned.loc[table.index, "effect"], -table["effect"])


def test_periods_without_values_come_last() -> None:
    one, other = sets(2)
    one[:, 0] = np.nan
    other[:-1, 6] = np.nan
    table = separating_periods(one, other, PERIODS)
    assert set(table["period"].tail(2)) == {"2023-01", "2023-07"}
    assert table["effect"].tail(2).isna().all()


def test_two_values_a_side_are_enough_and_one_is_not() -> None:
    one = np.array([[0.2, 0.2, 0.5], [0.4, np.nan, 0.5]])
    other = np.array([[0.5, 0.5, 0.5], [0.9, 0.9, 0.5]])
    table = separating_periods(one, other, PERIODS[:3])
    # Deviations of 0.1 twice and 0.2 twice on 2 degrees of freedom.
    assert table["period"].tolist() == PERIODS[:3]
    assert table["spread"].tolist() == pytest.approx([0.05**0.5, np.nan, 0], nan_ok=True)
    assert table["effect"].tolist() == pytest.approx(
        [-0.4 / 0.05**0.5, np.nan, np.nan], nan_ok=True
    )
    assert table["mean_one"].tolist() == pytest.approx([0.3, 0.2, 0.5])
    assert table["mean_other"].tolist() == pytest.approx([0.7, 0.7, 0.5])
    turned = separating_periods(other, one, PERIODS[:3])
    assert np.isnan(turned["effect"]).tolist() == [False, True, True]


def test_other_periods_are_refused() -> None:
    one, other = sets()
    with pytest.raises(InvalidRaster):
        separating_periods(one, other, PERIODS[:-1])
