"""Random training patches from whole zones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from cropdash.classify import augmentation, features, sampling
from cropdash.classify.cnn.encoding import Encoding, beside
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.domain import Bytes, Float, Ints, Sample
from cropdash.prepare import as_of

MEMORY = 1_200_000_000  # [bytes] of standardised zones held at once
_PASSES = 3  # times that an epoch may see the area: enough for turned and flipped patches
_WHOLE = 1 / 3  # share of the patches that show the whole season, where the others are cut off
_FEWEST_STEPS = 30  # an epoch; a single small zone is still learned in three hundred steps


class Batch(NamedTuple):
    """What one step learns from."""

    inputs: Tensor  # (B, T, C, P, P)
    classes: Tensor  # (B, P, P)
    weights: Tensor  # (B, P, P), 0 = not learned


@dataclass(frozen=True, eq=False)
class PreparedZone:
    """One zone, ready to be cut into patches."""

    series: Float  # (T, B, H, W) reflectance
    rest: Float  # (T, R, H, W) what is seen beside it
    seen: Bytes  # (T, H, W) number of clear observations
    classes: NDArray[np.uint8]  # (H, W), 0 = not trained on
    weights: Float  # (H, W), 0 = not trained on
    parcels: Ints  # (H, W), 0 = none
    centres: NDArray[np.int64]  # (N, 2) labelled pixels, on which patches are centred


def prepare_zone(sample: Sample, encoding: Encoding, config: CnnConfig) -> PreparedZone:
    """What patches are cut from."""
    mask = features.labelled(sample)
    weights = mask.astype(np.float32)
    if config.weighting == "parcel":
        weights *= features.parcel_weight(sample, 0.5)
    return PreparedZone(
        sample.cube.reflectance,
        beside(sample.cube, encoding.inputs),
        sample.cube.clear_dates,
        np.where(mask, sample.labels.crop, 0).astype(np.uint8),
        weights,
        sample.labels.parcel_id,
        np.argwhere(mask),
    )


class Patches(IterableDataset[Batch]):
    """One epoch of batches, drawn by the settings' seed and the number of the epoch.

    Where several processes train together each draws its own share of a batch.
    """

    def __init__(
        self, samples: Sequence[Sample], encoding: Encoding, config: CnnConfig, rank: int = 0
    ) -> None:
        self._samples, self._encoding, self._config = samples, encoding, config
        self._rank = rank  # of this process among those that share each batch
        self._kept: dict[int, PreparedZone] = {}
        shapes = [s.zone.grid.shape for s in samples]
        self._side = min(config.patch_size, *(min(shape) for shape in shapes))
        values_a_pixel = len(samples[0].cube.periods) * len(encoding.names)
        largest = max(h * w for h, w in shapes) * values_a_pixel * 4  # [bytes] of float32
        self._room = max(1, MEMORY // largest)  # zones
        self.steps = self._steps(sum(h * w for h, w in shapes))
        self.epoch_of: Callable[[], int] = lambda: 0  # the trainer's, once there is one
        self._at_hand = np.arange(len(samples))

    def __iter__(self) -> Iterator[Batch]:
        rng = np.random.default_rng((self._config.seed, self.epoch_of(), self._rank))
        self._at_hand = self._choose(rng)
        for _ in range(self.steps):
            yield self._batch(rng)

    def __len__(self) -> int:
        return self.steps

    def _steps(self, pixels: int) -> int:
        """Steps an epoch: fewer than set where they would see a small area over and over."""
        wanted = _PASSES * pixels // (self._config.batch_size * self._side**2)
        return min(self._config.steps_per_epoch, max(_FEWEST_STEPS, wanted))

    def _batch(self, rng: np.random.Generator) -> Batch:
        share = self._config.batch_size // self._config.processes
        patches = [self._patch(rng) for _ in range(share)]
        inputs, classes, weights = (np.stack(part) for part in zip(*patches, strict=True))
        return Batch(
            torch.from_numpy(inputs),
            torch.from_numpy(classes.astype(np.int64)),
            torch.from_numpy(weights),
        )

    def _patch(self, rng: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
        prepared = self._prepared(int(rng.choice(self._at_hand)))
        height, width = prepared.classes.shape
        centre = (
            prepared.centres[rng.integers(len(prepared.centres))]
            if len(prepared.centres)
            else (0, 0)
        )
        jitter = rng.integers(0, self._side, 2)
        row = int(np.clip(centre[0] - jitter[0], 0, height - self._side))
        column = int(np.clip(centre[1] - jitter[1], 0, width - self._side))
        at = (..., slice(row, row + self._side), slice(column, column + self._side))
        turns, flip = int(rng.integers(4)), bool(rng.integers(2))
        inputs = self._varied(prepared, at, rng)
        parts = (inputs, prepared.classes[at], prepared.weights[at])
        return tuple(_turned(part, turns, flip) for part in parts)

    def _varied(self, prepared: PreparedZone, at: Any, rng: np.random.Generator) -> Float:
        """The patch as the network sees it, of another year, with some months hidden."""
        config, rest = self._config, prepared.rest[at]
        series = augmentation.varied(
            prepared.series[at], self._encoding.bands, config.variation, rng
        )
        hidden = np.zeros(len(series), bool)
        if config.period_dropout:
            hidden = rng.random(len(series)) < config.period_dropout
        if config.in_season and rng.random() >= _WHOLE:
            n, seen = int(sampling.ends(1, as_of.known(series), rng)[0]), prepared.seen[at].copy()
            seen[hidden] = 0
            series, rest = self._cut(series, rest, seen, n)
        else:
            series = augmentation.without_months(series, hidden)
        shape = (len(series), self._encoding.n_ranked)
        moved = augmentation.moved_ranks(shape, config.variation, rng)
        inputs = self._encoding.encoded(series, rest, moved)
        if config.location:
            place = self._encoding.place
            elsewhere = rng.normal(0, config.location_noise, (len(place), 1, 1))
            inputs[:, place] += elsewhere.astype(np.float32)
            inputs[:, place] *= np.float32(rng.random() >= features.NOWHERE)
        if config.last_crop and config.hidden_last_crop:
            inputs[:, -1] = augmentation.without_last_crop(
                inputs[:, -1], prepared.parcels[at], config.hidden_last_crop, rng
            )
        return inputs

    def _cut(self, series: Float, rest: Float, seen: Bytes, n: int) -> tuple[Float, Float]:
        """Series and what is beside it where only the first `n` periods are known."""
        by_period = [i for i, (_, many) in enumerate(self._encoding.inputs.layers) if many > 1]
        rest = rest.copy()
        rest[n:, by_period] = np.nan
        rest[n:, self._encoding.known] = 0
        return as_of.refilled(series, seen, n), rest

    def _choose(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The zones of this epoch: all, or as many as fit in memory, drawn anew."""
        chosen = rng.permutation(len(self._samples))[: self._room]
        self._kept = {i: prepared for i, prepared in self._kept.items() if i in chosen}
        return chosen

    def _prepared(self, index: int) -> PreparedZone:
        if index not in self._kept:
            sample = self._samples[index]
            self._kept[index] = prepare_zone(sample, self._encoding, self._config)
        return self._kept[index]


def _turned(array: NDArray[np.generic], turns: int, flip: bool) -> NDArray[np.generic]:
    turned = np.rot90(array, turns, axes=(-2, -1))
    return np.ascontiguousarray(turned[..., ::-1] if flip else turned)
