"""Last year's crop of each parcel."""

from __future__ import annotations

import numpy as np

from cropdash.domain import IGNORE, Bytes, Labels
from cropdash.domain.errors import InvalidRaster

_CODES = 256  # values that a crop raster can hold


def last_crop(before: Labels, now: Labels) -> Bytes:
    """(H, W) what each pixel's parcel bore the year before: the crop on most of its pixels.

    Ground that was not declared then counts as crop 0, unknown, beside the others; of equals the
    lower class is taken. Pixels outside of this year's parcels keep their own. Of this year
    nothing is used but the parcels' outlines.

    Raises InvalidRaster if the grids differ.
    """
    if before.grid != now.grid:
        raise InvalidRaster("Last year's parcels lie on another grid than this year's.")
    then = np.where(before.crop == IGNORE, 0, before.crop).astype(np.uint8)
    parcels, which = np.unique(now.parcel_id, return_inverse=True)
    which = which.reshape(then.shape)
    pairs = which.ravel().astype(np.int64) * _CODES + then.ravel()
    counts = np.bincount(pairs, minlength=len(parcels) * _CODES).reshape(-1, _CODES)
    most = counts.argmax(axis=1).astype(np.uint8)
    return np.where(now.parcel_id > 0, most[which], then).astype(np.uint8)
