"""Training pixels of the classifiers that learn from rows: which, and what is known of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cropdash.classify import augmentation, features
from cropdash.classify.description import TrainingSchema
from cropdash.domain import Cube, Float, Sample
from cropdash.prepare import as_of
from cropdash.settings.train import RowsConfig

Positions = NDArray[np.int32]  # of classes in the schema's list
Rows = tuple[Float, Positions]  # (N, F) and (N,)
Share = tuple[int, int]  # a process's number, of how many that train together
_ALL: Share = (0, 1)
_ENDS, _WHOLE = 4, 2  # parts of a zone's rows: seasons cut off on as many days, and whole ones
_ALIKE = 12  # pixels that are varied together
_COPIES = 3  # varied draws beside one of pixels as they are
_JUDGED = 40_000  # rows: enough for a steady loss, few enough not to slow each round


def choose(
    samples: Sequence[Sample],
    schema: TrainingSchema,
    limit: int,
    weighting: str,
    rng: np.random.Generator,
) -> list[NDArray[np.int64]]:
    """Of each zone the flat positions of its pixels, at most `limit` in all.

    With weighting `parcel` a pixel's chance is one over the power `DRAWN_BY` of its parcel's size.
    """
    return _choose([_chances(sample, schema, weighting) for sample in samples], limit, rng)


def _choose(
    chances: Sequence[NDArray[np.float32]], limit: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Of each zone at most as many pixels as its share of all (H*W,) chances asks for."""
    total = sum(int((c > 0).sum()) for c in chances)
    if total == 0:
        return [np.zeros(0, np.int64) for _ in chances]
    shares = np.array([c.sum(dtype=np.float64) for c in chances])
    quota = rng.multinomial(min(limit, total), shares / shares.sum())
    return [_pick(c, int(n), rng) for c, n in zip(chances, quota, strict=True)]


