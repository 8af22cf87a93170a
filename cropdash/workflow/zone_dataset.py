"""Zones as the models see them, read when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import overload

from cropdash.domain import Bytes, Sample, Zone
from cropdash.prepare import rare
from cropdash.storage.datasets import DatasetFolder

_IN_MEMORY = 1_500_000_000  # [bytes] of cubes up to which all zones are kept in memory


class Samples(Sequence[Sample]):
    """Zones read when asked for; kept in memory only if all of them are small enough.

    With `learned_as` (K,) each class is replaced by the one that it is learned as.
    """

    def __init__(
        self, dataset: DatasetFolder, zones: Sequence[Zone], learned_as: Bytes | None = None
    ) -> None:
        self._dataset, self._zones, self._learned_as = dataset, tuple(zones), learned_as
        description = dataset.description()
        cells = sum(z.grid.shape[0] * z.grid.shape[1] for z in zones)
        self._keep = (
            cells * len(description.season.periods) * len(description.bands) * 4 < _IN_MEMORY
        )
        self._kept: dict[int, Sample] = {}

    def __len__(self) -> int:
        return len(self._zones)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        if isinstance(index, slice):
            return Samples(self._dataset, self._zones[index], self._learned_as)
        if index in self._kept:
            return self._kept[index]
        sample = self._dataset.sample(self._zones[index])
        if self._learned_as is not None:
            sample = replace(sample, labels=rare.relabel(sample.labels, self._learned_as))
        if self._keep:
            self._kept[index] = sample
        return sample

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(len(self)))


class Together(Sequence[Sample]):
    """Several sequences of zones, one after the other."""

    def __init__(self, parts: Sequence[Sequence[Sample]]) -> None:
        self._parts = tuple(parts)

    def __len__(self) -> int:
        return sum(len(part) for part in self._parts)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = range(len(self))[index]  # IndexError past the end, as sequences have it
        for part in self._parts:
            if place < len(part):
                return part[place]
            place -= len(part)
        raise AssertionError("unreachable: the index was checked")
