"""Which round is kept: an odd zone held out must not destroy a model."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash import classify
from cropdash.classify import stopping
from cropdash.settings import classifiers
from tests.classify import landscapes

LOSSES = st.lists(st.floats(0.01, 5), min_size=1, max_size=60)


@given(losses=LOSSES, rounds=st.integers(1, 60))
def test_the_kept_round_is_the_least_mean_of_a_window_past_half_of_the_rounds(losses, rounds):
    losses, floor = losses[:rounds], -(-rounds // 2)
    found = stopping.kept(losses, rounds)
    if len(losses) <= floor:
        assert found == len(losses) - 1
        return
    window = min(max(2, rounds // 16), floor)
    means = {i: np.mean(losses[i + 1 - window : i + 1]) for i in range(floor - 1, len(losses))}
    assert found >= floor - 1
    assert means[found] == pytest.approx(min(means.values()))


@given(losses=LOSSES, rounds=st.integers(1, 60), patience=st.integers(1, 10))
def test_it_is_over_once_patience_has_run_out_and_stays_so(losses, rounds, patience):
    over = [stopping.is_over(losses[:n], rounds, patience) for n in range(len(losses) + 1)]
    assert not any(over[: -(-rounds // 2) + patience])
    if True in over:
        first = over.index(True)
        worse = [*losses[:first], *[10.0] * 3]
        assert all(stopping.is_over(worse[:n], rounds, patience) for n in range(first, len(worse)))


def test_a_loss_that_falls_to_the_end_keeps_the_last_round_and_one_dip_is_not_followed():
    assert stopping.kept(np.linspace(3, 1, 80).tolist(), 80) == 79
    losses = np.full(80, 2.0)
    losses[45], losses[60:70] = 1.5, 1.7  # a dip, and a valley that is no chance
    assert 60 <= stopping.kept(losses.tolist(), 80) < 70


def test_few_and_unlike_zones_are_named():
    learned = np.array([0, 300, 300, 0])
    assert not list(stopping.doubts(learned, np.array([0, 60, 40, 0])))
    (few,) = stopping.doubts(learned, np.array([0, 20, 20, 0]))
    assert "40 parcels, too few" in few
    (unlike,) = stopping.doubts(learned, np.array([0, 20, 0, 80]))
    assert "(80 % of the parcels)" in unlike


def odd(seed=3):
    """A zone whose declarations are wrong: what is learned makes it only worse."""
    plain = landscapes.sample("odd", (40, 35), seed=seed)
    crop = plain.labels.crop
    wrong = np.arange(256, dtype=np.uint8)
    wrong[[6, 8, 30]] = 8, 30, 6
    return dataclasses.replace(plain, labels=dataclasses.replace(plain.labels, crop=wrong[crop]))


SETTINGS = {
    "cnn": {
        "epochs": 8, "steps_per_epoch": 12, "batch_size": 4, "patch_size": 16, "patience": 2,
        "unet_channels": (8, 12), "embedding": 16, "temporal_hidden": 32, "learning_rate": 0.005,
        "half_precision": False, "ema_decay": 0.8,
    },
    "xgboost": {"trees": 30, "pixels": 2_000, "patience": 3},
}  # fmt: skip


@pytest.mark.parametrize("kind", list(SETTINGS))
def test_an_odd_zone_held_out_costs_next_to_nothing(kind, tmp_path):
    """Stopped by its best round alone a model would be that of the first round or two."""
    hard, unseen = [], landscapes.sample("d", (50, 60), seed=9)
    for held in ([], [odd()]):
        config = {"classifier": kind, "dataset": "d", "threads": 1, **SETTINGS[kind]}
        model = classify.build(classifiers.parse(config))
        told = []
        folder = tmp_path / str(len(held))
        folder.mkdir()
        model.fit(
            [landscapes.sample("a", seed=1), landscapes.sample("b", (30, 44), seed=2)],
            held, folder=folder, on_epoch=told.append, should_stop=lambda: False,
        )  # fmt: skip
        mapped = unseen.labels.crop > 0
        said = model.predict_proba(unseen.cube)
        right = np.take_along_axis(said, unseen.labels.crop[None].astype(int), axis=0)[0][mapped]
        hard.append(((said.argmax(axis=0) == unseen.labels.crop)[mapped].mean(), right.mean()))
    losses = [values["validation_loss"] for values in told]
    assert int(np.argmin(losses)) < 3  # the odd zone would have had it end at once
    assert hard[1][0] > hard[0][0] - 0.03
    assert hard[1][1] > 0.6  # and it is sure of what it says, as the first round is not
