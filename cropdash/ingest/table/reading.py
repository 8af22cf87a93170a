"""A CSV or Parquet of parcel means to rows that are known to be sound."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.domain import sentinel2
from cropdash.domain.errors import InvalidRegister
from cropdash.files import parquet, tables
from cropdash.ingest.registers import as_text

ID, DATE, CODE, ZONE, SPLIT, LON, LAT = "id", "date", "code", "zone", "split", "lon", "lat"
_PLACE = {LON: ("lon", "longitude", "x"), LAT: ("lat", "latitude", "y")}
_OF_A_PARCEL = (CODE, ZONE, SPLIT)  # the same in all rows of a parcel
_DAY = r"\d{4}(-\d{1,2}-\d{1,2}|\d{4})(\D.*)?"  # what names a month or a year alone is none
_KNOWN = (-0.2, 3.0)  # reflectance of a parcel; beyond are numbers that stand for what is missing
_NOTHING = (
    "",
    "nan",
    "na",
    "n/a",
    "null",
    "none",
    "#n/a",
    "#nv",
)  # as programs write an empty cell
_FRACTION = 2.0  # reflectance is below; digital numbers of any land are far above


@dataclass(frozen=True)
class Columns:
    """What the table calls its columns; case does not matter."""

    id: str = "id"
    date: str = "date"
    code: str = "crop"
    zone: str = "region"


def read(path: Path, names: Columns, bands: Sequence[str]) -> pd.DataFrame:
    """id, date (days), code, [zone], [split], [lon, lat], and the bands' reflectance.

    Numbers whose middle is 2 or more are reflectance x 10,000. Raises InvalidRegister for columns
    that lack, days and numbers that are none, and parcels with two crops, zones or sides.
    """
    is_parquet = path.suffix.lower() in (".parquet", ".geoparquet")
    raw = _parquet(path) if is_parquet else _csv(path)
    found = _renamed(raw, _columns(raw, names, bands, path.name))
    if found.empty:
        raise InvalidRegister("{a} holds no row: give one per parcel and date.", a=path.name)
    found = found.assign(**{name: as_text(found[name]) for name in _OF_A_PARCEL if name in found})
    found = found.assign(**{ID: as_text(found[ID]), DATE: _days(found[DATE], path.name)})
    numeric = [*bands, *(name for name in (LON, LAT) if name in found)]
    found = found.assign(**{name: _numbers(found[name], name, path.name) for name in numeric})
    if (found[ID] == "").any():
        row = int(np.flatnonzero(found[ID] == "")[0]) + 2
        raise InvalidRegister(
            "{a}, row {b}: the parcel's id is empty; every row needs one.", a=path.name, b=row
        )
    for name in (n for n in _OF_A_PARCEL if n in found):  # said in some rows is said for all
        said = found[name].where(found[name] != "")
        found[name] = said.fillna(said.groupby(found[ID]).transform("first")).fillna("")
    _check_parcels(found, path.name)
    return _scaled(found, bands, path.name)


def _columns(
    raw: pd.DataFrame, names: Columns, bands: Sequence[str], table: str
) -> Mapping[str, str]:
    """The table's own names, by ours. Raises InvalidRegister for those that must be there."""
    known = {str(name).strip().lower(): str(name) for name in raw.columns}
    wanted = {ID: names.id, DATE: names.date, CODE: names.code}
    by_band = {sentinel2.band_name(name): own for name, own in known.items()}
    found = {ours: known.get(name.lower(), "") for ours, name in wanted.items()}
    found |= {band: by_band.get(band, "") for band in bands}
    missing = [wanted.get(ours, ours) for ours, own in found.items() if not own]
    if missing:
        raise InvalidRegister(
            "{a} has no column {b}; it has {c}: name the columns of id, date and crop, and"
            " the bands that are there.",
            a=table,
            b=" or ".join(missing),
            c=", ".join(known.values()) or "none",
        )
    optional = {ZONE: (names.zone,), SPLIT: (SPLIT,), **_PLACE}
    for ours, choices in optional.items():
        own = next((known[name.lower()] for name in choices if name.lower() in known), None)
        if own is not None:
            found[ours] = own
    return found


