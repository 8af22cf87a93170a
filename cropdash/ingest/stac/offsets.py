"""What must be added to an item's digital numbers before they are reflectance x 10,000.

Since processing baseline 04.00 (2022-01-25) Sen2Cor's products carry BOA_ADD_OFFSET = -1000, so
that dark surfaces are not cut off at zero (Sentinel-2 Products Specification Document, issue 14.9).
Older acquisitions that were processed again carry it too: the baseline decides, not the date.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from cropdash.domain import sentinel2
from cropdash.domain.errors import InvalidScene

OFFSET = -1000
SINCE_BASELINE = (4, 0)
SINCE_DATE = dt.date(2022, 1, 25)  # nothing acquired later was processed with an older baseline
Baseline = tuple[int, int]

_PROPERTIES = (
    "s2:processing_baseline",
    "processing:version",
    "s2:processing_version",
    "sentinel:processing_baseline",  # Earth Search v0, Digital Earth Africa
    "sentinel2:processing_baseline",
)
# A provider's word that the offset is in the numbers already, or is not.
_APPLIED = (
    "earthsearch:boa_offset_applied",
    "sentinel:boa_offset_applied",
    "s2:boa_offset_applied",
)
_SAID = re.compile(r"boa_?(add_?)?offset|radio.*offset", re.IGNORECASE)
_NUMBER = re.compile(r"\s*[vVN]?(\d{1,2})[.]?(\d{2}|\d)\s*")
_IN_NAME = re.compile(r"_N(\d{2})(\d{2})_")


def baseline_of(properties: Mapping[str, Any], name: str = "") -> Baseline | None:
    """Processing baseline, e.g. (5, 10), from an item's properties, else from a product's name."""
    for key in _PROPERTIES:
        match = _NUMBER.fullmatch(str(properties.get(key, "")))
        if match:
            return int(match[1]), int(match[2])
    for text in (str(properties.get("s2:product_uri", "")), name):
        match = _IN_NAME.search(text)
        if match:
            return int(match[1]), int(match[2])
    return None


class Offset(NamedTuple):
    """What is added to a band's numbers, and by which word of the item."""

    number: int
    why: str


def offset_of(
    properties: Mapping[str, Any], asset: Mapping[str, Any], name: str, date: dt.date
) -> Offset:
    """0 or -1000, from what the item says of its processing.

    A provider's word that it has added the offset comes first (Earth Search says so in
    `earthsearch:boa_offset_applied`, its first version and Digital Earth Africa in
    `sentinel:boa_offset_applied`, and keep -0.1 in the band's metadata all the same). Then
    comes the baseline; then a band offset of 0, which says that nothing is left to add.

    Raises InvalidScene if neither baseline, nor band, nor date decides, and for a word on offsets
    that is not known: a guess would be wrong by 0.1 of reflectance.
    """
    if word := _is_applied(properties, name):
        return Offset(0, f"{word} says that it is applied")
    baseline = baseline_of(properties, name)
    said = f"baseline {baseline[0]:02d}.{baseline[1]:02d}" if baseline else ""
    if baseline is not None and baseline < SINCE_BASELINE:
        return Offset(0, f"{said} comes before 04.00")
    declared = _declared(asset)
    if declared is not None:
        return Offset(declared, "the band's metadata say so")
    if baseline is not None:
        return Offset(OFFSET, f"{said} is 04.00 or later")
    if date >= SINCE_DATE:
        return Offset(OFFSET, f"no baseline, acquired since {SINCE_DATE}")
    raise InvalidScene(
        "{a} names no processing baseline, so its radiometric offset is unknown: use a"
        " collection with s2:processing_baseline or processing:version.",
        a=name,
    )


def _is_applied(properties: Mapping[str, Any], name: str) -> str:
    """The property that says so; empty where none does."""
    said = {key: value for key, value in properties.items() if _SAID.search(str(key))}
    for key, value in said.items():
        if key not in _APPLIED or not isinstance(value, bool):
            raise InvalidScene(
                "{a} says {b}: {c}, which is not understood, so its radiometric offset is"
                " unknown: it is left out.",
                a=name,
                b=str(key)[:60],
                c=str(value)[:20],
            )
    return next((str(key) for key, value in said.items() if value), "")


def _declared(asset: Mapping[str, Any]) -> int | None:
    """[DN] the offset in the asset's band metadata (reflectance), if there is one."""
    bands = [*(asset.get("raster:bands") or ()), *(asset.get("bands") or ()), asset]
    for band in bands:
        value = band.get("offset", band.get("raster:offset"))
        if isinstance(value, int | float):
            # -0.1 of reflectance with a scale of 0.0001; some write the digital number itself.
            return round(value * sentinel2.SCALE) if abs(value) <= 1 else round(value)
    return None
