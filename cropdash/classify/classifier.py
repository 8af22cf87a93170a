"""What every model can do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from cropdash.domain import Cube, Float, Sample
from cropdash.settings.train import TrainConfig

OnEpoch = Callable[[Mapping[str, float]], None]
ShouldStop = Callable[[], bool]


class Classifier(Protocol):
    """A model that learns crops from labelled cubes."""

    @property
    def config(self) -> TrainConfig:
        """The settings it was made with."""

    def fit(
        self,
        train: Sequence[Sample],
        validation: Sequence[Sample],
        *,
        folder: Path,
        on_epoch: OnEpoch,
        should_stop: ShouldStop,
    ) -> None:
        """Learn from `train`, stop early by `validation` (empty: the full number of rounds).

        `on_epoch` is told numbers of each epoch, among them epoch and progress (0 to 1). After
        `should_stop()` turns true the best state so far is kept. Raises NotEnoughData if no
        pixel is labelled, TrainingFailed if the loss is not finite.
        """

    def predict_proba(self, cube: Cube) -> Float:
        """(K, H, W) probabilities that sum to 1; 0 for background and classes never trained.

        Raises InvalidRaster if the cube's bands or number of periods are not those of training.
        """

    def save(self, folder: Path) -> None:
        """Write weights, model.json and statistics.json; each whole or not at all."""

    def restore(self, folder: Path, model: Mapping[str, Any]) -> None:
        """Read what `save` wrote.

        `classify.load` makes sentences of FileNotFoundError, ValueError, KeyError and TypeError;
        whatever else tells of damage is raised as `description.damaged`.
        """
