"""Which file holds the parcels of an edition.

RPG editions come as an archive of nested folders, of which one GeoPackage holds the parcels:
PARCELLES_GRAPHIQUES.gpkg up to RPG 2.2 (2023), RPG_Parcelles.gpkg from RPG 3.0 (2024) on.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from pathlib import Path, PurePath
from typing import TypeVar

from cropdash.domain.errors import InvalidRegister
from cropdash.files import parquet, vectors
from cropdash.ingest.registers.layout import NAMES

UNPACKED = "unpacked"  # folder beside an archive that holds what was unpacked of it
SUFFIXES = (".gpkg", ".parquet", ".geoparquet")
POINTS = ".csv"  # a register of points
_ARCHIVE = re.compile(r"\.7z(\.001)?$", re.IGNORECASE)
_SHOWN = 6  # names in a message

AnyPath = TypeVar("AnyPath", bound=PurePath)


class Kind(Enum):
    """What a file is, by its first bytes."""

    GEOPACKAGE = vectors.MAGIC
    GEOPARQUET = parquet.MAGIC
    ARCHIVE = b"7z\xbc\xaf\x27\x1c"


def kind_of(file: Path) -> Kind:
    """Raises InvalidRegister if the file is none of what is read."""
    with file.open("rb") as handle:
        head = handle.read(16)
    for kind in Kind:
        if head.startswith(kind.value):
            return kind
    raise InvalidRegister(
        "{a} is neither a GeoPackage nor GeoParquet nor a .7z archive: fetch it again,"
        " or convert it, e.g. ogr2ogr -f GPKG register.gpkg {b}.",
        a=file.name,
        b=file.name,
    )


def locate(path: Path) -> Path:
    """The GeoPackage or GeoParquet file that `path` stands for; archives are unpacked once.

    Raises InvalidRegister if there is none, or more than one.
    """
    if path.is_dir():
        return _file_of(_in_folder(path))
    if not path.exists() and (first := path.with_name(f"{path.name}.001")).is_file():
        return _file_of(first)  # named as if its parts had been joined
    if not path.is_file():
        raise InvalidRegister(
            "There is no register {a}: give the path of an RPG edition (a folder, .7z,"
            " .gpkg or .parquet).",
            a=path,
        )
    return _file_of(path)


def choose(paths: Sequence[AnyPath], where: str) -> AnyPath:
    """The one path that holds the parcels: by its name, else because it is the only one.

    Raises InvalidRegister if there is none, or more than one.
    """
    named = [path for path in paths if path.stem.lower() in NAMES]
    found = named or paths
    if len(found) != 1:
        names = ", ".join(str(path) for path in found[:_SHOWN]) or "none"
        raise InvalidRegister(
            "{a} must hold one register (GeoPackage or GeoParquet), it holds {b}: {c}. Give"
            " the path of the one that is meant.",
            a=where,
            b=len(found),
            c=names,
        )
    return found[0]


def _file_of(path: Path) -> Path:
    if path.suffix.lower() == POINTS or kind_of(path) is not Kind.ARCHIVE:
        return path
    from cropdash.ingest.registers import archive  # py7zr is needed for archives alone

    return archive.unpack(path)


def _in_folder(folder: Path) -> Path:
    """A register in the folder, else an archive of one, else what was unpacked before."""
    files = sorted(p for p in folder.rglob("*") if _visible(p.relative_to(folder)) and p.is_file())
    registers = [p for p in files if p.suffix.lower() in SUFFIXES]
    unpacked = [p for p in registers if UNPACKED in p.relative_to(folder).parts]
    archives = [p for p in files if _ARCHIVE.search(p.name)]
    given = [p for p in registers if p not in unpacked]
    return choose(given or archives or unpacked, f"The folder {folder}")


def _visible(path: PurePath) -> bool:
    return not any(part.startswith((".", "__MACOSX")) for part in path.parts)
