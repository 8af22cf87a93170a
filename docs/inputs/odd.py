"""Odd inputs that people have: places as they write them, areas, further countries, names, encodings."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry import mapping

from cropdash.domain import Grid
from cropdash.ingest import zones
from cropdash.storage.datasets import DatasetFolder
from docs.inputs import images, land, world
from docs.inputs.case import Case, declares, reflects, table_of
from docs.inputs.world import FOUR, Safe

NEAR, AREAS, LEGENDS = "Places, as people write them", "Areas", "Legends and codes"
OTHERS = "Registers in further systems, with columns of the test's own"
Make = Callable[[Path], list[str]]
_LAND = Grid("EPSG:32631", 499_600.0, 5_400_400.0, 10.0, (200, 200))  # around 48.75 N, 3.01 E
_PLACE, _SAID = "zones around the place", "latitude"


# a place, an area ------------------------------------------------------------------


def _near(*words: str) -> Make:
    def make(folder: Path) -> list[str]:
        register = world.register(folder / "register.gpkg", frame=_LAND)
        size = ["--size", "32", "--number", "3"]
        return [*words, "--register", str(register), *size, "--estimate"]

    return make


def _proposed(dataset: DatasetFolder) -> str:
    """Three zones lie where the parcels are."""
    listed = zones.read(dataset.path.parent / "incoming" / dataset.name / "zones.csv")
    middles = zones.squares.centres([zone.grid for zone in listed])
    around = shapely.box(2.99, 48.73, 3.03, 48.76)
    inside = shapely.contains_xy(around, *middles.T)
    return f"{len(listed)} zones of the place" if len(listed) == 3 and inside.all() else ""


def _area(name: str, content: Callable[[Path], object]) -> Make:
    def make(folder: Path) -> list[str]:
        folder.mkdir(parents=True, exist_ok=True)
        content(folder / name)
        return _near("--area", str(folder / name))(folder)

    return make


_AROUND = shapely.box(2.99, 48.73, 3.03, 48.76)


def _document(*shapes: Any, **more: Any) -> str:
    rows = [
        {"type": "Feature", "properties": None, "geometry": one and mapping(one)} for one in shapes
    ]
    return json.dumps({"type": "FeatureCollection", "features": rows} | more)


def _text(text: str, encoding: str = "utf-8") -> Callable[[Path], object]:
    return lambda path: path.write_text(text, encoding=encoding)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"<kml>")
        file.truncate(70 * 2**20)


_BOTH_SIDES = shapely.union(
    shapely.box(179.9, -17, 180, -16.9), shapely.box(-180, -17, -179.9, -16.9)
)
_KML = '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2"/>'
PLACES = {
    '--near "48,745 3,008"': "48,745 3,008",
    '--near "48°44\'42"N 3°0\'29"E"': "48°44'42\"N 3°0'29\"E",
    "--near \"48°44.7'N, 3°0.48'E\"": "48°44.7'N, 3°0.48'E",
    '--near "3.008 E 48.745 N"': "3.008 E 48.745 N",
    '--near "48.745 Nord; 3.008 Est"': "48.745 Nord; 3.008 Est",
    '--near "lon=3.008 lat=48.745"': "lon=3.008 lat=48.745",
    '--near "POINT (3.008 48.745)"': "POINT (3.008 48.745)",
    '--near "geo:48.745,3.008?z=14"': "geo:48.745,3.008?z=14",
    "--near with the address of a map": "https://www.openstreetmap.org/#map=14/48.745/3.008",
    "--near with the minus of a word processor": "48.745, 3.008 ".replace(" ", "\u00a0"),
}
NO_PLACES = {
    "longitude first, of a place in Australia": ("151.2, -33.9", "latitude comes first"),
    "latitude and longitude changed about": ("3.008, 48.745", "knows no parcel"),
    "metres of a national grid": ("652469 6862035", "latitude comes first"),
    "four numbers between commas": ("48,745,3,008", "may be several"),
    "75 minutes": ("48°75'N 3°0'E", "is no place"),
    "south and a minus": ("-48.7 S 3.0 E", "is no place"),
    "an O, which is west or east": ("48.745 N 3.008 O", "west in French and east in German"),
    "the pole": ("89, 3", "lat from -80 to 84"),
    "a name": ("Provins", "is no place"),
}


# registers -------------------------------------------------------------------------


def _by_name(codes: dict[str, object]) -> Make:
    """Crops by words, as a spreadsheet of that country writes the table of codes."""

    def make(folder: Path) -> list[str]:
        words = land._country(25832, "parcelles", "id", "Kultur", codes)(folder)
        path = folder / "codes_of_the_register.csv"
        path.write_text(path.read_text().replace(",", ";"), encoding="utf-8-sig")
        return words

    return make


def _codes_in(encoding: str) -> Make:
    def make(folder: Path) -> list[str]:
        words = land._country(31370, "parcels", "id", "code", land._codes("blé", "maïs", "pré"))(
            folder
        )
        path = folder / "codes_of_the_register.csv"
        path.write_bytes(path.read_text().encode(encoding))
        return words

    return make


def _twice(folder: Path) -> list[str]:
    """Each parcel in the file once more."""
    words = land._register()(folder)
    path = folder / "register.gpkg"
    table = gpd.read_file(path)
    doubled = pd.concat([table, table])
    path.unlink()
    doubled.to_file(path, layer="PARCELLES_GRAPHIQUES", driver="GPKG")
    return words


def _with_empty_rows(folder: Path) -> list[str]:
    words = land._register()(folder)
    path = folder / "register.gpkg"
    table = gpd.read_file(path)
    odd = table.iloc[:3].copy()
    odd["geometry"] = [None, shapely.Polygon(), shapely.Point(0, 0)]
    odd["ID_PARCEL"] = ["x1", "x2", "x3"]
    path.unlink()
    pd.concat([table, odd]).to_file(path, layer="PARCELLES_GRAPHIQUES", driver="GPKG")
    return words


def _spread(values: Callable[[pd.Series], pd.Series]) -> Make:
    """Codes in a form that a spreadsheet or a database gave them."""

    def make(folder: Path) -> list[str]:
        words = land._register()(folder)
        path = folder / "register.gpkg"
        table = gpd.read_file(path)
        table["CODE_CULTU"] = values(table["CODE_CULTU"])
        path.unlink()
        table.to_file(path, layer="PARCELLES_GRAPHIQUES", driver="GPKG")
        return words

    return make


COUNTRIES = {
    "Spain, SIGPAC: use by two letters": land._country(
        25830, "RECINTO", "DN_OID", "uso_sigpac", land._codes("TA", "TH", "PS")
    ),
    "Estonia: names with diacritics": land._country(
        3301,
        "pollud",
        "pollu_id",
        "taotletud_kultuur",
        land._codes("talinisu", "mais", "püsirohumaa"),
    ),
    "Sweden: codes of 1 to 99": land._country(
        3006, "arslager_skifte", None, "grdkod_mar", land._codes(4, 9, 52)
    ),
    "Finland: names of columns in capitals": land._country(
        3067, "peruslohko", "PERUSLOHKOTUNNUS", "KASVIKOODI", land._codes("1120", "3980", "6121")
    ),
    "Czechia: the national system, west and south": land._country(
        5514, "DPB", "ID_UZ", "KULTURA", land._codes("R", "K", "T")
    ),
    "Lithuania": land._country(
        3346, "pasėliai 2023", "GKODAS_ID", "KODAS", land._codes("KVŽ", "KUK", "DGP")
    ),
    "Wallonia: numbers as fractions (311.0)": land._country(
        31370, "SIGEC_PARC", "OBJECTID", "CULT_COD", land._codes(311.0, 201.0, 60.0)
    ),
    "Switzerland: LV95": land._country(
        2056, "nutzungsflaechen", "t_id", "lnf_code", land._codes(513, 508, 613)
    ),
    "Ireland: TM75 grid": land._country(
        29903,
        "LPIS",
        "PARCEL_ID",
        "CROP",
        land._codes("Winter Wheat", "Maize", "Permanent Pasture"),
    ),
    "Lower Saxony: ETRS89-LAEA": land._country(
        3035, "Schlaege", "FLIK", "KULTURCODE", land._codes("115", "411", "459")
    ),
}


# images ----------------------------------------------------------------------------


def _partly(change: Callable[[Path], object], suffix: str = "jp2") -> Make:
    """A product of which the download was broken off, beside a whole one."""

    def make(folder: Path) -> list[str]:
        whole = images._safe(Safe(images.MAY), suffix=suffix)(folder)
        change(world.safe(folder / "scenes", Safe(dt.date(2023, 7, 15)), suffix=suffix))
        return whole

    return make


def _one(root: Path, band: str) -> Path:
    return next(root.rglob(f"*_{band}_*"))


def _cut(path: Path, size: int) -> None:
    path.write_bytes(path.read_bytes()[:size])


PARTLY: dict[str, tuple[Callable[[Path], object], str]] = {
    "one band lacks": (lambda r: _one(r, "B08").unlink(), "B8"),
    "one band is still .part": (
        lambda r: _one(r, "B08").rename(_one(r, "B08").with_suffix(".jp2.part")), "B8",
    ),
    "one band is empty": (lambda r: _cut(_one(r, "B08"), 0), "can't be read"),
    "one band is cut in half": (lambda r: _cut(_one(r, "B08"), 700), "can't be read"),
    "no SCL": (lambda r: _one(r, "SCL").unlink(), "SCL"),
    "no GRANULE at all": (lambda r: shutil.rmtree(r / "GRANULE"), ""),
    "the metadata are cut": (lambda r: _cut(r / "MTD_MSIL2A.xml", 500), "can't be read as XML"),
    "no metadata": (lambda r: (r / "MTD_MSIL2A.xml").unlink(), ""),
}  # fmt: skip


def _called(names: tuple[str, ...], kind: str = "uint16") -> Make:
    """One scene whose bands have these names."""

    def make(folder: Path) -> list[str]:
        values = world.with_scl(world.numbers(images.MAY)).astype(kind)
        world.raster(folder / "scenes" / "20230515.tif", values, names)
        return images.words(folder)

    return make


# tables and points -----------------------------------------------------------------


def _days(form: str) -> Make:
    return land._table(change=lambda f: f.assign(date=pd.to_datetime(f["date"]).dt.strftime(form)))


def _written(change: Callable[[str], bytes]) -> Make:
    """The table's text in other bytes."""

    def make(folder: Path) -> list[str]:
        words = land._table()(folder)
        path = folder / "t.csv"
        path.write_bytes(change(path.read_text()))
        return words

    return make


