"""The calibration of a run against what it is made of, on models that are known."""

from dataclasses import replace

import numpy as np
import pytest

from cropdash.domain import Sample
from cropdash.evaluate import parcels, smoothing
from cropdash.settings import classifiers
from cropdash.workflow import calibrate
from cropdash.workflow.calibrate import Calibration
from tests.classify import landscapes

K = 50
CONFIG = classifiers.parse({"classifier": "xgboost", "dataset": "d", "smoothing": False})


class TooSure:
    """Right in three of four parcels, and certain in all of them."""

    def __init__(self, config=CONFIG, certainty=0.999):
        self.config, self._certainty = config, certainty

    def predict_proba(self, cube):
        truth = self.known[cube.reflectance.tobytes()]
        said = np.where(truth.parcel_id % 4 == 0, 8 + 22 * (truth.crop == 8), truth.crop)
        chances = np.full((K, *said.shape), (1 - self._certainty) / 2, np.float32)
        chances[[k for k in range(K) if k not in landscapes.CLASSES]] = 0
        np.put_along_axis(chances, said[None].astype(int), self._certainty, axis=0)
        return chances / chances.sum(0)

    def knowing(self, samples):
        self.known = {s.cube.reflectance.tobytes(): s.labels for s in samples}
        return self


def zones(n) -> list[Sample]:
    return [landscapes.sample(f"z{i}", (72, 88), seed=i) for i in range(n)]


def prior(samples):
    crops = np.concatenate([s.labels.crop.ravel() for s in samples])
    counts = np.bincount(crops, minlength=K).astype(float)
    counts[0] = 0
    return counts / counts.sum()


def test_a_model_that_is_too_sure_is_made_as_sure_as_it_is_right():
    held, new = zones(4), zones(8)[4:]
    model = TooSure(CONFIG.model_copy(update={"adjustment": False})).knowing(held + new)
    fitted = calibrate.fit(model, held, prior(held))
    assert fitted.tau == 0
    assert fitted.zones == tuple(s.zone.zone_id for s in held)
    for sample in new:
        probabilities = model.predict_proba(sample.cube)
        means = parcels.parcel_probabilities(probabilities, sample.labels.parcel_id)
        sure = fitted.of_parcels(means.probabilities)
        assert (sure.argmax(1) == means.probabilities.argmax(1)).all()
        assert sure.max(1).mean() == pytest.approx(0.75, abs=0.06)
        pixels = fitted.of_pixels(probabilities)
        np.testing.assert_allclose(pixels.sum(0), 1, atol=1e-5)
        assert pixels.max(0).mean() == pytest.approx(0.75, abs=0.08)


def test_it_survives_the_disk_and_changes_nothing_where_there_is_nothing_to_fit():
    held = zones(2)
    fitted = calibrate.fit(TooSure().knowing(held), held, prior(held))
    assert Calibration.from_json(fitted.to_json()) == fitted
    assert fitted.threshold is not None
    for nothing in (Calibration.from_json({}), calibrate.fit(TooSure(), [], prior(held))):
        values = np.random.default_rng(0).dirichlet(np.ones(K), 7).astype(np.float32)
        np.testing.assert_allclose(nothing.of_parcels(values), values, rtol=1e-5)
        assert nothing.threshold is None


def test_settings_decide_what_is_fitted():
    held = zones(2)
    off = CONFIG.model_copy(update={"adjustment": False, "calibration": False})
    fitted = calibrate.fit(TooSure(off).knowing(held), held, prior(held))
    assert (fitted.tau, fitted.pixel_temperature, fitted.threshold) == (0.0, 1.0, None)


def test_zones_without_a_crop_are_no_reason_to_fail():
    bare = zones(1)[0]
    bare = replace(bare, labels=replace(bare.labels, crop=np.zeros_like(bare.labels.crop)))
    model = TooSure().knowing([bare])
    assert calibrate.fit(model, [bare], prior(zones(1))) == Calibration()


def test_how_sure_an_answer_must_be_follows_from_how_often_it_should_be_right():
    """Right in three of four, and equally sure in all: all are answered by class, or none."""
    held = zones(4)
    asked = {}
    for sure in (0.6, 0.95):
        model = TooSure(CONFIG.model_copy(update={"sure": sure, "adjustment": False}))
        asked[sure] = calibrate.fit(model.knowing(held), held, prior(held)).back_off
    assert asked[0.6] < 0.9
    assert asked[0.95] > 0.9


def test_a_map_is_smoothed_by_its_own_season_unless_it_may_not_or_can_not_be():
    (zone,) = zones(1)
    said = TooSure().knowing([zone]).predict_proba(zone.cube)
    assert calibrate.of_map(TooSure(), said, zone.cube) is said
    model = TooSure(CONFIG.model_copy(update={"smoothing": True}))
    expected = smoothing.smoothed(said, zone.cube.ndvi)
    np.testing.assert_array_equal(calibrate.of_map(model, said, zone.cube), expected)
    assert not np.array_equal(expected, said)
    radar = replace(zone.cube, bands=("VV", "VH", "HV", "HH"))
    assert calibrate.of_map(model, said, radar) is said
