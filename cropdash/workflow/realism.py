"""The realism report of a simulated dataset: measured zone by zone, checked, written beside it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd

from cropdash import legend
from cropdash.domain import Sample, Zone
from cropdash.evaluate import realism
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.files import write_json

REPORT = "realism.json"
REAL_TABLES = (
    "class_pixels", "zones", "bands", "ndvi", "clear_dates", "parcel_sizes", "border_share",
)  # fmt: skip
# Classes whose NDVI is shown: the main crops of the register.
SHOWN = (8, 36, 30, 17, 47, 9, 41, 43, 6, 28)
PIXELS_PER_ZONE = 4_000  # of a class, drawn evenly


def report(dataset: DatasetFolder) -> dict[str, Any]:
    """Measure the dataset, check it and write `realism.json` into its folder; returns it."""
    simulated = measure(dataset)
    real = real_tables()
    found = realism.checks(simulated, real)
    value = {
        "dataset": dataset.name,
        "seed": dataset.description().settings.get("seed"),
        "checks": [check.as_dict() for check in found],
        "tables": _shown_tables(simulated, real),
    }
    write_json(dataset.path / REPORT, value)
    return value


def real_tables() -> dict[str, pd.DataFrame]:
    """The real figures that ship with the package."""
    folder = resources.files("cropdash").joinpath("resources", "realism")
    found = {}
    for name in REAL_TABLES:
        with folder.joinpath(f"{name}.csv").open(encoding="utf-8") as stream:
            found[name] = pd.read_csv(stream)
    return found


def measure(dataset: DatasetFolder) -> dict[str, pd.DataFrame]:
    """What the checks need of the dataset, one zone in memory at a time."""
    parts: dict[str, list[pd.DataFrame]] = {}
    spectra: dict[int, list[Any]] = {crop: [] for crop in SHOWN}
    for zone in dataset.built_zones():
        sample = dataset.sample(zone)
        areas = dataset.parcel_facts(zone.zone_id, ["parcel_id", "area_ha"])
        for name, table in _zone_tables(zone, sample, areas):
            parts.setdefault(name, []).append(table)
        for crop in SHOWN:
            spectra[crop].append(_pixels(sample, crop))
    tables = {name: pd.concat(list_, ignore_index=True) for name, list_ in parts.items()}
    tables["classes"] = tables["classes"].groupby("class_id", as_index=False)[["pixels"]].sum()
    joined = {crop: np.concatenate(pixels, axis=2) for crop, pixels in spectra.items()}
    tables["bands"] = pd.concat(
        [realism.band_quantiles(pixels).assign(crop=crop) for crop, pixels in joined.items()]
    )
    tables["ndvi"] = pd.concat(
        [realism.ndvi_quantiles(pixels).assign(crop=crop) for crop, pixels in joined.items()]
    )
    return tables


def _zone_tables(
    zone: Zone, sample: Sample, areas: pd.DataFrame
) -> Iterator[tuple[str, pd.DataFrame]]:
    labels, clear = sample.labels, sample.cube.clear_dates
    size = legend.load().n_classes
    crop = labels.crop[labels.crop < size]
    pixels = np.bincount(crop.ravel(), minlength=size)
    yield "classes", pd.DataFrame({"class_id": np.arange(size), "pixels": pixels})
    yield "parcels", pd.DataFrame({"region": zone.region, "area_ha": areas["area_ha"]})
    declared = float((labels.parcel_id > 0).mean())
    yield "zones", pd.DataFrame({"region": [zone.region], "declared_share": [declared]})
    by_id = np.zeros(int(labels.parcel_id.max()) + 1)
    known = areas[areas["parcel_id"] < len(by_id)]
    by_id[known["parcel_id"].to_numpy()] = known["area_ha"].to_numpy()
    yield "borders", realism.border_counts(labels.parcel_id, by_id)
    yield (
        "clear_dates",
        pd.DataFrame(
            {
                "region": zone.region,
                "month": [int(period[-2:]) for period in sample.cube.periods],
                "clear": clear.mean(axis=(1, 2)),
                "empty": (clear == 0).all(axis=(1, 2)),
            }
        ),
    )


def _pixels(sample: Sample, crop: int) -> Any:
    """(T, B, n) reflectance of a class's pixels where something was seen, else NaN."""
    here = np.flatnonzero(sample.labels.crop.ravel() == crop)
    here = here[:: max(1, len(here) // PIXELS_PER_ZONE)]
    t, b = sample.cube.reflectance.shape[:2]
    seen = sample.cube.reflectance.reshape(t, b, -1)[:, :, here]
    clear = sample.cube.clear_dates.reshape(t, -1)[:, here] > 0
    return np.where(clear[:, None], seen, np.nan)


# what the page draws -------------------------------------------------------------


def _shown_tables(
    simulated: dict[str, pd.DataFrame], real: dict[str, pd.DataFrame]
) -> dict[str, list[dict[str, Any]]]:
    classes = real["class_pixels"].merge(
        simulated["classes"], on="class_id", suffixes=("_real", "")
    )
    keys = ["crop", "month", "band"]
    bands = _side_by_side(simulated["bands"], real["bands"], keys)
    return {
        "classes": _plain(
            classes.rename(columns={"pixels": "simulated_pixels", "pixels_real": "real_pixels"})
        ),
        "bands": _plain(_named(bands)),
        "ndvi": _plain(_named(_side_by_side(simulated["ndvi"], real["ndvi"], keys[:2]))),
        "parcel_size": _plain(_sizes(simulated["parcels"], real)),
        "clear_dates": _plain(_clear(simulated["clear_dates"], real["clear_dates"])),
    }


def _side_by_side(simulated: pd.DataFrame, real: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    quantiles = ["p10", "p50", "p90"]
    left = simulated.rename(columns={q: f"sim_{q}" for q in quantiles})
    right = real.rename(columns={q: f"real_{q}" for q in quantiles})
    return left.merge(right, on=keys, how="left")


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """The same with the class's label and `period` in place of the month's number."""
    labels = {c.id: c.label_en for c in legend.load().classes}
    named = table.assign(crop=table["crop"].map(labels), period=table["month"].map("{:02d}".format))
    return named.drop(columns="month")


def _sizes(parcels: pd.DataFrame, real: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Quantiles and the mean by region; the real register's by region is known as a mean only."""
    found = []
    means = real["zones"].assign(mean=real["zones"]["hectares"] / real["zones"]["parcels"])
    known = dict(zip(means["region"], means["mean"], strict=True))
    for region, area in parcels.groupby("region", sort=False)["area_ha"]:
        found += [
            {
                "region": region,
                "quantile": str(q),
                "simulated_ha": area.quantile(q),
                "real_ha": None,
            }
            for q in realism.QUANTILES
        ]
        found.append(
            {"region": region, "quantile": "mean", "simulated_ha": area.mean(),
             "real_ha": known.get(region)}
        )  # fmt: skip
    france = real["parcel_sizes"].query("place == 'france'")
    for q, hectares in zip(france["quantile"], france["hectares"], strict=True):
        found.append(
            {"region": "all", "quantile": str(q),
             "simulated_ha": parcels["area_ha"].quantile(q), "real_ha": hectares}
        )  # fmt: skip
    return pd.DataFrame(found)


def _clear(simulated: pd.DataFrame, real: pd.DataFrame) -> pd.DataFrame:
    """Mean clear dates by region and month; the real ones are of Flanders, shown with the north."""
    mean = simulated.groupby(["region", "month"], as_index=False, sort=False)[["clear"]].mean()
    mean = mean.rename(columns={"clear": "simulated"})
    merged = mean.merge(real[["month", "clear"]].rename(columns={"clear": "real"}), on="month")
    merged.loc[~merged["region"].isin(realism.NORTH), "real"] = np.nan
    return merged


def _plain(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows of plain values; NaN becomes None, numbers keep five digits."""
    found: list[dict[str, Any]] = []
    for row in table.astype(object).to_numpy().tolist():
        named = dict(zip(table.columns, row, strict=True))
        found.append({name: _plain_value(value) for name, value in named.items()})
    return found


def _plain_value(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 5) if np.isfinite(value) else None
    return value
