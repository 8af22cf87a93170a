"""Curves of made-up classes whose law is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score

from cropdash.evaluate import learning_curve

SLOPE, STEPS, ZONES = 0.8, 4, 12


def world(seed: int, wanted: list[float], now: list[int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Parcels told right so often that F1 follows the law; what is wrong is called class 0."""
    rng = np.random.default_rng(seed)
    rows, learned = [], []
    for step in range(STEPS):
        for k, (goal, most) in enumerate(zip(wanted, now, strict=True), 1):
            n = max(1, most >> step)
            f1 = 1 / (1 + np.exp(-SLOPE * (np.log2(n) - np.log2(goal))))
            recall = f1 / (2 - f1)  # where nothing else is called so
            learned.append((step, k, n))
            for zone in range(ZONES):
                right = rng.random(8) < recall
                rows += [(step, f"z{zone}", k, k if r else 0) for r in right]
    parcels = pd.DataFrame(rows, columns=["step", "zone_id", "truth", "predicted"])
    return parcels, pd.DataFrame(learned, columns=["step", "class_id", "n"])


def test_the_scores_are_those_of_scikit_learn() -> None:
    parcels, learned = world(3, [10, 40], [16, 33])
    parcels.loc[parcels.index[::7], "predicted"] = 2
    found = learning_curve.curve(learning_curve.counts(parcels), learned).set_index("class_id")
    for step, here in parcels.groupby("step"):
        expected = f1_score(here["truth"], here["predicted"], labels=[1, 2], average=None)
        np.testing.assert_allclose(found.loc[[1, 2], f"f1_{step}"], expected)
    assert found.loc[2, "parcels"] == 33
    assert found.loc[2, "n_1"] == 16
    assert (found["scored"] == ZONES * 8).all()


def test_the_number_wanted_is_found_and_its_interval_holds_it() -> None:
    wanted, now = [12.0, 30.0, 100.0, 300.0], [64, 48, 40, 80]
    held = []
    for seed in range(12):
        counted, learned = world(seed, wanted, now)
        found = learning_curve.curve(learning_curve.counts(counted), learned, seed)
        found = found.set_index("class_id").loc[[1, 2, 3, 4]]
        ratio = found["wanted"].to_numpy() / wanted
        assert (np.abs(np.log2(ratio)) < 2).all()  # within a factor of 4, the farthest too
        high = found["high"].fillna(np.inf)
        held += ((found["low"] <= wanted) & (wanted <= high)).tolist()
    assert np.mean(held) >= 0.8


def test_where_more_parcels_do_not_help_nothing_is_promised() -> None:
    counted, learned = world(1, [1e9, 1e9], [32, 64])
    found = learning_curve.curve(learning_curve.counts(counted), learned)
    assert np.isinf(found["wanted"]).all()
    assert found["high"].isna().all()


def test_classes_without_a_training_or_a_scored_parcel_are_left_out() -> None:
    counted, learned = world(2, [10, 10], [16, 16])
    more = pd.DataFrame({"step": [0, 0], "class_id": [7, 8], "n": [0, 5]})
    found = learning_curve.curve(
        learning_curve.counts(counted), pd.concat([learned, more], ignore_index=True)
    )
    assert set(found["class_id"]) == {1, 2}
