"""Rows that trees learn from: varied, and of half of them it is unknown where they lie."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cropdash import classify, legend
from cropdash.classify import augmentation, features, sampling
from cropdash.classify.description import schema_of
from cropdash.domain import Sample
from cropdash.prepare import as_of
from cropdash.settings import classifiers
from tests.classify import landscapes

ZONE = landscapes.sample("a", (40, 48), seed=4)
MOST = {"xgboost": {"trees": 12}, "forest": {"trees": 10}}


def schema(**changes):
    made = {"classifier": "xgboost", "dataset": "d", "variation": 1.0, **changes}
    config = classifiers.parse(made)
    return schema_of([ZONE], config)


def drawn(variation, seed=0, **changes):
    pixels = np.flatnonzero(features.labelled(ZONE))
    rng = np.random.default_rng(seed)
    return sampling.rows_of(ZONE, pixels, schema(**changes), rng, variation), pixels


def test_rows_to_be_judged_by_are_as_they_lie():
    (rows, labels), pixels = drawn(None)
    np.testing.assert_allclose(rows, features.table(ZONE.cube, schema().inputs)[pixels], atol=1e-6)
    np.testing.assert_array_equal(
        np.array(schema().classes)[labels], ZONE.labels.crop.ravel()[pixels]
    )


def test_of_half_of_what_is_learned_from_the_place_is_hidden_and_nothing_else():
    (rows, _), pixels = drawn(0.0)
    as_is = features.table(ZONE.cube, schema().inputs)[pixels]
    names = features.table_names(ZONE.cube.bands, 12, schema().inputs)
    place = [names.index(name) for name in features.PLACE]
    hidden = np.isnan(rows[:, place])
    assert (hidden[:, 0] == hidden[:, 1]).all()
    assert abs(hidden[:, 0].mean() - 0.5) < 4 * 0.5 / len(rows) ** 0.5
    np.testing.assert_allclose(np.where(np.isnan(rows), as_is, rows), as_is, atol=1e-6)


def test_what_is_varied_is_so_with_its_indices():
    (rows, labels), _ = drawn(1.0, location=False)
    (plain, same), _ = drawn(0.0, location=False)
    np.testing.assert_array_equal(labels, same)
    assert (rows != plain).any(axis=1).all()
    names = features.table_names(ZONE.cube.bands, 12, schema(location=False).inputs)
    red, near, ndvi = (rows[:, names.index(f"07 {n}")] for n in ("B4", "B8", "NDVI"))
    np.testing.assert_allclose(ndvi, (near - red) / (near + red), atol=1e-5)


@pytest.mark.parametrize(("limit", "expected"), [(400, 100), (100_000, None)])
def test_a_quarter_is_learned_as_it_is_and_a_small_area_four_times(limit, expected):
    many = expected or int(features.labelled(ZONE).sum())
    rng = np.random.default_rng(1)
    rows, labels = sampling.draw([ZONE], schema(location=False), limit, "none", rng, 1.0)
    assert len(rows) == len(labels) == 4 * many
    bands = ZONE.cube.reflectance[:, :, 0].size // ZONE.cube.grid.shape[1]
    as_is = features.table(ZONE.cube, schema(location=False).inputs)[:, :bands]
    own = {row.tobytes() for row in as_is}
    assert [row[:bands].tobytes() in own for row in rows] == [True] * many + [False] * 3 * many


def test_a_season_that_is_cut_off_is_that_of_the_varied_one(monkeypatch):
    """Varied by a gain alone, so that what is known of a pixel is that of the whole, times it."""
    monkeypatch.setattr(
        augmentation, "varied", lambda series, bands, strength, rng: series * np.float32(strength)
    )
    changes = {"location": False, "in_season": True}
    (rows, _), pixels = drawn(2.0, seed=5, **changes)
    names = features.table_names(ZONE.cube.bands, 12, schema(**changes).inputs)
    known = rows[:, names.index(features.KNOWN)].astype(int)
    assert len(set(known)) > 2
    for n in set(known):
        cube = as_of.first_periods(ZONE.cube, n) if n < 12 else ZONE.cube
        whole = features.table(cube, schema(**changes).inputs)[pixels[known == n]]
        bands = [i for i, name in enumerate(names) if " B" in name]
        np.testing.assert_allclose(
            rows[known == n][:, bands], 2 * whole[:, bands], atol=3e-4
        )  # of filled gaps, rounded to whole numbers


def test_a_season_that_goes_on_is_never_told_as_longer_than_it_is():
    changes = {"location": False, "in_season": True}
    over, periods = 5, ZONE.cube.periods
    going_on = as_of.first_periods(ZONE.cube, over)
    sample, rng = replace(ZONE, cube=going_on), np.random.default_rng(3)
    pixels = np.flatnonzero(features.labelled(sample))
    rows, _ = sampling.rows_of(sample, pixels, schema(**changes), rng, 1.0)
    names = features.table_names(ZONE.cube.bands, len(periods), schema(**changes).inputs)
    known = rows[:, names.index(features.KNOWN)]
    assert set(known) <= {1, 2, 3, 4, 5}
    bands = [i for i, name in enumerate(names) if " B" in name]
    there = ~np.isnan(rows[:, bands].reshape(len(rows), len(periods), -1)).any(axis=2)
    np.testing.assert_array_equal(there, np.arange(len(periods)) < known[:, None])


def of_one_crop(number, km_south):
    """The zone as it is, with that crop alone, so many kilometres farther south."""
    grid = replace(ZONE.zone.grid, top=ZONE.zone.grid.top - km_south * 1000)
    crop = np.full(grid.shape, landscapes.CLASSES[number], np.uint8)
    return Sample(
        replace(ZONE.zone, grid=grid),
        replace(ZONE.cube, grid=grid),
        replace(ZONE.labels, grid=grid, crop=crop),
    )


def test_a_zone_far_away_is_judged_without_its_place_as_it_will_be_answered():
    for km, known in ((0, True), (900, False)):
        rows, _ = sampling.as_it_lies([of_one_crop(1, km)], schema(), np.random.default_rng(0))
        names = features.table_names(ZONE.cube.bands, 12, schema().inputs)
        place = rows[:, [names.index(name) for name in features.PLACE]]
        assert np.isfinite(place).all() if known else np.isnan(place).all()


@pytest.mark.parametrize("kind", MOST)
def test_far_from_all_that_was_learned_from_it_is_the_same_wherever_a_zone_lies(kind, tmp_path):
    """Crops of one season each lie in places of their own, so that the place decides where known."""
    south, north = of_one_crop(0, 900), of_one_crop(1, 0)
    config = classifiers.parse({"classifier": kind, "dataset": "d", "threads": 1, **MOST[kind]})
    model = classify.build(config, legend.load())
    model.fit(
        [north, south], [], folder=tmp_path, on_epoch=lambda values: None,
        should_stop=lambda: False,
    )  # fmt: skip
    model.save(tmp_path)
    for answers in (model, classify.load(tmp_path, legend.load())):

        def at(km, answers=answers):
            cube = ZONE.cube
            moved = replace(cube.grid, top=cube.grid.top - km * 1000)
            said = answers.predict_proba(replace(cube, grid=moved))
            return said[landscapes.CLASSES[1]]

        np.testing.assert_array_equal(at(200), at(500))
        assert at(0).mean() > at(200).mean() + 0.05 > at(900).mean() + 0.1
