"""All that is known of one parcel: what is declared, what models say, and what lies around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from cropdash import evaluate
from cropdash.domain import Cube, Labels, Legend, Prediction, Zone
from cropdash.domain.errors import ConfigError, DamagedFile, InvalidRun, NotEnoughData
from cropdash.evaluate import suspicion, within
from cropdash.storage.store import Description, RunInfo, Store

_NEAR = 12.0  # [m] between two parcels that are neighbours: a track or a hedge
_NEIGHBOURS = 6


@dataclass(frozen=True, eq=False)
class Answer:
    """What one run says of the parcel."""

    run: RunInfo
    probabilities: NDArray[np.float32]  # (K,)
    named: NDArray[np.uint8]  # (H, W) class of each pixel of the zone and its margin
    shares: pd.DataFrame  # of the parcel's pixels, see `evaluate.within`
    dissimilarity: float | None  # to what was learned; above 1: outside
    called: int  # scored parcels that it calls the suggested class, and of those
    called_declared: int  # declared as this parcel is
    declared: int  # scored parcels declared as this one
    declared_called: int  # of those called the suggested class


@dataclass(frozen=True, eq=False)
class Case:
    """A parcel with its evidence."""

    description: Description
    fingerprint: str
    legend: Legend
    zone: Zone
    row: pd.Series[Any]  # of parcels.parquet
    outline: BaseGeometry  # in the zone's UTM
    inside: NDArray[np.bool_]  # (H, W)
    cube: Cube
    series: pd.DataFrame
    answers: tuple[Answer, ...]
    found: pd.Series[Any]  # see `suspicion.evidence`, and its light
    neighbours: pd.DataFrame  # register_id, crop, area_ha, distance
    last_crop: int | None  # class of the year before; None: not known

    @property
    def share_seen(self) -> float:
        """Share of the parcel that the zone's pixels show."""
        area = self.outline.area
        seen = float(self.inside.sum()) * self.cube.grid.pixel_size**2
        return min(seen / area, 1.0) if area else 0.0


def cases(
    store: Store, dataset: str, register_ids: Sequence[str], run_ids: Sequence[str]
) -> list[Case]:
    """The cases of some parcels, by the register's id, those of a zone one after another.

    Raises ConfigError for ids that no predicted zone has, InvalidRun for runs of another dataset.
    """
    runs = [store.run(run_id) for run_id in run_ids]
    for run in runs:
        if run.dataset != dataset or run.legend_hash != store.legend(dataset).hash:
            raise InvalidRun(
                "Run {a} is not of dataset {b}: name one that is.", a=run.run_id, b=dataset
            )
    shared = set.intersection(*(set(run.zones) for run in runs))
    found: dict[str, tuple[str, int]] = {}
    wanted = {str(i).strip() for i in register_ids}
    for zone in sorted(shared):
        table = store.parcels(dataset, zone)
        hit = table[table["register_id"].astype(str).isin(wanted) & (table["n_pixels"] > 0)]
        for own, parcel in zip(hit["register_id"].astype(str), hit["parcel_id"], strict=True):
            found.setdefault(own, (zone, int(parcel)))
    if missing := sorted(wanted - found.keys()):
        raise ConfigError(
            "No zone that the runs have predicted holds parcel {a}: give the register's own id.",
            a=", ".join(missing)[:120],
        )
    reader = _Reader(store, dataset, tuple(runs))
    places = dict.fromkeys(str(i).strip() for i in register_ids)
    return [reader.case(*found[own]) for own in sorted(places, key=lambda own: found[own])]


