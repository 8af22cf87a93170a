"""Parcels on the edge of a zone, decided once: from their pixels in all zones."""

from __future__ import annotations

from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash.domain import Float, Ints, Labels, interior
from cropdash.prepare import parcels
from cropdash.storage.tables import SHARES

KEY, CORE, EVERY = "register_id", "n_core", "n_pixels"


def sums(
    probabilities: Float, labels: Labels, own: pd.DataFrame, beyond: gpd.GeoDataFrame
) -> pd.DataFrame:
    """What one zone has to say of parcels that reach over its edge, by the register's id.

    probabilities (K, H, W) as the model gives them; own: parcel_id, register_id; beyond: outlines
    of parcels that belong to other zones. A row holds the sums over the parcel's pixels in the
    zone and their number: s_<k> over those that border on no other parcel (n_core of them), and
    p_<k> over all (n_pixels).
    """
    theirs = np.zeros_like(labels.parcel_id)
    if len(beyond):
        numbered = beyond.assign(parcel_id=np.arange(1, len(beyond) + 1), crop=0)
        theirs = parcels.rasterize(numbered, labels.grid).parcel_id
        theirs[labels.parcel_id > 0] = 0
    edge = np.zeros(labels.parcel_id.shape, bool)
    edge[[0, -1]] = edge[:, [0, -1]] = True
    ours = np.unique(labels.parcel_id[edge & (labels.parcel_id > 0)])
    whole = np.where(
        theirs > 0, -theirs, labels.parcel_id
    )  # so that neighbours border on each other
    kept = np.isin(whole, ours) | (theirs > 0)
    ids, index = np.unique(whole[kept], return_inverse=True)
    inner = interior(whole)[kept]
    values = probabilities[:, kept]  # (K, N)
    names = own.set_index("parcel_id")[KEY]
    keys = [beyond[KEY].iloc[-i - 1] if i < 0 else names.loc[i] for i in ids.tolist()]
    table = pd.DataFrame({KEY: np.array(keys, dtype=object)})
    n = len(ids)
    table[CORE], table[EVERY] = (
        np.bincount(index[inner], minlength=n),
        np.bincount(index, minlength=n),
    )
    parts = {"s": _by_parcel(values[:, inner], index[inner], n), "p": _by_parcel(values, index, n)}
    columns = {f"{p}_{k}": column for p, of in parts.items() for k, column in enumerate(of)}
    return pd.concat([table, pd.DataFrame(columns, index=table.index)], axis=1)


def means(parts: Sequence[pd.DataFrame]) -> tuple[list[str], Float, Ints]:
    """Ids, (P, K) mean probabilities and pixels of the parcels that some zones tell sums of.

    The mean is over pixels that border on no other parcel, of a parcel without any over all.
    """
    total = pd.concat(parts, ignore_index=True).groupby(KEY).sum()
    every = total.filter(regex=SHARES).to_numpy()
    core = total.filter(regex=SHARES.replace("p_", "s_")).to_numpy()
    has_core = total[CORE].to_numpy() > 0
    n = np.where(has_core, total[CORE], total[EVERY])[:, None]
    found = np.where(has_core[:, None], core, every) / np.maximum(n, 1)
    return total.index.tolist(), found.astype(np.float32), total[EVERY].to_numpy(np.int32)


def _by_parcel(values: Float, index: NDArray[np.intp], n: int) -> list[NDArray[np.float64]]:
    sums = (np.bincount(index, layer, minlength=n) for layer in values)
    return [column.astype(np.float64) for column in sums]
