"""Several trained runs as one model: joined on zones that none of them learned from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash import classify
from cropdash.classify.classifier import Classifier
from cropdash.domain import Cube, Float, Legend, Sample
from cropdash.domain.errors import InvalidRun, NotEnoughData
from cropdash.evaluate.stacking import Stack, fit_stack
from cropdash.settings import classifiers
from cropdash.settings.ensemble import EnsembleConfig
from cropdash.storage import runs
from cropdash.storage.runs import RunFolder
from cropdash.workflow.calibrate import some_pixels

_PIXELS = 5_000  # a zone: enough for a weight a model and a bias a class


class Ensemble:
    """Members and how much each counts; see `Classifier` for what each method does."""

    def __init__(
        self, config: EnsembleConfig, members: Sequence[Classifier], held_out: frozenset[str]
    ) -> None:
        """`held_out` are the zones that no member has learned from."""
        self._config, self._members, self._held_out = config, tuple(members), held_out
        self._stack: Stack | None = None

    @property
    def config(self) -> EnsembleConfig:
        """The settings that it was made with."""
        return self._config

    @property
    def members(self) -> tuple[Classifier, ...]:
        """The models that it joins."""
        return self._members

    @property
    def stack(self) -> Stack:
        """How its members are weighed. Raises InvalidRun before `fit`."""
        if self._stack is None:
            raise InvalidRun("This ensemble is not fitted yet: fit it first.")
        return self._stack

    def fit(self, train: Sequence[Sample], validation: Sequence[Sample], **_: Any) -> None:
        """Learn the members' weights from `validation`; `train` is not looked at.

        Raises InvalidRun if a member may have learned from one of its zones, NotEnoughData if
        there is none.
        """
        if not validation:
            raise NotEnoughData("No zone was held out: an ensemble needs two training zones.")
        seen = {sample.zone.zone_id for sample in validation} - self._held_out
        if seen:
            raise InvalidRun(
                "The members have not all held out {a}: train them again on {b} as it is now,"
                " with the same folds.",
                a=", ".join(sorted(seen)),
                b=self._config.dataset,
            )
        rng = np.random.default_rng(self._config.seed)
        said: list[list[Float]] = [[] for _ in self._members]
        truth = []
        for sample in validation:
            there = some_pixels(sample, _PIXELS, rng)
            truth.append(sample.labels.crop.ravel()[there].astype(np.int64))
            for told, member in zip(said, self._members, strict=True):
                probabilities = member.predict_proba(sample.cube)  # (K, H, W)
                told.append(probabilities.reshape(len(probabilities), -1)[:, there].T)
        joined = [np.concatenate(told) for told in said]  # M times (N, K)
        self._stack = fit_stack(joined, np.concatenate(truth))

    def predict_proba(self, cube: Cube) -> Float:
        """See `Classifier.predict_proba`."""
        return self.stack.apply([m.predict_proba(cube) for m in self._members], axis=0)

    def save(self, folder: Path) -> None:
        """See `Classifier.save`."""
        RunFolder(folder).write_stack(self.stack.to_json())

    def restore(self, folder: Path, model: Mapping[str, Any]) -> None:
        """See `Classifier.restore`."""
        self._stack = Stack.from_json(RunFolder(folder).stack())


def assemble(config: EnsembleConfig, models: Path, legend: Legend) -> Ensemble:
    """The ensemble with its trained members, not yet fitted.

    Raises RunNotFound or InvalidRun if a member is missing, not trained or not of its kind.
    """
    members = [runs.find(models, member) for member in config.members]
    held_out = [frozenset(member.calibrated().get("zones", ())) for member in members]
    loaded = [classify.load(member.path, legend) for member in members]
    return Ensemble(config, loaded, frozenset.intersection(*held_out))


def prior(config: EnsembleConfig, models: Path) -> NDArray[np.float64]:
    """(K,) mean of the members' own: the ensemble may know what one of them alone has learned."""
    told = [runs.find(models, member).calibrated().get("prior", ()) for member in config.members]
    shares: NDArray[np.float64] = np.mean([s for s in told if len(s)], axis=0, dtype=np.float64)
    return shares


def load(run: RunFolder, legend: Legend) -> Ensemble:
    """The fitted ensemble of a run's folder."""
    config = classifiers.parse(run.config)
    if not isinstance(config, EnsembleConfig):
        raise InvalidRun("Run {a} is no ensemble.", a=run.run_id)
    whole = assemble(config, run.path.parent, legend)
    whole.restore(run.path, {})
    return whole
