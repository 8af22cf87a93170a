"""Where values stand among those that were learned from."""

import json
from dataclasses import replace

import numpy as np
import pytest

from cropdash.classify import features
from cropdash.classify.cnn.encoding import Encoding, beside
from cropdash.classify.cnn.patches import Patches
from cropdash.classify.description import schema_of
from cropdash.settings import classifiers
from tests.classify import landscapes

ZONES = [landscapes.sample("a", (20, 34), seed=1), landscapes.sample("b", (31, 22), seed=2)]


def made(**settings):
    config = classifiers.parse({"classifier": "cnn", "dataset": "d", **settings})
    schema = schema_of(ZONES, config)
    return Encoding.of(ZONES, schema), schema


def test_a_value_is_told_by_its_rank_among_the_training_pixels_of_its_month():
    encoding, _ = made()
    cube = ZONES[0].cube
    found = encoding.of_cube(cube)
    every = np.concatenate(
        [z.cube.reflectance[:, :, features.labelled(z)] for z in ZONES], axis=2
    )  # (T, B, N)
    for t, band in ((0, 3), (6, 0)):
        values = cube.reflectance[t, band]
        rank = np.searchsorted(np.sort(every[t, band]), values) / every.shape[2]
        inner = (rank > 0.02) & (rank < 0.98)
        expected = (rank - 0.5) / 0.495 * 3**0.5
        np.testing.assert_allclose(found[t, band][inner], expected[inner], atol=0.08)
    assert np.abs(found).max() <= 3**0.5 + 1e-6
    assert found[:, :5, features.labelled(ZONES[0])].std() == pytest.approx(1, abs=0.1)


def test_what_lies_beyond_all_that_was_learned_is_as_the_outermost_of_it():
    encoding, _ = made()
    cube = ZONES[0].cube
    brighter = replace(cube, reflectance=cube.reflectance + np.float32(5))
    most = encoding.of_cube(brighter)[:, :4]
    np.testing.assert_allclose(most, 3**0.5, atol=1e-6)
    missing = cube.reflectance.copy()
    missing[2, 1, 3, 5] = np.nan
    found = encoding.of_cube(replace(cube, reflectance=missing))
    assert found[2, 1, 3, 5] == 0
    assert np.isfinite(found).all()


def test_a_channel_that_never_varied_says_nothing():
    flat = [
        replace(z, cube=replace(z.cube, reflectance=np.full_like(z.cube.reflectance, 0.2)))
        for z in ZONES
    ]
    config = classifiers.parse({"classifier": "cnn", "dataset": "d", "location": False})
    encoding = Encoding.of(flat, schema_of(flat, config))
    assert not encoding.of_cube(ZONES[0].cube).any()


def test_it_survives_json():
    encoding, schema = made(location=True)
    back = Encoding.from_json(json.loads(json.dumps(encoding.to_json())), schema)
    cube = ZONES[1].cube
    np.testing.assert_array_equal(back.of_cube(cube), encoding.of_cube(cube))
    with pytest.raises(KeyError):
        Encoding.from_json({"B2": encoding.quantiles[:, 0].tolist()}, schema)


def test_digital_numbers_are_as_they_are():
    encoding, _ = made(inputs="digital", indices="", location=False)
    cube = ZONES[0].cube
    np.testing.assert_allclose(encoding.of_cube(cube), cube.reflectance * 10_000, rtol=1e-6)


def test_a_place_far_from_all_that_was_learned_from_is_unknown():
    encoding, schema = made(location=True)
    back = Encoding.from_json(json.loads(json.dumps(encoding.to_json())), schema)
    for km, known in ((0, True), (40, True), (60, False), (4_000, False)):
        cube = ZONES[0].cube
        moved = replace(cube, grid=replace(cube.grid, top=cube.grid.top - km * 1000))
        assert back.of_cube(moved)[:, back.place].any() == known


def test_a_place_beyond_the_antimeridian_is_as_near_as_it_lies():
    """In Fiji a training zone's longitude is 179.98 degrees, its neighbour's -179.98."""
    encoding, _ = made(location=True)
    cube = ZONES[0].cube
    beside = replace(
        cube, grid=replace(cube.grid, crs="EPSG:32701", left=185_000.0, top=8_000_000.0)
    )
    lat, lon = features.coordinates(beside.grid)[:, 0, 0]
    assert -180 < lon < -179.9
    for away, known in ((0.1, True), (1.0, False)):
        there = replace(encoding, places=((lat, lon - away + 360),))
        assert there.of_cube(beside)[:, there.place].any() == known


def test_moved_ranks_are_those_of_known_bands_and_indices_alone():
    encoding, _ = made()
    cube = ZONES[0].cube
    series = cube.reflectance.copy()
    series[2, 2, 3, 5] = np.nan
    rest = beside(cube, encoding.inputs)
    t, n = len(cube.periods), encoding.n_ranked
    assert encoding.names[:n] == ("B2", "B3", "B4", "B8", "NDVI")
    moved = np.random.default_rng(0).normal(size=(t, n)).astype(np.float32)
    before, after = encoding.encoded(series, rest), encoding.encoded(series, rest, moved)
    expected = np.broadcast_to(moved[:, :, None, None], before[:, :n].shape).copy()
    unknown = np.isnan(series[2, :, 3, 5])
    expected[2, :4, 3, 5][unknown] = 0
    expected[2, 4, 3, 5] = 0  # NDVI of red that is missing
    np.testing.assert_allclose(after[:, :n] - before[:, :n], expected, atol=1e-5)
    np.testing.assert_array_equal(after[:, n:], before[:, n:])


@pytest.mark.parametrize(("variation", "goes_beyond"), [(0.0, False), (1.0, True)])
def test_patches_stand_higher_or_lower_than_what_was_learned_from(variation, goes_beyond):
    config = classifiers.parse({"classifier": "cnn", "dataset": "d", "variation": variation})
    encoding = Encoding.of(ZONES, schema_of(ZONES, config))
    batch = next(iter(Patches(ZONES, encoding, config)))
    ranks = batch.inputs[:, :, : encoding.n_ranked].numpy()
    assert bool(np.abs(ranks).max() > 3**0.5 + 0.1) is goes_beyond
    assert np.isfinite(ranks).all()
