"""Images: scenes by date, products as downloaded, ready-made composites."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from rasterio.enums import ColorInterp
from rasterio.transform import Affine

from cropdash.domain import Grid
from docs.inputs import world
from docs.inputs.case import Case, reflects
from docs.inputs.world import FOUR, FRAME, Safe

MAY = dt.date(2023, 5, 15)
SCENES, PRODUCTS, READY = "Scenes by date", "Products as downloaded", "Ready-made composites"
NAMES = (*FOUR, "SCL")
ONE = "reflectance to 1 DN"


def words(folder: Path) -> list[str]:
    """The folder with its register and zones."""
    world.register(world.zones(folder) / "register.gpkg")
    return ["--folder", str(folder)]


def _scene(
    number: Callable[[np.ndarray], np.ndarray], kind: str, **more: Any
) -> Callable[[Path], list[str]]:
    """One scene of May, whose numbers are made of reflectance."""

    def make(folder: Path) -> list[str]:
        values = number(world.reflectance(MAY).astype(np.float64))
        values = values if kind.startswith("float") else values.round()
        scl = np.full((1, *FRAME.shape), 4)
        world.raster(
            folder / "scenes" / "S2_20230515.tif",
            np.concatenate([values, scl]).astype(kind),
            NAMES,
            **more,
        )
        return words(folder)

    return make


def _averaged(folder: Path) -> list[str]:
    """A scene classification between two classes, as bilinear warping makes it."""
    scl = np.full((1, *FRAME.shape), 4, np.float32)
    scl[0, ::5] = 4.5
    values = np.concatenate([world.reflectance(MAY).astype(np.float32), scl])
    world.raster(folder / "scenes" / "S2_20230515.tif", values, NAMES)
    return words(folder)


def _scaled(scale: float, offset: float) -> Callable[[Any], None]:
    def after(file: Any) -> None:
        file.scales, file.offsets = [scale] * 5, [offset] * 5

    return after


def _dn(r: np.ndarray) -> np.ndarray:
    return r * 1e4


def _ordered(names: tuple[str | None, ...]) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        values = world.with_scl(world.numbers(MAY))
        own = {
            "B2": 0,
            "B02": 0,
            "blue": 0,
            "B3": 1,
            "green": 1,
            "B4": 2,
            "red": 2,
            "B8": 3,
            "nir": 3,
        }
        order = [own.get(str(name), 4) for name in names]
        order = order if any(names) else list(range(len(names)))
        world.raster(folder / "scenes" / "20230515.tif", values[order], names)
        return words(folder)

    return make


def _tiles(folder: Path) -> list[str]:
    for tile, columns in (("T31UDP", slice(30, 48)), ("T31UEP", slice(0, 20))):
        values = world.with_scl(world.numbers(MAY))
        values[:, :, columns] = 0
        world.raster(folder / "scenes" / f"{tile}_20230515.tif", values, NAMES)
    return words(folder)


def _unseen(scl: int) -> Callable[[Path], list[str]]:
    """The one scene of the year shows nothing that counts: 0 no data, 9 clouds."""

    def make(folder: Path) -> list[str]:
        values = world.with_scl(world.numbers(MAY))
        values[-1] = scl
        world.raster(folder / "scenes" / "20230515.tif", values, NAMES)
        return words(folder)

    return make


def _named(name: str) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        world.raster(folder / "scenes" / name, world.with_scl(world.numbers(MAY)), NAMES)
        return words(folder)

    return make


def _on(frame: Grid) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        world.raster(
            folder / "scenes" / "20230515.tif", world.with_scl(world.numbers(MAY)), NAMES, frame
        )
        return words(folder)

    return make


def _cut(folder: Path) -> list[str]:
    path = world.raster(
        folder / "scenes" / "20230515.tif", world.with_scl(world.numbers(MAY)), NAMES
    )
    path.write_bytes(path.read_bytes()[:400])
    return words(folder)


def _safe(*products: Safe, suffix: str = "jp2") -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        for one in products:
            world.safe(folder / "scenes", one, suffix=suffix)
        return words(folder)

    return make


def _bands(
    suffix: str, add: int, applied: bool | None = None, day: str = "20230515"
) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        place = folder / "scenes" / "one"
        options = (
            {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"}
            if suffix == "jp2"
            else {}
        )
        values = world.with_scl(world.numbers(MAY) + np.uint16(add))
        for key, plane in zip(("B02", "B03", "B04", "B08", "SCL"), values, strict=True):
            world.raster(place / f"T31UDP_{day}T105621_{key}.{suffix}", plane[None], **options)
        if applied is not None:
            properties = {
                "datetime": "2023-05-15T10:56:21Z", "s2:processing_baseline": "05.09",
                "earthsearch:boa_offset_applied": applied,
            }  # fmt: skip
            (place / "item.json").write_text(json.dumps({"properties": properties, "assets": {}}))
        return words(folder)

    return make


def _zip(folder: Path) -> list[str]:
    (folder / "scenes").mkdir(parents=True)
    (folder / "scenes" / "S2A_MSIL2A_20230515.SAFE.zip").write_bytes(b"PK\3\4")
    return words(folder)


def _not_jp2(folder: Path) -> list[str]:
    made = _bands("jp2", 1000)(folder)
    path = next((folder / "scenes" / "one").glob("*B08*"))
    path.write_text('<VRTDataset rasterXSize="48" rasterYSize="24"/>')
    return made


def _ready(
    *names: str, months: tuple[int, ...] = (5,), more: tuple[str, ...] = ()
) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        for name, month in zip(names, months, strict=True):
            world.raster(
                folder / "composites" / name, world.numbers(dt.date(2023, month, 15)), FOUR
            )
        return [*words(folder), *more]

    return make


def _counted(folder: Path) -> list[str]:
    counts = np.full((1, *FRAME.shape), 6, np.uint16)
    world.raster(
        folder / "composites" / "2023-05.tif",
        np.concatenate([world.numbers(MAY), counts]),
        (*FOUR, "count"),
    )
    return words(folder)


def _stack(names: list[str]) -> Callable[[Path], list[str]]:
    def make(folder: Path) -> list[str]:
        world.raster(folder / "composites.tif", world.numbers(MAY), names)
        return words(folder)

    return make


def _beside(folder: Path) -> list[str]:
    """What programs of others leave beside an image: statistics, and smaller copies."""
    made = _ready("2023-05.tif")(folder)
    path = folder / "composites" / "2023-05.tif"
    path.with_name("2023-05.tif.aux.xml").write_text("<PAMDataset/>")
    world.raster(path.with_name("2023-05.tif.ovr"), world.numbers(MAY)[:, ::2, ::2])
    return made


def _filled(
    fill: int, kind: str, after: Callable[[Any], None] | None = None
) -> Callable[[Path], list[str]]:
    """A composite of which a corner holds a number that stands for no data."""

    def make(folder: Path) -> list[str]:
        values = world.numbers(MAY).astype(kind)
        values[:, :6, :6] = fill
        world.raster(folder / "composites" / "2023-05.tif", values, FOUR, after=after)
        return words(folder)

    return make


def _infinite(folder: Path) -> list[str]:
    values = world.reflectance(MAY)
    values[:, :6, :6] = np.inf
    world.raster(folder / "composites" / "2023-05.tif", values, FOUR)
    return words(folder)


def _both(folder: Path) -> list[str]:
    return words(world.composites(world.scenes(folder, [MAY]), (5,)))


def _masked(file: Any) -> None:
    mask = np.full(FRAME.shape, 255, np.uint8)
    mask[:6, :6] = 0
    file.write_mask(mask)


def _odd_one(folder: Path) -> list[str]:
    made = words(world.scenes(folder, [MAY, dt.date(2023, 7, 15)]))
    coarse = Grid(FRAME.crs, FRAME.left, FRAME.top, 20.0, FRAME.shape)
    values = world.with_scl(world.numbers(dt.date(2023, 4, 15)))
    world.raster(folder / "scenes" / "S2_20230415.tif", values, NAMES, coarse)
    return made


def _with_alpha(folder: Path) -> list[str]:
    values = world.with_scl(world.numbers(MAY))
    alpha = np.full((1, *FRAME.shape), 65535, np.uint16)
    alpha[:, :6, :6] = 0
    values[:, :6, :6] = 1
    path = folder / "scenes" / "20230515.tif"
    world.raster(path, np.concatenate([values, alpha]), before=_last_is_alpha)
    return words(folder)


def _last_is_alpha(file: Any) -> None:
    others = [ColorInterp.gray, *[ColorInterp.undefined] * (file.count - 2)]
    file.colorinterp = [*others, ColorInterp.alpha]


def _upside_down(folder: Path) -> list[str]:
    left, bottom, _, _ = FRAME.bounds
    world.raster(
        folder / "scenes" / "20230515.tif", world.with_scl(world.numbers(MAY))[:, ::-1], NAMES,
        transform=Affine(10, 0, left, 0, 10, bottom),
    )  # fmt: skip
    return words(folder)


_IN_DEGREES = Grid("EPSG:4326", 3.0, 48.8, 0.0001, FRAME.shape)
_IN_FEET = Grid("EPSG:2263", 1e6, 2e5, 32.8, FRAME.shape)  # New York
_OF_THE_WEB = Grid("EPSG:3857", 3.3e5, 6.2e6, 10.0, FRAME.shape)
_COARSE = Grid("EPSG:32631", 500_000.0, 5_400_000.0, 2000.0, FRAME.shape)
_LEFT_IN, _TWICE = "with an offset of 0.1 left in", "Most reflectance in red is 0"

CASES = [
    Case(SCENES, "uint16 x 10,000", _scene(_dn, "uint16"), ONE, reflects(5)),
    Case(SCENES, "nodata 65535 declared", _scene(_dn, "uint16", nodata=65535), ONE, reflects(5)),
    Case(SCENES, "int16, nodata -9999", _scene(_dn, "int16", nodata=-9999), ONE, reflects(5)),
    Case(SCENES, "float 0 to 1", _scene(lambda r: r, "float32"), ONE, reflects(5)),
    Case(
        SCENES,
        "float 0 to 1, nodata -9999",
        _scene(lambda r: r, "float32", nodata=-9999.0),
        ONE,
        reflects(5),
    ),
    Case(
        SCENES,
        "scale .0001 and offset -.1 in the file's tags",
        _scene(lambda r: (r + 0.1) * 1e4, "uint16", after=_scaled(1e-4, -0.1)),
        ONE,
        reflects(5),
    ),
    Case(
        SCENES,
        "digital numbers of baseline 05.09, offset left in",
        _scene(lambda r: (r + 0.1) * 1e4, "uint16"),
        "refused: .1 too bright",
        said=_LEFT_IN,
    ),
    Case(
        SCENES,
        "offset subtracted twice",
        _scene(lambda r: np.maximum(r - 0.1, 0), "float32", nodata=-9999.0),
        "refused: too dark",
        said=_TWICE,
    ),
    Case(
        SCENES,
        "per cent (0 to 100) in float",
        _scene(lambda r: r * 100, "float32"),
        "refused",
        said="near infrared",
    ),
    Case(
        SCENES,
        "bands named blue to nir, SCL first",
        _ordered(("scl", "nir", "blue", "red", "green")),
        ONE,
        reflects(5),
    ),
    Case(SCENES, "bands without names, in order", _ordered((None,) * 5), ONE, reflects(5)),
    Case(SCENES, "clouds on every day", _unseen(9), "refused", said="seen clear on any day"),
    Case(SCENES, "no data anywhere", _unseen(0), "refused", said="seen clear on any day"),
    Case(SCENES, "no band B8", _ordered(("B2", "B3", "B4", "SCL")), "refused", said="lacks B8"),
    Case(SCENES, "two tiles of one day", _tiles, ONE, reflects(5)),
    Case(SCENES, "a name without a date", _named("summer.tif"), "refused", said="no date such as"),
    Case(SCENES, "2023_05_15 in the name, .TIF", _named("S2_2023_05_15.TIF"), ONE, reflects(5)),
    Case(SCENES, "eight digits before the date", _named("20998877_20230515.tif"), ONE, reflects(5)),
    Case(
        SCENES,
        "one of 20 m, first by name, among those of 10 m",
        _odd_one,
        ONE,
        reflects(5, 7),
        said="S2_20230415.tif does not lie on the pixels",
    ),
    Case(SCENES, "an alpha band, none with a name", _with_alpha, ONE, reflects(5)),
    Case(SCENES, "south up", _upside_down, "refused", said="upside down"),
    Case(SCENES, "in degrees", _on(_IN_DEGREES), "refused", said="not in a projected"),
    Case(SCENES, "in feet", _on(_IN_FEET), "refused", said="10.8 times as large"),
    Case(SCENES, "on the web's map", _on(_OF_THE_WEB), "refused", said="2.28 times as large"),
    Case(SCENES, "pixels of 2 km", _on(_COARSE), "refused", said="pixels of 2000 m"),
    Case(SCENES, "a file that was cut off", _cut, "refused", said="can't be read"),
    Case(SCENES, "complex numbers", _scene(_dn, "complex64"), "refused", said="complex"),
    Case(SCENES, "an SCL that was averaged", _averaged, "refused", said="nearest neighbour"),
    Case(PRODUCTS, ".SAFE of baseline 05.09", _safe(Safe(MAY)), ONE, reflects(5)),
    Case(
        PRODUCTS,
        ".SAFE of baseline 03.01, before the offset",
        _safe(Safe(dt.date(2021, 5, 15), "03.01", None)),
        ONE,
        reflects(5, year=2021),
    ),
    Case(
        PRODUCTS,
        ".SAFE of 2019, processed again as 05.00",
        _safe(Safe(dt.date(2019, 5, 15), "05.00")),
        ONE,
        reflects(5, year=2019),
    ),
    Case(
        PRODUCTS,
        "one tile processed twice",
        _safe(Safe(MAY, "04.00", add=900), Safe(MAY, "05.10")),
        ONE,
        reflects(5),
    ),
    Case(
        PRODUCTS,
        ".SAFE with GeoTIFF in place of JPEG 2000",
        _safe(Safe(MAY), suffix="tif"),
        ONE,
        reflects(5),
    ),
    Case(
        PRODUCTS,
        ".SAFE of Level-1C",
        _safe(Safe(MAY, level="Level-1C")),
        "refused",
        said="Level-2A product",
    ),
    Case(
        PRODUCTS,
        ".SAFE without BOA_ADD_OFFSET",
        _safe(Safe(MAY, offset=None)),
        "refused",
        said="no BOA_ADD_OFFSET",
    ),
    Case(PRODUCTS, ".SAFE still zipped", _zip, "refused", said="is packed"),
    Case(PRODUCTS, "JPEG 2000, a file a band", _bands("jp2", 1000), ONE, reflects(5)),
    Case(
        PRODUCTS,
        "COGs whose item says that the offset is off",
        _bands("tif", 0, True),
        ONE,
        reflects(5),
    ),
    Case(
        PRODUCTS, "COGs whose item says that it is in", _bands("tif", 1000, False), ONE, reflects(5)
    ),
    Case(
        PRODUCTS,
        "COGs of which nothing is said",
        _bands("tif", 0),
        "refused: both are possible",
        said="offset is unknown",
    ),
    Case(
        PRODUCTS,
        "JPEG 2000 of 2019, baseline unknown",
        _bands("jp2", 0, day="20190515"),
        "refused: both are possible",
        said="names no processing baseline",
    ),
    Case(PRODUCTS, "a .jp2 that is a VRT", _not_jp2, "refused", said="layer B8"),
    Case(
        READY,
        "a GeoTIFF a month",
        _ready("2023-05.tif", "m_202307.tif", months=(5, 7)),
        ONE,
        reflects(5, 7),
        said="There is no composite of 2023-01",
    ),
    Case(
        READY,
        "one file whose bands say month and band",
        lambda f: words(world.stacked(f)),
        ONE,
        reflects(*world.MONTHS),
    ),
    Case(
        READY,
        "ten days, by both ends and by day",
        _ready(
            "2023-05-11_2023-05-20.tif", "20230701.tif", months=(5, 7), more=("--every", "dekad")
        ),
        ONE,
        reflects(5, 7),
    ),
    Case(READY, "a band that counts dates", _counted, ONE, reflects(5)),
    Case(READY, ".aux.xml and .ovr beside it", _beside, ONE, reflects(5)),
    Case(READY, "a mask in the file", _filled(9, "uint16", _masked), ONE, reflects(5)),
    Case(READY, "-9999, not declared", _filled(-9999, "int16"), "refused", said="do not declare"),
    Case(READY, "65535, not declared", _filled(65535, "uint16"), "refused", said="do not declare"),
    Case(READY, "infinite where nothing is known", _infinite, ONE, reflects(5)),
    Case(READY, "scenes in the same folder", _both, "refused", said="holds scenes and composites"),
    Case(
        READY,
        "ten days read as months",
        _ready("20230501.tif", "20230511.tif", months=(5, 5)),
        "refused",
        said="both lie in the period 2023-05",
    ),
    Case(
        READY, "a name without a period", _ready("spring.tif"), "refused", said="no period such as"
    ),
    Case(
        READY,
        "one file whose bands say the band alone",
        _stack(list(FOUR)),
        "refused",
        said="says its period",
    ),
    Case(
        READY,
        "one file whose bands say the month alone",
        _stack(["2023-05"] * 4),
        "refused",
        said="lacks B2",
    ),
    Case(
        READY,
        "another year than the season's",
        _ready("2022-05.tif", more=("--season", "2023")),
        "refused",
        said="No composite lies in the season 2023",
    ),
]
