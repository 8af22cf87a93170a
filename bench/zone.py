"""What the map of a zone costs by XGBoost, and what its own prediction would.

    python -m bench.zone [--side 256] [--rounds 7]

Trains with default settings on six simulated zones, then takes in turns, on a zone of `--side` pixels a
side: XGBoost's own prediction; ours of the same trees (`cropdash/classify/xgboost/walk.py`); all that
`predict_proba` does; and the whole of a prediction, smoothed and by parcel, without reading and writing. Prints
processor seconds, also scaled to 1,000 x 1,000 pixels, and
whether the probabilities are equal bit by bit.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from bench.cnn_speed import simulated
from cropdash import classify
from cropdash.classify import features
from cropdash.classify.xgboost.model import XgbClassifier
from cropdash.settings import classifiers
from cropdash.workflow import predict

LARGE = 1000  # [px]


def in_turn(work: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median processor seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for do in work.values():
        do()
    for _ in range(rounds):
        for name, do in work.items():
            start = time.process_time()
            do()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    asked = parser.parse_args()
    learned, zone = [simulated(128, 5 * i) for i in range(6)], simulated(asked.side, 0)
    model = classify.build(classifiers.parse({"classifier": "xgboost", "dataset": "d"}))
    assert isinstance(model, XgbClassifier)
    with tempfile.TemporaryDirectory() as folder:
        model.fit(
            learned, [], folder=Path(folder), on_epoch=lambda values: None,
            should_stop=lambda: False,
        )  # fmt: skip
    rows, walk, threads = features.table(zone.cube, model.schema.inputs), model._walk, 2
    assert walk is not None
    equal = np.array_equal(model._booster.inplace_predict(rows), walk.probabilities(rows, threads))
    taken = in_turn(
        {
            "XGBoost's own prediction": lambda: model._booster.inplace_predict(rows),
            "the same trees, ours": lambda: walk.probabilities(rows, threads),
            "predict_proba": lambda: model.predict_proba(zone.cube),
            "map and parcels": lambda: predict.predict(model, zone.cube, zone.labels, "run"),
        },
        asked.rounds,
    )
    theirs, larger = taken["XGBoost's own prediction"], LARGE**2 / asked.side**2
    print(f"{len(walk.classes)} trees, {asked.side} x {asked.side} px, equal: {equal}  ")
    for name, seconds in taken.items():
        print(
            f"{name}: {seconds:.2f} s of processor time, XGBoost's / this {theirs / seconds:.1f}, "
            f"{LARGE} x {LARGE} px {seconds * larger:.1f} s  "
        )


if __name__ == "__main__":
    main()
