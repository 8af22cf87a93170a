"""Two runs on one zone: their names, what they say of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Labels, Prediction, Zone
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import data

NAMES = {"cnn": "CNN", "xgboost": "XGBoost", "ensemble": "Ensemble"}


@dataclass(frozen=True)
class Pair:
    """Two runs on one zone."""

    dataset: str
    zone: Zone
    runs: tuple[RunInfo, RunInfo]

    @property
    def names(self) -> tuple[str, str]:
        first, second = (model_name(run) for run in self.runs)
        return (first, second) if first != second else (f"{first} (1)", f"{second} (2)")

    @property
    def mark(self) -> str:
        """Changes with all that the pair's pictures and tables are made from."""
        runs = "+".join(f"{r.run_id}@{r.status.finished}" for r in self.runs)
        return f"{self.dataset}/{self.zone.zone_id}/{data.fingerprint(self.dataset)}/{runs}"

    @property
    def fits(self) -> bool:
        """Whether both runs predicted the zone as it is built now."""
        return all(p.grid == self.zone.grid for p in self.predictions)

    @property
    def labels(self) -> Labels:
        return data.labels(self.dataset, self.zone.zone_id)

    @property
    def predictions(self) -> tuple[Prediction, Prediction]:
        first, second = (data.prediction(r.run_id, self.zone.zone_id) for r in self.runs)
        return first, second


def model_name(run: RunInfo) -> str:
    """Short name of a model."""
    return NAMES.get(run.classifier, run.classifier)


def run_label(run: RunInfo) -> str:
    """Model, its pixel accuracy, month, day and time of training: short enough for the sidebar."""
    accuracy = run.scores.get("test", {}).get("pixel", {}).get("accuracy")
    score = f" · {accuracy:.3f}" if accuracy is not None else ""
    return f"{model_name(run)}{score} · {run.created[5:16].replace('T', ' ')}"


def best(prediction: Prediction) -> NDArray[np.intp]:
    """(P,) most probable class of each parcel."""
    return np.asarray(prediction.parcel_probabilities.argmax(axis=1))
