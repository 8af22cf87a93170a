"""Sentinel-2's bands and numbers, in one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropdash.domain.errors import ConfigError

SCALE = 10_000  # digital number of reflectance 1.0
MISSING = 65_535  # on disk, in uint16; NaN in memory
CLEAR_SCL = (4, 7)  # Sen2Cor classes kept: vegetation, bare soil, water, unclassified
SCL = "SCL"
SCL_STAC = ("SCL", "SCL_20m", "scl")  # its assets' names at different providers
FIRST_YEAR = 2015  # that the satellites have flown in


@dataclass(frozen=True)
class Band:
    """One band of the multispectral instrument."""

    name: str  # "B8A"
    title: str  # "narrow near infrared"
    centre_nm: float  # of Sentinel-2A
    resolution_m: int
    stac: tuple[str, ...]  # assets that hold it at different providers, its own resolution first


# Centres: ESA, Sentinel-2 Spectral Response Functions (COPE-GSEG-EOPG-TN-15-0007), Sentinel-2A.
TABLE: dict[str, Band] = {
    band.name: band
    for band in (
        Band("B2", "blue", 492.4, 10, ("B02", "B02_10m", "blue")),
        Band("B3", "green", 559.8, 10, ("B03", "B03_10m", "green")),
        Band("B4", "red", 664.6, 10, ("B04", "B04_10m", "red")),
        Band("B5", "red edge 1", 704.1, 20, ("B05", "B05_20m", "rededge1")),
        Band("B6", "red edge 2", 740.5, 20, ("B06", "B06_20m", "rededge2")),
        Band("B7", "red edge 3", 782.8, 20, ("B07", "B07_20m", "rededge3")),
        Band("B8", "near infrared", 832.8, 10, ("B08", "B08_10m", "nir")),
        Band("B8A", "narrow near infrared", 864.7, 20, ("B8A", "B8A_20m", "nir08")),
        Band("B11", "short-wave infrared 1", 1613.7, 20, ("B11", "B11_20m", "swir16")),
        Band("B12", "short-wave infrared 2", 2202.4, 20, ("B12", "B12_20m", "swir22")),
    )
}
BAND_SETS: dict[str, tuple[str, ...]] = {
    "10m": ("B2", "B3", "B4", "B8"),
    "all": tuple(TABLE),
}
NEEDED = ("B4", "B8")  # NDVI, by which parcels are shown and judged, is made of them


def bands_of(text: str | Sequence[str]) -> tuple[str, ...]:
    """Bands by the name of a set, or named one by one ("B2,B3,B4,B8"), in the table's order.

    Raises ConfigError for unknown or repeated bands, and where those of NDVI are not among them.
    """
    given = BAND_SETS.get(text.strip().lower(), text) if isinstance(text, str) else text
    names = given.split(",") if isinstance(given, str) else given
    wanted = [band_name(str(name)) for name in names]
    unknown = [name for name in wanted if name not in TABLE]
    if unknown:
        raise ConfigError(
            "{a} is no band: name some of {b}, or the set {c}.",
            a=unknown[0] or "An empty name",
            b=", ".join(TABLE),
            c=" or ".join(BAND_SETS),
        )
    if len(set(wanted)) != len(wanted):
        raise ConfigError("Bands {a} repeat: name each once.", a=", ".join(wanted))
    if not set(NEEDED) <= set(wanted):
        raise ConfigError(
            "Bands {a} lack {b}: NDVI is made of {c}, so name both.",
            a=", ".join(wanted),
            b=" or ".join(n for n in NEEDED if n not in wanted),
            c=" and ".join(NEEDED),
        )
    return tuple(name for name in TABLE if name in wanted)


def band_name(name: str) -> str:
    """A band's name as the table writes it: "B08", " b8", "nir" and "B8" are one band."""
    text = name.strip().upper()
    for band in TABLE.values():
        if text in map(str.upper, band.stac):
            return band.name
    if text in map(str.upper, SCL_STAC):
        return SCL
    return f"B{text[2:]}" if text.startswith("B0") else text


def rounded(reflectance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Reflectance as a digital number of the products holds it; NaN stays."""
    numbers = np.clip(np.rint(reflectance * np.float32(SCALE)), 0, MISSING - 1)
    return np.asarray(numbers / np.float32(SCALE), np.float32)
