"""Random training patches from whole zones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from einops import rearrange
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import IterableDataset

from cropdash.classify import features
from cropdash.classify.cnn import augmentation
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.classify.features import PLACE, Statistics
from cropdash.domain import Float, Ints, Sample, interior

MEMORY = 1_200_000_000  # [bytes] of standardised zones held at once
_PASSES = 3  # times that an epoch may see the area: enough for turned and flipped patches
_FEWEST_STEPS = 10  # an epoch; a single small zone is still learned in a hundred steps
_ROW = 32  # single pixels of one zone that are hidden from and moved together


class PixelBatch(NamedTuple):
    """Pixels without their surroundings, R rows of S for each of N networks; mixtures of two."""

    inputs: Tensor  # (N, T, C + D, R, S), what its zone shares among them
    classes: tuple[Tensor, Tensor]  # (N, R, S), of both pixels of the mixture
    shares: tuple[Tensor, Tensor]  # (N, R, S), of both; they sum to 1


class Batch(NamedTuple):
    """What one step learns from."""

    inputs: Tensor  # (B, T, C, P, P)
    shared: Tensor  # (B, T, D) what the zone of a patch shares
    classes: Tensor  # (B, P, P)
    weights: Tensor  # (B, P, P), 0 = not learned
    pixels: PixelBatch | None


@dataclass(frozen=True, eq=False)
class PreparedZone:
    """One zone, ready to be cut into patches."""

    inputs: Float  # (T, C, H, W) standardised
    shared: Float  # (T, D) standardised
    classes: NDArray[np.uint8]  # (H, W), 0 = not trained on
    weights: Float  # (H, W), 0 = not trained on
    parcels: Ints  # (H, W), 0 = none
    centres: NDArray[np.int64]  # (N, 2) labelled pixels, on which patches are centred
    odds: NDArray[np.float64]  # (N,) running sum of their chances to be drawn singly
    means: Float  # (P, T, C) of the inputs of each parcel, without its border where it can be
    row_of: Ints  # (H, W) where in `means` a pixel's parcel is


def prepare_zone(sample: Sample, statistics: Statistics, config: CnnConfig) -> PreparedZone:
    """Standardised inputs, classes and weights of a zone."""
    mask = features.labelled(sample)
    weights, chances = mask.astype(np.float32), mask.astype(np.float32)
    if config.weighting == "parcel":
        weights *= features.parcel_weight(sample, 0.5)
        chances *= features.parcel_weight(sample, features.DRAWN_BY)
    inputs, shared = statistics.standardise(sample.cube)
    there = np.logical_not(np.isnan(sample.cube.reflectance).any(axis=(0, 1)))
    means, row_of = parcel_means(inputs, sample.labels.parcel_id, there)
    return PreparedZone(
        inputs,
        shared,
        np.where(mask, sample.labels.crop, 0).astype(np.uint8),
        weights,
        sample.labels.parcel_id,
        np.argwhere(mask),
        np.cumsum(chances[mask], dtype=np.float64),
        means,
        row_of,
    )


def parcel_means(inputs: Float, parcel_id: Ints, there: NDArray[np.bool_]) -> tuple[Float, Ints]:
    """(P, T, C) mean of (T, C, H, W) over each parcel, and (H, W) the row of a pixel's own.

    Over the pixels that are `there` (H, W), without those of its border, which mix two fields,
    where that leaves any. What lies outside of parcels has a row as well; without any pixel a
    mean is 0.
    """
    ids, row_of = np.unique(parcel_id, return_inverse=True)
    row_of = row_of.reshape(parcel_id.shape)
    inner = interior(parcel_id) & there
    has_inner = np.bincount(row_of[inner], minlength=len(ids)) > 0
    used = inner | (there & ~has_inner[row_of])
    of, counts = row_of[used], np.bincount(row_of[used], minlength=len(ids))
    flat = inputs[:, :, used].reshape(-1, len(of))
    sums = np.stack([np.bincount(of, values, minlength=len(ids)) for values in flat], axis=1)
    means = (sums / np.maximum(counts, 1)[:, None]).reshape(len(ids), *inputs.shape[:2])
    return means.astype(np.float32), row_of.astype(np.int32)


class Patches(IterableDataset[Batch]):
    """One epoch of batches, drawn by the settings' seed and the number of the epoch.

    Where several processes train together each draws its own share of a batch.
    """

    def __init__(
        self, samples: Sequence[Sample], statistics: Statistics, config: CnnConfig, rank: int = 0
    ) -> None:
        self._samples, self._statistics, self._config = samples, statistics, config
        self._rank = rank  # of this process among those that share each batch
        self._kept: dict[int, PreparedZone] = {}
        shapes = [s.zone.grid.shape for s in samples]
        self._side = min(config.patch_size, *(min(shape) for shape in shapes))
        first = samples[0].cube
        values_a_pixel = len(first.periods) * len(statistics.channels)
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
        inputs, shared, classes, weights = (np.stack(part) for part in zip(*patches, strict=True))
        return Batch(
            torch.from_numpy(inputs),
            torch.from_numpy(shared),
            torch.from_numpy(classes.astype(np.int64)),
            torch.from_numpy(weights),
            self._pixels(rng) if self._config.pixel_networks else None,
        )

    def _pixels(self, rng: np.random.Generator) -> PixelBatch | None:
        """Pixels from everywhere, as many of a zone or parcel as its weights say; None without."""
        config = self._config
        # Rows a network; one alone would have none to be mixed with.
        each = max(2, -(-config.single_pixels // (_ROW * config.processes)))
        zones = [self._prepared(int(i)) for i in self._at_hand]
        odds = np.array([prepared.odds[-1] if len(prepared.odds) else 0.0 for prepared in zones])
        if not odds.any():
            return None
        drawn = rng.choice(len(zones), each * config.pixel_networks, p=odds / odds.sum())
        rows = [self._row(zones[i], rng) for i in drawn]
        inputs, classes = (np.stack(part) for part in zip(*rows, strict=True))
        inputs, other, share = augmentation.mixed(
            inputs, config.mixup_alpha, rng, ids=int(config.last_crop)
        )
        n = config.pixel_networks
        first, second, larger = (
            torch.from_numpy(rearrange(values, "(n r) 1 s -> n r s", n=n))
            for values in (classes.astype(np.int64), classes[other].astype(np.int64), share)
        )
        # One large image a network: many of one row would be slower.
        images = np.ascontiguousarray(rearrange(inputs, "(n r) t c 1 s -> n t c r s", n=n))
        return PixelBatch(torch.from_numpy(images), (first, second), (larger, 1 - larger))

    def _row(
        self, prepared: PreparedZone, rng: np.random.Generator
    ) -> tuple[Float, NDArray[np.uint8]]:
        """(T, C + D, 1, S) and (1, S): single pixels of one zone, or means of their parcels."""
        at = np.searchsorted(prepared.odds, rng.random(_ROW) * prepared.odds[-1], side="right")
        rows, columns = prepared.centres[np.minimum(at, len(prepared.odds) - 1)].T
        inputs = prepared.inputs[:, :, rows, columns]
        n_means = round(self._config.parcel_means * _ROW)
        parcels = prepared.row_of[rows[:n_means], columns[:n_means]]
        first = int(self._config.last_crop)  # a class id has no mean: it stays the pixel's own
        inputs[:, first:, :n_means] = prepared.means[parcels, :, first:].transpose(1, 2, 0)
        own = inputs[:, :, None]
        own, shared = self._varied(own, prepared.shared, prepared.parcels[rows, columns][None], rng)
        everywhere = np.broadcast_to(shared[:, :, None, None], (*shared.shape, 1, _ROW))
        return np.concatenate([own, everywhere], axis=1), prepared.classes[rows, columns][None]

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
        inputs, shared = self._varied(
            prepared.inputs[at], prepared.shared, prepared.parcels[at], rng
        )
        parts = (inputs, prepared.classes[at], prepared.weights[at])
        turned, *labels = (_turned(part, turns, flip) for part in parts)
        return turned, shared, *labels

    def _varied(
        self, inputs: Float, shared: Float, parcels: Ints, rng: np.random.Generator
    ) -> tuple[Float, Float]:
        """The patch and what its zone shares with some months hidden, and a little elsewhere."""
        config = self._config
        if config.period_dropout:
            hidden = rng.random(len(inputs)) < config.period_dropout
            inputs = augmentation.without_months(inputs, hidden)
            shared = augmentation.without_months(shared, hidden)
        if config.location and config.location_noise:
            shared = augmentation.displaced(shared, len(PLACE), config.location_noise, rng)
        if config.last_crop and config.hidden_last_crop:
            inputs = augmentation.without_last_crop(inputs, parcels, config.hidden_last_crop, rng)
        return inputs, shared

    def _choose(self, rng: np.random.Generator) -> NDArray[np.int64]:
        """The zones of this epoch: all, or as many as fit in memory, drawn anew."""
        chosen = rng.permutation(len(self._samples))[: self._room]
        self._kept = {i: prepared for i, prepared in self._kept.items() if i in chosen}
        return chosen

    def _prepared(self, index: int) -> PreparedZone:
        if index not in self._kept:
            sample = self._samples[index]
            self._kept[index] = prepare_zone(sample, self._statistics, self._config)
        return self._kept[index]


def _turned(array: NDArray[np.generic], turns: int, flip: bool) -> NDArray[np.generic]:
    turned = np.rot90(array, turns, axes=(-2, -1))
    return np.ascontiguousarray(turned[..., ::-1] if flip else turned)
