"""What every model can do, and what those that learn here have in common."""

from __future__ import annotations

import hashlib
import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, Protocol, TypeVar

import numpy as np

from cropdash.classify import description, features
from cropdash.classify.description import STATISTICS, TrainingSchema
from cropdash.domain import Cube, Float, Legend, Sample
from cropdash.domain.errors import InvalidRun, one_line
from cropdash.files import atomic
from cropdash.settings import classifiers
from cropdash.settings.train import RowsConfig, TrainConfig

OnEpoch = Callable[[Mapping[str, float]], None]
ShouldStop = Callable[[], bool]
MOST = 2**30  # [bytes] of weights
Config = TypeVar("Config", bound=TrainConfig)
OfRows = TypeVar("OfRows", bound=RowsConfig)


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

        `classify.load` makes sentences of FileNotFoundError, ValueError, KeyError and TypeError.
        """


def checksum(raw: bytes | bytearray) -> str:
    """SHA-256 of a saved model."""
    return hashlib.sha256(raw).hexdigest()


def checked(raw: bytes, expected: str) -> bytes:
    """The saved model if it is whole; raises ValueError if it is damaged.

    XGBoost ends the whole process on some damaged files, so it is never given one.
    """
    if checksum(raw) != expected:
        raise ValueError("The checksum does not fit.")
    return raw


def warn_of_checkpoint(path: Path, error: Exception) -> None:
    """Say in the worker's log that what was kept on the way can't be gone on from."""
    logging.getLogger(__name__).warning(
        "%s of %s can't be used (%s): the training starts anew.",
        path.name, path.parent.name, one_line(error),
    )  # fmt: skip


class Learned(ABC, Generic[Config]):
    """A classifier whose weights are bytes of one file; see `Classifier`.

    `fit` sets the schema and the statistics, and what `_packed` needs.
    """

    def __init__(self, config: Config, legend: Legend) -> None:
        self._config, self._legend = config, legend
        self._schema: TrainingSchema | None = None
        self._statistics: dict[str, Any] = {}

    @property
    def config(self) -> Config:
        """The settings that it was made with."""
        return self._config

    @property
    def _file(self) -> str:
        return classifiers.kind(self._config.classifier).weights

    @property
    def schema(self) -> TrainingSchema:
        """What it was trained on; raises InvalidRun before that."""
        if self._schema is None:
            raise InvalidRun("This model is not trained yet: fit it first.")
        return self._schema

    def predict_proba(self, cube: Cube) -> Float:
        """See `Classifier.predict_proba`."""
        self.schema.check(cube)
        probabilities = np.zeros((self._legend.n_classes, *cube.grid.shape), np.float32)
        probabilities[list(self.schema.classes)] = self._said(cube)
        return probabilities

    def save(self, folder: Path) -> None:
        """See `Classifier.save`."""
        schema, raw = self.schema, self._packed()
        with atomic.replacing(folder / self._file) as temporary:
            temporary.write_bytes(raw)
        more = self._told() | {"checksum": checksum(raw)}
        description.write(folder, self._config, self._legend, schema, self._statistics, **more)

    def restore(self, folder: Path, model: Mapping[str, Any]) -> None:
        """See `Classifier.restore`."""
        self._schema = description.schema_in(model, self._config)
        self._statistics = STATISTICS.read(folder)
        self._unpack(checked(atomic.read_bytes(folder / self._file, MOST), model["checksum"]))

    @abstractmethod
    def _said(self, cube: Cube) -> Float:
        """(C, H, W) probabilities of the schema's classes."""

    @abstractmethod
    def _packed(self) -> bytes | bytearray:
        """The weights, nothing of which is executed when they are read."""

    @abstractmethod
    def _unpack(self, raw: bytes) -> None:
        """Take up what `_packed` gave; raises ValueError or KeyError if it does not fit."""

    @abstractmethod
    def _told(self) -> dict[str, Any]:
        """What model.json tells of the model beside what all tell."""


class LearnedFromRows(Learned[OfRows]):
    """One whose pixels are rows of a table, in parts that bound the memory of a large zone."""

    rows_at_once: ClassVar[int]

    def _said(self, cube: Cube) -> Float:
        schema = self.schema
        rows = features.table(cube, schema.inputs, schema.knows_place(cube.grid))
        starts = range(0, len(rows), self.rows_at_once)
        said = self._answers([rows[start : start + self.rows_at_once] for start in starts])
        return np.concatenate(said).T.reshape(-1, *cube.grid.shape)

    @abstractmethod
    def _answers(self, parts: Sequence[Float]) -> list[Float]:
        """(N, C) probabilities of each part's (N, F) rows."""

    def _told(self) -> dict[str, Any]:
        schema = self.schema
        return {"features": features.table_names(schema.bands, schema.n_periods, schema.inputs)}
