"""Where a run may be believed: from its training to its tables."""

from dataclasses import replace

import numpy as np
import pytest

from cropdash.domain import Prediction
from cropdash.domain.errors import InvalidRun
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import layout, runs
from cropdash.workflow import predict, train
from tests import factory
from tests.classify import landscapes


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("applicability")
    dataset = factory.write_dataset(folder / "data", zones=6, size=40)
    folders = Folders(folder / "data", folder / "models")
    values = {"classifier": "xgboost", "dataset": "demo", "trees": 4, "pixels": 1_000, "threads": 1}
    run = runs.queue(folders, classifiers.parse(values))
    train.train_run(run, folders, progress=lambda stage, done: None)
    return run, dataset


def test_each_predicted_parcel_says_whether_it_is_like_what_was_learned(trained):
    run, dataset = trained
    area = predict.Applicability.from_arrays(run.applicability())
    for zone in run.predicted_zones():
        table = run.parcel_prediction(zone)
        seasons = predict.seasons(dataset.cube(zone), dataset.labels(zone))
        np.testing.assert_allclose(table["dissimilarity"], area.dissimilarity(seasons), rtol=1e-5)
        assert (table["applicable"] == (table["dissimilarity"] <= 1)).all()
        said: Prediction = run.prediction(zone)
        np.testing.assert_array_equal(said.dissimilarity, table["dissimilarity"])


def test_fields_of_another_world_are_outside():
    zones = [landscapes.sample("a", seed=1), landscapes.sample("b", (30, 44), seed=2)]
    area = predict.applicability_of(zones, 0)
    alike = landscapes.sample("c", seed=3)
    strange = replace(alike.cube, reflectance=alike.cube.reflectance[::-1].copy())  # south
    ids = np.unique(alike.labels.parcel_id)
    mapped = np.isin(ids, alike.labels.parcel_id[alike.labels.crop > 0])
    here = area.dissimilarity(predict.seasons(alike.cube, alike.labels))
    assert (here[mapped] <= 1).mean() > 0.9
    assert (here[~mapped] > 1).all()  # land that is no crop looks like none
    assert (area.dissimilarity(predict.seasons(strange, alike.labels)) > 1).mean() > 0.5


def test_one_zone_gives_none_and_a_damaged_file_says_so(trained):
    assert predict.applicability_of([landscapes.sample("a", seed=1)], 0) is None
    run, _ = trained
    file = run.path / layout.APPLICABILITY
    whole = file.read_bytes()
    for broken in (whole[: len(whole) // 2], b"no archive"):
        file.write_bytes(broken)
        with pytest.raises(InvalidRun, match=r"applicability\.npz of run .* is damaged"):
            run.applicability()
    file.unlink()
    assert run.applicability() is None
