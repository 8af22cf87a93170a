"""Files that a person put into data/incoming/: chosen from a listing, never named by text."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from pathlib import Path

from cropdash.domain import check_name
from cropdash.domain.errors import ConfigError
from cropdash.files import atomic
from cropdash.legend import CLASSES
from cropdash.settings.build import Widget
from cropdash.settings.folders import folders
from cropdash.storage import uploads

FOLDER = "incoming"
_REGISTERS = (".gpkg", ".parquet", ".geoparquet", ".7z", ".7z.001")
_RASTERS = (".tif", ".tiff")
_IMAGES = ("scenes", "composites", "composites.tif")  # in a folder of one's own
_LISTED = 200  # entries looked at, and the most that a select box is sent
_DEEP = 2000  # files looked at inside one folder
_MAX_BYTES = 5_000_000  # of a zones file: some 50,000 zones


def folder() -> Path:
    """Where a person puts registers, zones and scenes."""
    return folders().data / FOLDER


def listed(kind: Widget) -> dict[str, Path]:
    """Name to path of what there is of a kind, by name."""
    try:
        entries = sorted(p for p in folder().iterdir() if not p.name.startswith("."))
    except FileNotFoundError:
        return {}
    return {p.name: p for p in entries[:_LISTED] if _TESTS[kind](p)}


def place(name: str, content: bytes) -> Path:
    """Where a zones file would be kept: under a name made from `name`, apart from other content.

    Raises ConfigError for another kind of file, or one that is too large.
    """
    stem, _, kind = name.rpartition(".")
    suffix = f".{kind.lower()}"
    if suffix not in (".csv", ".geojson"):
        raise ConfigError("A zones file is a .csv or a .geojson: export it as one of them.")
    if len(content) > _MAX_BYTES:
        raise ConfigError(
            "The zones file has {a} MB; it may have {b} MB.",
            a=format(len(content) / 1000000.0, ".1f"),
            b=format(_MAX_BYTES / 1000000.0, ".0f"),
        )
    last = re.split(r"[/\\]", stem)[-1].lower()
    stem = re.sub(r"[^a-z0-9_-]+", "-", last).strip("-_")[:40] or "zones"
    path = folder() / f"{check_name(stem, 'File')}{suffix}"
    if path.exists() and atomic.read_bytes(path) != content:
        mark = hashlib.sha256(content).hexdigest()[:6]
        path = path.with_name(f"{stem}-{mark}{suffix}")
    return path


def save(name: str, content: bytes) -> Path:
    """Keep a zones file at its place; the same content is kept once.

    Raises NotAllowed, LimitReached or NotKept.
    """
    path = place(name, content)
    uploads.admit(folders().data, path.name, len(content))
    with atomic.replacing(path) as part:
        part.write_bytes(content)
    return path


def _is_register(path: Path) -> bool:
    if path.is_file():
        name = path.name.lower()
        return name.endswith(_REGISTERS) or (name.startswith("points") and _is_table(path))
    return not _has_scenes(path) and _holds(path, _REGISTERS)


def _holds(path: Path, suffixes: tuple[str, ...]) -> bool:
    """True if a file with one of the suffixes lies in the folder, at any depth."""
    inside = (p for p, _ in zip(path.rglob("*"), range(_DEEP), strict=False))
    return any(p.name.lower().endswith(suffixes) for p in inside)


def _has_scenes(path: Path) -> bool:
    """True for a folder of images: scenes, composites, or products as downloaded."""
    if not path.is_dir():
        return False
    inside = (p for p, _ in zip(path.iterdir(), range(_DEEP), strict=False))
    return any(p.name in _IMAGES or p.suffix.upper() == ".SAFE" for p in inside)


def _is_table(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() == ".csv"


def _is_rows(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in (".csv", ".parquet")


def _is_legend(path: Path) -> bool:
    return _is_table(path) or (path / CLASSES).is_file()


def _is_layer(path: Path) -> bool:
    if path.is_file():
        return path.suffix.lower() in _RASTERS
    inside = (p for p, _ in zip(path.iterdir(), range(_DEEP), strict=False))
    return any(p.suffix.lower() in _RASTERS for p in inside)


def _is_zones(path: Path) -> bool:
    return path.is_file() and path.suffix.lower() in (".csv", ".geojson")


def _is_area(path: Path) -> bool:
    return path.suffix.lower() == ".geojson" and 0 < path.stat().st_size <= _MAX_BYTES


def _is_provenance(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith(".json")


_TESTS: dict[Widget, Callable[[Path], bool]] = {
    "register": _is_register,
    "zones": _is_zones,
    "listed": _is_zones,
    "legend": _is_legend,
    "codes": _is_table,
    "scenes": _has_scenes,
    "rows": _is_rows,
    "layers": _is_layer,
    "provenance": _is_provenance,
    "area": _is_area,
    "service": lambda path: path.is_file() and path.suffix.lower() == ".toml",
}
