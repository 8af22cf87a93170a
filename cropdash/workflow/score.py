"""Score what a run has predicted, one task a zone."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer

from cropdash.domain import IGNORE, Prediction, Zone
from cropdash.domain.errors import ConfigError, InvalidRun, NotEnoughData
from cropdash.domain.message import Message
from cropdash.domain.scores import RunScores, SetScores, TestScores, UnitScores
from cropdash.evaluate import (
    Unit,
    backoff,
    conformal,
    confusion,
    scores,
    tables,
)
from cropdash.evaluate.area import estimate_area
from cropdash.jobs import execute
from cropdash.prepare import splits
from cropdash.storage import answers, elsewhere
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.storage.tables import SHARES, of_parcels
from cropdash.workflow.calibrate import COVERAGE
from cropdash.workflow.partition import undeclared

UNITS: tuple[Unit, ...] = ("pixel", "parcel", "hectare")


def to_score(run: RunFolder, dataset: DatasetFolder) -> list[Zone]:
    """The predicted zones of a dataset that may be scored, built and on ground never learned from.

    Raises ConfigError if there is none.
    """
    there, home = elsewhere.at(run, dataset.name), str(run.config["dataset"])
    predicted = set(there.predicted_zones())
    zones = [z for z in dataset.built_zones() if z.zone_id in predicted]
    if dataset.name == home:
        zones = [z for z in zones if z.split == "test"]
    else:
        sides = run.sides()
        seen = {home: [*sides.get("train", ()), *sides.get("validation", ())]}
        learned = [
            zone
            for name, ids in (seen | sides.get("beside", {})).items()
            if (one := DatasetFolder(dataset.path.parent, name)).is_described
            for zone in one.description().zones
            if zone.zone_id in set(ids)
        ]
        zones = list(splits.apart([z for z in zones if z.split != "map"], learned))
    if not zones:
        dataset.check_damage()
        raise ConfigError(
            "Run {a} has predicted no test zone of {b}: predict first.",
            a=run.run_id,
            b=dataset.name,
        )
    return zones


def score_run(
    run: RunFolder,
    dataset: DatasetFolder,
    zones: Sequence[Zone],
    *,
    trained: Sequence[int] | None = None,
    seconds: dict[str, float] | None = None,
    workers: int = 1,
    scheduler: str = "",
) -> RunScores:
    """Score predictions against the declared crops, from the files on disk; returns the summary.

    `trained` are the classes that count as seen; without it the earlier list is kept. Raises
    NotEnoughData where nobody declared a crop.
    """
    if told := undeclared(dataset, zones):
        raise NotEnoughData(told)
    k, counted = dataset.legend().n_classes, dict[str, tuple[pd.DataFrame, pd.DataFrame]]()
    for outcome in execute.run(
        partial(_score_zone, run, dataset),
        zones,
        workers=workers,
        scheduler=scheduler,
        should_stop=lambda: False,
    ):
        if outcome.fault is not None:
            raise outcome.fault
        if outcome.result is not None:
            counted[outcome.task.zone_id] = outcome.result
    parts = [counted[zone.zone_id] for zone in zones]
    confusions, calibration = (pd.concat(p, ignore_index=True) for p in zip(*parts, strict=True))
    before = run.scores()
    known = before.trained_classes if before else None
    seen = known if trained is None else tuple(sorted(trained))
    pixel, parcel, hectare = (_unit_scores(confusions, k, unit, seen) for unit in UNITS)
    found = RunScores(
        TestScores(
            tuple(z.zone_id for z in zones),
            pixel,
            parcel,
            hectare,
            **_sure(run, dataset, calibration),
        ),
        seen,
        dataset.fingerprint(),
        seconds or (before.seconds if before else {}),
    )
    run.write_scores(found, confusions, calibration)
    return found


def checked_areas(run: RunFolder, dataset: DatasetFolder, points: pd.DataFrame) -> pd.DataFrame:
    """Hectares of each class in the predicted zones, by points that were drawn there and checked.

    `points` has lon, lat [degrees] and class, a name or id of the legend; those outside of the
    zones say nothing. See `evaluate.area.estimate_area`. Raises ConfigError for other columns or
    classes, or if no point lies within.
    """
    legend = dataset.legend()
    known = {name: k for k, c in enumerate(legend.classes) for name in (str(k), c.name, c.label())}
    missing = {"lon", "lat", "class"} - set(points.columns)
    strange = [] if missing else sorted(set(points["class"].astype(str)) - known.keys())
    if missing or strange:
        raise ConfigError(
            Message(
                "The checked points lack {a}: name lon, lat and class.",
                a=", ".join(sorted(missing)),
            )
            if missing
            else Message(
                "Class {a} of the checked points is not in the dataset's legend.",
                a=repr(strange[0]),
            )
        )
    truth = points["class"].astype(str).map(known).to_numpy(np.int64)
    counts, mapped = np.zeros((legend.n_classes,) * 2), np.zeros(legend.n_classes)
    for zone_id in run.predicted_zones():
        prediction = run.prediction(zone_id)
        grid, crop = prediction.grid, prediction.crop
        to_grid = Transformer.from_crs("EPSG:4326", grid.crs, always_xy=True)
        x, y = to_grid.transform(points["lon"].to_numpy(), points["lat"].to_numpy())
        left, _, _, top = grid.bounds
        rows, columns = (np.array((top - y, x - left)) // grid.pixel_size).astype(np.int64)
        there = (rows >= 0) & (columns >= 0) & (rows < crop.shape[0]) & (columns < crop.shape[1])
        np.add.at(counts, (truth[there], crop[rows[there], columns[there]]), 1)
        mapped += np.bincount(crop.ravel(), minlength=legend.n_classes) * grid.pixel_size**2 / 1e4
    if not counts.any():
        raise ConfigError("No checked point lies in a zone that the run has predicted.")
    return estimate_area(counts, mapped)


def _score_zone(
    run: RunFolder, dataset: DatasetFolder, zone: Zone
) -> tuple[pd.DataFrame, pd.DataFrame]:
    prediction, labels = run.prediction(zone.zone_id), dataset.labels(zone.zone_id)
    if prediction.grid != labels.grid:
        raise InvalidRun(
            "Prediction of {a} lies on another grid: predict it again.", a=zone.zone_id
        )
    k = dataset.legend().n_classes
    pixels = confusion(labels.crop, prediction.crop, k, include_background=True)
    decisions = _parcel_decisions(prediction, dataset, zone)
    truth, predicted = decisions["crop"].to_numpy(), decisions["predicted"].to_numpy()
    by_parcel = confusion(truth, predicted, k, unit="parcel", include_background=True)
    areas = decisions["area_ha"].to_numpy()
    by_area = confusion(truth, predicted, k, weights=areas, unit="hectare", include_background=True)
    counted = [
        tables.confusion_table(zone.zone_id, matrix.unit, matrix)
        for matrix in (pixels, by_parcel, by_area)
    ]
    return pd.concat(counted, ignore_index=True), _calibration(zone, decisions)


def _sure(run: RunFolder, dataset: DatasetFolder, decisions: pd.DataFrame) -> dict[str, Any]:
    """What the parcels' sets of classes and their answers at two levels are worth."""
    found: dict[str, Any] = {}
    fitted, truth = run.calibrated(), decisions["truth"].to_numpy(np.int64)
    unknown = fitted.get("threshold") is None and fitted.get("back_off") is None
    if unknown or decisions.empty:
        return found
    # All of the dataset's: one that was damaged since it was counted was predicted all the same.
    zones = [zone.zone_id for zone in dataset.description().zones]
    said, there = answers.of_parcels(run, zones, decisions)
    if not there.all():
        raise InvalidRun(
            "Predictions of {a} have changed while they were scored: score it again.",
            a=run.run_id,
        )
    probabilities = said.filter(regex=SHARES).to_numpy(np.float32)
    if (threshold := fitted.get("threshold")) is not None:
        found["sets"] = _sets(probabilities, decisions, threshold)
    if (threshold := fitted.get("back_off")) is not None:
        groups = dataset.legend().group_of("group")
        named = backoff.back_off(probabilities, groups, threshold)
        worth = backoff.hierarchical_scores(named, truth, groups)
        found["answers"] = {
            name: value if np.isfinite(value) else None for name, value in worth._asdict().items()
        }
    return found


