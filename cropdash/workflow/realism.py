"""The realism report of a simulated dataset: measured zone by zone, checked, written beside it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from cropdash import legend
from cropdash.domain import Sample, Zone
from cropdash.domain.errors import ConfigError, NotEnoughData
from cropdash.domain.message import Message
from cropdash.settings import sources
from cropdash.simulate.realism import land, measures, of_images, of_register, tables
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder

# Classes whose curves are shown: the main crops of the register.
SHOWN = (8, 36, 30, 17, 47, 9, 41, 43, 6, 28)
PIXELS_PER_ZONE = 2_000  # of a class, drawn evenly: 40 zones give quantiles to the third digit

Progress = Callable[[str, float], None]


def report(dataset: DatasetFolder, progress: Progress = lambda stage, done: None) -> dict[str, Any]:
    """Measure the dataset, check it and write `realism.json` into its folder; returns it.

    Raises ConfigError if the dataset isn't simulated, NotEnoughData if no zone is built.
    """
    described = dataset.description()
    if not sources.is_made_up(described.source):
        raise ConfigError(
            "Dataset {a} comes from {b}: the report is about simulated ones.",
            a=dataset.name,
            b=repr(described.source),
        )
    if described.legend_hash != legend.load().hash:
        raise ConfigError(
            "Dataset {a} has a legend of its own: the report knows real figures of the"
            " French classes alone.",
            a=dataset.name,
        )
    simulated, real = measure(dataset, progress), real_tables()
    side_by_side = tables.tables(simulated, real)
    value = {
        "dataset": dataset.name,
        "seed": described.settings.get("seed"),
        "season": described.season.text,
        "left_out": of_images.left_out(simulated, real),
        "checks": [
            check.as_dict()
            for part in (of_register, of_images)
            for check in part.checks(simulated, real)
        ],
        "tables": {
            name: json.loads(table.to_json(orient="records", double_precision=5))
            for name, table in side_by_side.items()
        },
    }
    layout.REALISM.write(dataset.path, value)
    return value


def real_tables() -> dict[str, pd.DataFrame]:
    """The real figures that ship with the package, by the name of their file."""
    found = {}
    for file in resources.files("cropdash").joinpath("resources", "realism").iterdir():
        if file.name.endswith(".csv"):
            with file.open(encoding="utf-8") as stream:
                found[file.name.removesuffix(".csv")] = pd.read_csv(stream)
    return found


def measure(
    dataset: DatasetFolder, progress: Progress = lambda stage, done: None
) -> dict[str, pd.DataFrame]:
    """What the checks need of the dataset, one zone in memory at a time."""
    zones = dataset.built_zones()
    if not zones:
        dataset.check_damage()
        raise NotEnoughData("Dataset {a} has no built zone: build it first.", a=dataset.name)
    described = dataset.description()
    months = [period.middle.month for period in described.season.periods]
    parts: dict[str, list[pd.DataFrame]] = {}
    spectra: dict[int, list[NDArray[np.float32]]] = {crop: [] for crop in SHOWN}
    for done, zone in enumerate(zones, start=1):
        sample = dataset.sample(zone)
        seen = np.where(sample.cube.clear_dates[:, None] > 0, sample.cube.reflectance, np.nan)
        values = land.measure(
            seen, described.bands, months, sample.labels.crop, sample.labels.parcel_id
        )
        parts.setdefault("land", []).append(
            pd.DataFrame(values.items(), columns=["measure", "value"])
        )
        for name, table in _zone_tables(sample, _parcels(dataset, zone)):
            parts.setdefault(name, []).append(table)
        for crop, found in spectra.items():
            found.append(_pixels(sample, crop))
        progress(Message("Measured {a}", a=zone.zone_id), done / len(zones))
    measured = {name: pd.concat(list_, ignore_index=True) for name, list_ in parts.items()}
    measured["classes"] = measured["classes"].groupby("class_id", as_index=False).sum()
    is_north = [zone.region in of_images.NORTH for zone in zones]
    curves = []
    for scope, chosen in (("all", [True] * len(zones)), ("north", is_north)):
        for crop, found in spectra.items():
            if any(chosen):
                whole = np.concatenate([p for p, c in zip(found, chosen, strict=True) if c], axis=2)
                curve = measures.quantiles(whole, described.bands, months)
                curves.append(curve.assign(crop=crop, scope=scope))
    return measured | {"bands": pd.concat(curves)}


def _parcels(dataset: DatasetFolder, zone: Zone) -> pd.DataFrame:
    """parcel_id, crop, area_ha, weight (the share of each that lies inside the zone)."""
    found = dataset.parcels(zone.zone_id)
    geometry = found.geometry.to_numpy()
    inside = shapely.area(shapely.intersection(geometry, shapely.box(*zone.grid.bounds)))
    facts = pd.DataFrame(found[["parcel_id", "crop", "area_ha"]])
    return facts.assign(weight=inside / shapely.area(geometry))


def _zone_tables(sample: Sample, parcels: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    labels, region = sample.labels, sample.zone.region
    yield "classes", _class_counts(sample, parcels)
    yield "parcels", parcels[["area_ha", "weight"]].assign(region=region)
    declared = float((labels.parcel_id > 0).mean())
    yield "zones", pd.DataFrame({"region": [region], "declared_share": [declared]})
    # Ids run from 1; a zone may hold none.
    area_by_id = np.zeros(1 + int(max(labels.parcel_id.max(), *parcels["parcel_id"], 0)))
    area_by_id[parcels["parcel_id"].to_numpy()] = parcels["area_ha"].to_numpy()
    yield "borders", measures.border_counts(labels.parcel_id, area_by_id)
    yield "clear_dates", _clear_dates(sample)


def _class_counts(sample: Sample, parcels: pd.DataFrame) -> pd.DataFrame:
    size = legend.load().n_classes
    crop = sample.labels.crop[sample.labels.crop < size]
    declared = parcels["crop"].to_numpy()
    return pd.DataFrame(
        {
            "class_id": np.arange(size),
            "pixels": np.bincount(crop.ravel(), minlength=size),
            "parcels": np.bincount(declared, minlength=size),
            "hectares": np.bincount(declared, parcels["area_ha"].to_numpy(), minlength=size),
        }
    )


def _clear_dates(sample: Sample) -> pd.DataFrame:
    """A row a month; none where a period lies in two months."""
    clear, periods = sample.cube.clear_dates, sample.cube.periods  # (T, H, W)
    month = np.array([period.middle.month for period in periods])
    if any(period.start.month != period.end.month for period in periods):
        month = month[:0]
    counts = [clear[: len(month)][month == m].sum(axis=0) for m in np.unique(month)]  # (H, W) each
    return pd.DataFrame(
        {
            "region": sample.zone.region,
            "zone": sample.zone.zone_id,
            "month": np.unique(month),
            "clear": [count.mean() for count in counts],
            "gap": [(count == 0).mean() for count in counts],
        }
    )


def _pixels(sample: Sample, crop: int) -> NDArray[np.float32]:
    """(T, B, n) reflectance of a class's pixels where something was seen, else NaN."""
    here = np.flatnonzero(sample.labels.crop.ravel() == crop)
    here = here[:: max(1, -(-len(here) // PIXELS_PER_ZONE))]
    t, b = sample.cube.reflectance.shape[:2]
    seen = sample.cube.reflectance.reshape(t, b, -1)[:, :, here]
    clear = sample.cube.clear_dates.reshape(t, -1)[:, here] > 0
    return np.where(clear[:, None], seen, np.float32(np.nan))
