"""The simulator's tables, and the random streams that its steps draw from."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import sentinel2

Reals = NDArray[np.float64]
Index = NDArray[np.int64]


def stream(seed: int, *names: str) -> np.random.Generator:
    """A random stream of its own for every seed and purpose, the same on every machine."""
    digest = hashlib.sha256("/".join(names).encode()).digest()
    return np.random.default_rng(
        np.random.SeedSequence([seed, *np.frombuffer(digest[:16], dtype="<u4").tolist()])
    )


def yearly(seed: int, zone_id: str, what: str, year: int) -> np.random.Generator:
    """The stream of a zone in one calendar year."""
    return stream(seed, zone_id, what, str(year))


def rows(table: str) -> list[dict[str, str]]:
    """Rows of a table of cropdash/resources, e.g. "simulator/regions.csv"."""
    file = resources.files("cropdash").joinpath("resources", *table.split("/"))
    return list(csv.DictReader(file.read_text(encoding="utf-8").splitlines()))


FINE = sentinel2.BAND_SETS["10m"]
COARSE = tuple(name for name in sentinel2.TABLE if name not in FINE)  # bands of 20 m


@cache
def spectrum(what: str, bands: tuple[str, ...]) -> Reals:
    """(B,) a property of ground, flowers or sky in these bands, see spectra.csv; "" is zero."""
    table = {row["what"]: row for row in rows("simulator/spectra.csv")}
    return np.array([float(table[what][band]) if what else 0.0 for band in bands])


@dataclass(frozen=True)
class Region:
    """What sets a region apart."""

    region: str
    lat: float  # [degrees]
    phenology_shift_d: float  # [days] later than the reference region
    mediterranean_sky: float  # 0 = northern cloud regime, 1 = Mediterranean
    median_parcel_ha: float
    non_field_share: float  # woods, villages, water
    catch_crop_share: float
    soil_brightness: float
    summer_drought: float
    strip_field_share: float
    hedged_share: float  # blocks whose fields have hedges between them


@cache
def regions() -> dict[str, Region]:
    """Regions by name."""
    fields = [name for name in Region.__dataclass_fields__ if name != "region"]
    return {
        row["region"]: Region(row["region"], *(float(row[name]) for name in fields))
        for row in rows("simulator/regions.csv")
    }


@dataclass(frozen=True, eq=False)
class Priors:
    """How many parcels of each class a region has (class 0 = crops that are not mapped)."""

    mean_ha: Reals  # (K,)
    parcels: dict[str, Reals]  # region -> (K,)


@cache
def priors() -> Priors:
    """Parcels per class and region."""
    table = rows("simulator/class_priors.csv")
    names = [name for name in table[0] if name not in ("class_id", "mean_parcel_ha")]
    return Priors(
        np.array([float(row["mean_parcel_ha"]) for row in table]),
        {name: np.array([float(row[name]) for row in table]) for name in names},
    )


@dataclass(frozen=True, eq=False)
class Codes:
    """Register codes in use, with what grows on their parcels."""

    code: tuple[str, ...]
    class_id: Index
    parcels: Reals  # in the whole country
    grows_as: Index  # class of the calendar, see `calendar`
    mean_ha: Reals  # NaN where the class's own mean holds


@cache
def codes() -> Codes:
    """Codes of every class and of common crops that are not mapped.

    Parcel counts are those of RPG 2023 (c) IGN/ASP, Licence Ouverte Etalab 2.0.
    """
    table = rows("simulator/crop_codes.csv")
    return Codes(
        tuple(row["code"] for row in table),
        np.array([int(row["class_id"]) for row in table]),
        np.array([float(row["parcels"]) for row in table]),
        np.array([int(row["grows_as"]) for row in table]),
        np.array([float(row["mean_ha"] or "nan") for row in table]),
    )


WOOD, EVERGREEN_WOOD, VILLAGE, WATER, VERGE = 51, 52, 53, 54, 55  # growth ids beyond the classes
MAX_CUTS = 4


@dataclass(frozen=True, eq=False)
class Calendar:
    """How each class grows through the year; one row per class and variant.

    `number` holds the numeric columns, NaN where a column says nothing of the class.
    """

    class_id: Index  # (V,)
    variant_share: Reals  # (V,)
    kind: NDArray[np.str_]  # (V,) annual, perennial_herb or woody
    ground: NDArray[np.str_]  # (V,) soil, built or water
    flower_colour: NDArray[np.str_]  # (V,)
    number: dict[str, Reals]  # column -> (V,)
    cuts: Reals  # (V, MAX_CUTS, 3) day, its standard deviation, probability; NaN = no cut


@cache
def calendar() -> Calendar:
    """The crop calendar."""
    table = rows("simulator/crop_calendar.csv")
    texts = ("name", "kind", "ground", "flower_colour", "cut_doys", "cut_sd_d", "cut_probability")
    numeric = [name for name in table[0] if name not in (*texts, "class_id", "variant_share")]
    return Calendar(
        np.array([int(row["class_id"]) for row in table]),
        np.array([float(row["variant_share"]) for row in table]),
        kind=np.array([row["kind"] for row in table]),
        ground=np.array([row["ground"] for row in table]),
        flower_colour=np.array([row["flower_colour"] for row in table]),
        number={name: np.array([float(row[name] or "nan") for row in table]) for name in numeric},
        cuts=np.stack([_cuts(row) for row in table]),
    )


def _cuts(row: dict[str, str]) -> Reals:
    cuts = np.full((MAX_CUTS, 3), np.nan)
    for column, name in enumerate(("cut_doys", "cut_sd_d", "cut_probability")):
        values = [float(value) for value in row[name].split(";") if value]
        cuts[: len(values), column] = values
    return cuts
