"""Products as they are downloaded: ESA's .SAFE folders, and folders with one file a band.

Each becomes a STAC item, so that baseline, offset, tile, datatake and repeated processings are
understood as those of a service are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from cropdash.domain import sentinel2
from cropdash.domain.errors import InvalidScene
from cropdash.files import atomic, xml
from cropdash.ingest.stac.offsets import OFFSET, SINCE_BASELINE, baseline_of

METADATA = "MTD_MSIL2A.xml"
_SUFFIXES = (".jp2", ".tif", ".tiff")
_OWN = {key: band for band, of in sentinel2.TABLE.items() for key in of.stac}
_KNOWN = _OWN | dict.fromkeys(sentinel2.SCL_STAC, sentinel2.SCL)
# T31UFS_20220601T105031_B02_10m.jp2, S2A_31UFS_20220601_0_L2A_B02.tif, B02.tif, nir.tif
_FILE = re.compile(
    rf"(?:(?P<scene>.+)_)?(?P<key>{'|'.join(sorted(_KNOWN, key=len, reverse=True))})"
)
_TIME = re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?:T(\d{2})(\d{2})(\d{2}))?(?!\d)")
_BAND_IDS = ("B1", "B2", "B3", "B4", "B5", "B6", "B7", "B8", "B8A", "B9", "B10", "B11", "B12")
_MOST_JSON = 5_000_000  # [bytes] of a STAC item
_DEEP = 20_000  # files looked at


@dataclass(frozen=True)
class Product:
    """The files of one scene by the STAC key of their band, and what tells how to read them."""

    name: str
    files: Mapping[str, Path]
    metadata: Path | None  # XML of the product, or a STAC item; None: the names tell

    def item(self) -> dict[str, Any]:
        """As a STAC item. Raises InvalidScene for metadata that are not understood."""
        assets: dict[str, dict[str, Any]] = {
            key: {"href": str(path.resolve())} for key, path in self.files.items()
        }
        if self.metadata is None:
            properties = self._by_name()
        elif self.metadata.suffix == ".json":
            properties = _by_item(self.metadata, assets)
        else:
            properties = _by_xml(self.metadata, assets)
        return {"id": self.name, "properties": properties, "assets": assets}

    def finest(self) -> Path | None:
        """A band of the least pixels; None where there is the scene classification alone."""
        bands = [key for key in self.files if _KNOWN[key] != sentinel2.SCL]
        sizes = {key: sentinel2.TABLE[_KNOWN[key]].resolution_m for key in bands}
        return self.files[min(sorted(bands), key=sizes.__getitem__)] if bands else None

    def _by_name(self) -> dict[str, Any]:
        """JPEG 2000 is as ESA wrote it; of another file nobody knows whether it was shifted."""
        time = _TIME.search(self.name)
        if time is None:
            raise InvalidScene("{a}: no date such as 20180521 in its name.", a=self.name)
        odd = next((p for p in self.files.values() if p.suffix.lower() != ".jp2"), None)
        if odd is not None:
            raise InvalidScene(
                "{a} has no metadata beside its bands ({b}), so its radiometric offset is"
                " unknown: put the product's {c} or its STAC item (.json) there.",
                a=self.name,
                b=odd.name,
                c=METADATA,
            )
        year, month, day, *clock = (part or "00" for part in time.groups())
        return {"datetime": f"{year}-{month}-{day}T{':'.join(clock)}"}


def found(folder: Path) -> tuple[Product, ...]:
    """The products in a folder, at any depth, by name."""
    paths = [
        p
        for p, _ in zip(folder.rglob("*"), range(_DEEP), strict=False)
        if p.suffix.lower() in _SUFFIXES and not p.name.startswith(".")
    ]
    scenes: dict[tuple[Path, str], dict[str, Path]] = {}
    for path in sorted(paths):
        match = _FILE.fullmatch(path.stem)
        if match is None:
            continue
        root = next((p for p in path.parents if p.suffix.upper() == ".SAFE"), None)
        place = (root, root.stem) if root else (path.parent, match["scene"] or path.parent.name)
        scenes.setdefault(place, {})[match["key"]] = path
    return tuple(
        Product(name, files, _metadata(root, name))
        for (root, name), files in sorted(scenes.items())
    )


def is_band(path: Path) -> bool:
    """True for a file that holds one band of a product, by its name."""
    return _FILE.fullmatch(path.stem) is not None


def _metadata(root: Path, name: str) -> Path | None:
    if (root / METADATA).is_file() or root.suffix.upper() == ".SAFE":
        return root / METADATA
    items = sorted(root.glob("*.json"))
    named = [path for path in items if path.stem == name]
    return (named or items)[0] if len(named or items) == 1 else None


def _by_xml(path: Path, assets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    root = xml.read(path)
    name = path.parent.name
    level = xml.text(root, "PROCESSING_LEVEL")
    if not level.lower().startswith("level-2a"):
        raise InvalidScene(
            "{a} is {b}: fetch its Level-2A product.", a=name, b=level[:20] or "of no level"
        )
    whole = xml.text(root, "BOA_QUANTIFICATION_VALUE")
    if whole and whole.partition(".")[0] != str(sentinel2.SCALE):
        raise InvalidScene(
            "{a} counts reflectance in {b}: no product of ESA's does.", a=name, b=whole[:20]
        )
    properties = {
        "datetime": xml.text(root, "DATATAKE_SENSING_START")
        or xml.text(root, "PRODUCT_START_TIME"),
        "s2:processing_baseline": xml.text(root, "PROCESSING_BASELINE"),
        "s2:generation_time": xml.text(root, "GENERATION_TIME"),
        "s2:product_uri": xml.text(root, "PRODUCT_URI") or name,
        **_of_granule(root),
    }
    baseline = baseline_of(properties, name)
    if baseline is None:
        raise InvalidScene(
            "{a} of {b} names no processing baseline: fetch it again.", a=path.name, b=name
        )
    shifts = _shifts(root)
    if baseline >= SINCE_BASELINE and not shifts:
        raise InvalidScene(
            "{a} of {b} has baseline {c}.{d} and no BOA_ADD_OFFSET: fetch it again.",
            a=path.name,
            b=name,
            c=format(baseline[0], "02d"),
            d=format(baseline[1], "02d"),
        )
    for key, asset in assets.items():
        shift = shifts.get(_KNOWN[key], OFFSET if shifts else 0)
        asset["raster:bands"] = [{"offset": shift / sentinel2.SCALE}]
    return properties


def _of_granule(root: ElementTree.Element) -> dict[str, str]:
    """Tile, datatake and datastrip."""
    take = next(root.iterfind(".//{*}Datatake"), None)
    granule = next(root.iterfind(".//{*}Granule"), None)
    strip = "" if granule is None else granule.get("datastripIdentifier", "")
    tile = re.search(r"_(T\d{2}[C-X][A-Z]{2})_", "" if granule is None else str(granule.attrib))
    return {
        "s2:datatake_id": "" if take is None else take.get("datatakeIdentifier", ""),
        "s2:datastrip_id": strip,
        "s2:mgrs_tile": tile[1] if tile else "",
    }


def _shifts(root: ElementTree.Element) -> dict[str, float]:
    """[DN] that is to be added, by band."""
    found: dict[str, float] = {}
    for element in root.iterfind(".//{*}BOA_ADD_OFFSET"):
        try:
            found[_BAND_IDS[int(element.get("band_id", ""))]] = float(element.text or "")
        except (ValueError, IndexError) as error:
            raise InvalidScene(
                "A BOA_ADD_OFFSET of the metadata is {a} for band {b}: fetch them again.",
                a=repr(str(element.text)[:20]),
                b=repr(element.get("band_id", "")[:10]),
            ) from error
    return found


def _by_item(path: Path, assets: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Properties of a STAC item, whose words on a band's numbers come to the files."""
    try:
        item = json.loads(atomic.read_bytes(path, _MOST_JSON))
        properties, told = dict(item["properties"]), dict(item.get("assets") or {})
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidScene("{a} is no STAC item: fetch it again.", a=path.name) from error
    for key, asset in assets.items():
        one: dict[str, Any] = next(
            (told[k] for k in _alike(key) if isinstance(told.get(k), dict)), {}
        )
        asset |= {k: v for k, v in one.items() if k != "href"}
    return properties


def _alike(key: str) -> Iterator[str]:
    """The key, then the others under which providers have the same band."""
    yield key
    yield from (other for other, band in _KNOWN.items() if band == _KNOWN[key])
