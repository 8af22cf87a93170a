"""Draw the sample of an audit, and write what is sent out to be filled in."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from cropdash.domain import IGNORE, Legend
from cropdash.domain.errors import ConfigError, NotEnoughData
from cropdash.evaluate.audit import design
from cropdash.files import atomic, tables
from cropdash.settings.folders import Folders
from cropdash.settings.reports import DECLARED, Audit
from cropdash.storage import decisions, layout, runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.reports import ReportFolder
from cropdash.storage.runs import RunFolder
from cropdash.storage.tables import FRAME

_FEWEST = 0.01  # share of a class that it may have strata of its own for, below which it shares one
NONE = 255  # class of a second map that there is not


def draw(folder: ReportFolder, where: Folders, order: Audit) -> dict[str, Any]:
    """Draw an audit's sample into its folder; returns what audit.json holds.

    Parcels on which somebody has decided are left out, unless the order says otherwise. Raises
    RunNotFound, ConfigError for runs that share no zone, NotEnoughData without parcels.
    """
    dataset = DatasetFolder(where.data, order.dataset)
    maps = {name: _map(where, dataset, name) for name in _names(order)}
    frame, left_out = population(dataset, maps)
    frame, targeted = _untargeted(frame, where.data, order)
    strata, names = stratified(frame, order, dataset.legend())
    frame = frame.assign(stratum=strata.astype(np.int64))
    sizes = np.bincount(strata, minlength=len(names))
    expected = _expected(frame, order, len(names))
    wanted = design.sample_size(sizes, expected, order.standard_error)
    counts = design.allocate(
        sizes, wanted, least=order.least, how=order.allocation, expected=expected
    )
    seed = order.seed or secrets.token_hex(16)
    frame["drawn"] = design.draw(keys(frame), strata, counts, seed)
    _write_files(folder.path, frame)
    hectares = frame.groupby("stratum")["area_ha"].sum()
    told = {
        "dataset": dataset.name,
        "dataset_fingerprint": dataset.fingerprint(),
        "legend_hash": dataset.legend().hash,
        "classes": [crop.name for crop in dataset.legend().classes],
        "maps": {name: digests_of_map(run, frame["zone_id"].unique()) for name, run in maps.items()},
        "zones": sorted(map(str, frame["zone_id"].unique())),
        "seed": seed,
        "design": order.design,
        "standard_error": order.standard_error,
        "wanted": wanted,
        "without_answer": left_out,
        "decided": targeted,
        "strata": [
            {"name": name, "class_id": k, "parcels": int(sizes[h]), "hectares": float(hectares[h]),
             "expected": float(expected[h]), "drawn": int(counts[h])}
            for h, (name, k) in enumerate(names)
        ],
        "digests": {
            name: atomic.checksum(folder.path / name)
            for name in (layout.FRAME, layout.SAMPLE_CSV, layout.SAMPLE_OUTLINES)
        },
    }  # fmt: skip
    layout.AUDIT.write(folder.path, told)
    return told


def population(
    dataset: DatasetFolder, maps: Mapping[str, RunFolder | None]
) -> tuple[gpd.GeoDataFrame, int]:
    """Every parcel that all maps have an answer for, and how many have none.

    zone_id, parcel_id, register_id, area_ha, a, b (classes of the maps; `NONE` without a second),
    sure (confidence of the first), geometry (WGS 84). None in place of a run: what is declared.
    """
    held = [set(run.predicted_zones()) for run in maps.values() if run is not None]
    built = [z.zone_id for z in dataset.built_zones()]
    zones = [zone for zone in built if all(zone in of for of in held)]
    if not zones:
        dataset.check_damage()
        raise ConfigError("The maps of the audit share no zone: predict the same zones with both.")
    parts, without = [], 0
    for zone in zones:
        part, missing = _zone(dataset, maps, zone)
        parts.append(part)
        without += missing
    frame = gpd.GeoDataFrame(pd.concat(parts, ignore_index=True), crs=4326)
    if not len(frame):
        raise NotEnoughData(
            "No parcel of the predicted zones has an answer: there is none to audit."
        )
    return frame.sort_values(["zone_id", "parcel_id"], ignore_index=True), without


def _untargeted(
    frame: gpd.GeoDataFrame, data: Path, order: Audit
) -> tuple[gpd.GeoDataFrame, dict[str, float] | None]:
    """The parcels on which nobody has decided, and parcels and hectares of the others; None if asked so.

    Who decides goes to doubtful parcels first: what is known of them came by no random draw, and whoever
    looks at one again knows what was said.
    """
    if order.decided == "drawn":
        return frame, None
    held = decisions.current(data, order.dataset)
    decided = frame["register_id"].astype(str).isin([i for i, d in held.items() if d.decision])
    if decided.all():
        raise NotEnoughData("Every parcel that the maps answer is decided: there is none to draw.")
    told = {"parcels": int(decided.sum()), "hectares": float(frame.loc[decided, "area_ha"].sum())}
    return frame[~decided].reset_index(drop=True), told


def _zone(
    dataset: DatasetFolder, maps: Mapping[str, RunFolder | None], zone: str
) -> tuple[gpd.GeoDataFrame, int]:
    parcels = dataset.parcels(zone)
    declared = parcels["crop"]
    told = parcels[["zone_id", "parcel_id", "register_id", "area_ha", "geometry"]].to_crs(4326)
    told = told.assign(b=NONE, sure=np.nan)
    for side, run in zip("ab", maps.values(), strict=False):
        if run is None:
            told[side] = declared.where(declared != IGNORE)
            continue
        said = run.parcel_prediction(zone).set_index("parcel_id")
        told[side] = told["parcel_id"].map(said["predicted"])
        if side == "a":
            told["sure"] = told["parcel_id"].map(said["confidence"])
    kept = told.dropna(subset=["a", "b"])
    return kept.astype({"a": np.int64, "b": np.int64}), len(told) - len(kept)


def stratified(
    frame: pd.DataFrame, order: Audit, legend: Legend
) -> tuple[np.ndarray[Any, np.dtype[np.int64]], list[tuple[str, int | None]]]:
    """(N,) stratum of each parcel, and each stratum's name and mapped class, if it is of one."""
    if order.design == "class":
        fewest = max(order.least, round(_FEWEST * len(frame)))
        strata, classes = design.by_class(frame["a"], fewest)
        names = ["rarer classes" if k is None else legend.classes[k].name for k in classes]
        return strata, list(zip(names, classes, strict=True))
    if order.design == "disagreement":
        apart = (frame["a"] != frame["b"]).to_numpy()
        kinds, strata = np.unique(apart, return_inverse=True)
        return strata.astype(np.int64), [("disagree" if k else "agree", None) for k in kinds]
    return np.zeros(len(frame), np.int64), [("all", None)]


