"""A training broken off at any moment ends as the unbroken one."""

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file

from cropdash import classify
from cropdash.classify.cnn import checkpoint
from cropdash.domain.errors import InvalidRun
from cropdash.settings import classifiers
from tests.classify import landscapes

SETTINGS = {
    "cnn": {
        "epochs": 4,
        "steps_per_epoch": 6,
        "batch_size": 3,
        "patch_size": 16,
        "unet_channels": (6, 8),
        "embedding": 8,
        "temporal_channels": 6,
        "temporal_hidden": 12,
        "half_precision": False,
        "learning_rate": 0.01,
        "ema_decay": 0.8,
    },
    "xgboost": {"trees": 23, "pixels": 1500, "subsample": 0.7, "colsample_bytree": 0.4},
}
KEPT = {kind.name: kind.checkpoint for kind in classifiers.trainable()}
WEIGHTS = {kind.name: kind.weights for kind in classifiers.trainable()}


class Killed(Exception):
    pass


def fit(kind, folder, dies_at=None, zone="b", **changes):
    """Train in `folder`; the process dies when it asks for the `dies_at`-th time whether to stop."""
    folder.mkdir(exist_ok=True)
    values = {"classifier": kind, "dataset": "d", "threads": 1, **SETTINGS[kind], **changes}
    classifier = classify.build(classifiers.parse(values))
    asked, told = [], []

    def should_stop():
        asked.append(1)
        if len(asked) == dies_at:
            raise Killed
        return False

    classifier.fit(
        [landscapes.sample("a", seed=1), landscapes.sample(zone, (30, 44), seed=2)],
        [landscapes.sample("c", seed=3)],
        folder=folder,
        on_epoch=told.append,
        should_stop=should_stop,
    )
    classifier.save(folder)
    return [values["epoch"] for values in told], len(asked)


def weights(kind, folder):
    path = folder / WEIGHTS[kind]
    return load_file(path) if kind == "cnn" else {"": np.frombuffer(path.read_bytes(), np.uint8)}


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    """A whole training of each kind: its weights, its epochs, and how often it asked to go on."""
    found = {}
    for kind in ("cnn", "xgboost"):
        folder = tmp_path_factory.mktemp(kind)
        told, questions = fit(kind, folder)
        found[kind] = weights(kind, folder), told, questions
    return found


@pytest.mark.parametrize("kind", ["cnn", "xgboost"])
@pytest.mark.parametrize("share", [0.05, 0.4, 0.55, 0.8, 0.97])
def test_broken_off_and_gone_on_with_gives_the_same_weights(kind, share, tmp_path, unbroken):
    whole, told, questions = unbroken[kind]
    with pytest.raises(Killed):
        fit(kind, tmp_path / "broken", dies_at=max(1, round(share * questions)))
    later, _ = fit(kind, tmp_path / "broken")
    if share > 0.5:
        assert len(later) < len(told)  # it did not begin again
    assert later == told[-len(later) :]
    broken = weights(kind, tmp_path / "broken")
    assert whole.keys() == broken.keys()
    for name, values in whole.items():
        np.testing.assert_array_equal(values, broken[name])


@pytest.mark.parametrize("other", [{"seed": 8}, {"seed": 7, "zone": "other"}])
@pytest.mark.parametrize("kind", ["cnn", "xgboost"])
def test_other_settings_or_zones_begin_anew(kind, other, tmp_path):
    told, questions = fit(kind, tmp_path / "whole", **other)
    with pytest.raises(Killed):
        fit(kind, tmp_path / "broken", dies_at=questions // 2, seed=7)
    assert (tmp_path / "broken" / KEPT[kind]).is_file()
    assert fit(kind, tmp_path / "broken", **other)[0] == told


def test_damaged_rounds_are_not_gone_on_with(tmp_path, unbroken):
    _, told, questions = unbroken["xgboost"]
    with pytest.raises(Killed):
        fit("xgboost", tmp_path / "broken", dies_at=questions // 2)
    kept = tmp_path / "broken" / KEPT["xgboost"]
    kept.write_bytes(kept.read_bytes()[:-100])
    assert fit("xgboost", tmp_path / "broken")[0] == told


def test_early_stopping_counts_on_after_a_break(tmp_path):
    # Not varied, so that it overfits and stops.
    changes = {"learning_rate": 0.3, "trees": 60, "patience": 7, "variation": 0.0}
    told, questions = fit("xgboost", tmp_path / "whole", **changes)
    assert len(told) < 60
    with pytest.raises(Killed):
        fit("xgboost", tmp_path / "broken", dies_at=questions - 1, **changes)
    later, _ = fit("xgboost", tmp_path / "broken", **changes)
    assert len(later) < len(told)
    # Rounds without a better one before the break count as well, or it would end later.
    assert later[-1] == told[-1]


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    state = {
        "state_dict": {"w": torch.arange(6.0).reshape(2, 3).t(), "n": torch.tensor(3)},
        "optimizer_states": [{"state": {0: {"step": torch.tensor(2.0)}}, "lr": 0.1}],
        "same": [1, True, None, "text", {"a": []}],
    }
    file = tmp_path / KEPT["cnn"]
    checkpoint.SafetensorsIO().save_checkpoint(state, file)
    back = checkpoint.SafetensorsIO().load_checkpoint(file)
    same = state.pop("same")
    assert back.pop("same") == same
    torch.testing.assert_close(back, state, rtol=0, atol=0)
    assert [path.name for path in tmp_path.iterdir()] == [KEPT["cnn"]]


def test_what_is_no_plain_value_is_refused(tmp_path):
    with pytest.raises(TypeError, match="object"):
        checkpoint.SafetensorsIO().save_checkpoint({"x": object()}, tmp_path / "c")


def test_a_damaged_checkpoint_says_so(tmp_path):
    file = tmp_path / KEPT["cnn"]
    checkpoint.SafetensorsIO().save_checkpoint({"x": torch.zeros(100)}, file)
    file.write_bytes(file.read_bytes()[:-50])
    with pytest.raises(InvalidRun, match="damaged"):
        checkpoint.SafetensorsIO().load_checkpoint(file)
