import pytest

from cropdash.domain import Zone
from cropdash.domain.errors import NotEnoughData
from cropdash.settings import classifiers
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import partition
from tests import factory


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> DatasetFolder:
    return factory.write_dataset(tmp_path_factory.mktemp("data"), zones=8, size=32)


def config(**changes):
    return classifiers.parse({"classifier": "xgboost", "dataset": "demo", **changes})


@pytest.mark.parametrize("fold", range(4))
def test_no_zone_is_on_two_sides(dataset, fold):
    zones = partition.choose_zones(dataset, config(folds=4, validation_fold=fold))
    sides = [{z.zone_id for z in side} for side in (zones.train, zones.validation, zones.test)]
    assert all(sides)
    assert not sides[0] & sides[1]
    assert not (sides[0] | sides[1]) & sides[2]
    assert set.union(*sides) == {z.zone_id for z in dataset.built_zones()}
    assert all(z.split == "test" for z in zones.test)
    assert all(z.split == "train" for z in (*zones.train, *zones.validation))


def test_every_training_zone_is_held_out_once(dataset):
    held = [
        partition.choose_zones(dataset, config(folds=4, validation_fold=f)).validation
        for f in range(4)
    ]
    names = [z.zone_id for side in held for z in side]
    assert sorted(names) == sorted(z.zone_id for z in dataset.built_zones() if z.split == "train")


def test_both_models_see_the_same_zones(dataset):
    cnn = classifiers.parse({"classifier": "cnn", "dataset": "demo"})
    assert partition.choose_zones(dataset, cnn) == partition.choose_zones(dataset, config())


def test_a_dataset_of_test_zones_only_can_not_be_learned_from(dataset, monkeypatch):
    only = tuple(Zone(z.zone_id, z.region, "test", z.grid) for z in dataset.built_zones())
    monkeypatch.setattr(type(dataset), "built_zones", lambda self: only)
    with pytest.raises(NotEnoughData, match="training zone"):
        partition.choose_zones(dataset, config())


@pytest.mark.parametrize("left", [0, 1, 2, 5])
def test_a_training_zone_without_a_mapped_crop_is_in_no_part(dataset, monkeypatch, left):
    learnable = [z.zone_id for z in dataset.built_zones() if z.split == "train"]
    read = type(dataset).parcel_facts

    def parcel_facts(self, zone_id, columns):
        table = read(self, zone_id, columns)
        return table if zone_id in learnable[:left] else table.assign(crop=0)

    monkeypatch.setattr(type(dataset), "parcel_facts", parcel_facts)
    if not left:
        with pytest.raises(NotEnoughData, match="mapped crop"):
            partition.choose_zones(dataset, config(folds=4))
        return
    zones = partition.choose_zones(dataset, config(folds=4))
    assert {z.zone_id for z in zones.train + zones.validation} == set(learnable[:left])
    assert bool(zones.validation) == (left > 1)
    assert zones.train
