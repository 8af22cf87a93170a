"""Audits: their size and draw, their estimates, and two maps on one sample."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bench import audits
from cropdash.domain.errors import ConfigError, NotEnoughData
from cropdash.evaluate.audit import design, estimate, paired
from cropdash.evaluate.audit.estimate import Sample

# The worked example of Olofsson et al. 2014: deforestation, forest gain, stable forest, stable
# non-forest; rows are the map, columns what was found, in Landsat pixels of 30 m.
BY_MAP = np.array([[66, 0, 5, 4], [0, 55, 8, 12], [1, 0, 153, 11], [2, 1, 9, 313]])
PIXELS = np.array([200_000, 150_000, 3_200_000, 6_450_000])


def sample_of(counts: np.ndarray, sizes: np.ndarray, area: float = 1.0) -> Sample:
    """Units whose map classes are their strata."""
    mapped, truth = (np.repeat(each.ravel(), counts.ravel()) for each in np.indices(counts.shape))
    return Sample(mapped, sizes.astype(float), truth, mapped, np.full(len(mapped), area))


def test_the_published_example() -> None:
    table = estimate.by_class(sample_of(BY_MAP, PIXELS, 0.09), PIXELS * 0.09, finite=False)
    area, error = table["area_value"].iloc[0], table["area_error"].iloc[0]
    assert area == pytest.approx(21_158, abs=1)
    assert 1.96 * error == pytest.approx(6_158, abs=1)
    assert area / 0.09 == pytest.approx(235_086, abs=1)
    assert 1.96 * error / 0.09 == pytest.approx(68_418, abs=10)
    assert table["users_value"].round(2).tolist() == [0.88, 0.73, 0.93, 0.96]
    assert table["producers_value"].round(2).tolist() == [0.75, 0.85, 0.93, 0.96]
    assert (1.96 * table["producers_error"]).round(2).tolist() == [0.21, 0.25, 0.03, 0.02]
    found = estimate.overall(sample_of(BY_MAP, PIXELS))
    assert found.value == pytest.approx(0.947, abs=0.0005)
    assert 1.96 * found.error == pytest.approx(0.018, abs=0.001)


def test_the_published_sample_size() -> None:
    share, expected = [0.020, 0.015, 0.320, 0.645], [0.70, 0.60, 0.90, 0.95]
    assert design.sample_size(np.array(share) * 1e7, expected, 0.01) == 641


@given(
    st.lists(st.integers(1, 3_000), min_size=1, max_size=12),
    st.integers(1, 4_000),
    st.integers(2, 60),
    st.sampled_from(["proportional", "neyman", "equal"]),
)
def test_what_is_allocated_is_there_and_adds_up(sizes, wanted, least, how) -> None:
    n = np.array(sizes)
    found = design.allocate(n, wanted, least=least, how=how, expected=np.linspace(0.5, 0.9, len(n)))
    floor = np.minimum(n, least)
    assert (found >= floor).all()
    assert (found <= n).all()
    assert found.sum() == min(max(wanted, floor.sum()), n.sum())


def test_shares_are_proportional_where_nothing_limits_them() -> None:
    assert design.allocate([100, 200, 700], 100).tolist() == [10, 20, 70]


@pytest.mark.parametrize("error", [0.0, -1.0, 0.5])
def test_a_standard_error_that_is_none_is_refused(error) -> None:
    with pytest.raises(ConfigError, match="standard error"):
        design.sample_size([10], [0.5], error)


def test_the_draw_is_the_same_whatever_the_order_and_differs_by_seed() -> None:
    keys, strata = [f"z/{i}" for i in range(200)], np.arange(200) % 3
    one = design.draw(keys, strata, [5, 0, 9], "a")
    back = design.draw(keys[::-1], strata[::-1], [5, 0, 9], "a")[::-1]
    assert (one == back).all()
    assert np.bincount(strata[one], minlength=3).tolist() == [5, 0, 9]
    assert (one != design.draw(keys, strata, [5, 0, 9], "b")).any()


def test_every_unit_of_a_stratum_is_as_likely_to_be_drawn() -> None:
    keys, strata = [f"z/{i}" for i in range(30)], np.zeros(30, int)
    drawn = sum(design.draw(keys, strata, [6], str(s)).astype(int) for s in range(1_000))
    assert stats.chisquare(drawn).pvalue > 0.001


def test_rare_classes_share_a_stratum() -> None:
    strata, classes = design.by_class([7] * 20 + [3] * 2 + [9] * 30 + [1], fewest=5)
    assert classes == [7, 9, None]
    assert np.bincount(strata).tolist() == [20, 30, 3]


def test_a_census_knows_all() -> None:
    rng = np.random.default_rng(0)
    truth, mapped, area = rng.integers(0, 3, 50), rng.integers(0, 3, 50), rng.random(50) + 0.1
    sample = Sample(np.arange(50) % 2, np.array([25.0, 25.0]), truth, mapped, area)
    found = estimate.overall(sample, by_area=True)
    assert found.low == found.high == pytest.approx(area[truth == mapped].sum() / area.sum())
    table = estimate.by_class(sample, np.bincount(mapped, area)).set_index("class_id")
    for k in range(3):
        assert table.loc[k, "area_value"] == pytest.approx(area[truth == k].sum())
        right = (truth == k) & (mapped == k)
        assert table.loc[k, "users_ha_value"] == pytest.approx(
            area[right].sum() / area[mapped == k].sum()
        )


def test_the_standard_error_is_that_of_many_samples() -> None:
    """Estimates of 3,000 samples spread as each says: parcels of unequal size, strata of another map."""
    rng = np.random.default_rng(3)
    n = 400
    strata, truth, mapped = rng.integers(0, 2, n), rng.integers(0, 3, n), rng.integers(0, 3, n)
    mapped[:250] = truth[:250]
    area = rng.lognormal(0, 0.7, n)
    sizes = np.bincount(strata).astype(float)
    values, errors = [], []
    for _ in range(3_000):
        units = np.concatenate(
            [
                rng.choice(np.flatnonzero(strata == h), m, replace=False)
                for h, m in ((0, 40), (1, 70))
            ]
        )
        sample = Sample(strata[units], sizes, truth[units], mapped[units], area[units])
        found = estimate.overall(sample, by_area=True)
        values.append(found.value)
        errors.append(found.error)
    assert np.mean(values) == pytest.approx(area[truth == mapped].sum() / area.sum(), abs=0.003)
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.05)


def test_without_weights_the_interval_is_clopper_and_pearsons() -> None:
    hits, n = 27, 30
    truth = np.repeat([0, 1], [hits, n - hits])
    sample = Sample(np.zeros(n, int), np.array([1e9]), truth, np.zeros(n, int), np.ones(n))
    found = estimate.overall(sample)
    told = stats.binomtest(hits, n).proportion_ci(0.95, method="exact")
    # n - 1 and not n in the variance: a little wider where the size is not capped.
    assert (found.low, found.high) == pytest.approx((told.low, told.high), abs=0.004)


def test_a_stratum_of_one_answer_is_refused() -> None:
    with pytest.raises(NotEnoughData, match="stratum 1"):
        Sample(np.array([0, 0, 1]), np.array([9.0, 9.0]), *np.zeros((2, 3), int), np.ones(3))


# two maps -----------------------------------------------------------------------------------------


@given(st.integers(0, 40), st.integers(0, 40))
def test_with_equal_weights_it_is_the_binomial_sign_test(more, less) -> None:
    signs = np.array([1.0] * more + [-1.0] * less + [0.0] * 5)
    expected = stats.binomtest(more, more + less).pvalue if more + less else 1.0
    assert paired.sign_test(signs, np.full(len(signs), 3.7)) == pytest.approx(expected, abs=1e-9)


def test_with_unequal_weights_it_is_what_all_signs_together_say() -> None:
    weights = np.array([1.0, 1.0, 2.0, 5.0, 5.0, 0.5, 0.5, 0.5])
    signs = np.array([1.0, -1.0, 1.0, 1.0, 1.0, -1.0, 1.0, 1.0])
    seen = abs(weights @ signs)
    sums = [abs(np.dot(s, weights)) for s in product([-1, 1], repeat=len(weights))]
    expected = np.mean([s >= seen - 1e-9 for s in sums])
    assert paired.sign_test(signs, weights) == pytest.approx(expected)


def test_the_better_of_two_maps_is_told_with_its_sign() -> None:
    truth = np.zeros(100, int)
    a, b = np.zeros(100, int), np.r_[np.ones(30, int), np.zeros(70, int)]
    sample = Sample(np.zeros(100, int), np.array([5e3]), truth, a, np.ones(100))
    found = paired.compare(sample, b)
    assert (found.only_a, found.only_b) == (30, 0)
    assert found.difference == pytest.approx(0.3)
    assert found.low < 0.3 < found.high
    assert found.p_value < 1e-6


# simulated audits: `python -m bench.audits` has 2,000 ---------------------------------------------


def test_intervals_of_simulated_audits_hold_what_they_promise() -> None:
    found = audits.run(60, seed=1)
    for name in next(iter(found.values())):
        shares = [kinds[name] for kinds in found.values()]
        held, n = sum(s * k for s, k in shares), sum(k for _, k in shares)
        if name == "sign test":
            assert stats.binomtest(round(held), n, 0.05, alternative="greater").pvalue > 0.01
        else:
            assert stats.binomtest(round(held), n, 0.95, alternative="less").pvalue > 0.001, name
