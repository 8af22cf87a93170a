"""Areas corrected for the errors of the map."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cropdash.domain.errors import InvalidRaster
from cropdash.evaluate.area import estimate_area, estimate_area_by_zone

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


def test_zones_that_err_alike_need_the_wider_interval() -> None:
    """The error rate differs from zone to zone: units of a zone are no independent draws."""
    rng = np.random.default_rng(1)
    size, held = np.array([400.0, 600.0]), []
    for _ in range(400):
        wrong = rng.beta(2, 8, (12, 2))  # mean .2 for each mapped class
        n = rng.integers(30, 80, (12, 2))
        missed = rng.binomial(n, wrong)
        zones = np.zeros((12, 2, 2))  # (zone, truth, map)
        zones[:, [0, 1], [0, 1]], zones[:, [1, 0], [0, 1]] = n - missed, missed
        true_area = size * 0.8 + size[::-1] * 0.2
        held.append(
            [
                ((table["low_ha"] <= true_area) & (true_area <= table["high_ha"])).all()
                for table in (
                    estimate_area(zones.sum(axis=0), size),
                    estimate_area_by_zone(zones, size),
                )
            ]
        )
    naive, by_zone = np.mean(held, axis=0)
    assert naive < 0.75
    assert 0.91 < by_zone < 0.985


def test_both_ways_give_the_same_areas() -> None:
    zones = np.random.default_rng(2).integers(1, 40, (5, 4, 4))
    whole, by_zone = (
        estimate_area(zones.sum(axis=0), HECTARES),
        estimate_area_by_zone(zones, HECTARES),
    )
    for name in ("sampled", "mapped_ha", "estimated_ha", "users_accuracy", "producers_accuracy"):
        np.testing.assert_allclose(whole[name], by_zone[name])


def test_zones_that_are_copies_leave_no_doubt_and_one_zone_says_nothing_of_it() -> None:
    table = estimate_area_by_zone(np.stack([BY_MAP.T] * 3), HECTARES)
    np.testing.assert_allclose(table["standard_error_ha"], 0, atol=1e-6)
    alone = estimate_area_by_zone(BY_MAP.T[None], HECTARES)
    assert alone["standard_error_ha"].isna().all()
    assert alone["low_ha"].isna().all()
    assert alone["estimated_ha"].notna().all()


def test_zones_of_which_nothing_was_sampled_say_nothing() -> None:
    zones = np.random.default_rng(2).integers(1, 40, (3, 4, 4))
    more = np.concatenate([zones, np.zeros((4, 4, 4), int)])
    pd.testing.assert_frame_equal(
        estimate_area_by_zone(zones, HECTARES), estimate_area_by_zone(more, HECTARES)
    )
    assert estimate_area_by_zone(more[2:], HECTARES)["standard_error_ha"].isna().all()


@pytest.mark.parametrize(
    "estimate", [estimate_area, lambda c, a: estimate_area_by_zone(c[None], a)]
)
def test_how_much_is_found_of_a_class_that_was_not_sampled_is_unknown(estimate) -> None:
    table = estimate(np.array([[0, 0, 0], [0, 18, 0], [0, 2, 0]]), np.array([0.0, 100, 50]))
    table = table.set_index("class_id")
    assert np.isnan(table.loc[2, "producers_accuracy"])
    assert np.isnan(table.loc[2, "users_accuracy"])
    assert table.loc[1, "producers_accuracy"] == 1
    if "producers_accuracy_error" in table:
        assert np.isnan(table.loc[2, "producers_accuracy_error"])


def test_counts_without_zones_are_refused() -> None:
    with pytest.raises(InvalidRaster, match="zones, K, K"):
        estimate_area_by_zone(BY_MAP.T, HECTARES)


@pytest.mark.parametrize(
    ("counts", "areas"),
    [(np.ones((2, 3)), [1, 2]), (np.ones((2, 2)), [1]), (-np.ones((1, 1)), [1])],
)
def test_what_does_not_fit_is_refused(counts: np.ndarray, areas: list[float]) -> None:
    with pytest.raises(InvalidRaster):
        estimate_area(counts, areas)
