import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.domain import Cube, Labels
from cropdash.prepare import series
from tests import worlds


@given(st.integers(0, 500), st.integers(1, 9))
@settings(deadline=None, max_examples=40)
def test_equals_a_loop_over_parcels(seed, n):
    cube, labels = worlds.cube(seed), worlds.labels(seed + 1, parcels=n)
    table = series.parcel_series(cube, labels)
    ids = sorted(set(labels.parcel_id.ravel().tolist()) - {0})
    assert len(table) == len(ids) * len(cube.periods)
    for row in table.itertuples():
        t = [p.id for p in cube.periods].index(row.period)
        inside = labels.parcel_id == row.parcel_id
        assert row.n_pixels == inside.sum()
        assert row.clear_share == pytest.approx((cube.clear_dates[t][inside] > 0).mean(), abs=1e-6)
        assert row.B8_mean == pytest.approx(cube.band("B8")[t][inside].mean(dtype=float), abs=1e-6)
        assert row.NDVI_std == pytest.approx(cube.ndvi[t][inside].std(dtype=float), abs=1e-5)


def test_missing_pixels_are_left_out_and_empty_parcels_are_nan():
    plain, labels = worlds.cube(1), worlds.labels(2, parcels=2)
    values = plain.reflectance.copy()
    values[0, 0][labels.parcel_id == 1] = np.nan
    y, x = np.argwhere(labels.parcel_id == 2)[0]
    values[1, 0, y, x] = np.nan
    cube = Cube(values, plain.clear_dates, plain.periods, plain.bands, plain.grid)
    table = series.parcel_series(cube, labels).set_index(["parcel_id", "period"])
    assert np.isnan(table.loc[(1, plain.periods[0].id), "B2_mean"])
    rest = values[1, 0][labels.parcel_id == 2]
    assert table.loc[(2, plain.periods[1].id), "B2_mean"] == pytest.approx(
        np.nanmean(rest), abs=1e-6
    )


def test_a_zone_that_is_all_one_parcel():
    at = worlds.grid((3, 4))
    labels = Labels(np.full((3, 4), 8, np.uint8), np.full((3, 4), 5, np.int32), at)
    table = series.parcel_series(worlds.cube(at=at), labels)
    assert set(table["parcel_id"]) == {5}
    assert (table["n_pixels"] == 12).all()


def test_pixel_counts_include_parcels_without_a_pixel():
    labels = worlds.labels(3, parcels=4)
    counts = series.pixel_counts(labels, np.array([1, 2, 3, 4, 9], np.int32)[:4])
    assert counts.tolist() == [(labels.parcel_id == i).sum() for i in (1, 2, 3, 4)]
    none = Labels(np.zeros((3, 4), np.uint8), np.zeros((3, 4), np.int32), worlds.grid((3, 4)))
    assert series.pixel_counts(none, np.array([1, 7], np.int32)).tolist() == [0, 0]
