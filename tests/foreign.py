"""One landscape with a foreign register, as each source has it: ten bands, ten-day periods, 12 classes."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from typer.testing import CliRunner

from cropdash.cli.app import app
from cropdash.domain import Grid, Season
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.files.retry import Retry
from cropdash.ingest.earthengine import connect, source
from cropdash.ingest.earthengine.credentials import KEY
from cropdash.ingest.earthengine.service import Service
from cropdash.storage import rasters
from tests.ingest.earthengine import server as earthengine
from tests.ingest.earthengine import worlds
from tests.ingest.earthengine.service import key_file
from tests.ingest.earthengine.worlds import Granule
from tests.ingest.stac import api as stac
from tests.ingest.stac.products import Product

SOURCES = ("simulated", "local", "stac", "earthengine")
SEASON, BANDS = Season.of("2022-10..2023-09", "dekad"), BAND_SETS["all"]
ASKED = ("--season", SEASON.text, "--every", "dekad", "--bands", "all")
ZONES = ("southwest_1", "southwest_2", "massif_central_1", "massif_central_2")
SIZE = 64
ID_COLUMN, CODE_COLUMN = "FS_KENNUNG", "SNAR_CODE"
STRANGE = 9999  # a code that no table knows
# name, group, family, English, French, colour (empty: one is made)
CLASSES = (
    ("winterweichweizen", "wintergetreide", "ackerland", "Common wheat (winter)",
     "Blé commun (hiver)", "#c8a000"),
    ("hartweizen", "wintergetreide", "ackerland", "Hard wheat", "Blé à pâtes", ""),
    ("wintergerste", "wintergetreide", "ackerland", "Six-row barley", "Escourgeon", "#e07a1f"),
    ("triticale_roggen", "wintergetreide", "ackerland", "Triticale and rye of all sowing dates",
     "Triticale et seigle de tous semis", ""),
    ("mais", "hackfrucht", "ackerland", "Corn", "Maïs grain ou fourrage", "#ffe14d"),
    ("oelsonnenblume", "oelfrucht", "ackerland", "Oil sunflower", "Tournesol à huile", ""),
    ("kleegras_luzerne", "feldfutter", "ackerland", "Clover and lucerne leys",
     "Prairies de trèfle et de luzerne", "#3aa655"),
    ("wechselwiese", "feldfutter", "ackerland", "Ley", "Prairie en rotation", ""),
    ("dauergruenland", "gruenland", "gruenland", "Meadows and pastures", "Prés et pâtures", ""),
    ("brache", "stilllegung", "ackerland", "Set-aside", "Gel des terres", "#b5a99c"),
    ("weingarten", "dauerkultur", "dauerkulturen", "Wine", "Vin", "#7b2d8b"),
    ("obst_nuss", "dauerkultur", "dauerkulturen", "Fruit and nuts", "Fruits et noix", ""),
)  # fmt: skip
NAMES = tuple(row[0] for row in CLASSES)
# The landscape's code -> the foreign class, by its name; the register's own code is OWN of it.
MEANS = {
    "BTH": "winterweichweizen", "BDH": "hartweizen", "ORH": "wintergerste",
    "TTH": "triticale_roggen", "SGH": "triticale_roggen", "MIS": "mais", "TRN": "oelsonnenblume",
    "LUZ": "kleegras_luzerne", "MLG": "kleegras_luzerne", "TRE": "kleegras_luzerne",
    "PHI": "kleegras_luzerne", "PTR": "wechselwiese", "PPH": "dauergruenland",
    "SPH": "dauergruenland", "SPL": "dauergruenland", "JAC": "brache", "VRC": "weingarten",
    "VRG": "weingarten", "NOX": "obst_nuss", "PEP": "obst_nuss", "CTG": "obst_nuss",
    "SNE": "background", "BOR": "background", "POT": "background",
}  # fmt: skip
OWN = {code: 4100 + i for i, code in enumerate(MEANS)}
IDS = {str(OWN[code]): ("background", *NAMES).index(name) for code, name in MEANS.items()}


def call(*arguments: object) -> str:
    """What the command line says; fails where it does."""
    words = [str(word) for word in arguments]
    result = CliRunner().invoke(app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def legend_of(folder: Path) -> tuple[str, ...]:
    """Tables of classes and of codes in the folder, as options of `build`."""
    classes, own, rpg = (folder / f"{name}.csv" for name in ("classes", "own", "rpg"))
    _write(classes, ("name", "group", "family", "label_en", "label_fr", "colour"), CLASSES)
    _write(own, ("code", "class"), [(OWN[code], name) for code, name in MEANS.items()])
    _write(rpg, ("code", "class"), MEANS.items())
    return ("--legend", str(classes), "--codes", f"{own},{rpg}")


def _write(path: Path, head: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([head, *rows])


def landscape(folder: Path) -> Path:
    """Four zones as files: at most one scene a period and zone, and the foreign register."""
    zones = [word for name in ZONES for word in ("--zone", name)]
    season = ("--season", SEASON.text, "--bands", "all")
    call("simulate", "export", folder, *zones, *season, "--size", SIZE)
    known: set[tuple[str, str]] = set()
    for path in sorted((folder / "scenes").glob("*.tif")):
        zone, _, day = path.stem.removeprefix("S2_L2A_").rpartition("_")
        date = dt.date.fromisoformat(day)
        period = next(p.id for p in SEASON.periods if p.start <= date <= p.end)
        if (zone, period) in known:
            path.unlink()
        known.add((zone, period))
    path = folder / "register.gpkg"
    frame = gpd.read_file(path)
    frame[CODE_COLUMN] = [OWN.get(code, STRANGE) for code in frame.pop("CODE_CULTU")]
    path.unlink()
    frame.rename(columns={"ID_PARCEL": ID_COLUMN}).to_file(path, layer="schlaege")
    return folder


def granules(folder: Path) -> Iterator[Granule]:
    """The scenes of the landscape, as acquisitions of a tile."""
    for path in sorted((folder / "scenes").glob("*.tif")):
        values, grid, _ = rasters.read(path)
        when = dt.datetime.fromisoformat(f"{path.stem[-8:]}T10:50:31")
        yield Granule("31TCJ", when, 1, grid, values[:-1].astype(int), values[-1], bands=BANDS)


@contextmanager
def source_of(name: str, folder: Path, land: Path) -> Iterator[tuple[str, ...]]:
    """The options of `build` for a source of the landscape; services are there while it lasts."""
    columns = ("--id-column", ID_COLUMN, "--code-column", CODE_COLUMN)
    fetched = ("--register", f"{land / 'register.gpkg'}", "--zones", f"{land / 'zones.geojson'}")
    if name == "simulated":
        yield ("--source", name, "--size", str(SIZE), "--zones-per-region", "2")
    elif name == "local":
        yield ("--source", name, "--folder", str(land), *columns)
    elif name == "stac":
        (folder / "files").mkdir()
        with stac.serve(folder / "files") as api:
            api.page = 100
            for n, granule in enumerate(granules(land)):
                item = _product(f"g{n}", granule).write(api.folder, f"{api.url}/files")
                api.items.append(item)
            yield ("--source", name, "--endpoint", api.url, *fetched, *columns)
    else:
        with earthengine.serve() as google, pytest.MonkeyPatch.context() as patch:
            google.assets = worlds.collection(list(granules(land)))
            (folder / "key.json").write_text(json.dumps(key_file(google.url)))
            patch.setenv(KEY, str(folder / "key.json"))
            patch.setenv("NO_GCE_CHECK", "true")
            service = Service(google.url, Retry(attempts=2, base=0.1))
            patch.setattr(
                source, "EarthEngineSource", partial(source.EarthEngineSource, service=service)
            )
            connect.close()
            yield ("--source", name, "--project", "my-project", *fetched, *columns)
            connect.close()


def _product(name: str, granule: Granule) -> Product:
    when = f"{granule.when:%Y-%m-%dT%H:%M:%S}Z"
    numbers, scl = granule.numbers.astype(np.uint16), granule.scl.astype(np.uint8)
    return Product(name, when, granule.grid, numbers, scl, "02.14", granule.tile, bands=BANDS)


def declared(land: Path, grid: Grid) -> set[tuple[str, str]]:
    """Own id and own code of the parcels in a zone's square, read without the project's code."""
    frame = gpd.read_file(land / "register.gpkg").to_crs(grid.crs).clip(grid.bounds)
    return set(zip(frame[ID_COLUMN].astype(str), frame[CODE_COLUMN].astype(str), strict=True))