@dataclass(frozen=True, eq=False)
class _Reader:
    """Reads a zone once for all of its parcels."""

    store: Store
    dataset: str
    runs: tuple[RunInfo, ...]

    def case(self, zone_id: str, parcel: int) -> Case:
        cube, labels, parcels, predictions, named = _zone(self, zone_id)
        legend = self.store.legend(self.dataset)
        row = parcels.set_index("parcel_id", drop=False).loc[parcel]
        inside = labels.parcel_id == parcel
        said = [_of_parcel(p, parcel) for p in predictions]
        found = self._evidence(int(row["crop"]), said)
        answers = tuple(
            self._answer(run, p, probabilities, crop, inside, parcel, found)
            for run, p, probabilities, crop in zip(self.runs, predictions, said, named, strict=True)
        )
        zones = {z.zone_id: z for z in self.store.zones(self.dataset)}
        if zone_id not in zones:  # it was replaced since
            raise DamagedFile(
                "Zone {a} of {b} is damaged: build it again.", a=zone_id, b=self.dataset
            )
        series = self.store.series(self.dataset, zone_id)
        return Case(
            self.store.dataset(self.dataset).description, self.store.fingerprint(self.dataset),
            legend, zones[zone_id], row, row["geometry"], inside, cube,
            series[series["parcel_id"] == parcel], answers, found,
            _neighbours(parcels, parcel), _last(cube, inside),
        )  # fmt: skip

    def _evidence(self, declared: int, said: Sequence[NDArray[np.float32]]) -> pd.Series[Any]:
        thresholds = [self.store.calibrated(run.run_id).get("threshold") for run in self.runs]
        table = suspicion.evidence(np.array([declared]), [p[None] for p in said], thresholds)
        return table.assign(
            light=suspicion.lights(table, suspicion.RED_BELOW, suspicion.AMBER_BELOW)
        ).iloc[0]

    def _answer(
        self,
        run: RunInfo,
        prediction: Prediction,
        probabilities: NDArray[np.float32],
        named: NDArray[np.uint8],
        inside: NDArray[np.bool_],
        parcel: int,
        found: pd.Series[Any],
    ) -> Answer:
        counts = np.zeros((2, 2), np.int64)
        declared, suggested = int(found["declared"]), int(found["suggested"])
        if run.scores is not None:
            k = self.store.legend(self.dataset).n_classes
            table = self.store.confusions(run.run_id)
            cells = evaluate.from_table(table, k, unit="parcel", zones=run.scores.test.zones).counts
            counts[0] = cells[:, suggested].sum(), cells[declared, suggested]
            counts[1] = cells[declared].sum(), cells[declared, suggested]
        apart = None
        if prediction.dissimilarity is not None:
            apart = float(prediction.dissimilarity[prediction.parcel_ids == parcel][0])
        return Answer(
            run, probabilities, named, within.shares(named, inside), apart,
            *(int(n) for n in counts.ravel()),
        )  # fmt: skip


@lru_cache(maxsize=2)
def _zone(
    reader: _Reader, zone: str
) -> tuple[Cube, Labels, gpd.GeoDataFrame, tuple[Prediction, ...], tuple[NDArray[np.uint8], ...]]:
    """The zone with its margin; last the class of each pixel by each run."""
    store, dataset = reader.store, reader.dataset
    predictions = tuple(store.prediction(run.run_id, zone) for run in reader.runs)
    cube = store.cube(dataset, zone, around=True)
    around = [store.around(run.run_id, zone) for run in reader.runs]
    if any(grid != cube.grid for _, grid in around):
        raise InvalidRun("Prediction of {a} lies on another grid: predict it again.", a=zone)
    labels, parcels = store.labels(dataset, zone, around=True), store.parcels(dataset, zone)
    return cube, labels, parcels, predictions, tuple(crop for crop, _ in around)


def _of_parcel(prediction: Prediction, parcel: int) -> NDArray[np.float32]:
    at = np.flatnonzero(prediction.parcel_ids == parcel)
    if not len(at):
        raise NotEnoughData("Parcel {a} holds no pixel: no model has an answer for it.", a=parcel)
    found: NDArray[np.float32] = prediction.parcel_probabilities[at[0]]
    return found


def _neighbours(parcels: gpd.GeoDataFrame, parcel: int) -> pd.DataFrame:
    """The nearest other parcels, largest first."""
    own = parcels.loc[parcels["parcel_id"] == parcel, "geometry"].iloc[0]
    others = parcels[parcels["parcel_id"] != parcel]
    away = others.geometry.distance(own)
    near = others.assign(distance=away)[away <= _NEAR].nlargest(_NEIGHBOURS, "area_ha")
    return pd.DataFrame(near[["register_id", "crop", "area_ha", "distance"]])


def _last(cube: Cube, inside: NDArray[np.bool_]) -> int | None:
    """The commonest known class of the year before; None without any."""
    if cube.last_crop is None:
        return None
    counts = np.bincount(cube.last_crop[inside], minlength=1)
    counts[0] = 0  # unknown
    return int(counts.argmax()) if counts.any() else None
