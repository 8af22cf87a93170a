"""What the tests of cross-validation and search share: a small world, and models that tell."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from cropdash import classify
from cropdash.domain import Sample
from cropdash.settings import study
from cropdash.settings.folders import Folders
from cropdash.storage import studies
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.studies import StudyFolder
from cropdash.workflow import partition

EPOCHS = 10
QUICK = {"trees": 4, "pixels": 1000, "threads": 1, "max_depth": 2}


def queued(folders: Folders, **values: Any) -> StudyFolder:
    own = {"dataset": "demo", "classifier": "xgboost", **values}
    return studies.queue(folders, study.parse(own))


def silent(stage: str, done: float) -> None:
    pass


@dataclass
class Seen:
    """Which zones each fitted model was shown."""

    learned: list[list[str]] = field(default_factory=list)
    held: list[list[str]] = field(default_factory=list)


class Spy:
    """A true classifier that notes the zones it is given."""

    def __init__(self, inner: Any, seen: Seen) -> None:
        self._inner, self._seen = inner, seen

    def fit(self, train: Sequence[Sample], validation: Sequence[Sample], **rest: Any) -> None:
        self._seen.learned.append([sample.zone.zone_id for sample in train])
        self._seen.held.append([sample.zone.zone_id for sample in validation])
        self._inner.fit(train, validation, **rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def spying(monkeypatch: Any) -> Seen:
    """Let every new classifier note what it is shown."""
    seen, build = Seen(), classify.build
    monkeypatch.setattr(classify, "build", lambda *words: Spy(build(*words), seen))
    return seen


class Pretender:
    """A model whose scores follow from its settings alone: best at learning rate .2 and depth 5."""

    fits: list[Mapping[str, Any]]
    fails_at: Any = None

    def __init__(self, config: Any, legend: Any) -> None:
        self.config = config

    def fit(self, train: Any, validation: Any, *, folder: Path, on_epoch: Any, should_stop: Any):
        type(self).fits.append(self.config.model_dump())
        if type(self).fails_at and type(self).fails_at(self.config):
            from cropdash.domain.errors import TrainingFailed

            raise TrainingFailed("The loss became infinite.")
        miss = abs(math.log10(self.config.learning_rate / 0.2)) + abs(self.config.max_depth - 5) / 9
        for epoch in range(1, EPOCHS + 1):
            if should_stop():
                return
            score = (1 - miss / 4) * (1 - 0.5 / epoch) - 0.01 * self.config.validation_fold
            names = ("score", "accuracy", "macro_f1")
            told = {
                f"validation_{n}": score + d for n, d in zip(names, (0, 0.04, -0.04), strict=True)
            }
            told["validation_loss"] = 1 - score
            on_epoch({"epoch": epoch, "progress": epoch / EPOCHS, **told})


def pretending(monkeypatch: Any, fails_at: Any = None) -> type[Pretender]:
    """Let every new classifier be a pretender, and read each zone's parcels once."""
    read = lru_cache(lambda path, zones: read_parcels(DatasetFolder(*path), zones))
    read_parcels = partition.mapped_parcels
    monkeypatch.setattr(
        partition, "mapped_parcels", lambda d, zones: read((d.path.parent, d.name), tuple(zones))
    )
    kind = type(
        "Fresh",
        (Pretender,),
        {"fits": [], "fails_at": staticmethod(fails_at) if fails_at else None},
    )
    monkeypatch.setattr(classify, "build", kind)
    return kind
