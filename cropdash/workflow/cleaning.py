"""Training parcels that are likely declared wrongly, by the models of a cross-validation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cropdash.domain import IGNORE
from cropdash.domain.errors import NotEnoughData
from cropdash.evaluate import learning
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.decisions import LEAVE_OUT
from cropdash.storage.studies import StudyFolder
from cropdash.storage.tables import SHARES


def proposed(study: StudyFolder, dataset: DatasetFolder, n: int) -> pd.DataFrame:
    """register_id, decision, note, zone_id, parcel_id of at most n parcels, the likeliest wrong first.

    As `storage.field` reads them. Raises NotEnoughData before a fold is scored.
    """
    told = study.out_of_fold()
    if not len(told):
        raise NotEnoughData(
            "No fold of {a} is scored yet: let the cross-validation finish.", a=study.study_id
        )
    told = told[told["truth"].between(1, IGNORE - 1)].reset_index(drop=True)
    facts = [
        dataset.parcel_facts(str(zone), ("parcel_id", "register_id")).assign(zone_id=zone)
        for zone in told["zone_id"].unique()
    ]
    told = told.merge(pd.concat(facts), on=["zone_id", "parcel_id"], how="inner")
    said = told.filter(regex=SHARES).to_numpy(np.float64)
    rows = learning.most_to_clean(told["truth"].to_numpy(np.int64), said, n)
    names = [crop.name for crop in dataset.legend().classes]
    chosen, chances = told.iloc[rows], said[rows]
    notes = [
        f"declared {names[k]} ({p[k]:.0%}), called {names[int(p.argmax())]} ({p.max():.0%})"
        for k, p in zip(chosen["truth"], chances, strict=True)
    ]
    return pd.DataFrame(
        {
            "register_id": chosen["register_id"].astype(str), "decision": LEAVE_OUT, "note": notes,
            "zone_id": chosen["zone_id"], "parcel_id": chosen["parcel_id"],
        }
    )  # fmt: skip