def _renamed(raw: pd.DataFrame, columns: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame({ours: raw[own].reset_index(drop=True) for ours, own in columns.items()})


def _csv(path: Path) -> pd.DataFrame:
    """All cells as text: an id or a code may begin with 0."""
    table = tables.read(path, named=str.strip, fault=InvalidRegister)
    cells = [dict(row.cells) for row in table.rows]
    return pd.DataFrame(cells, columns=list(table.columns), dtype="string")


def _parquet(path: Path) -> pd.DataFrame:
    with parquet.opened(path) as file:
        names = [name for name in file.schema_arrow.names if name != "geometry"]
        parts = [batch.to_pandas() for batch in parquet.batches(file, names)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def _days(values: pd.Series, table: str) -> pd.Series:
    text = values.astype("string").str.strip()
    days = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
    days = days.where(text.str.fullmatch(_DAY).fillna(False).astype(bool))
    wrong = np.flatnonzero(days.isna())
    if len(wrong):
        said = str(text.iloc[wrong[0]])[:20]
        raise InvalidRegister(
            "{a}, row {b}: {c} is no day; write days as 2023-05-11.",
            a=table,
            b=wrong[0] + 2,
            c=repr(said),
        )
    return days.dt.date


def _numbers(values: pd.Series, name: str, table: str) -> pd.Series:
    """Of numbers; what is empty is NaN."""
    given = values.astype("string").str.strip().fillna("")
    comma = given.str.fullmatch(r"[+-]?\d*,\d+")  # before decimals, as spreadsheets write them
    given = given.where(~comma, given.str.replace(",", "."))
    numbers = pd.to_numeric(given.where(given != ""), errors="coerce")
    wrong = np.flatnonzero(numbers.isna() & ~given.str.lower().isin(_NOTHING))
    if len(wrong):
        said = str(given.iloc[wrong[0]])[:20]
        raise InvalidRegister(
            "{a}, row {b}: {c} in column {d} is no number; leave the cell empty where"
            " nothing is known.",
            a=table,
            b=wrong[0] + 2,
            c=repr(said),
            d=name,
        )
    return numbers.astype(float)


def _check_parcels(found: pd.DataFrame, table: str) -> None:
    by_parcel = found.groupby(ID, sort=False)
    for name in (n for n in _OF_A_PARCEL if n in found):
        several = by_parcel[name].nunique()
        if (several > 1).any():
            parcel = several.index[several > 1][0]
            values = ", ".join(sorted(set(found.loc[found[ID] == parcel, name]))[:3])
            what = "crops" if name == CODE else f"values of {name}"
            raise InvalidRegister(
                "{a}: parcel {b} has two {c} ({d}): give each parcel of a season its own id.",
                a=table,
                b=str(parcel)[:60],
                c=what,
                d=values,
            )


def _scaled(found: pd.DataFrame, bands: Sequence[str], table: str) -> pd.DataFrame:
    values = found[list(bands)].to_numpy(np.float64, copy=True)
    values[~np.isfinite(values)] = np.nan
    if np.isfinite(values).any() and np.nanmedian(values) >= _FRACTION:
        values = values / sentinel2.SCALE
    odd = np.argwhere((values < _KNOWN[0]) | (values > _KNOWN[1]))
    if len(odd):
        row, column = odd[0]
        raise InvalidRegister(
            "{a}, row {b}: {c} in column {d} is no reflectance; leave the cell empty where"
            " nothing is known.",
            a=table,
            b=int(row) + 2,
            c=format(found[bands[column]].iloc[row], "g"),
            d=bands[column],
        )
    return found.assign(**dict(zip(bands, values.T, strict=True)))
