"""Training pixels of the classifiers that learn from rows: which, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cropdash.classify import features
from cropdash.classify.description import Frame
from cropdash.domain import Float, Sample

Positions = NDArray[np.int32]  # of classes in the frame's list
Rows = tuple[Float, Positions]  # (N, F) and (N,)


class RowConfig(Protocol):
    """What settings say of rows."""

    @property
    def inputs(self) -> str: ...
    @property
    def weighting(self) -> str: ...
    @property
    def context(self) -> tuple[bool, bool, bool, bool]: ...


def choose(
    samples: Sequence[Sample],
    frame: Frame,
    limit: int,
    config: RowConfig,
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


def rows_of(sample: Sample, pixels: NDArray[np.int64], frame: Frame, config: RowConfig) -> Rows:
    """Features and classes of the chosen pixels of a zone."""
    rows = features.table(sample.cube, config.inputs, *config.context)[pixels]
    labels = np.searchsorted(frame.classes, sample.labels.crop.ravel()[pixels])
    return rows, labels.astype(np.int32)


def draw(
    samples: Sequence[Sample],
    frame: Frame,
    limit: int,
    config: RowConfig,
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


def _chances(sample: Sample, frame: Frame, config: RowConfig) -> NDArray[np.float32]:
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