def _sets(
    probabilities: NDArray[np.float32], decisions: pd.DataFrame, threshold: float
) -> SetScores:
    """How often the sets hold the declared class, and how large they are."""
    sets, truth = conformal.class_sets(probabilities, threshold), decisions["truth"].to_numpy()
    return SetScores(
        promised=COVERAGE,
        covered=float(sets[np.arange(len(truth)), truth].mean()),
        size=float(sets.sum(axis=1).mean()),
        parcels=len(truth),
        by_class=_rows(conformal.coverage_table(sets, truth)),
        by_zone=_rows(conformal.coverage_table(sets, truth, decisions["zone_id"].to_numpy())),
    )


def _rows(table: pd.DataFrame) -> tuple[dict[str, Any], ...]:
    return tuple({str(k): v for k, v in row.items()} for row in table.to_dict("records"))


def _parcel_decisions(said: Prediction, dataset: DatasetFolder, zone: Zone) -> pd.DataFrame:
    """Declared and predicted crop of each parcel that holds a pixel."""
    declared = dataset.parcel_facts(zone.zone_id, ("parcel_id", "crop", "area_ha"))
    predicted = of_parcels(said)[["parcel_id", "predicted", "confidence"]]
    table = declared.merge(predicted, on="parcel_id")
    return table[table["crop"] != IGNORE]


def _calibration(zone: Zone, decisions: pd.DataFrame) -> pd.DataFrame:
    mapped = decisions[decisions["crop"] > 0]
    return pd.DataFrame(
        {
            "zone_id": zone.zone_id,
            "parcel_id": mapped["parcel_id"],
            "truth": mapped["crop"],
            "predicted": mapped["predicted"],
            "confidence": mapped["confidence"],
            "correct": mapped["crop"] == mapped["predicted"],
        }
    )


def _unit_scores(
    confusions: pd.DataFrame, k: int, unit: Unit, seen: Sequence[int] | None
) -> UnitScores:
    found = scores.summary(tables.from_table(confusions, k, unit=unit), trained=seen)
    del found["n_classes_averaged"]  # the length of the list, which is kept
    tuples = {name: tuple(v) for name, v in found.items() if isinstance(v, list)}
    return UnitScores(**{**found, **tuples})
