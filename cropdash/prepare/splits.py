"""Folds of whole zones."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cropdash.errors import NotEnoughData


def folds(parcels: pd.DataFrame, n_folds: int, seed: int = 0) -> dict[str, int]:
    """Fold (0 to n_folds - 1) of each zone; every zone is in exactly one.

    `parcels` has a row per parcel with zone_id, region and crop. Zones are dealt so that
    regions and classes spread over the folds (StratifiedGroupKFold with the zone as group);
    each region's zones go to different folds as far as they last.

    Raises NotEnoughData if there are fewer zones than folds.
    """
    zones = parcels["zone_id"].unique()
    if len(zones) < n_folds:
        raise NotEnoughData(
            f"{len(zones)} training zones can't make {n_folds} folds: use fewer folds or more zones."
        )
    if n_folds == 1:
        return {str(zone): 0 for zone in zones}
    from sklearn.model_selection import StratifiedGroupKFold

    # Region and crop together are the stratum, so that both spread.
    stratum = parcels["region"].astype(str) + "/" + parcels["crop"].astype(str)
    rows = np.zeros((len(parcels), 1))
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    found: dict[str, int] = {}
    for fold, (_, held) in enumerate(splitter.split(rows, stratum, parcels["zone_id"])):
        found |= {str(zone): fold for zone in parcels["zone_id"].iloc[held].unique()}
    return found
