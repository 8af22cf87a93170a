"""Several trained runs as one model."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash import legend
from cropdash.domain.errors import InvalidRun, NotEnoughData, RunNotFound
from cropdash.settings import classifiers
from cropdash.settings.ensemble import ensemble_of
from cropdash.settings.folders import Folders
from cropdash.storage import runs
from cropdash.workflow import ensemble, predict, train
from cropdash.workflow.zone_dataset import ZoneDataset
from tests import factory

QUICK = {
    "cnn": {"epochs": 1, "steps_per_epoch": 4, "half_precision": False},
    "xgboost": {"trees": 4, "pixels": 1_000},
}


def of_runs(members):
    return ensemble_of({member.run_id: member.config for member in members})


def quiet(stage: str, done: float) -> None:
    pass


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    """A small dataset with a run of each kind."""
    folder = tmp_path_factory.mktemp("ensemble")
    dataset = factory.write_dataset(folder / "data", zones=6, size=40)
    folders = Folders(folder / "data", folder / "models")
    found = {}
    for kind, settings in QUICK.items():
        values = {"classifier": kind, "dataset": "demo", "folds": 2, **settings}
        run = runs.queue(folders, classifiers.parse(values))
        train.train_run(run, folders, progress=quiet)
        found[kind] = run
    return folders, dataset, found


@pytest.fixture(scope="module")
def joined(trained):
    folders, _dataset, found = trained
    run = runs.queue(folders, of_runs(list(found.values())))
    train.train_run(run, folders, progress=quiet)
    return run


def test_it_is_a_run_like_any_other(trained, joined) -> None:
    _, _dataset, found = trained
    assert joined.scores().test.zones == found["cnn"].scores().test.zones
    assert set(joined.calibrated()["zones"]) == set(found["cnn"].calibrated()["zones"])
    assert predict.weights_path(joined).name == "stack.json"
    config = classifiers.parse(joined.config)
    assert config.members == tuple(run.run_id for run in found.values())


def test_its_answers_are_the_stack_of_its_members(trained, joined) -> None:
    _, dataset, found = trained
    zone = dataset.built_zones()[0]
    cube = dataset.cube(zone.zone_id)
    said = [predict.load(run, dataset).predict_proba(cube) for run in found.values()]
    weights, biases = (np.array(joined.stack()[name]) for name in ("weights", "biases"))
    row, column = 7, 11
    logits = biases.copy()
    for weight, probabilities in zip(weights, said, strict=True):
        logits += weight * np.log(np.maximum(probabilities[:, row, column], 1e-4))
    named = np.any([p[:, row, column] > 0 for p in said], axis=0)
    expected = np.where(named, np.exp(logits), 0)
    whole = predict.load(joined, dataset).predict_proba(cube)
    np.testing.assert_allclose(whole[:, row, column], expected / expected.sum(), rtol=1e-3)


def test_it_may_name_what_one_member_alone_has_learned(trained) -> None:
    """A member may have learned from more zones than the ensemble's own."""
    folders, _dataset, found = trained
    told = {kind: run.calibrated() for kind, run in found.items()}
    more = np.array(told["cnn"]["prior"])
    more[[20, 21]] += 0.1
    try:
        found["cnn"].write_calibrated(told["cnn"] | {"prior": more.tolist()})
        run = runs.queue(folders, of_runs(list(found.values())))
        train.train_run(run, folders, progress=quiet)
    finally:
        found["cnn"].write_calibrated(told["cnn"])
    expected = (more + np.array(told["xgboost"]["prior"])) / 2
    np.testing.assert_allclose(run.calibrated()["prior"], expected)


def test_it_never_looks_at_a_test_zone(trained, joined) -> None:
    _, dataset, _ = trained
    test = {z.zone_id for z in dataset.built_zones() if z.split == "test"}
    fitted = set(joined.calibrated()["zones"])
    assert fitted
    assert not fitted & test


def test_runs_that_held_out_other_zones_are_refused(trained) -> None:
    folders, _, found = trained
    values = {"classifier": "cnn", "dataset": "demo", "folds": 2, "validation_fold": 1}
    other = runs.queue(folders, classifiers.parse(values))
    with pytest.raises(InvalidRun, match="validation_fold"):
        of_runs([found["xgboost"], other])


def test_what_a_member_has_learned_from_can_not_weigh_it(trained) -> None:
    """The dataset was built anew since: other zones would be held out now."""
    folders, dataset, found = trained
    whole = ensemble.assemble(of_runs(list(found.values())), folders.models, legend.load())
    learned = next(
        z
        for z in dataset.built_zones()
        if z.split == "train" and z.zone_id not in found["cnn"].calibrated()["zones"]
    )
    with pytest.raises(InvalidRun, match=learned.zone_id):
        whole.fit([], ZoneDataset(dataset, [learned]))
    with pytest.raises(NotEnoughData):
        whole.fit([], [])


def test_an_ensemble_is_no_member_and_a_missing_member_is_named(trained, joined) -> None:
    folders, _, found = trained
    with pytest.raises(InvalidRun, match="can't be a member"):
        of_runs([joined, found["cnn"]])
    config = of_runs(list(found.values())).model_copy(update={"members": ("a", "b")})
    with pytest.raises(RunNotFound):
        ensemble.assemble(config, folders.models, legend.load())


def test_answers_at_two_levels_are_scored_with_the_run(trained) -> None:
    _, dataset, found = trained
    run = found["xgboost"]
    scored = run.scores().test
    groups, threshold = dataset.legend().group_of("group"), run.calibrated()["back_off"]
    by_class, right = [], []
    for zone in scored.zones:
        declared = dataset.parcels(zone).set_index("parcel_id")["crop"]
        table = run.parcel_prediction(zone).set_index("parcel_id")
        said = table.filter(regex=r"^p_\d+$")
        for parcel, crop in declared[declared > 0].items():
            if parcel not in said.index:
                continue
            p = said.loc[parcel].to_numpy(float)
            of_groups = [p[groups == g].sum() for g in range(groups.max() + 1)]
            by_class.append(p.max() >= threshold)
            sure = p.argmax() == crop
            right.append(sure if by_class[-1] else np.argmax(of_groups) == groups[crop])
    assert scored.answers["by_class"] == pytest.approx(np.mean(by_class))
    assert scored.answers["accuracy"] == pytest.approx(np.mean(right))
