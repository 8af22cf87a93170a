"""Predict zones with a trained run, and score what was predicted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer

from cropdash import classify
from cropdash.classify.classifier import Classifier
from cropdash.domain import IGNORE, Cube, Labels, Prediction, Sample, Zone
from cropdash.domain.errors import ConfigError, InvalidRun, NotEnoughData
from cropdash.domain.scores import RunScores, SetScores, TestScores, UnitScores
from cropdash.evaluate import (
    Unit,
    applicability,
    backoff,
    conformal,
    confusion,
    parcels,
    scores,
    tables,
)
from cropdash.evaluate.applicability import Applicability
from cropdash.evaluate.area import estimate_area
from cropdash.settings import classifiers
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.workflow import ensemble
from cropdash.workflow.calibrate import COVERAGE, Calibration, of_map
from cropdash.workflow.partition import undeclared

Progress = Callable[[str, float], None]
UNITS: tuple[Unit, ...] = ("pixel", "parcel", "hectare")


def predict_zones(
    run: RunFolder, dataset: DatasetFolder, zones: Sequence[Zone], progress: Progress
) -> None:
    """Write the run's prediction of each zone, apart where the dataset is not the run's own.

    Raises InvalidRun for another legend, InvalidRaster for other bands or periods.
    """
    elsewhere = None if dataset.name == run.config["dataset"] else dataset.name
    classifier = load(run, dataset)
    calibration, season = Calibration.from_json(run.calibrated()), dataset.description().season
    arrays = run.applicability()
    area = None if arrays is None else Applicability.from_arrays(arrays)
    for i, zone in enumerate(zones):
        progress(f"Predicting {zone.zone_id}", i / len(zones))
        cube, labels = dataset.cube(zone.zone_id), dataset.labels(zone.zone_id)
        prediction = predict(classifier, cube, labels, run.run_id, calibration, area)
        run.write_prediction(zone.zone_id, prediction, season, elsewhere)


def load(run: RunFolder, dataset: DatasetFolder) -> Classifier:
    """The run's trained model; of an ensemble its members as one."""
    if not classifiers.kind(run.config["classifier"]).joins:
        return classify.load(run.path, dataset.legend())
    return ensemble.load(run, dataset.legend())


def weights_path(run: RunFolder) -> Path:
    """The file that holds the run's trained model; raises InvalidRun if there is none."""
    path = run.path / classifiers.kind(run.config["classifier"]).weights
    if path.is_file():
        return path
    raise InvalidRun(f"Run {run.run_id} has no trained model yet: let its training finish.")


def predict(
    classifier: Classifier,
    cube: Cube,
    labels: Labels,
    run_id: str,
    calibration: Calibration | None = None,
    area: Applicability | None = None,
) -> Prediction:
    """Class and confidence of every pixel, mean probabilities and dissimilarity of every parcel."""
    calibration = calibration or Calibration()
    probabilities = classifier.predict_proba(cube)  # (K, H, W)
    means = parcels.parcel_probabilities(probabilities, labels.parcel_id)
    means = means._replace(probabilities=calibration.of_parcels(means.probabilities))
    probabilities = calibration.of_pixels(of_map(classifier, probabilities, cube))
    return Prediction(
        crop=probabilities.argmax(axis=0).astype(np.uint8),
        confidence=probabilities.max(axis=0),
        parcel_ids=means.ids,
        parcel_probabilities=means.probabilities,
        grid=cube.grid,
        run=run_id,
        dissimilarity=None if area is None else area.dissimilarity(seasons(cube, labels)),
    )


def seasons(cube: Cube, labels: Labels) -> NDArray[np.float32]:
    """(P, T * B) mean reflectance of each parcel, in the order of ids."""
    values = cube.reflectance.reshape(-1, *cube.grid.shape)
    return parcels.parcel_probabilities(values, labels.parcel_id).probabilities


def applicability_of(learned: Sequence[Sample], seed: int) -> Applicability | None:
    """By the mapped parcels of the training zones; None where only one zone has any."""
    found, crops, zones = [], [], []
    for i, sample in enumerate(learned):
        ids = np.unique(sample.labels.parcel_id[sample.labels.parcel_id > 0])
        crop = parcels.declared(sample.labels, ids)
        mapped = (crop > 0) & (crop != IGNORE)
        found.append(seasons(sample.cube, sample.labels)[mapped])
        crops.append(crop[mapped])
        zones.append(np.full(int(mapped.sum()), i))
    if sum(len(zone) > 0 for zone in zones) < 2:
        return None
    every = np.concatenate(found), np.concatenate(crops), np.concatenate(zones)
    return applicability.fit(*every, np.random.default_rng(seed))


def score_run(
    run: RunFolder,
    dataset: DatasetFolder,
    zones: Sequence[Zone],
    *,
    trained: Sequence[int] | None = None,
    seconds: dict[str, float] | None = None,
) -> RunScores:
    """Score predictions against the declared crops, from the files on disk; returns the summary.

    `trained` are the classes that count as seen; without it the earlier list is kept. Raises
    NotEnoughData where nobody declared a crop.
    """
    if told := undeclared(dataset, zones):
        raise NotEnoughData(told)
    k, counted, calibrations = dataset.legend().n_classes, [], []
    for zone in zones:
        table, calibration = _score_zone(run, dataset, zone)
        counted.append(table)
        calibrations.append(calibration)
    confusions = pd.concat(counted, ignore_index=True)
    calibration = pd.concat(calibrations, ignore_index=True)
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
            f"The checked points lack {', '.join(sorted(missing))}: name lon, lat and class."
            if missing
            else f"Class {strange[0]!r} of the checked points is not in the dataset's legend."
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
        raise InvalidRun(f"Prediction of {zone.zone_id} lies on another grid: predict it again.")
    k = dataset.legend().n_classes
    pixels = confusion(labels.crop, prediction.crop, k, include_background=True)
    decisions = _parcel_decisions(run, dataset, zone)
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
    probabilities = _parcels_said(run, decisions)
    if (threshold := fitted.get("threshold")) is not None:
        found["sets"] = _sets(probabilities, decisions, threshold)
    if (threshold := fitted.get("back_off")) is not None:
        groups = dataset.legend().group_of("group")
        answers = backoff.back_off(probabilities, groups, threshold)
        worth = backoff.hierarchical_scores(answers, truth, groups)
        found["answers"] = {
            name: value if np.isfinite(value) else None for name, value in worth._asdict().items()
        }
    return found


def _parcels_said(run: RunFolder, decisions: pd.DataFrame) -> NDArray[np.float32]:
    """(P, K) probabilities of the decided parcels."""
    tables = [
        run.parcel_prediction(str(zone)).set_index("parcel_id").loc[part["parcel_id"]]
        for zone, part in decisions.groupby("zone_id", sort=False)
    ]
    return pd.concat(tables).filter(regex=r"^p_\d+$").to_numpy(np.float32)


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


def _parcel_decisions(run: RunFolder, dataset: DatasetFolder, zone: Zone) -> pd.DataFrame:
    """Declared and predicted crop of each parcel that holds a pixel."""
    declared = dataset.parcels(zone.zone_id)[["parcel_id", "crop", "area_ha"]]
    predicted = run.parcel_prediction(zone.zone_id)[["parcel_id", "predicted", "confidence"]]
    table = pd.DataFrame(declared).merge(predicted, on="parcel_id")
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
