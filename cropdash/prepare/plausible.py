"""Whether reflectance can be that of land where something grows."""

from __future__ import annotations

import numpy as np

from cropdash.domain import Cube
from cropdash.domain.errors import InvalidScene

BRIGHTEST_BLUE = 0.12  # of a pixel's darkest period; 0.02 to 0.1 on fields, and an offset is 0.1
NEAR_INFRARED = (0.02, 1.5)  # of the zone's brightest periods
KNOWN = (-0.2, 3.0)  # beyond are numbers that stand for what is missing
_BEYOND = 0.005  # share of the pixels that may be: saturated roofs and water
_DARK = 0.1  # share of the pixels that at least are darker
_ZERO = 0.3  # share of red values that may be 0


def check(cube: Cube) -> None:
    """Raise InvalidScene for numbers that were scaled or shifted otherwise than was assumed."""
    near, red = (cube.band(name) for name in ("B8", "B4"))
    seen = ~np.isnan(near)
    if not seen.any():
        return
    brightest = float(np.median(np.where(seen, near, -np.inf).max(axis=0)[seen.any(axis=0)]))
    low, high = NEAR_INFRARED
    if not low <= brightest <= high:
        raise InvalidScene(
            "Reflectance in near infrared is {a} at its brightest, where land has {b} to"
            " {c}: write fractions, whole numbers x 10,000, or scale and offset into the files.",
            a=format(float(f"{brightest:.2g}"), ",g"),
            b=format(low, "g"),
            c=format(high, "g"),
        )
    low, high = KNOWN
    beyond = seen & ((near < low) | (near > high))
    if beyond.sum() > _BEYOND * seen.sum():
        raise InvalidScene(
            "Reflectance in near infrared is {a} in {b} % of the pixels, as where a number stands"
            " for no data that the files do not declare: declare it (gdal_edit.py -a_nodata).",
            a=format(float(np.median(near[beyond])), ".3g"),
            b=format(100 * beyond.sum() / seen.sum(), ".2g"),
        )
    if (red[~np.isnan(red)] == 0).mean() > _ZERO:
        raise InvalidScene(
            "Most reflectance in red is 0, as where an offset is subtracted twice: see what the"
            " scenes' provider says of it."
        )
    blue = cube.band("B2") if "B2" in cube.bands else np.zeros_like(red)
    lit = ~np.isnan(blue)
    darkest = np.where(lit, blue, np.inf).min(axis=0)[lit.any(axis=0)]
    if len(darkest) and np.quantile(darkest, _DARK) > BRIGHTEST_BLUE:
        raise InvalidScene(
            "Reflectance in blue is {a} in the darkest pixels, as with an offset of 0.1"
            " left in: write it into the scenes (offset -0.1, scale 0.0001), or subtract"
            " 1,000.",
            a=format(np.quantile(darkest, _DARK), ".2f"),
        )
