"""What audits found: of a confusion, and as a certificate's page."""

from __future__ import annotations

import pandas as pd

from cropdash.domain import Legend
from cropdash.domain.errors import CropdashError
from cropdash.files import parquet, tables
from cropdash.settings.reports import Audit
from cropdash.storage import layout, reports
from cropdash.storage.store import Store
from cropdash.storage.tables import FRAME

_KEYS = ["zone_id", "parcel_id"]


def confusion(
    store: Store, dataset: str, runs: set[str], declared: int, called: int, legend: Legend
) -> tuple[int, int]:
    """Audited parcels declared one class that one of the runs calls another: how many, and how many
    of them are that other class in truth. A parcel of several audits counts once, as the last says.
    """
    told = [
        _answers(store, info.report_id)
        for info in reversed(reports.infos(store.models, dataset))
        if isinstance(info.order, Audit) and info.order.run in runs
    ]
    found: dict[tuple[str, int], bool] = {}
    for table in told:
        for zone, rows in table[table["a"] == called].groupby("zone_id"):
            crops = _declared(store, dataset, str(zone), declared)
            for i, truth in zip(rows["parcel_id"], rows["truth"], strict=True):
                if int(i) in crops:
                    found[str(zone), int(i)] = truth == legend.classes[called].name
    return len(found), sum(found.values())


def _declared(store: Store, dataset: str, zone: str, declared: int) -> set[int]:
    table = store.parcels(dataset, zone)
    return {int(i) for i in table.loc[table["crop"] == declared, "parcel_id"]}


def _answers(store: Store, report_id: str) -> pd.DataFrame:
    """Sampled parcels with the first map's class and what they are in truth; empty without answers."""
    folder = reports.find(store.models, report_id).path
    try:
        frame = parquet.read(folder / layout.FRAME, kinds=FRAME, remedy="draw the audit again")
        told = tables.frame(folder / layout.ANSWERS, texts=("zone_id", "truth"))
    except (CropdashError, OSError, KeyError):
        return pd.DataFrame(columns=[*_KEYS, "a", "truth"])
    return frame[frame["drawn"]].merge(told, on=_KEYS)
