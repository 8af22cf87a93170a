"""From a cube to the numbers that the network sees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.classify import features
from cropdash.classify.description import TrainingSchema
from cropdash.classify.features import KNOWN, LAST_CROP, PLACE
from cropdash.classify.inputs import DIGITAL, Inputs
from cropdash.domain import Cube, Float, Sample, indices, sentinel2
from cropdash.prepare import as_of

_SHARES = np.linspace(0.005, 0.995, 67)  # of the training pixels; a step is 1.5 per cent
_SPREAD = 3**0.5  # half the range of the numbers, so that their deviation is 1
_STEPS = 1024  # that a channel's range is cut into
_PIXELS = 4_000  # a zone that quantiles are taken from
_DEGREES = 0.5  # deviation of the place at least: zones side by side are one place


@dataclass(frozen=True, eq=False)
class Encoding:
    """Where each value stands among the training pixels of its period, from -1.7 to 1.7.

    What lies beyond them is as the outermost of them, and what is missing is 0. Trees see values
    as orderly, which makes them hold where a place is brighter or greener than all that they
    learned. Of a `digital` network it is the digital numbers as they are.
    """

    inputs: Inputs
    bands: tuple[str, ...]
    names: tuple[str, ...]  # (C,) of the channels; of the last ones see `beside`
    quantiles: Float  # (T, C, Q)
    places: tuple[tuple[float, float], ...]  # of the schema

    def of_cube(self, cube: Cube) -> Float:
        """(T, C, H, W); raises InvalidRaster if the cube lacks what is wanted.

        A place far from all that was learned from is unknown, as it is in many training patches.
        """
        self.inputs.check(cube)
        found = self.encoded(cube.reflectance, beside(cube, self.inputs))
        if self.inputs.location and not features.is_near(self.places, cube.grid):
            found[:, self.place] = 0
        return found

    @property
    def _n_coded(self) -> int:
        """Of how many channels, the first ones, it is told where a value stands."""
        return len(self.names) - self.inputs.last_crop - self.inputs.in_season

    @property
    def known(self) -> int:
        """Which of what is beside the series tells the known periods."""
        beside_names = self.names[len(self.bands) + len(self.inputs.indices) :]
        return beside_names.index(KNOWN)

    @property
    def place(self) -> list[int]:
        """Which channels tell where the zone lies; none where they are not seen."""
        return [self.names.index(name) for name in PLACE if name in self.names]

    @property
    def n_ranked(self) -> int:
        """How many channels, the first ones, tell a value's rank that a place may have moved."""
        return self._n_coded - len(self.place)

    def encoded(self, series: Float, rest: Float, moved: Float | None = None) -> Float:
        """(T, C, H, W) of reflectance (T, B, H, W), as it is or varied, and what is beside it.

        The first channels of each period are `moved` (T, n_ranked) where they are known.
        """
        named = [self._index(name, series)[:, None] for name in self.inputs.indices]
        values = np.concatenate([series, *named, rest], axis=1)
        if self.inputs.series == DIGITAL:
            return np.nan_to_num(values * np.float32(sentinel2.SCALE)).astype(np.float32)
        n = self._n_coded
        low, scale, table = self._table
        found_at = (values[:, :n] - low) * scale
        known = ~np.isnan(found_at)
        at = np.clip(np.where(known, found_at, 0), 0, _STEPS - 1).astype(np.int32)
        row = np.arange(len(low) * n, dtype=np.int32).reshape(-1, n, 1, 1) * _STEPS
        ranks = table.ravel()[at + row]
        if moved is not None:
            ranks[:, : self.n_ranked] += moved[:, :, None, None]
        seen = np.where(known, ranks, np.float32(0))
        return np.concatenate([seen, values[:, n:]], axis=1).astype(np.float32)

    def _index(self, name: str, series: Float) -> Float:
        """(T, H, W)"""
        index = indices.TABLE[name]
        return index.values(*(series[:, self.bands.index(band)] for band in index.bands))

    @cached_property
    def _table(self) -> tuple[Float, Float, Float]:
        """Least value and steps a unit of each channel (T, C, 1, 1), and (T*C, S) numbers."""
        n = self._n_coded
        every = self.quantiles[:, :n].reshape(-1, len(_SHARES))
        low, high = every[:, 0], every[:, -1]
        wide = np.maximum(high - low, 1e-6)
        codes = np.linspace(-_SPREAD, _SPREAD, len(_SHARES))
        table = np.stack(
            [
                np.interp(np.linspace(a, b, _STEPS), values, codes) if b > a else np.zeros(_STEPS)
                for values, a, b in zip(every, low, high, strict=True)
            ]
        ).astype(np.float32)
        shape = (len(self.quantiles), n, 1, 1)
        return low.reshape(shape), ((_STEPS - 1) / wide).reshape(shape), table

    def to_json(self) -> dict[str, Any]:
        """The quantiles by channel, to be kept on disk."""
        return {name: self.quantiles[:, c].tolist() for c, name in enumerate(self.names)}

    @staticmethod
    def from_json(values: Mapping[str, Any], schema: TrainingSchema) -> Encoding:
        """What `to_json` wrote; raises KeyError if a channel is missing."""
        names = names_of(schema)
        quantiles = np.stack([np.array(values[n], np.float32) for n in names], axis=1)
        return Encoding(schema.inputs, schema.bands, names, quantiles, schema.places)

    @staticmethod
    def of(train: Sequence[Sample], schema: TrainingSchema) -> Encoding:
        """By some labelled pixels of each training zone."""
        names, found = names_of(schema), []
        for sample in train:
            at = np.flatnonzero(features.labelled(sample))
            at = at[:: max(1, len(at) // _PIXELS)]
            if len(at):
                found.append(_chosen(sample.cube, schema.inputs, at))
        with np.errstate(all="ignore"):
            values = np.nan_to_num(np.concatenate(found, axis=2))
            quantiles = np.quantile(values, _SHARES, axis=2).transpose(1, 2, 0)
        for c in [names.index(name) for name in PLACE if name in names]:
            mean, deviation = values[:, c].mean(), max(float(values[:, c].std()), _DEGREES)
            quantiles[:, c] = mean + deviation * np.linspace(-_SPREAD, _SPREAD, len(_SHARES))
        quantiles = quantiles.astype(np.float32)
        return Encoding(schema.inputs, schema.bands, names, quantiles, schema.places)


def names_of(schema: TrainingSchema) -> tuple[str, ...]:
    """Names of the channels."""
    inputs = schema.inputs
    more = (
        *(PLACE if inputs.location else ()),
        *([KNOWN] if inputs.in_season else []),
        *([LAST_CROP] if inputs.last_crop else []),
    )
    return (*schema.bands, *inputs.indices, *(name for name, _ in inputs.layers), *more)


def beside(cube: Cube, inputs: Inputs) -> Float:
    """(T, R, H, W) what is seen beside the series: layers, place, then two that stay as they are.

    These are 1 in each period that is known, else 0, and the last crop as a class id.
    """
    values: list[NDArray[Any]] = [cube.layer(name) for name, _ in inputs.layers]
    if inputs.location:
        values += [one[None] for one in features.coordinates(cube.grid)]
    if inputs.in_season:
        over = np.arange(len(cube.periods)) < as_of.known(cube.reflectance)
        values.append(over.astype(np.float32)[:, None, None])
    if inputs.last_crop:
        values.append(features.last_crop(cube)[None])
    shape = (len(cube.periods), *cube.grid.shape)
    spread = [np.broadcast_to(one, shape) for one in values]
    return np.stack(spread, axis=1) if spread else np.zeros((shape[0], 0, *shape[1:]), np.float32)


def _chosen(cube: Cube, inputs: Inputs, at: NDArray[np.int64]) -> Float:
    """(T, C, N) values of the chosen pixels."""
    rest = beside(cube, inputs)
    every = [cube.reflectance, *(cube.index(i)[:, None] for i in inputs.indices), rest]
    rows, columns = np.unravel_index(at, cube.grid.shape)
    return np.concatenate([values[:, :, rows, columns] for values in every], axis=1)
