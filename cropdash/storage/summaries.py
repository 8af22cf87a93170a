"""Tables over all built zones of a dataset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from cropdash.domain import Zone, indices
from cropdash.files import parquet
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
SEASON = ("crop", "period", "mean", *QUANTILES, "n_parcels")
FACTS = ("zone_id", "region", "split", "parcel_id", "crop", "area_ha", "n_pixels")


def parcel_facts(folder: DatasetFolder) -> pd.DataFrame:
    """FACTS of the parcels of all built zones, without geometry."""
    zones = folder.built_zones()
    paths = [folder.zone_folder(zone.zone_id) / layout.PARCELS for zone in zones]
    table = parquet.read_all(paths, ("parcel_id", "crop", "area_ha", "n_pixels"))
    return _placed(table, zones)[list(FACTS)]


def parcel_places(folder: DatasetFolder) -> dict[str, tuple[str, int]]:
    """Zone and number in it of every parcel of the built zones, by the register's id."""
    return {
        str(own): (zone.zone_id, int(parcel))
        for zone in folder.built_zones()
        for own, parcel in folder.parcel_facts(zone.zone_id, ("register_id", "parcel_id"))[
            ["register_id", "parcel_id"]
        ].itertuples(index=False)
    }


def class_counts(folder: DatasetFolder) -> pd.DataFrame:
    """zone_id, region, split, crop, pixels, parcels, hectares: per built zone and class."""
    known = folder.look()
    rows = [
        (zone.zone_id, zone.region, zone.split, *crop)
        for zone in folder.description().zones
        if known[zone.zone_id].is_built
        for crop in known[zone.zone_id].said.crops
    ]
    columns = ["zone_id", "region", "split", "crop", "pixels", "parcels", "hectares"]
    return pd.DataFrame(rows, columns=columns)


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
    if not tables:
        return pd.DataFrame(columns=["zone_id", "parcel_id", "clear"])
    return pd.concat(tables, ignore_index=True)


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
    zones = [zone for zone in folder.built_zones() if region in (None, zone.region)]
    needed = ("parcel_id", "period", column, *(("clear_share",) if seen else ()))
    table = _with_crop(folder, zones, needed)
    table = table[table["clear_share"] == 1] if seen and len(table) else table
    if table.empty:
        return pd.DataFrame(columns=list(SEASON))
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
    zones = folder.built_zones()
    table = _with_crop(folder, zones, ("parcel_id", "period", *columns))
    wanted = _placed(pd.DataFrame(table[table["period"] == period]), zones)
    return wanted[["zone_id", "region", "crop", *columns]].reset_index(drop=True)


def _with_crop(
    folder: DatasetFolder, zones: Sequence[Zone], columns: Sequence[str]
) -> pd.DataFrame:
    """Columns of the series of zones, with each parcel's crop and the zone's position."""
    folders = [folder.zone_folder(zone.zone_id) for zone in zones]
    crops = parquet.read_all([f / layout.PARCELS for f in folders], ("parcel_id", "crop"))
    series = parquet.read_all([f / layout.SERIES for f in folders], columns)
    return series.merge(crops, on=[parquet.FILE, "parcel_id"])


def _placed(table: pd.DataFrame, zones: Sequence[Zone]) -> pd.DataFrame:
    """The rows with zone_id, region and split of the zone at whose position they stand."""
    about = pd.DataFrame(
        [(zone.zone_id, zone.region, zone.split) for zone in zones],
        columns=["zone_id", "region", "split"],
    )
    return table.join(about, on=parquet.FILE)
