"""Labels as people corrected them, parcel by parcel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from cropdash.domain import Labels


def corrected(labels: Labels, classes: Mapping[int, int]) -> Labels:
    """Labels in which each parcel of `classes` bears that class; 255 leaves it out of training."""
    if not classes:
        return labels
    table = np.full(int(max(labels.parcel_id.max(), *classes)) + 1, -1, np.int16)
    table[list(classes)] = list(classes.values())
    said = table[labels.parcel_id]
    crop = np.where((said >= 0) & (labels.parcel_id > 0), said, labels.crop).astype(np.uint8)
    return Labels(crop, labels.parcel_id, labels.grid)