def keys(frame: pd.DataFrame) -> list[str]:
    """What each parcel is called where the sample is drawn: "<zone>/<number in the zone>"."""
    return [f"{zone}/{i}" for zone, i in zip(frame["zone_id"], frame["parcel_id"], strict=True)]


def digests_of_map(run: RunFolder | None, zones: Sequence[str]) -> dict[str, str]:
    """SHA-256 of each zone's answers by parcel; of what is declared the dataset's own say it."""
    if run is None:
        return {}
    paths = {zone: run.prediction_path(str(zone)).with_suffix(".parquet") for zone in zones}
    return {str(zone): atomic.checksum(path) for zone, path in paths.items()}


def _names(order: Audit) -> list[str]:
    return [order.run, *([order.against] if order.against else [])]


def _map(where: Folders, dataset: DatasetFolder, name: str) -> RunFolder | None:
    if name == DECLARED:
        return None
    run = runs.find(where.models, name)
    if run.record().legend_hash != dataset.legend().hash or run.config["dataset"] != dataset.name:
        raise ConfigError(
            "Run {a} is not of dataset {b}: name one that is.", a=name, b=dataset.name
        )
    return run


def _expected(
    frame: pd.DataFrame, order: Audit, count: int
) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Share of each stratum that may be right: as told, else the first map's mean confidence."""
    if order.expected is not None:
        return np.full(count, order.expected)
    means = frame["sure"].fillna(0.5).groupby(frame["stratum"]).mean()
    return np.array([min(max(float(means[h]), 0.05), 0.99) for h in range(count)])


def _write_files(path: Path, frame: gpd.GeoDataFrame) -> None:
    """The frame, and the sample as it is sent out: without what a map says of it."""
    kept = pd.DataFrame(frame[list(FRAME)])
    with atomic.replacing(path / layout.FRAME) as part:
        kept.to_parquet(part, index=False)
    sample = frame[frame["drawn"]].reset_index(drop=True)
    inside = sample.geometry.representative_point()
    told = gpd.GeoDataFrame(
        {
            "number": np.arange(1, len(sample) + 1),
            "register_id": sample["register_id"].astype(str),
            "zone_id": sample["zone_id"],
            "parcel_id": sample["parcel_id"],
            "lon": inside.x.round(6),
            "lat": inside.y.round(6),
            "area_ha": sample["area_ha"].round(4),
            "truth": "",
            "note": "",
            "checked_by": "",
            "checked_on": "",
        },
        geometry=sample.geometry,
        crs=4326,
    )
    with atomic.replacing(path / layout.SAMPLE_CSV) as part:
        part.write_bytes(tables.to_csv(pd.DataFrame(told.drop(columns="geometry"))))
    with atomic.replacing(path / layout.SAMPLE_OUTLINES) as part:
        told.to_file(part, layer="sample", driver="GPKG")
