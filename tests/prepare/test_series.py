import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.domain import Cube, Labels, Layer, indices
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


def test_every_index_that_the_bands_allow_and_every_layer_has_its_mean_and_spread():
    rng, bands = np.random.default_rng(5), ("B2", "B4", "B8", "B11")
    at, labels = worlds.grid((6, 4)), worlds.labels(3, at=worlds.grid((6, 4)), parcels=3)
    periods = ("2022-12-21_2022-12-31", "2023-01-01_2023-01-10", "2023-01-11_2023-01-20")
    layers = (
        Layer("VV", rng.random((3, 6, 4), dtype=np.float32)),
        Layer("elevation", rng.random((1, 6, 4), dtype=np.float32)),
    )
    values = rng.random((3, 4, 6, 4), dtype=np.float32)
    cube = Cube(values, np.ones((3, 6, 4), np.uint8), periods, bands, at, layers)
    table = series.parcel_series(cube, labels)
    names = {c.removesuffix("_mean") for c in table if c.endswith("_mean")}
    assert names == {*bands, "NDVI", "NDMI", "EVI2", "BSI", "VV", "elevation"}
    for row in table.itertuples():
        t, inside = periods.index(row.period), labels.parcel_id == row.parcel_id
        for name in names & set(indices.TABLE):
            seen = cube.index(name)[t][inside]
            assert getattr(row, f"{name}_mean") == pytest.approx(np.nanmean(seen), abs=1e-5)
        assert row.VV_mean == pytest.approx(layers[0].values[t][inside].mean(), abs=1e-6)
        assert row.elevation_std == pytest.approx(layers[1].values[0][inside].std(), abs=1e-6)


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
