"""A small piece of land whose truth is known, written in the forms in which people have theirs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import rasterio
from rasterio.transform import Affine
from shapely import Geometry, box

from cropdash.domain import Grid, sentinel2

FOUR = sentinel2.BAND_SETS["10m"]
FRAME = Grid("EPSG:32631", 500_000.0, 5_400_000.0, 10.0, (24, 48))  # two squares side by side
CODES = ("BTH", "MIS", "PPH")  # winter wheat, maize, meadow in the register
CLASSES = {"BTH": "winter_wheat", "MIS": "maize", "PPH": "grassland"}
_PEAK = {"BTH": 5.0, "MIS": 8.0, "PPH": 6.0}  # month of most green
_FLOOR = {"BTH": 0.15, "MIS": 0.1, "PPH": 0.5}
FIELD = 6  # [pixels] on a side
MONTHS = range(1, 13)
YEAR = 2023


@dataclass(frozen=True)
class Field:
    """One field of the land."""

    id: str
    code: str
    row: int  # first pixel
    column: int


def fields(frame: Grid = FRAME) -> list[Field]:
    """Squares of six pixels, whose crops change along rows and columns."""
    height, width = frame.shape
    return [
        Field(f"P{i * 100 + j:04d}", CODES[(i + 2 * j) % 3], i * FIELD, j * FIELD)
        for i in range(height // FIELD)
        for j in range(width // FIELD)
    ]


def outline(one: Field, frame: Grid = FRAME, inset: float = 0.0) -> Geometry:
    """The square, in the frame's reference system."""
    left = frame.left + one.column * frame.pixel_size
    top = frame.top - one.row * frame.pixel_size
    side = FIELD * frame.pixel_size
    return box(left + inset, top - side + inset, left + side - inset, top - inset)


def reflectance(day: dt.date, frame: Grid = FRAME, bands: Sequence[str] = FOUR) -> np.ndarray:
    """(B, H, W) what the land reflects on a day, without any noise but the fields' own."""
    rng = np.random.default_rng(7)
    found = np.zeros((len(bands), *frame.shape), np.float32)
    for one in fields(frame):
        month = day.month + day.day / 31
        green = max(np.exp(-(((month - _PEAK[one.code]) / 2) ** 2)), _FLOOR[one.code])
        green = float(np.clip(green + rng.normal(0, 0.03), 0, 1))
        at = (slice(one.row, one.row + FIELD), slice(one.column, one.column + FIELD))
        for b, name in enumerate(bands):
            near = name in ("B6", "B7", "B8", "B8A")
            found[(b, *at)] = 0.18 + 0.3 * green if near else 0.11 - 0.07 * green
    return found


def place_of(grid: Grid) -> tuple[int, int]:
    """First row and column of a zone's grid in the frame."""
    return round((FRAME.top - grid.top) / 10), round((grid.left - FRAME.left) / 10)


def days(step: int = 1, of: Sequence[int] = MONTHS, day: int = 15) -> list[dt.date]:
    return [dt.date(YEAR, month, day) for month in list(of)[::step]]


