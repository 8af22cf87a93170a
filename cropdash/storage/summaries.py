"""Tables over all built zones of a dataset."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from cropdash.domain import Zone, indices
from cropdash.files import joined, parquet
from cropdash.storage import layout, rasters
from cropdash.storage.datasets import DatasetFolder

QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
SEASON = ("crop", "period", "mean", *QUANTILES, "n_parcels")
FACTS = ("zone_id", "region", "split", "parcel_id", "crop", "area_ha", "n_pixels")
_ZONE = ("zone_id", "region", "split")


def parcel_facts(folder: DatasetFolder, columns: Sequence[str] | None = FACTS) -> pd.DataFrame:
    """FACTS, or others, of the parcels of all built zones, without geometry.

    columns: of the zones' tables, zone_id, region, split; None: all of them.
    """
    inside = None if columns is None else [name for name in columns if name not in _ZONE]
    zones, table = _joined(folder, layout.PARCELS, _parcels, inside)
    placed = _placed(table, zones)
    return placed.drop(columns=joined.FILE) if columns is None else placed[list(columns)]


def parcel_places(folder: DatasetFolder) -> dict[str, tuple[str, int]]:
    """Zone and number in it of every parcel of the built zones, by the register's id."""
    table = parcel_facts(folder, ("register_id", "zone_id", "parcel_id"))
    return {str(own): (str(zone), int(n)) for own, zone, n in table.itertuples(index=False)}


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
    names = ("clear_dates", "empty_share")
    zones, table = _joined(folder, layout.CLEAR_DATES, _clear, ("at", *names))
    periods = np.array([p.id for p in folder.description().periods], dtype=object)
    told = _placed(table, zones).assign(period=periods[table["at"]] if len(table) else [])
    return told[["zone_id", "period", *names]]


def clear_by_parcel(
    folder: DatasetFolder, zones: Sequence[str], since: dt.date, until: dt.date
) -> pd.DataFrame:
    """zone_id, parcel_id, clear: clear dates in the periods between two days, as its pixels' mean.

    Of those of the zones that are whole.
    """
    periods = folder.description().periods
    within = [since <= period.start and period.end <= until for period in periods]
    tables, known = [], folder.look()
    for zone in (zone for zone in zones if zone in known and known[zone].is_built):
        parcel = folder.labels(zone, around=True).parcel_id.ravel()
        clear = folder.clear_dates(zone, around=True)
        there = within[: len(clear)]  # of a zone to which the latest periods were not added yet
        many = clear[there].sum(axis=0, dtype=np.int64).ravel()
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
    needed = ("crop", "period", column, *(("clear_share",) if seen else ()))
    zones, table = _joined(folder, layout.SERIES, _series, needed)
    kept = table[column].notna().to_numpy()
    if region is not None:
        inside = np.array([zone.region == region for zone in zones])
        kept = kept & inside[table[joined.FILE].to_numpy(np.int64)]
    if seen:
        kept = kept & (table["clear_share"] == 1).to_numpy()
    table = table[kept]
    if table.empty:
        return pd.DataFrame(columns=list(SEASON))
    period = pd.Categorical(table["period"])
    n, names = len(period.categories), np.asarray(period.categories)
    key = table["crop"].to_numpy(np.int32) * n + np.asarray(period.codes)
    order = np.argsort(key, kind="stable")
    found, starts = np.unique(key[order], return_index=True)
    groups = np.split(table[column].to_numpy()[order], starts[1:])
    told = pd.DataFrame({"crop": found // n, "period": names[found % n]})
    told["mean"] = [float(group.mean(dtype=np.float64)) for group in groups]
    told[list(QUANTILES)] = [np.quantile(group, list(QUANTILES.values())) for group in groups]
    return told.assign(n_parcels=[len(group) for group in groups])[list(SEASON)]


def parcel_means(folder: DatasetFolder, period: str, names: Sequence[str]) -> pd.DataFrame:
    """zone_id, region, crop, <name>_mean of the parcels of all built zones in one period.

    names: some of `values`.
    """
    columns = ["crop", *(f"{name}_mean" for name in names)]
    zones, table = _joined(folder, layout.SERIES, _series, columns, pc.field("period") == period)
    return _placed(table, zones)[["zone_id", "region", *columns]]


def _joined(
    folder: DatasetFolder,
    name: str,
    make: Callable[[Path], pa.Table],
    columns: Sequence[str] | None,
    where: pc.Expression | None = None,
) -> tuple[tuple[Zone, ...], pd.DataFrame]:
    """All zones, and columns of a file of those that are built."""
    zones, known = folder.description().zones, folder.look()
    paths = [
        folder.zone_folder(zone.zone_id) / name if known[zone.zone_id].is_built else None
        for zone in zones
    ]
    kind = name.partition(".")[0]
    return zones, joined.read(folder.path / layout.JOINED, kind, paths, make, columns, where)


def _parcels(path: Path) -> pa.Table:
    return parquet.arrow(path, without=("geometry", "bbox", "zone_id"))


def _series(path: Path) -> pa.Table:
    """Means of the parcels, with each one's crop; those of one period together."""
    table = parquet.arrow(path)
    names = [n for n in table.column_names if n.endswith("_mean")]
    table = table.select(["parcel_id", "period", "clear_share", *names])
    for at, name in enumerate(table.column_names):
        if pa.types.is_floating(table[name].type):
            table = table.set_column(at, name, table[name].cast(pa.float32()))
    parcels = parquet.arrow(path.with_name(layout.PARCELS), ("parcel_id", "crop"))
    at = pc.index_in(table["parcel_id"], parcels["parcel_id"])
    period = table["period"].cast(pa.string()).dictionary_encode()  # as a part gives it back
    table = table.set_column(1, "period", period).append_column("crop", parcels["crop"].take(at))
    return table.filter(pc.is_valid(table["crop"]))


def _clear(path: Path) -> pa.Table:
    clear, _, _ = rasters.read(path)
    return pa.table(
        {
            "at": np.arange(len(clear), dtype=np.int32),
            "clear_dates": clear.mean(axis=(1, 2)),
            "empty_share": (clear == 0).mean(axis=(1, 2)),
        }
    )


def _placed(table: pd.DataFrame, zones: Sequence[Zone]) -> pd.DataFrame:
    """The rows with zone_id, region and split of the zone at whose position they stand."""
    at = table[joined.FILE].to_numpy(dtype=np.int64)
    told = {name: pd.array([getattr(z, name) for z in zones], dtype="str") for name in _ZONE}
    return table.assign(**{name: values.take(at) for name, values in told.items()})