def rows_of(
    sample: Sample,
    pixels: NDArray[np.int64],
    schema: TrainingSchema,
    rng: np.random.Generator,
    variation: float | None = None,
) -> Rows:
    """Features and classes of the chosen pixels of a zone.

    With a `variation` they are to be learned from: by as much they are made another year's and
    another place's, a dozen at a time, and of half of them it is unknown where they lie, as it will
    be far from here. For a model that answers in season a third of them is of the whole season, and the
    others of seasons that end on a few days drawn for the zone.
    """
    labels = np.searchsorted(schema.classes, sample.labels.crop.ravel()[pixels]).astype(np.int32)
    whole = features.of_pixels(sample.cube, pixels)
    if variation:
        whole = replace(whole, reflectance=_varied(whole, variation, rng))
    parts: list[tuple[int | None, slice]] = [(None, slice(None))]
    if schema.inputs.in_season:
        starts = [i * len(pixels) // (_ENDS + _WHOLE) for i in range(_ENDS + 1)]
        spans = [slice(a, b) for a, b in pairwise([*starts, len(pixels)])]
        cut = [int(n) for n in ends(_ENDS, as_of.known(whole.reflectance), rng)]
        parts = list(zip([*cut, None], spans, strict=True))
    rows, placed = [], schema.knows_place(sample.cube.grid)
    for n, part in parts:
        if len(chosen := np.arange(len(pixels))[part]):
            cube = features.of_pixels(whole, chosen)
            cube = cube if n is None else as_of.first_periods(cube, n)
            rows.append(features.table(cube, schema.inputs, placed))
    found = np.concatenate(rows)
    if variation is not None and schema.inputs.location:
        names = features.table_names(schema.bands, schema.n_periods, schema.inputs)
        hidden = np.flatnonzero(rng.random(len(found)) < features.NOWHERE)
        for name in features.PLACE:
            found[hidden, names.index(name)] = np.nan
    return found, labels


def _varied(row: Cube, strength: float, rng: np.random.Generator) -> Float:
    """(T, B, 1, N) reflectance of a row of pixels as of other years and places."""
    series, n = row.reflectance.copy(), row.grid.shape[1]
    for together in np.array_split(rng.permutation(n), max(n // _ALIKE, 1)):
        series[..., together] = augmentation.varied(series[..., together], row.bands, strength, rng)
    return series


def ends(many: int, known: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """(many,) numbers of periods after which a season is cut off, each as likely, never the last.

    known: how many periods there are; a season that goes on has fewer than it will have.
    """
    return rng.integers(1, max(known, 2), many)


def draw(
    samples: Sequence[Sample],
    schema: TrainingSchema,
    limit: int,
    weighting: str,
    rng: np.random.Generator,
    variation: float | None = None,
    share: Share = _ALL,
) -> Rows:
    """Rows and classes of at most `limit` labelled pixels of all zones, or of a share of the zones.

    With a `variation` they are to be learned from, see `rows_of`: a quarter as they are, and three
    times as many varied, drawn anew, so that the few pixels of a small area come as often as that.
    """
    passes = [0.0, *[variation] * _COPIES] if variation else [variation]
    chances = [_chances(sample, schema, weighting) for sample in samples]
    chosen = [_choose(chances, limit // len(passes), rng) for _ in passes]
    number, of = share
    if of > 1:  # all choose alike, before and after; what they vary differs
        rng = rng.spawn(of)[number]
    by_zone = list(zip(*chosen, strict=True))
    parts = [
        rows_of(sample, pixels, schema, rng, strength)
        for zone in range(number, len(samples), of)
        for sample in [samples[zone]]  # read once
        for strength, pixels in zip(passes, by_zone[zone], strict=True)
        if len(pixels)
    ]
    if not parts:
        width = len(features.table_names(schema.bands, schema.n_periods, schema.inputs))
        return np.zeros((0, width), np.float32), np.zeros(0, np.int32)
    rows, labels = zip(*parts, strict=True)
    return np.concatenate(rows), np.concatenate(labels)


def with_others(
    schema: TrainingSchema, samples: Sequence[Sample]
) -> tuple[TrainingSchema, Positions]:
    """The schema with all classes of the samples, and the positions of these, in their order.

    The schema's own classes keep theirs; the others' are past them.
    """
    crops = [np.unique(s.labels.crop[features.labelled(s)]).tolist() for s in samples]
    every = sorted(set(schema.classes).union(*crops))
    others = [c for c in every if c not in schema.classes]
    position = {c: i for i, c in enumerate((*schema.classes, *others))}
    return replace(schema, classes=tuple(every)), np.array([position[c] for c in every], np.int32)


def as_it_lies(samples: Sequence[Sample], schema: TrainingSchema, rng: np.random.Generator) -> Rows:
    """Rows to judge by, each pixel with the same chance, and the positions of their classes.

    Scores are of the land as it is: positions past the schema's list are of classes that were
    never trained.
    """
    every, order = with_others(schema, samples)
    rows, found = draw(samples, every, _JUDGED, "none", rng)
    return rows, order[found]


def sides(
    train: Sequence[Sample],
    validation: Sequence[Sample],
    schema: TrainingSchema,
    config: RowsConfig,
    rng: np.random.Generator,
    share: Share = _ALL,
) -> dict[str, Rows]:
    """What is learned from, and what it is judged by if any of that can be named.

    A process that has a share learns from that of the zones; all judge by the same rows.
    """
    drawn = draw(train, schema, config.pixels, config.weighting, rng, config.variation, share)
    found = {"train": drawn}
    held, truth = as_it_lies(validation, schema, rng)
    return found | ({"validation": (held, truth)} if (truth < len(schema.classes)).any() else {})


def statistics(
    parts: Iterable[Float],
    schema: TrainingSchema,
    summed: Callable[[NDArray[np.float64]], NDArray[np.float64]] = lambda sums: sums,
) -> dict[str, dict[str, float]]:
    """Mean and deviation of each column over the training rows, part by part.

    `summed` gives the sums of all processes that train together.
    """
    names = features.table_names(schema.bands, schema.n_periods, schema.inputs)
    n, total, squares = np.zeros((3, len(names)))
    for rows in parts:
        known = np.nan_to_num(rows.astype(np.float64))
        n += (~np.isnan(rows)).sum(axis=0)
        total += known.sum(axis=0)
        squares += (known * known).sum(axis=0)
    n, total, squares = summed(np.stack([n, total, squares]))
    mean = total / np.maximum(n, 1)
    deviation = np.sqrt(np.maximum(squares / np.maximum(n, 1) - mean * mean, 0))
    moments = zip(names, mean, deviation, strict=True)
    return {name: {"mean": float(m), "deviation": float(d)} for name, m, d in moments}


def _chances(sample: Sample, schema: TrainingSchema, weighting: str) -> NDArray[np.float32]:
    """(H*W,) what a pixel's chance to be drawn is proportional to."""
    known = features.labelled(sample) & np.isin(sample.labels.crop, schema.classes)
    chances = known.astype(np.float32)
    if weighting == "parcel":
        chances *= features.parcel_weight(sample, features.DRAWN_BY)
    return chances.ravel()


def _pick(chances: NDArray[np.float32], n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    pixels = np.flatnonzero(chances)
    n = min(n, len(pixels))
    if not n:
        return pixels[:0]
    odds = chances[pixels].astype(np.float64)
    return rng.choice(pixels, n, replace=False, p=odds / odds.sum())
