"""Models that also see the land's height and last year's crop."""

from dataclasses import replace

import numpy as np
import pytest

from cropdash import classify
from cropdash.classify import augmentation
from cropdash.domain import Layer
from cropdash.domain.errors import InvalidRaster
from cropdash.settings import classifiers
from tests.classify import landscapes

QUICK = {
    "cnn": {
        "epochs": 6, "steps_per_epoch": 12, "patch_size": 16, "batch_size": 4, "temporal_channels": 4,
        "temporal_hidden": 8, "embedding": 8, "unet_channels": (6, 8), "half_precision": False,
        "learning_rate": 0.02, "period_dropout": 0.0,
    },
    "xgboost": {"trees": 15, "pixels": 2_000},
    "forest": {"trees": 30, "pixels": 2_000, "max_features": 0.5},
}  # fmt: skip


def blind(zone_id, seed, shape=(40, 36)):
    """A zone whose series say nothing: only the height and last year tell the crops apart."""
    plain = landscapes.sample(zone_id, shape, seed)
    crop = plain.labels.crop
    rng = np.random.default_rng(seed)
    noise = rng.uniform(0.1, 0.3, plain.cube.reflectance.shape).astype(np.float32)
    height = (100.0 + 40 * (crop == 6) + rng.normal(0, 3, crop.shape)).astype(np.float32)
    before = np.select([crop == 8, crop == 30], [31, 7], 9).astype(np.uint8)  # a rotation
    cube = replace(
        plain.cube, reflectance=noise, layers=(Layer("elevation", height[None]),), last_crop=before
    )
    return replace(plain, cube=cube)


def accuracy(kind, folder, **settings):
    values = {"classifier": kind, "dataset": "d", "threads": 1, **QUICK[kind], **settings}
    model = classify.build(classifiers.parse(values))
    model.fit(
        [blind("a", 1), blind("b", 2, (30, 44))], [blind("c", 3)], folder=folder,
        on_epoch=lambda told: None, should_stop=lambda: False,
    )  # fmt: skip
    model.save(folder)
    unseen = blind("d", 4, (33, 47))
    said = classify.load(folder).predict_proba(unseen.cube).argmax(axis=0)
    mapped = unseen.labels.crop > 0
    return (said == unseen.labels.crop)[mapped].mean()


@pytest.mark.parametrize("kind", list(QUICK))
def test_what_only_last_year_and_the_height_tell_is_learned(kind, tmp_path):
    def found(**settings):
        folder = tmp_path / "-".join(settings) / "model"
        folder.mkdir(parents=True)
        return accuracy(kind, folder, **settings)

    nothing = found()
    assert nothing < 0.6
    assert found(last_crop=True) > 0.85
    assert found(layers="elevation") > nothing + 0.1  # one crop of three


@pytest.mark.parametrize("kind", list(QUICK))
@pytest.mark.parametrize("wanted", [{"layers": "elevation"}, {"last_crop": True}])
def test_a_zone_that_lacks_what_the_model_wants_is_refused(kind, wanted, tmp_path):
    values = {"classifier": kind, "dataset": "d", "threads": 1, **QUICK[kind], **wanted}
    model = classify.build(classifiers.parse(values))
    fit = {"folder": tmp_path, "on_epoch": lambda told: None, "should_stop": lambda: False}
    model.fit([blind("a", 1)], [], **fit)
    plain = landscapes.sample("d", seed=4)
    with pytest.raises(InvalidRaster, match="does not have"):
        model.predict_proba(plain.cube)
    half = replace(blind("e", 5).cube, layers=(), last_crop=None)
    with pytest.raises(InvalidRaster, match="does not have"):
        model.predict_proba(half)


@pytest.mark.parametrize("kind", list(QUICK))
def test_heights_with_gaps_are_answered(kind, tmp_path):
    values = {
        "classifier": kind,
        "dataset": "d",
        "threads": 1,
        **QUICK[kind],
        "layers": "elevation",
    }
    model = classify.build(classifiers.parse(values))
    known = blind("a", 1)
    heights = np.where(known.labels.parcel_id % 3, np.nan, 120.0).astype(np.float32)
    gappy = replace(known.cube, layers=(Layer("elevation", heights[None]),))
    fit = {"folder": tmp_path, "on_epoch": lambda told: None, "should_stop": lambda: False}
    model.fit([replace(known, cube=gappy)], [], **fit)
    said = model.predict_proba(gappy)
    np.testing.assert_allclose(said.sum(axis=0), 1, atol=1e-4)


@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_last_years_crop_is_hidden_by_whole_parcels(share):
    rng = np.random.default_rng(0)
    crops = np.broadcast_to(rng.integers(1, 9, (20, 30)), (12, 20, 30)).astype(np.float32)
    parcels = np.kron(np.arange(24).reshape(4, 6), np.ones((5, 5), int)).astype(np.int32)
    hidden = augmentation.without_last_crop(crops, parcels, share, rng)
    gone = (hidden == 0).all(axis=0)
    by_parcel = [gone[parcels == i] for i in range(24)]
    assert all(part.all() or not part.any() for part in by_parcel)
    assert abs(np.mean([part.all() for part in by_parcel]) - share) < 0.3
    np.testing.assert_array_equal(hidden[:, ~gone], crops[:, ~gone])
