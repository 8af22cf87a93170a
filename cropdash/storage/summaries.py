"""Tables over all built zones of a dataset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cropdash.domain import indices
from cropdash.storage.datasets import DatasetFolder

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
SEASON = ("crop", "period", "mean", *QUANTILES, "n_parcels")
FACTS = ("zone_id", "region", "split", "parcel_id", "crop", "area_ha", "n_pixels")


def parcel_facts(folder: DatasetFolder) -> pd.DataFrame:
    """FACTS of the parcels of all built zones, without geometry."""
    tables = [
        folder.parcel_facts(zone.zone_id, ("parcel_id", "crop", "area_ha", "n_pixels")).assign(
            zone_id=zone.zone_id, region=zone.region, split=zone.split
        )
        for zone in folder.built_zones()
    ]
    return _joined(tables, FACTS)


def class_counts(folder: DatasetFolder) -> pd.DataFrame:
    """zone_id, region, split, crop, pixels, parcels, hectares: per built zone and class."""
    rows = []
    for zone in folder.built_zones():
        parcels = folder.parcel_facts(zone.zone_id, ("crop", "n_pixels", "area_ha"))
        table = parcels.groupby("crop").agg(
            pixels=("n_pixels", "sum"), parcels=("crop", "size"), hectares=("area_ha", "sum")
        )
        rows.append(
            table.reset_index().assign(zone_id=zone.zone_id, region=zone.region, split=zone.split)
        )
    columns = ["zone_id", "region", "split", "crop", "pixels", "parcels", "hectares"]
    return pd.concat(rows)[columns] if rows else pd.DataFrame(columns=columns)


def clear_dates(folder: DatasetFolder) -> pd.DataFrame:
    """zone_id, period, clear_dates (mean over pixels), empty_share (pixels without any)."""
    rows = []
    periods = [p.id for p in folder.description().periods]
    for zone in folder.built_zones():
        clear = folder.clear_dates(zone.zone_id)
        rows.append(
            pd.DataFrame(
                {
                    "zone_id": zone.zone_id,
                    "period": periods,
                    "clear_dates": clear.mean(axis=(1, 2)),
                    "empty_share": (clear == 0).mean(axis=(1, 2)),
                }
            )
        )
    return pd.concat(rows) if rows else pd.DataFrame()


def clear_by_parcel(
    folder: DatasetFolder, zones: Sequence[str], since: dt.date, until: dt.date
) -> pd.DataFrame:
    """zone_id, parcel_id, clear: clear dates in the periods between two days, as its pixels' mean."""
    periods = folder.description().periods
    within = [since <= period.start and period.end <= until for period in periods]
    tables = []
    for zone in zones:
        parcel, clear = folder.labels(zone).parcel_id.ravel(), folder.clear_dates(zone)
        many = clear[within].sum(axis=0, dtype=np.int64).ravel()
        n = np.bincount(parcel)
        ids = np.flatnonzero(n)[1:] if n[0] else np.flatnonzero(n)
        means = np.bincount(parcel, many)[ids] / n[ids]
        tables.append(pd.DataFrame({"zone_id": zone, "parcel_id": ids, "clear": means}))
    return _joined(tables, ("zone_id", "parcel_id", "clear"))


def values(folder: DatasetFolder) -> tuple[str, ...]:
    """What the parcels' series hold: indices that the bands allow, bands, further layers."""
    bands, zones = folder.description().bands, folder.built_zones()
    layers = folder.layer_names(zones[0].zone_id) if zones else ()
    return (*(index.name for index in indices.of_bands(bands)), *bands, *layers)


def seasons(
    folder: DatasetFolder, value: str = "NDVI", region: str | None = None, *, seen: bool = False
) -> pd.DataFrame:
    """SEASON of the parcels' mean `value` (one of `values`) by crop and period; of one region if given.

    seen: only parcels of which every pixel was observed in the period, so that nothing of another
    period is in it.
    """
    column = f"{value}_mean"
    tables = [
        _with_crop(folder, zone.zone_id, ("parcel_id", "period", "clear_share", column))
        for zone in folder.built_zones()
        if region in (None, zone.region)
    ]
    if not tables:
        return pd.DataFrame(columns=list(SEASON))
    table = pd.concat(tables)
    table = table[table["clear_share"] == 1] if seen else table
    grouped = table.groupby(["crop", "period"])[column]
    table = grouped.quantile(np.array(list(QUANTILES.values()))).unstack()
    table.columns = list(QUANTILES)
    table = table.assign(mean=grouped.mean(), n_parcels=grouped.count()).reset_index()
    return table[list(SEASON)]


def parcel_means(folder: DatasetFolder, period: str, names: Sequence[str]) -> pd.DataFrame:
    """zone_id, region, crop, <name>_mean of the parcels of all built zones in one period.

    names: some of `values`.
    """
    columns = [f"{name}_mean" for name in names]
    tables = []
    for zone in folder.built_zones():
        table = _with_crop(folder, zone.zone_id, ("parcel_id", "period", *columns))
        table = table[table["period"] == period]
        tables.append(table.assign(zone_id=zone.zone_id, region=zone.region))
    return _joined(tables, ("zone_id", "region", "crop", *columns))


def _with_crop(folder: DatasetFolder, zone_id: str, columns: Sequence[str]) -> pd.DataFrame:
    crops = folder.parcel_facts(zone_id, ("parcel_id", "crop"))
    return folder.series(zone_id, columns).merge(crops, on="parcel_id")


def _joined(tables: Sequence[pd.DataFrame], columns: Sequence[str]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame(columns=list(columns))
    return pd.concat(tables, ignore_index=True)[list(columns)]
