"""The tables that a run keeps: what their columns hold, and how a prediction becomes one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cropdash.domain import Prediction

# What the columns of a run's tables hold.
PARCELS = {"parcel_id": "id", "predicted": "class", "confidence": "share", "p_0": "share"}
CELLS = {
    "zone_id": "text", "unit": "text", "truth": "class", "predicted": "class", "value": "amount",
}  # fmt: skip
DECIDED = {
    "zone_id": "text", "parcel_id": "id", "truth": "class", "predicted": "class",
    "confidence": "share", "correct": "flag",
}  # fmt: skip
FRAME = {
    "zone_id": "text", "parcel_id": "id", "register_id": "text", "area_ha": "amount",
    "stratum": "class", "a": "class", "b": "class", "drawn": "flag",
}  # fmt: skip
SHARES = r"^p_\d+$"


def of_parcels(prediction: Prediction) -> pd.DataFrame:
    """parcel_id, predicted, confidence, dissimilarity and applicable where known, p_0 … p_<K-1>."""
    probabilities = prediction.parcel_probabilities  # (P, K)
    best = probabilities.argmax(axis=1) if len(probabilities) else np.zeros(0, np.int64)
    table = pd.DataFrame(
        {
            "parcel_id": prediction.parcel_ids,
            "predicted": best.astype(np.uint8),
            "confidence": probabilities.max(axis=1, initial=0).astype(np.float32),
        }
    )
    if prediction.dissimilarity is not None:
        table["dissimilarity"] = prediction.dissimilarity
        table["applicable"] = prediction.dissimilarity <= 1
    columns = pd.DataFrame(probabilities, columns=[f"p_{k}" for k in range(probabilities.shape[1])])
    return pd.concat([table, columns], axis=1)
