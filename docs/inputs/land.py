"""Parcels: registers as countries give them, points, outlines, tables; and lists of zones."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from docs.inputs import world
from docs.inputs.case import Case, declares, table_of
from docs.inputs.world import CLASSES, FRAME

REGISTERS, ROWS, POINTS, ZONES = (
    "Registers",
    "Tables of parcel means",
    "Points and outlines",
    "Zones",
)
ALL = "each field has its class"
_MONTHS = (5, 7)


def _images(folder: Path) -> Path:
    return world.composites(folder, _MONTHS)


def _words(folder: Path, *more: str) -> list[str]:
    return ["--folder", str(world.zones(folder)), *more]


def _register(
    name: str = "register.gpkg",
    more: tuple[str, ...] = (),
    codes: Mapping[str, object] | None = None,
    codes_column: str = "CODE_CULTU",
    **given: Any,
) -> Callable[[Path], list[str]]:
    """A register of a country: its columns, reference system and codes, and what is said of it."""

    def make(folder: Path) -> list[str]:
        world.register(_images(folder) / name, meaning=codes, codes=codes_column, **given)
        words = list(more)
        if codes:
            rows = [f"{code},{CLASSES[own]}" for own, code in codes.items()]
            (folder / "codes_of_the_register.csv").write_text(
                "code,class\n" + "\n".join(rows) + "\n"
            )
            words += ["--codes", str(folder / "codes_of_the_register.csv")]
        return _words(folder, *words)

    return make


def _country(
    crs: int, layer: str, ids: str | None, codes: str, meaning: dict[str, object], **more: Any
) -> Callable[[Path], list[str]]:
    words = ("--id-column", ids or "fid", "--code-column", codes)
    return _register(
        more=words, codes=meaning, crs=crs, layer=layer, ids=ids, codes_column=codes, **more
    )


def _two_layers(named: bool) -> Callable[[Path], list[str]]:
    """Portugal's file holds a layer a region; the RPG's completed edition one beside the parcels."""

    def make(folder: Path) -> list[str]:
        path = _images(folder) / "register.gpkg"
        world.register(path, crs=3763, layer="Culturas_Alentejo", ids="OSA_ID", codes="CUL_CODIGO")
        other = gpd.read_file(path, layer="Culturas_Alentejo").iloc[:2]
        other.to_file(path, layer="Culturas_Algarve", driver="GPKG", engine="pyogrio")
        layer = ("--layer", "Culturas_Alentejo") if named else ()
        return _words(folder, "--id-column", "OSA_ID", "--code-column", "CUL_CODIGO", *layer)

    return make


def _completed(folder: Path) -> list[str]:
    path = world.register(_images(folder) / "RPG_complete.gpkg")
    gpd.read_file(path).iloc[:3].assign(ID_PARCEL="x").to_file(
        path, layer="ILOTS_ANONYMES", driver="GPKG", engine="pyogrio"
    )
    return _words(folder)


def _shaped(change: Callable[[Any], Any]) -> Callable[[Path], list[str]]:
    return _register(shape=change)


def _hole(shape: Any) -> Any:
    middle = shape.centroid.buffer(8, cap_style="square")
    return shapely.MultiPolygon([shapely.Polygon(shape.exterior, [middle.exterior.coords])])


def _holes_are_left(dataset: Any) -> str:
    legend, right, fields = dataset.legend(), 0, 0
    for zone in dataset.built_zones():
        crop = dataset.labels(zone.zone_id).crop
        row, column = world.place_of(zone.grid)
        for one in world.fields():
            i, j = one.row - row, one.column - column
            if 0 <= j < crop.shape[1]:
                around = legend.classes[crop[i + 1, j + 1]].name == CLASSES[one.code]
                fields += 1
                right += around and not crop[i + 2 : i + 4, j + 2 : j + 4].any()
    return f"{right} of {fields} fields are as they were drawn" if right == fields > 0 else ""


def _bowtie(shape: Any) -> Any:
    """An outline that crosses itself in a corner."""
    points = list(shape.exterior.coords)
    return shapely.Polygon(
        [*points[:-1], (points[0][0] - 1, points[0][1] + 1), points[1], points[0]]
    )


def _native(folder: Path) -> list[str]:
    path = world.register(_images(folder) / "register.gpkg")
    gpd.read_file(path).to_parquet(folder / "register.parquet", geometry_encoding="geoarrow")
    path.unlink()
    return _words(folder)


def _view(folder: Path) -> list[str]:
    path = world.register(_images(folder) / "register.gpkg")
    with closing(sqlite3.connect(path)) as base:
        base.execute("CREATE VIEW endless AS SELECT * FROM PARCELLES_GRAPHIQUES")
        base.commit()
    return _words(folder)


def _no_file(folder: Path) -> list[str]:
    return _words(_images(folder))


def _shapefile(folder: Path) -> list[str]:
    path = world.register(_images(folder) / "register.gpkg")
    gpd.read_file(path).to_file(folder / "register.shp")
    path.unlink()
    return _words(folder, "--register", str(folder / "register.shp"))


def _table(
    name: str = "t.csv",
    change: Callable[[pd.DataFrame], pd.DataFrame] = lambda f: f,
    more: tuple[str, ...] = (),
    **given: Any,
) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        path = world.table(folder / name, **given)
        if path.suffix == ".csv":
            change(pd.read_csv(path, dtype={"id": str})).to_csv(path, index=False)
        return ["--table", str(path), *more]

    return make


def _pipe(folder: Path) -> list[str]:
    os.mkfifo(folder / "t.csv")  # which would be waited for
    return ["--table", str(folder / "t.csv")]


def _brighter(frame: pd.DataFrame) -> pd.DataFrame:
    """Each row once more, with another red."""
    return pd.concat([frame, frame.assign(B4=frame["B4"] + 0.02)])


def _one_a_day(dataset: Any) -> str:
    """Each parcel was seen on one day of each month, whatever the rows."""
    seen = {int(dataset.clear_dates(z.zone_id).max()) for z in dataset.built_zones()}
    return table_of(32)(dataset) if seen == {1} else ""


def _points(
    name: str, more: tuple[str, ...] = ("--id-column", "id", "--code-column", "crop"), **given: Any
) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        world.points(_images(folder) / name, **given)
        return _words(folder, *more)

    return make


def _outlines(*more: str) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        world.register(_images(folder) / "register.gpkg", codes=None)
        return _words(folder, *more)

    return make


def _nothing_known(dataset: Any) -> str:
    zones = dataset.built_zones()
    known = sum(int(np.isin(dataset.labels(z.zone_id).crop, (0, 255)).sum()) for z in zones)
    whole = sum(dataset.labels(z.zone_id).crop.size for z in zones)
    return "outlines, no class" if known == whole > 0 else ""


def _commas(path: Path, *columns: str) -> None:
    """A CSV as a spreadsheet of many languages writes it: semicolons, and decimals after commas."""
    frame = pd.read_csv(path, dtype=str, sep=None, engine="python")
    frame = frame.assign(**{c: frame[c].str.replace(".", ",") for c in columns})
    frame.to_csv(path, index=False, sep=";", encoding="utf-8-sig")


def _table_of_commas(folder: Path) -> list[str]:
    made = _table()(folder)
    _commas(folder / "t.csv", *world.FOUR)
    return made


def _points_of_commas(folder: Path) -> list[str]:
    made = _points("points.csv")(folder)
    _commas(folder / "points.csv", "lon", "lat")
    return made


def _zones_of_commas(folder: Path) -> list[str]:
    made = _zones_csv(folder)
    _commas(folder / "zones.csv", "xmin", "ymin", "xmax", "ymax")
    return made


def _geojson(folder: Path) -> list[str]:
    path = world.register(_images(folder) / "register.gpkg")
    gpd.read_file(path).to_crs(4326).to_file(folder / "parcels.geojson", driver="GeoJSON")
    path.unlink()
    return _words(folder)


def _zones(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        world.register(world.zones(_images(folder)) / "register.gpkg")
        world.edited(folder / "zones.geojson", change)
        return ["--folder", str(folder)]

    return make


def _set(place: int, **values: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["features"][place]["properties"].update(values)


def _half(folder: Path) -> list[str]:
    west = replace(FRAME, shape=(24, 24))
    world.register(_images(folder) / "register.gpkg", frame=west)
    return ["--folder", str(folder), "--size", "24"]


def _proposed(size: int) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        world.register(_images(folder) / "register.gpkg")
        return ["--folder", str(folder), "--size", str(size)]

    return make


def _zones_csv(folder: Path) -> list[str]:
    world.register(_images(folder) / "register.gpkg")
    left, bottom, right, top = FRAME.bounds
    middle, epsg = (left + right) / 2, FRAME.crs.removeprefix("EPSG:")
    rows = [("west", "train", left, middle), ("east", "test", middle, right)]
    lines = [f"{name};here;{side};{a};{bottom};{b};{top};{epsg}" for name, side, a, b in rows]
    (folder / "zones.csv").write_text(
        "zone_id;region;split;xmin;ymin;xmax;ymax;epsg\n" + "\n".join(lines)
    )
    return ["--folder", str(folder)]


def _vrt(folder: Path) -> list[str]:
    world.register(_images(folder) / "register.gpkg")
    (folder / "zones.geojson").write_text(
        "<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>"
    )
    return ["--folder", str(folder)]


def _moved(document: dict[str, Any]) -> None:
    for feature in document["features"]:
        ring = feature["geometry"]["coordinates"][0]
        feature["geometry"]["coordinates"][0] = [[x + 1, y] for x, y in ring]


def _codes(*values: object) -> dict[str, object]:
    return dict(zip(CLASSES, values, strict=True))


COUNTRIES = {
    "Netherlands, BRP: no id but the feature's": _country(
        28992, "brp_gewaspercelen_definitief_2023", None, "gewascode", _codes(233, 259, 265)
    ),
    "Catalonia, DUN: no id, crops by name": _country(
        25831, "DUN2023", None, "cultiu", _codes("BLAT TOU", "BLAT DE MORO", "PASTURA PERMANENT")
    ),
    "Austria, INVEKOS": _country(
        31287, "INVEKOS_SCHLAEGE_2021_2_POLYGON", "GEO_ID", "SNAR_CODE", _codes(138, 109, 717)
    ),
    "Flanders": _country(31370, "Lbgbrprc21", "ALVID", "GWSCOD_H", _codes("311", "201", "60")),
    "Denmark, Marker: field numbers of each farm": _country(
        25832, "Marker_2023", "Marknr", "Afgkode", _codes(11, 216, 252)
    ),
    "Slovenia: codes that begin with 0": _country(
        3794, "KMRS_2021", "ID", "SIFRA_KMRS", _codes("801", "006", "204")
    ),
    "North Rhine-Westphalia": _country(25832, "nrw_2021", "ID", "CODE", _codes(115, 411, 459)),
    "Portugal": _country(3763, "Culturas_2021", "OSA_ID", "CUL_CODIGO", _codes(1, 8, 145)),
}

CASES = [
    Case(
        REGISTERS,
        "France, RPG 2015 to 2023",
        _register("PARCELLES_GRAPHIQUES.gpkg"),
        ALL,
        declares(),
    ),
    Case(
        REGISTERS,
        "France, RPG 2024: other layer and names",
        _register(
            "RPG_Parcelles.gpkg", layer="RPG_Parcelles", ids="id_parcel", codes_column="code_cultu"
        ),
        ALL,
        declares(),
    ),
    Case(REGISTERS, "France, RPG complété: two layers", _completed, ALL, declares()),
    *(Case(REGISTERS, name, make, ALL, declares()) for name, make in COUNTRIES.items()),
    Case(REGISTERS, "Portugal, a layer a region, one named", _two_layers(True), ALL, declares()),
    Case(
        REGISTERS,
        "Portugal, a layer a region, none named",
        _two_layers(False),
        "refused",
        said="Name the layer of the parcels: --layer",
    ),
    Case(REGISTERS, "GeoParquet", _register("register.parquet"), ALL, declares()),
    Case(
        REGISTERS, "GeoParquet in degrees", _register("register.parquet", crs=4326), ALL, declares()
    ),
    Case(REGISTERS, "GeoParquet in native encoding", _native, "refused", said="write it as WKB"),
    Case(
        REGISTERS,
        "no column of the crop",
        _register(codes_column="CULTURE"),
        "refused",
        said="no column CODE_CULTU",
    ),
    Case(
        REGISTERS,
        "no reference system",
        _register(no_crs=True),
        "refused",
        said="no reference system",
    ),
    Case(
        REGISTERS,
        "a hole in each field",
        _shaped(_hole),
        "each field has its class around the hole",
        _holes_are_left,
    ),
    Case(REGISTERS, "outlines that cross themselves", _shaped(_bowtie), ALL, declares()),
    Case(
        REGISTERS,
        "outlines with heights, in collections",
        _shaped(lambda g: shapely.GeometryCollection([shapely.force_3d(g, 120.0), g.centroid])),
        ALL,
        declares(),
    ),
    Case(
        REGISTERS, "GeoJSON beside the images", _geojson, "refused", said="convert parcels.geojson"
    ),
    Case(REGISTERS, "a Shapefile", _shapefile, "refused", said="ogr2ogr -f GPKG"),
    Case(REGISTERS, "a GeoPackage with a view", _view, "refused", said="holds a view"),
    Case(
        REGISTERS,
        "a layer whose name holds quotes",
        _register(layer='a"; --', more=("--layer", 'a"; --')),
        ALL,
        declares(),
    ),
    Case(REGISTERS, "none in the folder", _no_file, "refused", said="must hold one register"),
    Case(POINTS, "points in degrees (CSV)", _points("points.csv"), "a pixel a point", table_of(96)),
    Case(
        POINTS,
        "points in metres with epsg (CSV)",
        _points("points.csv", degrees=False),
        "a pixel a point",
        table_of(96),
    ),
    Case(
        POINTS, "semicolons and decimal commas", _points_of_commas, "a pixel a point", table_of(96)
    ),
    Case(POINTS, "points in a GeoPackage", _points("points.gpkg"), "a pixel a point", table_of(96)),
    Case(
        POINTS,
        "points without a crop",
        _points("points.csv", codes=None),
        "refused",
        said="no column crop",
    ),
    Case(
        POINTS,
        "outlines alone, said so",
        _outlines("--code-column", "none"),
        "outlines, no class",
        _nothing_known,
    ),
    Case(
        POINTS, "outlines alone, not said", _outlines(), "refused", said="none for outlines alone"
    ),
    Case(ROWS, "CSV, fractions", _table(), "each parcel in its zone", table_of(32)),
    Case(
        ROWS,
        "semicolons and decimal commas",
        _table_of_commas,
        "each parcel in its zone",
        table_of(32),
    ),
    Case(
        ROWS,
        "the crop in some rows of a parcel",
        _table(change=lambda f: f.assign(crop=f["crop"].where(f.index % 5 != 0))),
        "each parcel in its zone",
        table_of(32),
    ),
    Case(
        ROWS,
        "months in place of days",
        _table(change=lambda f: f.assign(date=f["date"].str[:7])),
        "refused",
        said="is no day",
    ),
    Case(
        ROWS,
        "-9999 for what is missing",
        _table(change=lambda f: f.assign(B4=f["B4"].where(f.index % 5 != 0, -9999))),
        "refused",
        said="leave the cell empty",
    ),
    Case(
        ROWS,
        "Parquet, x 10,000",
        _table("t.parquet", digital=True),
        "each parcel in its zone",
        table_of(32),
    ),
    Case(
        ROWS,
        "ids 007 and 07",
        _table(change=lambda f: f.replace({"id": {"P0000": "007", "P0001": "07"}})),
        "two parcels",
        table_of(32),
    ),
    Case(
        ROWS,
        "no region, but coordinates",
        _table(
            place=True,
            change=lambda f: f.drop(columns="region").assign(
                lon=f["lon"] + (f["region"] == "east")
            ),
        ),
        "blocks",
        table_of(32),
    ),
    Case(
        ROWS,
        "neither region nor place",
        _table(change=lambda f: f.drop(columns="region")),
        "refused: no honest split",
        said="can't be kept apart",
    ),
    Case(
        ROWS,
        "a column split that cuts a region",
        _table(change=lambda f: f.assign(split=np.where(f["id"] < "P02", "test", "train"))),
        "refused",
        said="wholly train or test",
    ),
    Case(
        ROWS,
        "no band B8",
        _table(change=lambda f: f.drop(columns="B8")),
        "refused",
        said="no column B8",
    ),
    Case(
        ROWS,
        "a date that is none",
        _table(change=lambda f: f.assign(date="May")),
        "refused",
        said="is no day",
    ),
    Case(
        ROWS,
        "each row twice",
        _table(change=lambda f: pd.concat([f, f])),
        "each day counts once",
        _one_a_day,
    ),
    Case(
        ROWS,
        "rows of one day that differ",
        _table(change=_brighter),
        "each day counts once, and it is said",
        _one_a_day,
        said="several rows of a day that differ",
    ),
    Case(ROWS, "a pipe", _pipe, "refused", said="There is no table"),
    Case(
        ROWS,
        "an id of 20,000 letters",
        _table(change=lambda f: f.assign(id=f["id"].replace("P0000", "x" * 20_000))),
        "refused",
        said="a cell of 20,000 letters",
    ),
    Case(
        ROWS,
        "a parcel with two crops",
        _table(change=lambda f: f.assign(id="P1")),
        "refused",
        said="has two crops",
    ),
    Case(
        ROWS,
        "further layers over a table",
        _table(more=("--layers", "dem.tif")),
        "refused",
        said="has no map",
    ),
    Case(ZONES, "zones.csv in metres", _zones_csv, ALL, declares()),
    Case(ZONES, "semicolons and decimal commas", _zones_of_commas, ALL, declares()),
    Case(ZONES, "none listed", _proposed(24), "squares on both sides", declares()),
    Case(ZONES, "none listed, and one square fits", _half, "refused", said="two are needed"),
    Case(
        ZONES,
        "one square for training and test",
        _zones(lambda d: d["features"][1].update(geometry=d["features"][0]["geometry"])),
        "refused: a leak",
        said="overlap, one for training",
    ),
    Case(
        ZONES, "two zones of one id", _zones(_set(1, zone_id="west")), "refused", said="stands in"
    ),
    Case(
        ZONES,
        "an id that is null",
        _zones(_set(0, zone_id=None)),
        "refused",
        said="zone_id is empty",
    ),
    Case(
        ZONES,
        "an id with capitals and a path",
        _zones(_set(0, zone_id="../Up")),
        "refused",
        said="not a valid name",
    ),
    Case(
        ZONES,
        "a split that is none",
        _zones(_set(0, split="both")),
        "refused",
        said="'train', 'test' or 'map'",
    ),
    Case(
        ZONES,
        "zones beside the images",
        _zones(_moved),
        "refused",
        said="covers zone|no scene|holds no parcel",
    ),
    Case(ZONES, "a zones.geojson that is a VRT", _vrt, "refused", said="no column zone_id"),
]
