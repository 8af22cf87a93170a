"""Confusion matrices as the table that a run keeps on disk, and back."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from cropdash.domain import BACKGROUND
from cropdash.domain.errors import InvalidRun
from cropdash.evaluate.matrix import Confusion, Unit, check_unit

COLUMNS = ("zone_id", "unit", "truth", "predicted", "value")


def confusion_table(zone_id: str, unit: Unit, confusion: Confusion) -> pd.DataFrame:
    """zone_id, unit, truth, predicted (class ids), value: one row per cell that is not zero.

    Store counts that include background: `from_table` can leave it out, but not bring it back.
    """
    check_unit(unit)
    truth, predicted = np.nonzero(confusion.counts)
    return pd.DataFrame(
        {
            "zone_id": pd.Series(zone_id, index=range(truth.size), dtype="str"),
            "unit": pd.Series(unit, index=range(truth.size), dtype="str"),
            "truth": truth.astype(np.uint8),
            "predicted": predicted.astype(np.uint8),
            "value": confusion.counts[truth, predicted].astype(np.float64),
        }
    )


def from_table(
    table: pd.DataFrame,
    n_classes: int,
    *,
    unit: Unit,
    zones: Collection[str] | None = None,
    include_background: bool = False,
) -> Confusion:
    """The sum of a table's matrices of one unit, over `zones` (all of the table by default).

    Raises InvalidRun if the table lacks a column or names a class outside the legend.
    """
    rows = _rows(table, n_classes, unit, include_background)
    if zones is not None:
        rows = rows[rows["zone_id"].isin(list(zones))]
    return _counted(rows, n_classes, unit, include_background)


def per_zone(
    table: pd.DataFrame,
    n_classes: int,
    *,
    unit: Unit,
    zones: Collection[str] | None = None,
    include_background: bool = False,
) -> dict[str, Confusion]:
    """As `from_table`, but one matrix per zone, in order of `zones` (else sorted by name).

    A zone in `zones` without a row gets an empty matrix, so that two models line up.
    """
    rows = _rows(table, n_classes, unit, include_background)
    groups = dict(tuple(rows.groupby("zone_id")))
    wanted = sorted(table["zone_id"].unique()) if zones is None else list(zones)
    return {
        zone: _counted(groups.get(zone, rows.iloc[:0]), n_classes, unit, include_background)
        for zone in wanted
    }


def _rows(
    table: pd.DataFrame, n_classes: int, unit: Unit, include_background: bool
) -> pd.DataFrame:
    check_unit(unit)
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise InvalidRun(
            "The run's table of confusions has no column {a}: evaluate it again.",
            a=", ".join(missing),
        )
    if len(table) and int(table[["truth", "predicted"]].to_numpy().max()) >= n_classes:
        raise InvalidRun(
            "The run's table of confusions names classes beyond the legend's {a}: evaluate"
            " it again with this legend.",
            a=n_classes,
        )
    chosen = table["unit"] == unit
    if not include_background:
        chosen &= table["truth"] != BACKGROUND
    return table[chosen]


def _counted(rows: pd.DataFrame, n_classes: int, unit: Unit, include_background: bool) -> Confusion:
    cell = rows["truth"].to_numpy(np.int64) * n_classes + rows["predicted"].to_numpy(np.int64)
    counts = np.bincount(cell, rows["value"].to_numpy(np.float64), minlength=n_classes**2)
    if unit != "hectare":
        counts = np.rint(counts).astype(np.int64)
    shaped = counts.reshape(n_classes, n_classes)
    return Confusion(shaped, unit, include_background)
