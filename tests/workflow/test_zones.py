import pytest

from cropdash import train_config
from cropdash.domain import Zone
from cropdash.errors import NotEnoughData
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import train
from tests import factory


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> DatasetFolder:
    return factory.write_dataset(tmp_path_factory.mktemp("data"), zones=8, size=32)


def config(**changes):
    return train_config.parse({"classifier": "xgboost", "dataset": "demo", **changes})


@pytest.mark.parametrize("fold", range(4))
def test_no_zone_is_on_two_sides(dataset, fold):
    zones = train.choose_zones(dataset, config(folds=4, validation_fold=fold))
    sides = [{z.zone_id for z in side} for side in (zones.train, zones.validation, zones.test)]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert not (sides[0] | sides[1]) & sides[2]
    assert set.union(*sides) == {z.zone_id for z in dataset.built_zones()}
    assert all(z.split == "test" for z in zones.test)
    assert all(z.split == "train" for z in (*zones.train, *zones.validation))


def test_every_training_zone_is_held_out_once(dataset):
    held = [
        train.choose_zones(dataset, config(folds=4, validation_fold=f)).validation for f in range(4)
    ]
    names = [z.zone_id for side in held for z in side]
    assert sorted(names) == sorted(z.zone_id for z in dataset.built_zones() if z.split == "train")


def test_both_models_see_the_same_zones(dataset):
    cnn = train_config.parse({"classifier": "cnn", "dataset": "demo"})
    assert train.choose_zones(dataset, cnn) == train.choose_zones(dataset, config())


def test_a_dataset_of_test_zones_only_can_not_be_learned_from(dataset, monkeypatch):
    only = tuple(Zone(z.zone_id, z.region, "test", z.grid) for z in dataset.built_zones())
    monkeypatch.setattr(type(dataset), "built_zones", lambda self: only)
    with pytest.raises(NotEnoughData, match="training zone"):
        train.choose_zones(dataset, config())