def _packaged(change: Callable[[gpd.GeoDataFrame], gpd.GeoDataFrame]) -> Make:
    def make(folder: Path) -> list[str]:
        words = land._points("points.gpkg")(folder)
        path = folder / "points.gpkg"
        table = change(gpd.read_file(path))
        path.unlink()
        table.to_file(path, layer="points", driver="GPKG")
        return words

    return make


def _listed(change: Callable[[pd.DataFrame], pd.DataFrame]) -> Make:
    def make(folder: Path) -> list[str]:
        words = land._points("points.csv")(folder)
        path = folder / "points.csv"
        change(pd.read_csv(path)).to_csv(path, index=False)
        return words

    return make


def _high(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry(shapely.force_3d(frame.geometry, 120.0), crs=frame.crs)


def _many(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame.set_geometry([shapely.MultiPoint([p]) for p in frame.geometry], crs=frame.crs)


# legends ---------------------------------------------------------------------------

_CLASSES = (
    "name,group,family,colour,label_en\n"
    "wheat,cereal,arable,#112233,Wheat\nmaize,maize,arable,,Maize\ngrass,grass,grassland,,Grass\n"
)
_CODES = "code,class\nBTH,wheat\nMIS,maize\nPPH,grass\n"


def _legend(classes: str = _CLASSES, codes: str = _CODES, encoding: str = "utf-8") -> Make:
    def make(folder: Path) -> list[str]:
        words = land._register()(folder)
        (folder / "classes.csv").write_bytes(classes.encode(encoding))
        (folder / "codes.csv").write_bytes(codes.encode(encoding))
        more = ["--legend", str(folder / "classes.csv"), "--codes", str(folder / "codes.csv")]
        return [*words, *more]

    return make


def _own_classes(dataset: DatasetFolder) -> str:
    names = [one.name for one in dataset.legend().classes[1:]]
    zones_ = [dataset.labels(z.zone_id).crop for z in dataset.built_zones()]
    known = all(set(crop.ravel()) >= {1, 2, 3} for crop in zones_)
    return f"classes {', '.join(names)}" if len(names) == 3 and known else ""


def _cases() -> list[Case]:
    rows, points, ready = land.ROWS, land.POINTS, images.READY
    each, one = "each parcel in its zone", images.ONE
    refused: partial[Case] = partial(Case, right="refused")
    return [
        *(Case(NEAR, what, _near("--near", said), _PLACE, _proposed) for what, said in PLACES.items()),
        *(
            refused(NEAR, f"{what}: {said}", _near("--near", said), said=why)
            for what, (said, why) in NO_PLACES.items()
        ),
        Case(AREAS, "GeoJSON: one feature without a place, one point", _area("a.geojson", _text(
            _document(None, shapely.Point(3, 48.7), _AROUND))), _PLACE, _proposed),
        Case(AREAS, "GeoJSON: a polygon in a collection, with heights", _area("a.geojson", _text(
            _document(shapely.GeometryCollection([shapely.force_3d(_AROUND, 90.0)])))),
            _PLACE, _proposed),
        Case(AREAS, "a geometry alone, with a byte order mark", _area("a.json", _text(
            json.dumps(mapping(_AROUND)), "utf-8-sig")), _PLACE, _proposed),
        Case(AREAS, "GeoPackage in metres", _area("a.gpkg", lambda p: gpd.GeoDataFrame(
            geometry=[_AROUND], crs=4326).to_crs(2154).to_file(p)), _PLACE, _proposed),
        refused(AREAS, "a bare list of corners", _area("a.json", _text(
            json.dumps([[2.9, 48.7], [3.1, 48.7], [3.1, 48.8]]))), said="neither GeoJSON"),
        refused(AREAS, "KML", _area("a.kml", _text(_KML)), said="ogr2ogr -f GeoJSON"),
        refused(AREAS, "KML of 70 MB", _area("a.kml", _huge), said="70 MB, and outlines of at most 64"),
        refused(AREAS, "GeoJSON in UTF-16", _area("a.geojson", _text(_document(_AROUND), "utf-16")),
                said="GeoJSON in UTF-8"),
        refused(AREAS, "a line around it", _area("a.geojson", _text(_document(_AROUND.exterior))),
                said="holds no polygon"),
        refused(AREAS, "metres in GeoJSON", _area("a.geojson", _text(_document(
            shapely.box(6.5e5, 6.8e6, 6.6e5, 6.81e6)))), said="not in degrees"),
        refused(AREAS, "latitude before longitude", _area("a.geojson", _text(_document(
            shapely.box(48.73, 2.99, 48.76, 3.03)))), said="knows no parcel"),
        refused(AREAS, "on both sides of the antimeridian", _area("a.geojson", _text(
            _document(_BOTH_SIDES))), said="over the antimeridian"),
        *(Case(OTHERS, what, make, land.ALL, declares()) for what, make in COUNTRIES.items()),
        Case(OTHERS, "crops by words with commas and umlauts, table of semicolons", _by_name(
            land._codes("Weizen (Winter)", "Mais für Silage", "Grünland")), land.ALL, declares()),
        refused(OTHERS, "a table of codes in Latin-1", _codes_in("latin-1"), said="UTF-8"),
        Case(OTHERS, "a table of codes with a byte order mark", _codes_in("utf-8-sig"), land.ALL,
             declares()),
        Case(OTHERS, "spaces after the codes", _spread(lambda c: c + "  "), land.ALL, declares()),
        Case(OTHERS, "each parcel twice", _twice, land.ALL, declares()),
        Case(OTHERS, "rows without a shape, an empty one, a point", _with_empty_rows, land.ALL,
             declares()),
        Case(OTHERS, "codes in small letters", _spread(lambda c: c.str.lower()), land.ALL, declares()),
        Case(OTHERS, "codes that no table knows", _spread(lambda c: "X" + c), "no class, and a word",
             land._nothing_known, said="knows none of the crop codes"),
        *(
            Case(images.PRODUCTS, f".SAFE beside one of which {what}", _partly(change),
                 "the whole one, and a word", reflects(5), said=why)
            for what, (change, why) in PARTLY.items()
        ),
        Case(images.SCENES, "bands named B02_10m to SCL_20m", _called(
            ("B02_10m", "B03_10m", "B04_10m", "B08_10m", "SCL_20m")), one, reflects(5)),
        refused(images.SCENES, "fractional numbers x 10,000", _called(images.NAMES, "float64"),
                said="is 4,.00 at its brightest.*whole numbers x 10,000"),
        refused(images.SCENES, "the day first in the name", images._named("15-05-2023.tif"),
                said="no date such as"),
        *(
            Case(ready, f"named {name}", images._ready(name), one, reflects(5))
            for name in ("S2_L3A_T31UDP_202305_v1.2.tif", "comp_2023-05-01_2023-05-31_median.tif",
                         "2023.05.tif", "mosaïque 2023-05 (1).tif", "2023-05.TIFF")
        ),
        *(
            refused(ready, f"named {name}", images._ready(name), said="no period")
            for name in ("May_2023.tif", "2023_W21.tif", "2023-13.tif", "S2_05-2023.tif")
        ),
        Case(rows, "days with a time and a zone", _days("%Y-%m-%dT10:56:21Z"), each, table_of(32)),
        Case(rows, "days as 20230515", _days("%Y%m%d"), each, table_of(32)),
        refused(rows, "days as 15/05/2023", _days("%d/%m/%Y"), said="is no day"),
        refused(rows, "days as 05/15/2023", _days("%m/%d/%Y"), said="is no day"),
        refused(rows, "days as 15.05.23", _days("%d.%m.%y"), said="is no day"),
        refused(rows, "days as numbers of a spreadsheet", land._table(change=lambda f: f.assign(
            date=(pd.to_datetime(f["date"]) - pd.Timestamp("1899-12-30")).dt.days)), said="is no day"),
        refused(rows, "UTF-16, as spreadsheets save 'Unicode text'", _written(
            lambda t: t.replace(",", "\t").encode("utf-16")), said="UTF-8"),
        refused(rows, "Latin-1 with é", _written(lambda t: t.replace("west", "Préalpes").encode("latin-1")),
                said="UTF-8"),
        Case(rows, "parted by tabs, ends of lines of Windows, empty lines at the end", _written(
            lambda t: (t.replace(",", "\t").replace("\n", "\r\n") + "\r\n\r\n").encode()),
            each, table_of(32)),
        Case(rows, "names of columns in capitals, with spaces", _written(
            lambda t: t.replace("id,date,crop", " ID , Date , CROP ", 1).encode()), each, table_of(32)),
        Case(rows, "#N/A where nothing is known", land._table(change=lambda f: f.astype(str).assign(
            B4=f["B4"].astype(str).where(f.index % 7 != 0, "#N/A"))), each, table_of(32)),
        Case(rows, "numbers such as 4.1E-02", land._table(change=lambda f: f.assign(
            **{b: f[b].map("{:.4E}".format) for b in FOUR})), each, table_of(32)),
        refused(rows, "a row that lacks its last cells", _written(
            lambda t: t.replace(",east", "", 3).encode()), said="own id"),
        refused(rows, "its header once more, between the rows", _written(
            lambda t: (t + t).encode()), said="'date' is no day"),
        refused(rows, "a quote that is not closed", _written(
            lambda t: t.replace("west", '"west', 1).encode()), said="letters"),
        refused(rows, "reflectance in per cent", land._table(change=lambda f: f.assign(
            **{b: f[b] * 100 for b in FOUR})), said="at its brightest"),
        Case(points, "points with heights", _packaged(_high), "a pixel a point", table_of(96)),
        Case(points, "collections of one point", _packaged(_many), "a pixel a point", table_of(96)),
        refused(points, "lon and lat changed about", _listed(
            lambda f: f.rename(columns={"lon": "lat", "lat": "lon"})), said="holds no parcel"),
        refused(points, "x and y in degrees, no epsg", _listed(
            lambda f: f.rename(columns={"lon": "x", "lat": "y"})), said="column epsg"),
        refused(points, "a place as text (POINT)", _listed(lambda f: f.drop(
            columns=["lon", "lat"]).assign(wkt="POINT (3 48)")), said="points need a place"),
        Case(LEGENDS, "three classes of one's own", _legend(), "those classes", _own_classes),
        Case(LEGENDS, "semicolons, a byte order mark, labels with é", _legend(
            _CLASSES.replace(",", ";").replace("Wheat", "Blé"), encoding="utf-8-sig"),
            "those classes", _own_classes),
        refused(LEGENDS, "in Latin-1", _legend(_CLASSES.replace("Wheat", "Blé"), encoding="latin-1"),
                said="UTF-8"),
        refused(LEGENDS, "a colour by its name", _legend(_CLASSES.replace("#112233", "green")),
                said="colour"),
        refused(LEGENDS, "a class twice", _legend(_CLASSES.replace("maize,maize", "wheat,maize")),
                said="wheat"),
        refused(LEGENDS, "a code of two classes", _legend(codes=_CODES + "BTH,maize\n"), said="BTH"),
        refused(LEGENDS, "a code of no class", _legend(codes=_CODES + "ORH,barley\n"), said="barley"),
        refused(LEGENDS, "no column family", _legend(_CLASSES.replace("family", "kind")), said="family"),
        refused(LEGENDS, "a group in two families", _legend(_CLASSES.replace(
            "maize,maize,arable", "maize,cereal,grassland")), said="cereal"),
        refused(LEGENDS, "300 classes", _legend(_CLASSES + "".join(
            f"c{n},g,f,,C{n}\n" for n in range(300))), said="254"),
        refused(LEGENDS, "a class that is a formula and a path", _legend(
            _CLASSES.replace("wheat,cereal", "=../wheat,cereal")), said="name"),
    ]  # fmt: skip


CASES = _cases()
