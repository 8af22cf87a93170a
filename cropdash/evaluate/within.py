"""Two crops in one parcel? What the pixels of a parcel are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

SPLIT, FEW = 0.2, 8  # least share and pixels of a second answer that may be another crop


def shares(named: NDArray[np.integer], inside: NDArray[np.bool_]) -> pd.DataFrame:
    """class_id, pixels, share of a parcel's answers, the commonest first.

    named (H, W) is the class of each pixel, inside (H, W) True within the parcel.
    """
    classes, counts = np.unique(named[inside], return_counts=True)
    order = np.lexsort((classes, -counts))
    total = max(int(counts.sum()), 1)
    return pd.DataFrame(
        {
            "class_id": classes[order].astype(np.int64),
            "pixels": counts[order].astype(np.int64),
            "share": counts[order] / total,
        }
    )


def is_split(found: pd.DataFrame) -> bool:
    """True where a second answer has so many pixels that the parcel may hold two crops."""
    second = found.iloc[1:2]
    return bool(((second["share"] >= SPLIT) & (second["pixels"] >= FEW)).any())
