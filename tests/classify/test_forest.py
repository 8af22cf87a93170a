"""The forest: what its own arrays say is what scikit-learn says."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier

from cropdash import classify
from cropdash.classify import description, features, forest, sampling
from cropdash.domain import Layer
from cropdash.domain.errors import InvalidRun
from cropdash.settings import classifiers
from tests.classify import landscapes

QUICK = {"classifier": "forest", "dataset": "d", "trees": 23, "pixels": 1_500, "threads": 2}


def new(**changes):
    return classify.build(classifiers.parse({**QUICK, **changes}))


def fit(model, folder, *, train=None, validation=None, should_stop=lambda: False):
    told: list[dict[str, float]] = []
    train = [landscapes.sample("a", (24, 31), seed=1)] if train is None else train
    validation = [landscapes.sample("c", (20, 33), seed=3)] if validation is None else validation
    model.fit(train, validation, folder=folder, on_epoch=told.append, should_stop=should_stop)
    return told


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from([ExtraTreesClassifier, RandomForestClassifier]),
    st.integers(0, 2**31 - 1), st.integers(2, 7), st.integers(1, 9), st.integers(1, 6),
)  # fmt: skip
def test_the_walk_says_what_scikit_learn_says(make, seed, n_classes, n_columns, depth):
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(300, n_columns)).astype(np.float32)
    rows[:50] = np.round(rows[:50])  # ties, so that thresholds are met exactly
    # Positions among one class more than are there, as of a class that no pixel was drawn of.
    labels = rng.choice(np.delete(np.arange(n_classes + 1), rng.integers(n_classes)), 300)
    grown = make(n_estimators=5, max_depth=depth, random_state=seed % 1000).fit(rows, labels)
    trees = forest.trees_of(grown, n_classes + 1)
    asked = np.concatenate([rows, rng.normal(size=(77, n_columns)).astype(np.float32)])
    # Every threshold itself, and the numbers next to it.
    edges = trees.threshold[trees.column >= 0][:40, None].repeat(n_columns, 1)
    asked = np.concatenate([asked, edges, np.nextafter(edges, np.float32(9))])
    expected = np.zeros((len(asked), n_classes + 1))
    expected[:, grown.classes_] = grown.predict_proba(asked)
    np.testing.assert_allclose(trees.sums(asked) / 5, expected, atol=1e-6)


@pytest.mark.parametrize("method", ["extra_trees", "random_forest"])
def test_whole_zones_are_answered_as_scikit_learns_forests_together(method, tmp_path, monkeypatch):
    grown = []
    model = new(method=method)
    original = model._grown

    def watched(*args):
        for one, done in original(*args):
            grown.append(one)
            yield one, done

    monkeypatch.setattr(model, "_grown", watched)
    fit(model, tmp_path)
    cube = landscapes.sample("d", (19, 44), seed=4).cube
    schema = description.schema_of([landscapes.sample("a", (24, 31), seed=1)], model.config)
    rows = features.table(cube, schema.inputs)
    expected = sum(one.predict_proba(rows) * len(one.estimators_) for one in grown) / 23
    said = model.predict_proba(cube)[list(schema.classes)].reshape(len(schema.classes), -1).T
    np.testing.assert_allclose(said, expected, atol=1e-6)
    assert sum(len(one.estimators_) for one in grown) == 23


def test_scores_are_told_on_the_way_and_are_those_of_the_trees_so_far(tmp_path):
    model = new()
    told = fit(model, tmp_path)
    assert [one["progress"] for one in told] == sorted(one["progress"] for one in told)
    assert told[-1]["progress"] == 1
    assert told[-1]["epoch"] == told[-1]["trees"] == 23
    held = landscapes.sample("c", (20, 33), seed=3)
    mask = features.labelled(held)
    said = model.predict_proba(held.cube)[:, mask]
    right = (said.argmax(0) == held.labels.crop[mask]).mean()
    assert told[-1]["validation_accuracy"] == pytest.approx(right, abs=1e-9)
    loss = -np.log(np.maximum(said[held.labels.crop[mask], np.arange(mask.sum())], 1e-7)).mean()
    assert told[-1]["validation_loss"] == pytest.approx(loss, rel=1e-4)


def test_asked_to_stop_it_keeps_the_trees_so_far(tmp_path):
    model, asked = new(), []
    told = fit(model, tmp_path, should_stop=lambda: bool(asked) or asked.append(1) is not None)
    assert len(told) == 2
    model.save(tmp_path)
    assert len(classify.load(tmp_path)._trees.roots) == told[-1]["trees"] < 23


def test_the_same_settings_grow_the_same_trees_and_another_seed_others(tmp_path):
    cube = landscapes.sample("d", (19, 22), seed=4).cube
    said = []
    for seed in (0, 0, 1):
        model = new(seed=seed, threads=1 + len(said))
        fit(model, tmp_path, validation=[])
        said.append(model.predict_proba(cube))
    np.testing.assert_array_equal(said[0], said[1])
    assert not np.array_equal(said[0], said[2])


def test_gaps_of_layers_and_crops_are_filled(tmp_path):
    plain = landscapes.sample("a", (24, 31), seed=1)
    heights = np.where(plain.labels.parcel_id % 2, np.nan, 120.0).astype(np.float32)
    before = np.where(plain.labels.parcel_id % 3, 8, 0).astype(np.uint8)
    cube = dataclasses.replace(
        plain.cube, layers=(Layer("elevation", heights[None]),), last_crop=before
    )
    model = new(layers="elevation", last_crop=True)
    fit(model, tmp_path, train=[dataclasses.replace(plain, cube=cube)], validation=[])
    said = model.predict_proba(cube)
    np.testing.assert_allclose(said.sum(axis=0), 1, atol=1e-5)


def test_weights_hold_no_pickle_and_damage_is_one_sentence(tmp_path):
    model = new()
    fit(model, tmp_path)
    model.save(tmp_path)
    file: Path = tmp_path / "model.npz"
    with np.load(file, allow_pickle=False) as arrays:
        assert set(arrays) == set(forest.Trees._fields)
    whole = file.read_bytes()
    middle = len(whole) // 2
    for broken in (whole[:middle], whole[: middle - 9] + b"\0" * 9 + whole[middle:], b""):
        file.write_bytes(broken)
        with pytest.raises(InvalidRun, match=r"model\.npz of run .* is damaged: train it again"):
            classify.load(tmp_path)
    file.unlink()
    with pytest.raises(InvalidRun, match="lacks"):
        classify.load(tmp_path)


def test_rows_are_those_of_xgboost():
    """The same pixels for the same seed, so that the two differ by the trees alone."""
    zones = [landscapes.sample("a", (24, 31), seed=1), landscapes.sample("b", (12, 50), seed=2)]
    drawn = []
    for kind in ("forest", "xgboost"):
        config = classifiers.parse({"classifier": kind, "dataset": "d", "pixels": 1_000})
        schema = description.schema_of(zones, config)
        rng = np.random.default_rng(config.seed)
        drawn.append(sampling.draw(zones, schema, config.pixels, config.weighting, rng))
    np.testing.assert_array_equal(drawn[0][0], drawn[1][0])
    np.testing.assert_array_equal(drawn[0][1], drawn[1][1])
