"""What a run says of the parcels of many zones at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from cropdash.files import joined, parquet
from cropdash.storage import layout
from cropdash.storage.runs import RunFolder
from cropdash.storage.tables import SHARES


def of_parcels(
    run: RunFolder, zones: Sequence[str], wanted: pd.DataFrame
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """As `RunFolder.parcel_prediction`, of the parcels that `wanted` (zone_id, parcel_id) names and
    the run has an answer for, row by row; and which those are.

    `zones`: those of the dataset, in an order that stays. Raises DamagedFile.
    """

    def checked(path: Path) -> pa.Table:
        table = parquet.arrow(path)
        if not _is_sound(table):
            run.parcel_prediction(path.stem)  # says what is wrong
        return table

    there = set(run.predicted_zones())
    paths = [run.predictions / f"{z}.parquet" if z in there else None for z in zones]
    table = joined.read(run.path / layout.JOINED, "answers", paths, checked)
    if "parcel_id" not in table:
        return table, np.zeros(len(wanted), bool)
    own = _keys(table[joined.FILE].to_numpy(), table.pop("parcel_id"))
    at = pd.Index(zones).get_indexer(pd.Index(wanted["zone_id"]))
    rows = pd.Index(own).get_indexer(pd.Index(_keys(at, wanted["parcel_id"])))
    return table.iloc[rows[rows >= 0]], rows >= 0


def _is_sound(table: pa.Table) -> bool:
    """True for ids, classes and shares in the columns where they belong, none of them missing."""
    kinds = {name: table[name].type for name in table.column_names if not table[name].null_count}
    shares = [n for n in table.column_names if n == "confidence" or re.fullmatch(SHARES, n)]
    if not all(pa.types.is_integer(kinds.get(n, pa.null())) for n in ("parcel_id", "predicted")):
        return False
    if "p_0" not in shares or not all(
        pa.types.is_floating(kinds.get(n, pa.null())) for n in shares
    ):
        return False
    values = np.stack([table[name].to_numpy() for name in shares])
    return bool(((values > -0.001) & (values < 1.001)).all())


def _keys(zone: NDArray[np.integer], parcel: pd.Series) -> NDArray[np.int64]:
    found: NDArray[np.int64] = zone.astype(np.int64) << 32 | parcel.to_numpy(np.int64)
    return found