def raster(
    path: Path,
    values: np.ndarray,
    names: Sequence[str | None] = (),
    frame: Grid = FRAME,
    *,
    driver: str = "GTiff",
    before: Callable[[Any], None] | None = None,
    after: Callable[[Any], None] | None = None,
    **profile: Any,
) -> Path:
    """(N, H, W) as a file; its type is that of the values. `before` and `after` the pixels are written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    count, height, width = values.shape
    given = {
        "driver": driver, "count": count, "height": height, "width": width, "dtype": values.dtype,
        "crs": frame.crs, "transform": Affine(*frame.transform),
    } | profile  # fmt: skip
    with rasterio.open(path, "w", **given) as file:
        if before:
            before(file)
        file.write(values)
        if names:
            file.descriptions = tuple(names)
        if after:
            after(file)
    return path


def numbers(day: dt.date, bands: Sequence[str] = FOUR, frame: Grid = FRAME) -> np.ndarray:
    """(B, H, W) digital numbers of reflectance x 10,000."""
    return np.rint(reflectance(day, frame, bands) * sentinel2.SCALE).astype(np.uint16)


def with_scl(values: np.ndarray, scl: int = 4) -> np.ndarray:
    """The bands, and a scene classification that is everywhere the same."""
    return np.concatenate([values, np.full((1, *values.shape[1:]), scl, values.dtype)])


def scenes(folder: Path, dates: Sequence[dt.date] | None = None, **more: Any) -> Path:
    """One GeoTIFF a date, with bands B2, B3, B4, B8 and SCL."""
    for day in dates or days():
        raster(
            folder / "scenes" / f"S2_{day:%Y%m%d}.tif",
            with_scl(numbers(day)),
            (*FOUR, "SCL"),
            **more,
        )
    return folder


def composites(folder: Path, months: Sequence[int] = MONTHS) -> Path:
    """One GeoTIFF a month, of four bands."""
    for day in days(of=months):
        raster(folder / "composites" / f"mosaic_{day:%Y-%m}.tif", numbers(day), FOUR)
    return folder


def stacked(folder: Path) -> Path:
    """One file, whose bands say month and band."""
    values = np.concatenate([numbers(day) for day in days()])
    names = [f"{day:%Y-%m} {band}" for day in days() for band in FOUR]
    raster(folder / "composites.tif", values, names)
    return folder


@dataclass(frozen=True)
class Safe:
    """What a product of ESA says of itself."""

    day: dt.date
    baseline: str = "05.09"
    offset: int | None = -1000  # None: no BOA_ADD_OFFSET
    level: str = "Level-2A"
    quantification: int = 10_000
    tile: str = "T31UDP"
    made: str = "T120000"
    add: int = 0  # [DN] to all numbers, to tell products apart
    extra: Mapping[str, str] = field(default_factory=dict)  # text to text in the metadata

    @property
    def name(self) -> str:
        number = self.baseline.replace(".", "")
        return f"S2A_MSIL2A_{self.day:%Y%m%d}T105621_N{number}_R094_{self.tile}_{self.day:%Y%m%d}{self.made}"


def safe(folder: Path, of: Safe, frame: Grid = FRAME, suffix: str = "jp2") -> Path:
    """A .SAFE folder as it is downloaded: bands of 10 m, SCL of 20 m, metadata."""
    root = folder / f"{of.name}.SAFE"
    granule = root / "GRANULE" / f"L2A_{of.tile}_A041089_{of.day:%Y%m%d}T105900" / "IMG_DATA"
    shift = -(of.offset or 0)
    values = numbers(of.day, frame=frame) + np.uint16(shift + of.add)
    for band, plane in zip(FOUR, values, strict=True):
        key = f"B{int(band[1:]):02d}"
        _plane(
            granule / "R10m" / f"{of.tile}_{of.day:%Y%m%d}T105621_{key}_10m.{suffix}", plane, frame
        )
    height, width = frame.shape
    coarse = Grid(frame.crs, frame.left, frame.top, 20.0, (height // 2, width // 2))
    scl = np.full(coarse.shape, 4, np.uint8)
    _plane(granule / "R20m" / f"{of.tile}_{of.day:%Y%m%d}T105621_SCL_20m.{suffix}", scl, coarse)
    (root / "MTD_MSIL2A.xml").write_text(_metadata(of), encoding="utf-8")
    return root


def _plane(path: Path, plane: np.ndarray, frame: Grid) -> None:
    if path.suffix == ".jp2":
        lossless = {"QUALITY": "100", "REVERSIBLE": "YES"}
        raster(path, plane[None], frame=frame, driver="JP2OpenJPEG", **lossless)
    else:
        raster(path, plane[None], frame=frame)


def _metadata(of: Safe) -> str:
    shifts = (
        ""
        if of.offset is None
        else "<BOA_ADD_OFFSET_VALUES_LIST>"
        + "".join(f'<BOA_ADD_OFFSET band_id="{n}">{of.offset}</BOA_ADD_OFFSET>' for n in range(13))
        + "</BOA_ADD_OFFSET_VALUES_LIST>"
    )
    when = f"{of.day}T10:56:21.024Z"
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<n1:Level-2A_User_Product xmlns:n1="https://psd-14.sentinel2.eo.esa.int/PSD/User_Product_Level-2A.xsd">
 <n1:General_Info><Product_Info>
  <PRODUCT_START_TIME>{when}</PRODUCT_START_TIME><PRODUCT_URI>{of.name}.SAFE</PRODUCT_URI>
  <PROCESSING_LEVEL>{of.level}</PROCESSING_LEVEL><PROCESSING_BASELINE>{of.baseline}</PROCESSING_BASELINE>
  <GENERATION_TIME>{of.day}{of.made[:3]}:{of.made[3:5]}:{of.made[5:]}.000000Z</GENERATION_TIME>
  <Datatake datatakeIdentifier="GS2A_{of.day:%Y%m%d}T105621_041089_N{of.baseline}">
   <DATATAKE_SENSING_START>{when}</DATATAKE_SENSING_START></Datatake>
  <Product_Organisation><Granule_List><Granule
   datastripIdentifier="S2A_OPER_MSI_L2A_DS_2APS_{of.day:%Y%m%d}T160000_S{of.day:%Y%m%d}T105900_N{of.baseline}"
   granuleIdentifier="S2A_OPER_MSI_L2A_TL_2APS_{of.day:%Y%m%d}T160000_A041089_{of.tile}_N{of.baseline}"
   imageFormat="JPEG2000"/></Granule_List></Product_Organisation>
 </Product_Info>
 <Product_Image_Characteristics><QUANTIFICATION_VALUES_LIST>
  <BOA_QUANTIFICATION_VALUE unit="none">{of.quantification}</BOA_QUANTIFICATION_VALUE>
 </QUANTIFICATION_VALUES_LIST>{shifts}</Product_Image_Characteristics></n1:General_Info>
</n1:Level-2A_User_Product>
"""
    for old, new in of.extra.items():
        text = text.replace(old, new)
    return text


