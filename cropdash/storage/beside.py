"""What is kept beside a run's predictions: what zones say of parcels that they share, and margins."""

from __future__ import annotations

import pandas as pd

from cropdash.domain import Bytes, Grid
from cropdash.domain.message import Message
from cropdash.files import atomic, parquet
from cropdash.storage import layout, rasters
from cropdash.storage.runs import RunFolder


def write_edges(run: RunFolder, zone_id: str, table: pd.DataFrame) -> None:
    """Keep what a zone says of parcels that reach over its edge; see `workflow.seams`."""
    with atomic.replacing(run.path / layout.EDGES / f"{zone_id}.parquet") as temporary:
        table.to_parquet(temporary, index=False)


def edges(run: RunFolder, zone_id: str) -> pd.DataFrame:
    """What `write_edges` wrote. Raises DamagedFile."""
    again = Message("predict the zone again")
    return parquet.read(run.path / layout.EDGES / f"{zone_id}.parquet", remedy=again)


def around(run: RunFolder, zone_id: str) -> tuple[Bytes, Grid]:
    """(H, W) classes of a zone with its margin, where it has one, and their grid.

    Raises RunNotFound, CorruptDataset.
    """
    own = run.prediction_path(zone_id)
    wide = run.path / layout.AROUND / own.name
    crop, _, grid = rasters.read_prediction(wide if wide.is_file() else own)
    return crop, grid
