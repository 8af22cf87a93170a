"""Weights that were changed: by their digest, and where that was renewed by what they hold."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from bench import damages
from cropdash import classify
from cropdash.classify.xgboost import guard
from cropdash.domain.errors import InvalidRun
from cropdash.files import atomic
from tests.classify.test_classifiers import fit, new

WEIGHTS = {"cnn": "model.safetensors", "xgboost": "model.ubj", "forest": "model.npz"}
FEW = {
    "cnn": {"epochs": 1, "steps_per_epoch": 1},
    "xgboost": {"trees": 3},
    "forest": {"trees": 3},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    found = {}
    for kind, changes in FEW.items():
        folder = tmp_path_factory.mktemp(kind)
        classifier = new(kind, **changes)
        fit(classifier, folder)
        classifier.save(folder)
        found[kind] = folder
    return found


@pytest.fixture(params=FEW)
def run(request: pytest.FixtureRequest, runs: dict[str, Path], tmp_path: Path) -> Path:
    return copied(runs, request.param, tmp_path)


def copied(runs: dict[str, Path], kind: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs[kind], tmp_path / "run"))


def renew(run: Path, weights: Path) -> None:
    """The digest of the record, as one who can write there would renew it."""
    record = json.loads((run / "model.json").read_text())
    record["checksum"] = atomic.checksum(weights)
    (run / "model.json").write_text(json.dumps(record))


def test_each_changed_byte_of_weights_is_known(run: Path) -> None:
    classify.load(run)
    weights = next(run / name for name in WEIGHTS.values() if (run / name).exists())
    whole, rng = weights.read_bytes(), np.random.default_rng(0)
    for at in rng.integers(0, len(whole), 20):
        weights.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(InvalidRun, match="damaged: train it again"):
            classify.load(run)
    weights.write_bytes(whole)
    classify.load(run)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("how", ["pipe", "huge", "folder in its place", "unreadable"])
def test_weights_that_are_no_file_are_damaged(run: Path, how: str) -> None:
    weights = next(run / name for name in WEIGHTS.values() if (run / name).exists())
    damages.DAMAGES[how](weights, random.Random(0))
    with pytest.raises(InvalidRun, match="damaged: train it again"):
        classify.load(run)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_network_of_no_numbers_is_refused_though_its_digest_fits(runs, tmp_path, number):
    run = copied(runs, "cnn", tmp_path)
    weights = run / WEIGHTS["cnn"]
    tensors = load_file(weights)
    name = next(name for name, tensor in tensors.items() if tensor.is_floating_point())
    save_file(tensors | {name: torch.full_like(tensors[name], number)}, weights)
    renew(run, weights)
    with pytest.raises(InvalidRun, match="damaged"):
        classify.load(run)


def array_in(raw: bytes, name: str, tree: int = 0) -> int:
    """Where the numbers of a tree's array begin."""
    at = 0
    for _ in range(tree + 1):
        at = raw.index(name.encode(), at) + len(name)
    assert raw[at : at + 2] == b"[$"
    return at + len("[$l#L") + 8


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("left_children", 1_000_000), ("left_children", 0), ("left_children", -7),
        ("right_children", 1_000_000), ("split_indices", 1_000_000), ("split_indices", -1),
    ],
)  # fmt: skip
@pytest.mark.parametrize("tree", [0, 5])
def test_trees_that_lead_nowhere_never_reach_the_library(runs, tmp_path, name, number, tree):
    run = copied(runs, "xgboost", tmp_path)
    weights = run / WEIGHTS["xgboost"]
    raw = weights.read_bytes()
    at = array_in(raw, name, tree)
    weights.write_bytes(raw[:at] + number.to_bytes(4, "big", signed=True) + raw[at + 4 :])
    renew(run, weights)
    with pytest.raises(InvalidRun, match="damaged"):
        classify.load(run)


