"""The simulator's tables, and the random streams that its steps draw from."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

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


@cache
def columns(table: str) -> dict[str, NDArray[Any]]:
    """Columns of a table of cropdash/resources: numbers (NaN where empty) or texts."""
    found = rows(table)
    return {name: _column([row[name] for row in found]) for name in found[0]}


def _column(values: list[str]) -> NDArray[Any]:
    try:
        numbers = np.array([float(value or "nan") for value in values])
    except ValueError:
        return np.array(values)
    is_whole = all(value.lstrip("-").isdigit() for value in values)
    return numbers.astype(np.int64) if is_whole else numbers


FINE = sentinel2.BAND_SETS["10m"]
COARSE = tuple(name for name in sentinel2.TABLE if name not in FINE)  # bands of 20 m


@cache
def spectrum(what: str, bands: tuple[str, ...]) -> Reals:
    """(B,) a property of ground, flowers or sky in these bands, see spectra.csv; "" is zero."""
    table = columns("simulator/spectra.csv")
    return np.array([table[b][table["what"] == what].sum() for b in bands])


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


def priors(region: str) -> Reals:
    """(K,) how many parcels of each class a region has; class 0 = crops that are not mapped."""
    found: Reals = columns("simulator/class_priors.csv")[region].astype(np.float64)
    return found


def mean_ha() -> Reals:
    """(K,) mean area of the parcels of each class."""
    found: Reals = columns("simulator/class_priors.csv")["mean_parcel_ha"]
    return found


def codes() -> dict[str, NDArray[Any]]:
    """Codes of every class and of common crops that are not mapped, with what grows there.

    Columns: code, class_id, parcels (in the whole country), grows_as (class of the calendar),
    mean_ha (NaN where the class's own mean holds). Parcel counts are those of RPG 2023 (c) IGN/ASP,
    Licence Ouverte Etalab 2.0.
    """
    return columns("simulator/crop_codes.csv")


WOOD, EVERGREEN_WOOD, VILLAGE, WATER, VERGE = 51, 52, 53, 54, 55  # growth ids beyond the classes
MAX_CUTS = 4


@dataclass(frozen=True, eq=False)
class Calendar:
    """How each class grows through the year; one row per class and variant."""

    class_id: Index  # (V,)
    variant_share: Reals  # (V,)
    kind: NDArray[np.str_]  # (V,) annual, perennial_herb or woody
    ground: NDArray[np.str_]  # (V,) soil, built or water
    flower_colour: NDArray[np.str_]  # (V,)
    number: dict[str, Reals]  # column -> (V,), NaN where it says nothing of the class
    cuts: Reals  # (V, MAX_CUTS, 3) day, its standard deviation, probability; NaN = no cut


@cache
def calendar() -> Calendar:
    """The crop calendar."""
    table = columns("simulator/crop_calendar.csv")
    numbers = {name: values for name, values in table.items() if values.dtype.kind in "if"}
    of_cuts = [table[name] for name in ("cut_doys", "cut_sd_d", "cut_probability")]
    return Calendar(
        table["class_id"], table["variant_share"], table["kind"], table["ground"],
        table["flower_colour"], numbers, np.stack([_cuts(row) for row in zip(*of_cuts, strict=True)]),
    )  # fmt: skip


def _cuts(row: tuple[str, ...]) -> Reals:
    cuts = np.full((MAX_CUTS, 3), np.nan)
    for column, text in enumerate(row):
        values = [float(value) for value in text.split(";") if value]
        cuts[: len(values), column] = values
    return cuts
