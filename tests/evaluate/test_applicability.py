"""How far parcels lie from what was learned from."""

import io

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from cropdash.domain.errors import InvalidRaster, NotEnoughData
from cropdash.evaluate import applicability


def learned(seed=0, n=240):
    """Three classes that differ in column 0; column 1 is noise; columns 2 and 3 are constant-ish."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(1, 4, n)
    values = rng.normal(0, 1, (n, 4))
    values[:, 0] += 6 * classes
    values[:, 2] = 0.3
    return values, classes, rng.integers(0, 5, n)


def fitted(seed=0):
    values, classes, zones = learned(seed)
    return applicability.fit(values, classes, zones, np.random.default_rng(1)), values, zones


def test_it_is_the_published_index_in_units_of_its_threshold():
    """By plain distances: standardised, weighed, nearest training parcel of any other zone."""
    found, values, zones = fitted()
    weight = np.zeros(4)
    for column in (0, 1, 3):
        _, classes, _ = learned()
        groups = [values[classes == k, column] for k in (1, 2, 3)]
        between = sum(len(g) * (g.mean() - values[:, column].mean()) ** 2 for g in groups)
        weight[column] = np.sqrt(
            between / ((values[:, column] - values[:, column].mean()) ** 2).sum()
        )
    weight /= weight.mean()
    deviation = np.where(values.std(axis=0) > 1e-9, values.std(axis=0), 1)
    scaled = (values - values.mean(axis=0)) / deviation * weight
    apart = cdist(scaled, scaled)
    apart[zones[:, None] == zones] = np.inf
    nearest = apart.min(axis=1)
    low, high = np.quantile(nearest, [0.25, 0.75])
    limit = nearest[nearest <= high + 1.5 * (high - low)].max()
    assert found.limit == pytest.approx(limit)
    new = np.random.default_rng(7).normal([12, 0, 0, 0], 1, (31, 4))
    new[:, 2] = 0.3
    expected = cdist((new - values.mean(axis=0)) / deviation * weight, scaled).min(axis=1) / limit
    np.testing.assert_allclose(found.dissimilarity(new), expected, rtol=1e-4)


def test_what_was_learned_lies_inside_and_what_no_field_looked_like_outside():
    found, values, _ = fitted()
    np.testing.assert_allclose(found.dissimilarity(values), 0, atol=1e-3)
    fresh, _, _ = learned(seed=5)
    assert (found.dissimilarity(fresh) <= 1).mean() > 0.9
    strange = fresh + np.array([9.0, 0, 0, 0])  # beyond the last class
    assert (found.dissimilarity(strange[fresh[:, 0] > 17]) > 1).all()


def test_what_tells_crops_apart_counts_more_than_what_does_not():
    found, values, _ = fitted()
    middle = values.mean(axis=0, keepdims=True)
    along, beside = (middle + np.array(by) for by in ([5, 0, 0, 0], [0, 5, 0, 0]))
    scaled = [np.abs((v - found.mean) / found.scale).sum() for v in (along, beside)]
    assert scaled[0] > 2 * scaled[1] * values[:, 1].std() / values[:, 0].std()


def test_a_parcel_without_a_season_is_outside():
    found, values, _ = fitted()
    holey = values[:3].copy()
    holey[1, 2] = np.nan
    assert np.isinf(found.dissimilarity(holey)).tolist() == [False, True, False]
    assert found.dissimilarity(values[:0]).shape == (0,)


def test_where_no_period_is_known_every_parcel_is_outside():
    found, values, _ = fitted()
    assert np.isinf(found.first(0).dissimilarity(values[:7, :0])).all()


def test_it_survives_the_disk():
    found, values, _ = fitted()
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **found.to_arrays())
    file.seek(0)
    with np.load(file, allow_pickle=False) as arrays:
        back = applicability.Applicability.from_arrays(arrays)
    new = values + 0.4
    np.testing.assert_array_equal(back.dissimilarity(new), found.dissimilarity(new))


def test_one_zone_and_other_columns_are_refused():
    values, classes, _ = learned()
    with pytest.raises(NotEnoughData, match="two training zones"):
        applicability.fit(values, classes, np.zeros(len(values), int), np.random.default_rng(0))
    with pytest.raises(InvalidRaster, match="4 columns"):
        fitted()[0].dissimilarity(values[:, :3])


@pytest.mark.parametrize("n", [1, 3, 5])
def test_the_first_columns_alone_say_what_they_would_had_they_been_all(n):
    rng = np.random.default_rng(n)
    classes, zones = rng.integers(0, 3, 90), rng.integers(0, 4, 90)
    values = rng.normal(classes[:, None], 1, (90, 5)) * np.arange(1, 6)
    whole = applicability.fit(values, classes, zones, np.random.default_rng(1))
    part = applicability.fit(values[:, :n], classes, zones, np.random.default_rng(1))
    others = rng.normal(0, 3, (20, n))
    np.testing.assert_allclose(
        whole.first(n).dissimilarity(others), part.dissimilarity(others), rtol=1e-5
    )
    assert whole.first(5) is whole
