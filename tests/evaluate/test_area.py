"""Areas corrected for the errors of the map."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from cropdash.domain.errors import InvalidRaster
from cropdash.evaluate.area import by_zones, estimate_area

# The worked example of Olofsson et al. 2014 (table 8): deforestation, forest gain, stable forest,
# stable non-forest; rows are the map there. Areas in Landsat pixels of 30 m.
BY_MAP = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
HECTARES = np.array([200_000, 150_000, 3_200_000, 6_450_000]) * 0.09


def test_the_published_example() -> None:
    table = estimate_area(BY_MAP.T, HECTARES)
    deforested = table.iloc[0]
    half = deforested["high_ha"] - deforested["estimated_ha"]
    # 235,086 pixels, 21,158 ha ± 6,158 ha.
    assert deforested["estimated_ha"] / 0.09 == pytest.approx(235_086, abs=1)
    assert half / 0.09 == pytest.approx(68_418, abs=10)
    assert table["users_accuracy"].round(2).tolist() == [0.88, 0.73, 0.93, 0.96]
    assert table["producers_accuracy"].round(2).tolist() == [0.75, 0.85, 0.93, 0.96]
    half_users = 1.96 * table["users_accuracy_error"]
    assert half_users.round(2).tolist() == [0.07, 0.10, 0.04, 0.02]
    half_producers = 1.96 * table["producers_accuracy_error"]
    assert half_producers.round(2).tolist() == [0.21, 0.25, 0.03, 0.02]


def test_areas_add_up_to_the_map() -> None:
    table = estimate_area(BY_MAP.T, HECTARES)
    assert table["estimated_ha"].sum() == pytest.approx(HECTARES.sum())


def test_the_interval_holds_the_true_area_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    size = np.array([2_000, 5_000, 30_000])
    truth_given_map = np.array([[0.8, 0.15, 0.05], [0.1, 0.85, 0.05], [0.01, 0.03, 0.96]])
    true_area = size @ truth_given_map
    held = []
    # Enough of each class for the rarest cell (1 in 100) to be near a normal distribution.
    for _ in range(600):
        sample = np.stack([rng.multinomial(1_500, row) for row in truth_given_map])
        table = estimate_area(sample.T, size)
        held.append((table["low_ha"] <= true_area) & (true_area <= table["high_ha"]))
    assert np.mean(held, axis=0) == pytest.approx([0.95] * 3, abs=0.03)


def test_what_was_not_sampled_is_said() -> None:
    counts = np.array([[30, 1, 0], [2, 40, 0], [0, 0, 0]])
    table = estimate_area(counts, [100.0, 200.0, 50.0])
    assert table.attrs["unsampled_ha"] == 50.0
    assert np.isnan(table.set_index("class_id").loc[2, "users_accuracy"])
    assert table["estimated_ha"].sum() == pytest.approx(300.0)


def test_a_perfect_map_needs_no_correction() -> None:
    table = estimate_area(np.diag([10, 20, 0]), [5.0, 7.0, 0.0])
    assert table["estimated_ha"].tolist() == [5.0, 7.0]
    assert table["standard_error_ha"].tolist() == [0.0, 0.0]


def test_no_area_is_below_zero_and_those_above_are_as_computed() -> None:
    """The rare class's interval would reach below 0; the common one's doesn't."""
    counts = np.array([[1, 1], [1, 30]])
    table = estimate_area(counts, [2.0, 300.0])
    reach = table["high_ha"] - table["estimated_ha"]
    assert (table["estimated_ha"] - reach).lt(0).any()
    wanted = (table["estimated_ha"] - reach).clip(lower=0)
    np.testing.assert_allclose(table["low_ha"], wanted, atol=1e-9)
    assert table["low_ha"].min() == 0
    common = table.iloc[1]
    assert 0 < common["low_ha"] < common["estimated_ha"]


def test_one_sampled_unit_says_nothing_of_its_error_and_two_do() -> None:
    """With n units mapped as a class the variance of a share is p (1 - p) / (n - 1)."""
    counts = np.array([[1, 0, 4], [1, 1, 0], [0, 0, 16]])
    table = estimate_area(counts, [10.0, 20.0, 50.0]).set_index("class_id")
    assert table.attrs["unsampled_ha"] == 20.0
    assert np.isnan(table.loc[1, ["users_accuracy", "users_accuracy_error"]]).all()
    assert table.loc[0, "users_accuracy_error"] == pytest.approx(0.5)  # of two, one is right
    assert table.loc[2, "users_accuracy_error"] == pytest.approx(np.sqrt(0.8 * 0.2 / 19))
    error = np.hypot(10 * 0.5, 50 * np.sqrt(0.8 * 0.2 / 19))
    assert table.loc[0, "standard_error_ha"] == pytest.approx(error)
    half = table.loc[0, "high_ha"] - table.loc[0, "estimated_ha"]
    assert half / error == pytest.approx(stats.norm.ppf(0.975))


def test_how_much_is_found_of_a_class_that_was_not_sampled_is_unknown() -> None:
    table = estimate_area(np.array([[0, 0, 0], [0, 18, 0], [0, 2, 0]]), np.array([0.0, 100, 50]))
    table = table.set_index("class_id")
    assert np.isnan(table.loc[2, "producers_accuracy"])
    assert np.isnan(table.loc[2, "users_accuracy"])
    assert table.loc[1, "producers_accuracy"] == 1
    assert np.isnan(table.loc[2, "producers_accuracy_error"])


@pytest.mark.parametrize(
    ("counts", "areas"),
    [(np.ones((2, 3)), [1, 2]), (np.ones((2, 2)), [1]), (-np.ones((1, 1)), [1])],
)
def test_what_does_not_fit_is_refused(counts: np.ndarray, areas: list[float]) -> None:
    with pytest.raises(InvalidRaster):
        estimate_area(counts, areas)


def test_what_zones_show_is_shared_out_by_the_errors_of_others() -> None:
    """One class is mapped as it is; of the other a quarter is the first in truth, more or less."""
    rng = np.random.default_rng(3)
    wrong = rng.binomial(100, 0.25, 40)
    counts = np.zeros((40, 3, 3))
    counts[:, 0, 0], counts[:, 1, 1], counts[:, 0, 1] = 50, 100 - wrong, wrong
    mapped = np.array([[10.0, 40.0, 2.0], [0.0, 8.0, 0.0]])
    found, low, high = by_zones(counts, mapped, np.random.default_rng(0))
    share = wrong.sum() / 4000
    np.testing.assert_allclose(found[0], [10 + 40 * share, 40 * (1 - share), 2.0])
    np.testing.assert_allclose(found.sum(axis=1), mapped.sum(axis=1))
    assert (low <= found + 1e-5).all()
    assert (found <= high + 1e-5).all()
    half = 1.96 * 8 * wrong.std() / 100 / np.sqrt(40)
    assert (high - low)[1, 1] / 2 == pytest.approx(half, rel=0.15)
    assert (high - low)[0, 2] == pytest.approx(0, abs=1e-5)  # never seen mapped so: left as it is
    with pytest.raises(InvalidRaster):
        by_zones(counts, mapped[:, :2], rng)
