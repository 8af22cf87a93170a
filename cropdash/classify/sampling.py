"""Training pixels of XGBoost: which, and their rows, at once or zone by zone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xgboost
from numpy.typing import NDArray

from cropdash.classify import features
from cropdash.classify.description import Frame
from cropdash.domain import Float, Sample
from cropdash.settings.train import XgbConfig

Positions = NDArray[np.int32]  # of classes in the frame's list
Rows = tuple[Float, Positions]  # (N, F) and (N,)


def choose(
    samples: Sequence[Sample],
    frame: Frame,
    limit: int,
    config: XgbConfig,
    rng: np.random.Generator,
) -> list[NDArray[np.int64]]:
    """Of each zone the flat positions of its pixels, at most `limit` in all.

    With weighting `parcel` a pixel's chance is one over the power `DRAWN_BY` of its parcel's size.
    """
    chances = [_chances(sample, frame, config) for sample in samples]
    total = sum(int((c > 0).sum()) for c in chances)
    if total == 0:
        return [np.zeros(0, np.int64) for _ in chances]
    shares = np.array([c.sum(dtype=np.float64) for c in chances])
    quota = rng.multinomial(min(limit, total), shares / shares.sum())
    return [_pick(c, int(n), rng) for c, n in zip(chances, quota, strict=True)]


def rows_of(sample: Sample, pixels: NDArray[np.int64], frame: Frame, config: XgbConfig) -> Rows:
    """Features and classes of the chosen pixels of a zone."""
    rows = features.table(sample.cube, config.inputs, *config.context)[pixels]
    labels = np.searchsorted(frame.classes, sample.labels.crop.ravel()[pixels])
    return rows, labels.astype(np.int32)


def feature_types(config: XgbConfig, n_columns: int) -> list[str] | None:
    """XGBoost's names of what the columns hold: numbers, but for the last crop, a category."""
    return ["q"] * (n_columns - 1) + ["c"] if config.last_crop else None


def draw(
    samples: Sequence[Sample],
    frame: Frame,
    limit: int,
    config: XgbConfig,
    rng: np.random.Generator,
) -> Rows:
    """Rows and classes of at most `limit` labelled pixels of all zones."""
    chosen = choose(samples, frame, limit, config, rng)
    parts = [rows_of(s, p, frame, config) for s, p in zip(samples, chosen, strict=True) if len(p)]
    if not parts:
        return np.zeros((0, 1), np.float32), np.zeros(0, np.int32)
    rows, labels = zip(*parts, strict=True)
    return np.concatenate(rows), np.concatenate(labels)


def with_others(frame: Frame, samples: Sequence[Sample]) -> tuple[Frame, Positions]:
    """The frame with all classes of the samples, and the positions of these, in their order.

    The frame's own classes keep theirs; the others' are past them.
    """
    crops = [np.unique(s.labels.crop[features.labelled(s)]).tolist() for s in samples]
    every = sorted(set(frame.classes).union(*crops))
    others = [c for c in every if c not in frame.classes]
    position = {c: i for i, c in enumerate((*frame.classes, *others))}
    return replace(frame, classes=tuple(every)), np.array([position[c] for c in every], np.int32)


class ZoneByZone(xgboost.DataIter):  # type: ignore[misc]
    """The chosen rows of one zone after the other: memory holds one zone's at a time.

    XGBoost goes through it several times and keeps its own, quantised copy at `cache`.
    """

    def __init__(
        self,
        parts: Sequence[Callable[[], Rows]],
        weights: NDArray[np.float64],
        cache: Path,
        config: XgbConfig,
    ) -> None:
        self._parts, self._weights, self._at = parts, weights, 0
        self._config = config
        super().__init__(cache_prefix=str(cache))

    def next(self, input_data: Any) -> bool:
        """Hand over the next zone's rows; False at the end."""
        if self._at == len(self._parts):
            return False
        rows, labels = self._parts[self._at]()
        input_data(
            data=rows,
            label=labels,
            weight=self._weights[labels],
            feature_types=feature_types(self._config, rows.shape[1]),
        )
        self._at += 1
        return True

    def reset(self) -> None:
        """Begin again."""
        self._at = 0


def _chances(sample: Sample, frame: Frame, config: XgbConfig) -> NDArray[np.float32]:
    """(H*W,) what a pixel's chance to be drawn is proportional to."""
    known = features.labelled(sample) & np.isin(sample.labels.crop, frame.classes)
    chances = known.astype(np.float32)
    if config.weighting == "parcel":
        chances *= features.parcel_weight(sample, features.DRAWN_BY)
    return chances.ravel()


def _pick(chances: NDArray[np.float32], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    pixels = np.flatnonzero(chances)
    n = min(n, len(pixels))
    if not n:
        return pixels[:0]
    odds = chances[pixels].astype(np.float64)
    return rng.choice(pixels, n, replace=False, p=odds / odds.sum())
