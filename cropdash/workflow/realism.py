"""The realism report of a simulated dataset: measured zone by zone, checked, written beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from cropdash import legend
from cropdash.domain import Sample, Zone
from cropdash.domain.errors import ConfigError, NotEnoughData
from cropdash.settings import sources
from cropdash.simulate import realism
from cropdash.simulate.realism import phenology
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder

REAL_TABLES = (
    "classes", "zones", "bands", "ndvi", "clear_dates", "sky", "parcel_sizes", "border_share",
)  # fmt: skip
# Classes whose curves are shown: the main crops of the register.
SHOWN = (8, 36, 30, 17, 47, 9, 41, 43, 6, 28)
PHENOLOGY_REGION = "southwest"  # where the known curves by crop come from
PIXELS_PER_ZONE = 2_000  # of a class, drawn evenly: 40 zones give quantiles to the third digit

Progress = Callable[[str, float], None]


def report(
    dataset: DatasetFolder,
    *,
    curves: Path | None = None,
    progress: Progress = lambda stage, done: None,
) -> dict[str, Any]:
    """Measure the dataset, check it and write `realism.json` into its folder; returns it.

    `curves` is a CSV of real NDVI by crop and period (columns of `phenology.COLUMNS`) to compare
    with besides. Raises ConfigError if the dataset isn't simulated or the CSV lacks a column,
    NotEnoughData if no zone is built.
    """
    described = dataset.description()
    if not sources.is_made_up(described.source):
        raise ConfigError(
            f"Dataset {dataset.name} comes from {described.source!r}: the report is about simulated ones."
        )
    if described.legend_hash != legend.load().hash:
        raise ConfigError(
            f"Dataset {dataset.name} has a legend of its own: the report knows real figures of the"
            " French classes alone."
        )
    known = None if curves is None else read_curves(curves)
    simulated, real = measure(dataset, progress), real_tables()
    checks = realism.checks(simulated, real)
    tables = realism.tables(simulated, real)
    if known is not None:
        found, tables["phenology"] = realism.compare_phenology(
            _of_region(simulated["ndvi"], PHENOLOGY_REGION), known
        )
        checks += found
    value = {
        "dataset": dataset.name,
        "seed": described.settings.get("seed"),
        "season": described.season.text,
        "left_out": realism.left_out(simulated, real),
        "checks": [check.as_dict() for check in checks],
        "tables": {name: plain(table) for name, table in tables.items()},
    }
    layout.REALISM.write(dataset.path, value)
    return value


def real_tables() -> dict[str, pd.DataFrame]:
    """The real figures that ship with the package."""
    folder = resources.files("cropdash").joinpath("resources", "realism")
    found = {}
    for name in REAL_TABLES:
        with folder.joinpath(f"{name}.csv").open(encoding="utf-8") as stream:
            found[name] = pd.read_csv(stream)
    return found


def read_curves(path: Path) -> pd.DataFrame:
    """Real NDVI by crop and period. Raises ConfigError if it can't be read as such."""
    try:
        table = pd.read_csv(path, dtype={"dataset": str, "crop": str, "period": str})
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} can't be read as a CSV of NDVI by crop: {error}.") from error
    missing = [name for name in phenology.COLUMNS if name not in table.columns]
    if missing:
        raise ConfigError(f"{path} lacks the column {', '.join(missing)} of NDVI by crop.")
    return table


# measures ----------------------------------------------------------------------


def measure(
    dataset: DatasetFolder, progress: Progress = lambda stage, done: None
) -> dict[str, pd.DataFrame]:
    """What the checks need of the dataset, one zone in memory at a time."""
    zones = dataset.built_zones()
    if not zones:
        raise NotEnoughData(f"Dataset {dataset.name} has no built zone: build it first.")
    crops = tuple(dict.fromkeys((*SHOWN, *phenology.CROPS.values())))
    parts: dict[str, list[pd.DataFrame]] = {}
    spectra: dict[str, list[NDArray[np.float32]]] = {}
    for done, zone in enumerate(zones, start=1):
        sample = dataset.sample(zone)
        for name, table in _zone_tables(sample, _parcels(dataset, zone)):
            parts.setdefault(name, []).append(table)
        for crop in crops:
            spectra.setdefault(f"{crop} {zone.region}", []).append(_pixels(sample, crop))
        progress(f"Measured {zone.zone_id}", done / len(zones))
    tables = {name: pd.concat(list_, ignore_index=True) for name, list_ in parts.items()}
    tables["classes"] = tables["classes"].groupby("class_id", as_index=False).sum()
    regions = tuple(dict.fromkeys(zone.region for zone in zones))
    described = dataset.description()
    months = tuple(period.middle.month for period in described.season.periods)
    return tables | _quantiles(spectra, crops, regions, described.bands, months)


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
    yield "borders", realism.border_counts(labels.parcel_id, area_by_id)
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


def _quantiles(
    spectra: dict[str, list[NDArray[np.float32]]],
    crops: Sequence[int],
    regions: Sequence[str],
    names: Sequence[str],
    months: Sequence[int],
) -> dict[str, pd.DataFrame]:
    """bands and ndvi by crop and scope: all regions, the north, and the known curves' region."""
    scopes = {
        "all": regions,
        "north": [r for r in regions if r in realism.NORTH],
        PHENOLOGY_REGION: [r for r in regions if r == PHENOLOGY_REGION],
    }
    bands, ndvi = [], []
    for crop in crops:
        for scope, within in scopes.items():
            parts = [part for region in within for part in spectra[f"{crop} {region}"]]
            if parts and (scope != "all" or crop in SHOWN):
                pixels = np.concatenate(parts, axis=2)
                found = realism.band_quantiles(pixels, names, months)
                bands.append(found.assign(crop=crop, scope=scope))
                found = realism.ndvi_quantiles(pixels, names, months)
                ndvi.append(found.assign(crop=crop, scope=scope))
    return {"bands": pd.concat(bands), "ndvi": pd.concat(ndvi)}


def _of_region(table: pd.DataFrame, region: str) -> pd.DataFrame:
    return table[table["scope"] == region].dropna(subset=["p50"])


# plain values --------------------------------------------------------------------


def plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of plain values for JSON; NaN becomes None, numbers keep five digits."""
    rows = table.astype(object).to_numpy().tolist()
    return [
        {name: _plain_value(value) for name, value in zip(table.columns, row, strict=True)}
        for row in rows
    ]


def _plain_value(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 5) if np.isfinite(value) else None
    return value
