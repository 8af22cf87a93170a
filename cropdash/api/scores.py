"""Scores of runs, comparisons of two, and areas with their intervals."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from cropdash import evaluate
from cropdash.api.models import Run, open_run
from cropdash.domain.errors import InvalidRun
from cropdash.evaluate.resampling import MIN_ZONES
from cropdash.evaluate.uncertainty import METRICS
from cropdash.settings import folders
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.workflow import score as scoring

Unit = Literal["pixel", "parcel", "hectare"]
_DRAWS = 2000


def score(run: Run | str) -> pd.DataFrame:
    """Score a run on its test zones: predicted against declared classes.

    One row a unit (pixel, parcel, hectare): accuracy, macro_f1, kappa, the number that was scored
    (n_scored) and of classes that macro F1 averages over (n_classes_averaged). Raises ConfigError where no test zone is predicted.
    """
    folder = _folder(run)
    dataset = DatasetFolder(folders.folders().data, folder.config["dataset"])
    zones = scoring.to_score(folder, dataset)
    found = scoring.score_run(folder, dataset, zones).test
    names = ("accuracy", "macro_f1", "kappa", "n_scored", "n_classes_averaged")
    units = [found.of(unit) for unit in scoring.UNITS]
    rows = [{name: getattr(unit, name) for name in names} for unit in units]
    return pd.DataFrame(rows, index=pd.Index(scoring.UNITS, name="unit"))


def compare(left: Run | str, right: Run | str, *, unit: Unit = "parcel") -> pd.DataFrame:
    """Two runs on the test zones that both were scored on: is one better, and by how much?

    One row a score: left, right, difference (left minus right), low and high (its 95 % interval),
    p_value (two-sided) and drawn ("zones", or "parcels" within them where zones are fewer than
    four; then only `unit="parcel"` can be compared). How: `evaluate.comparison.differences`.
    Raises InvalidRun or NotEnoughData where they can't be compared.
    """
    sides = [_folder(run) for run in (left, right)]
    hashes = {run.record().legend_hash for run in sides}
    if len(hashes) != 1:
        raise InvalidRun("The two runs have different classes: compare runs of the same legend.")
    legend = DatasetFolder(folders.folders().data, sides[0].config["dataset"]).legend()
    tables = [run.confusions() for run in sides]
    common = sorted(set.intersection(*(set(table["zone_id"]) for table in tables)))
    counted = [
        evaluate.per_zone(table, legend.n_classes, unit=unit, zones=common) for table in tables
    ]
    scored = sum(bool(matrix.counts.any()) for matrix in counted[0].values())
    pairs = None
    if scored < MIN_ZONES and unit == "parcel":
        decided = [run.calibration() for run in sides]
        pairs = evaluate.pair(*(table[table["zone_id"].isin(common)] for table in decided))
    found = evaluate.differences(*counted, rng=np.random.default_rng(0), pairs=pairs, draws=_DRAWS)
    rows = [
        {
            "left": d.left, "right": d.right, "difference": d.value, "low": d.low, "high": d.high,
            "p_value": d.p_value, "drawn": d.drawn,
        }
        for d in found.values()
    ]  # fmt: skip
    return pd.DataFrame(rows, index=pd.Index(list(METRICS), name="score"))


def areas(run: Run | str, points: pd.DataFrame) -> pd.DataFrame:
    """Hectares of each class in the predicted zones, corrected for the map's errors.

    `points` were drawn at random there and their crop was checked: lon, lat [degrees] and class
    (a name, label or id of the legend). Columns: class_id, mapped_ha, estimated_ha, its standard
    error and 95 % interval (Olofsson et al. 2014); see `evaluate.area.estimate_area`.
    Raises ConfigError for other columns or classes, or if no point lies within.
    """
    folder = _folder(run)
    dataset = DatasetFolder(folders.folders().data, folder.config["dataset"])
    return scoring.checked_areas(folder, dataset, points)


def _folder(run: Run | str) -> RunFolder:
    return (open_run(run) if isinstance(run, str) else run).folder
