"""Zones as the models see them, read when asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, overload

from cropdash.classify import description
from cropdash.domain import Bytes, Sample, Zone
from cropdash.domain.errors import InvalidRun
from cropdash.prepare import splits
from cropdash.prepare.rare import relabel
from cropdash.prepare.taught import corrected
from cropdash.settings.folders import Folders
from cropdash.settings.train import TrainConfig
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow.partition import Zones, check_inputs, choose_zones, rare_classes
from cropdash.workflow.taught import Taught, decisions_of

_NOTHING = Taught()
_IN_MEMORY = 1_500_000_000  # [bytes] of cubes up to which all zones are kept in memory


class ZoneDataset(Sequence[Sample]):
    """Zones read when asked for; kept in memory only if all of them are small enough.

    With `learned_as` (K,) each class is replaced by the one that it is learned as; with `taught`
    parcels bear what people said that they do.
    """

    def __init__(
        self,
        dataset: DatasetFolder,
        zones: Sequence[Zone],
        learned_as: Bytes | None = None,
        taught: Taught = _NOTHING,
    ) -> None:
        self._dataset, self._zones, self._learned_as = dataset, tuple(zones), learned_as
        self._taught = taught
        described = dataset.description()
        cells = sum(z.grid.shape[0] * z.grid.shape[1] for z in zones)
        self._keep = cells * len(described.season.periods) * len(described.bands) * 4 < _IN_MEMORY
        self._kept: dict[int, Sample] = {}
        self.name, self.zone_ids = dataset.name, [zone.zone_id for zone in zones]

    def __len__(self) -> int:
        return len(self._zones)

    @overload
    def __getitem__(self, index: int) -> Sample: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Sample]: ...
    def __getitem__(self, index: int | slice) -> Sample | Sequence[Sample]:
        if isinstance(index, slice):
            return ZoneDataset(self._dataset, self._zones[index], self._learned_as, self._taught)
        if index in self._kept:
            return self._kept[index]
        sample = self._dataset.sample(self._zones[index])
        if said := self._taught.by_zone.get(self._zones[index].zone_id):
            sample = replace(sample, labels=corrected(sample.labels, said))
        if self._learned_as is not None:
            sample = replace(sample, labels=relabel(sample.labels, self._learned_as))
        if self._keep:
            self._kept[index] = sample
        return sample

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(len(self)))


class ConcatZones(Sequence[Sample]):
    """The zones of several datasets, one after the other."""

    def __init__(self, parts: Sequence[ZoneDataset]) -> None:
        self._parts = tuple(parts)

    @property
    def beside(self) -> dict[str, list[str]]:
        """Zones by dataset, of those after the first."""
        return {part.name: part.zone_ids for part in self._parts[1:]}

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


class Material(NamedTuple):
    """What a training works with."""

    dataset: DatasetFolder
    zones: Zones
    learned: ConcatZones
    held_out: ZoneDataset
    rare: dict[str, Any]  # what was done with rare classes, in words
    taught: Taught  # what was taken of people's decisions


def material(
    folders: Folders,
    config: TrainConfig,
    zones: Zones | None = None,
    kept: Mapping[str, Any] | None = None,
) -> Material:
    """The zones of a training, divided as its settings say unless they are given.

    kept: the decisions that the run began with, in place of those that hold now.

    Raises NotEnoughData if the dataset has no training zone, InvalidRun if its legend differs or
    if it lacks what the model is to see.
    """
    dataset = DatasetFolder(folders.data, config.dataset)
    dataset.legend()  # raises CorruptDataset if it is not the one of the build
    zones = zones or choose_zones(dataset, config)
    learned_as, rare = rare_classes(dataset, zones.train, config)
    taught = _NOTHING
    if config.decisions == "apply":
        taught = Taught.from_json(kept) if kept else decisions_of(folders.data, dataset, zones)
    learned = learned_zones(dataset, zones, config, learned_as, taught)
    held_out = ZoneDataset(dataset, zones.validation, taught=taught)
    return Material(dataset, zones, learned, held_out, rare, taught)


def learned_zones(
    own: DatasetFolder,
    zones: Zones,
    config: TrainConfig,
    learned_as: Bytes,
    taught: Taught = _NOTHING,
) -> ConcatZones:
    """What a model of these settings learns from: the run's training zones, and those of the other
    datasets that the settings name.

    Of other datasets those on the ground of own zones that are not learned from are left out. Raises
    InvalidRun as `beside` does.
    """
    known = {zone.zone_id for zone in zones.train}
    held = [zone for zone in own.built_zones() if zone.zone_id not in known]
    learned = ZoneDataset(own, zones.train, learned_as, taught)
    return ConcatZones([learned, *beside(own, config, held, learned_as)])


def beside(
    own: DatasetFolder, config: TrainConfig, held: Sequence[Zone], learned_as: Bytes | None = None
) -> Iterator[ZoneDataset]:
    """Training zones of the other datasets that the settings name, on other ground than `held`.

    Raises InvalidRun if one has other classes, bands or periods.
    """
    for name in config.extra_datasets:
        other = DatasetFolder(own.path.parent, name)
        _check_alike(own, other)
        there = [z for z in other.built_zones() if z.split == "train"]
        check_inputs(other, there, config)
        yield ZoneDataset(other, splits.apart(there, held), learned_as)


def _check_alike(own: DatasetFolder, other: DatasetFolder) -> None:
    ours, theirs = own.description(), other.description()
    days = [description.days_of(one.season.periods) for one in (ours, theirs)]
    if ours.bands != theirs.bands or not description.same_days(*days):
        raise InvalidRun(
            "Dataset {a} has {b} periods from {c} of {d} and {e} {f} from {g} of {h}: learn"
            " from one of the same kind.",
            a=other.name,
            b=len(days[1]),
            c=days[1][0],
            d=", ".join(theirs.bands),
            e=own.name,
            f=len(days[0]),
            g=days[0][0],
            h=", ".join(ours.bands),
        )
    if ours.legend_hash != theirs.legend_hash:
        raise InvalidRun("Datasets {a} and {b} have different classes.", a=own.name, b=other.name)