def test_a_model_of_other_features_or_classes_is_refused(runs):
    raw = (runs["xgboost"] / WEIGHTS["xgboost"]).read_bytes()
    record = json.loads((runs["xgboost"] / "model.json").read_text())
    features, classes = len(record["features"]), len(record["classes"])
    guard.check(raw, features, classes)
    for wrong in ((features + 1, classes), (features, classes - 1)):
        with pytest.raises(ValueError, match="other features or classes"):
            guard.check(raw, *wrong)


@pytest.mark.parametrize("name", ["left_children", "right_children", "split_indices"])
def test_numbers_of_nodes_that_are_fractions_are_refused(runs, name):
    """Compiled loops take them as they are, and look up no bounds."""
    raw = bytearray((runs["xgboost"] / WEIGHTS["xgboost"]).read_bytes())
    record = json.loads((runs["xgboost"] / "model.json").read_text())
    kind = array_in(raw, name, 0) - 11
    assert raw[kind : kind + 1] == b"l"
    raw[kind : kind + 1] = b"d"  # of four bytes as well
    with pytest.raises(ValueError, match="no number of one"):
        guard.check(raw, len(record["features"]), len(record["classes"]))


@pytest.mark.parametrize("told", [b"[1,1", b"[NaN"])
def test_a_beginning_of_other_classes_or_of_no_number_is_refused(runs, told):
    raw = (runs["xgboost"] / WEIGHTS["xgboost"]).read_bytes()
    record = json.loads((runs["xgboost"] / "model.json").read_text())
    first = raw.index(b"[", raw.index(b"base_score"))
    last = raw.index(b"]", first)
    bad = raw[:first] + told.ljust(last - first) + raw[last:]
    with pytest.raises(ValueError, match="begins with"):
        guard.check(bad, len(record["features"]), len(record["classes"]))


def test_a_beginning_of_lists_without_end_is_refused(runs):
    raw = (runs["xgboost"] / WEIGHTS["xgboost"]).read_bytes()
    at = raw.index(b"base_score") + len(b"base_score")
    size = int.from_bytes(raw[at + 2 : at + 10], "big")
    assert raw[at : at + 2] == b"SL"
    record = json.loads((runs["xgboost"] / "model.json").read_text())
    deep = b"SL" + (100_000).to_bytes(8, "big") + b"[" * 100_000
    with pytest.raises(ValueError, match="no trees"):
        guard.check(
            raw[:at] + deep + raw[at + 10 + size :],
            len(record["features"]), len(record["classes"]),
        )  # fmt: skip


def test_two_thousand_mutated_models_are_refused_or_whole(runs):
    """No traceback but ValueError's, no hang, whatever byte is changed or cut."""
    raw = (runs["xgboost"] / WEIGHTS["xgboost"]).read_bytes()
    record = json.loads((runs["xgboost"] / "model.json").read_text())
    sizes, rng = (len(record["features"]), len(record["classes"])), np.random.default_rng(1)
    refused = 0
    for number in range(2000):
        bad = bytearray(raw if number % 10 else raw[: rng.integers(len(raw))])
        for at in rng.integers(0, max(len(bad), 1), 3):
            if at < len(bad):
                bad[at] = rng.integers(256)
        try:
            guard.check(bad, *sizes)
        except ValueError:
            refused += 1
    assert refused > 300


@pytest.mark.parametrize("name", ["left", "right", "column", "roots", "threshold", "chances"])
def test_a_forest_whose_ways_never_end_is_refused(runs, tmp_path, name):
    run = copied(runs, "forest", tmp_path)
    weights = run / WEIGHTS["forest"]
    with np.load(weights, allow_pickle=False) as stored:
        arrays = dict(stored)
    inner = np.flatnonzero(arrays["column"] >= 0)[-1]
    bad = {"left": 0, "right": 10**6, "column": 10**6, "roots": -1}.get(name, np.nan)
    arrays[name] = arrays[name].copy()
    arrays[name][inner if name in ("left", "right", "column", "threshold") else 0] = bad
    np.savez(weights, **arrays)
    renew(run, weights)
    with pytest.raises(InvalidRun, match="damaged"):
        classify.load(run)