def register(
    path: Path,
    *,
    crs: Any = 2154,
    layer: str = "PARCELLES_GRAPHIQUES",
    ids: str | None = "ID_PARCEL",
    codes: str | None = "CODE_CULTU",
    meaning: Mapping[str, object] | None = None,
    no_crs: bool = False,
    frame: Grid = FRAME,
    shape: Callable[[Geometry], Geometry] = lambda g: g,
    **more: Any,
) -> Path:
    """The fields as a register: GeoPackage or GeoParquet by the path's ending."""
    rows = fields(frame)
    columns: dict[str, Any] = {ids: [r.id for r in rows]} if ids else {}
    if codes:
        columns[codes] = [(meaning or {}).get(r.code, r.code) for r in rows]
    shapes = [shape(outline(r, frame, inset=2.0)) for r in rows]
    table = gpd.GeoDataFrame(columns | more, geometry=shapes, crs=frame.crs).to_crs(crs)
    table = table.set_crs(None, allow_override=True) if no_crs else table
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gpkg":
        table.to_file(path, layer=layer, driver="GPKG", engine="pyogrio")
    else:
        table.to_parquet(path)
    return path


def zones(folder: Path, name: str = "zones.geojson", **changed: Any) -> Path:
    """West to learn from, east to test on, as GeoJSON in degrees."""
    left, bottom, right, top = FRAME.bounds
    middle = (left + right) / 2
    columns = {"zone_id": ["west", "east"], "region": "here", "split": ["train", "test"]} | changed
    shapes = [box(left, bottom, middle, top), box(middle, bottom, right, top)]
    table = gpd.GeoDataFrame(columns, geometry=shapes, crs=FRAME.crs).to_crs(4326)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(table.to_json(), encoding="utf-8")
    return folder


def whole(folder: Path) -> Path:
    """Scenes, register and zones: a folder that is built."""
    register(zones(scenes(folder)) / "register.gpkg")
    return folder


def edited(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """A JSON document with a change."""
    document = json.loads(path.read_text(encoding="utf-8"))
    change(document)
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def table(path: Path, *, digital: bool = False, place: bool = False, **columns: Any) -> Path:
    """Means of each field on each date as CSV or Parquet, with two regions."""
    rows: list[dict[str, Any]] = []
    to_degrees = gpd.GeoSeries([outline(one).centroid for one in fields()], crs=FRAME.crs)
    places = to_degrees.to_crs(4326)
    for day in days():
        values = reflectance(day)
        for one, at in zip(fields(), places, strict=True):
            means = values[:, one.row + 1, one.column + 1] * (sentinel2.SCALE if digital else 1)
            row = {"id": one.id, "date": day.isoformat(), "crop": one.code}
            row |= {"region": "west" if one.column < FRAME.shape[1] // 2 else "east"}
            row |= {"lon": at.x, "lat": at.y} if place else {}
            row |= {band: round(float(v), 4) for band, v in zip(FOUR, means, strict=True)}
            rows.append(row)
    frame = pd.DataFrame(rows).assign(**columns)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return path


def points(path: Path, *, degrees: bool = True, codes: str | None = "crop", each: int = 3) -> Path:
    """Some pixels' middles in each field, with its crop: a CSV, or a GeoPackage by the ending."""
    rng = np.random.default_rng(3)
    rows: list[dict[str, Any]] = []
    for one in fields():
        for n, (i, j) in enumerate(
            rng.permutation(FIELD * FIELD)[:each, None] // [FIELD, 1] % FIELD
        ):
            x = FRAME.left + (one.column + j + 0.5) * FRAME.pixel_size
            y = FRAME.top - (one.row + i + 0.5) * FRAME.pixel_size
            rows.append({"id": f"{one.id}-{n}", "x": x, "y": y, "code": one.code})
    frame = gpd.GeoDataFrame(
        {"id": [r["id"] for r in rows]} | ({codes: [r["code"] for r in rows]} if codes else {}),
        geometry=gpd.points_from_xy([r["x"] for r in rows], [r["y"] for r in rows]),
        crs=FRAME.crs,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gpkg":
        frame.to_file(path, layer="points", driver="GPKG", engine="pyogrio")
        return path
    moved = frame.to_crs(4326) if degrees else frame
    names = ("lon", "lat") if degrees else ("x", "y")
    table = pd.DataFrame(frame.drop(columns="geometry"))
    table = table.assign(**{names[0]: moved.geometry.x, names[1]: moved.geometry.y})
    if not degrees:
        table = table.assign(epsg=FRAME.crs.removeprefix("EPSG:"))
    table.to_csv(path, index=False)
    return path
