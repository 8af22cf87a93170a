"""What a model trained on the simulated landscape alone says of real fields."""

from dataclasses import replace

import numpy as np
import pytest

from bench import transfer
from cropdash import classify
from cropdash.domain import Season
from cropdash.domain.errors import InvalidRun
from cropdash.ingest.local.source import LocalSource
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.simulate.source import SimulatedSource
from cropdash.storage import runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build, partition, train, zone_dataset
from tests.worlds import FLANDERS, needs

SHARE = 0.80  # of real maize and grass pixels that must be named right
SHARE_OF_PARCELS = 0.90  # the same with the map by parcel, after learning from the west too
QUICK = {
    "cnn": {"epochs": 3, "steps_per_epoch": 50, "threads": 1},
    "xgboost": {"trees": 50, "threads": 1},
}


@pytest.fixture(scope="module")
def folders(tmp_path_factory) -> Folders:
    """The real fields of Flanders and a small simulated landscape, built."""
    where = tmp_path_factory.mktemp("both")
    folders = Folders(where / "data", where / "models")
    sources = {
        "flanders": LocalSource(FLANDERS),
        "landscape": SimulatedSource(size=128, zones_per_region=2),
    }
    for name, source in sources.items():
        description = build.describe(source, name, name, {})
        dataset = DatasetFolder(folders.data, name)
        build.build(source, dataset, description, progress=lambda stage, done: None)
    return folders


@needs(FLANDERS)
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["cnn", "xgboost"])
def test_the_west_and_the_landscape_together_name_the_fields_of_the_east(kind, folders) -> None:
    values = {
        "classifier": kind,
        "dataset": "flanders",
        "extra_datasets": ["landscape"],
        "location": False,
    }
    config = classifiers.parse(values | QUICK[kind])
    run = runs.queue(folders, config)
    train.train_run(run, folders, progress=lambda stage, done: None)
    labels = DatasetFolder(folders.data, "flanders").labels("flanders_east")
    real = np.isin(labels.crop, (transfer.MAIZE, transfer.GRASS))
    decided = run.parcel_prediction("flanders_east").set_index("parcel_id")["predicted"]
    said = decided.loc[labels.parcel_id[real]].to_numpy()
    assert (said == labels.crop[real]).mean() >= SHARE_OF_PARCELS


@needs(FLANDERS)
def test_a_dataset_of_another_kind_is_not_learned_from(folders) -> None:
    source = SimulatedSource(size=64, zones_per_region=1)
    short = DatasetFolder(folders.data, "short")
    short.describe(
        replace(build.describe(source, "short", "", {}), season=Season.of("2023-01..2023-06"))
    )
    values = {"classifier": "xgboost", "dataset": "flanders", "extra_datasets": ["short"]}
    run = runs.queue(folders, classifiers.parse(values))
    with pytest.raises(InvalidRun, match="6 periods"):
        train.train_run(run, folders, progress=lambda stage, done: None)


@needs(FLANDERS)
def test_a_model_that_never_saw_a_real_pixel_names_real_fields(folders, tmp_path) -> None:
    cube, where = transfer.read_flanders()
    landscape = DatasetFolder(folders.data, "landscape")
    values = {"classifier": "xgboost", "dataset": "landscape", "location": False}
    values |= {"trees": 40, "threads": 1}
    model = classify.build(classifiers.parse(values))
    model.fit(
        [landscape.sample(zone) for zone in landscape.built_zones()],
        [],
        folder=tmp_path,
        on_epoch=lambda values: None,
        should_stop=lambda: False,
    )
    said = model.predict_proba(cube).argmax(0)
    right = sum(int((said[here] == crop).sum()) for crop, here in where.items())
    assert right / sum(int(here.sum()) for here in where.values()) >= SHARE
    # Neither crop at the other's cost.
    for crop, here in where.items():
        assert (said[here] == crop).mean() > 0.6


@needs(FLANDERS)
def test_ground_that_is_held_out_is_not_learned_from_by_way_of_another_dataset(folders) -> None:
    own = DatasetFolder(folders.data, "landscape")
    values = {"classifier": "xgboost", "dataset": "landscape", "extra_datasets": ["landscape"]}
    config = classifiers.parse(values)
    zones = partition.choose_zones(own, config)
    every_class = np.arange(own.legend().n_classes, dtype=np.uint8)
    learned = zone_dataset.learned_zones(own, zones, config, every_class)
    assert zones.validation
    # Own zones and, a second time by way of the other dataset, no zone more.
    assert sorted(s.zone.zone_id for s in learned) == sorted(2 * [z.zone_id for z in zones.train])
