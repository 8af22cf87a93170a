"""Where the parcels of a place come from, and how they are kept: one protocol, three ways.

A Web Feature Service (`wfs`), a GeoParquet file on the net (`remote`), or a file of this machine
(`extract`). What was fetched is kept as GeoParquet with a note of what it is, and read from there.
"""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd

from cropdash.domain.errors import InvalidRegister, NotEnoughData
from cropdash.files import atomic
from cropdash.ingest.registers.layout import CODE, ID, as_text
from cropdash.settings.sources import Fetching

Degrees = tuple[float, float, float, float]  # (west, south, east, north)
MOST = 200_000  # parcels of one place
ORIGIN = "origin"  # key of a frame's attrs: the note of a register that was fetched
_OWN = ("fetched", "parcels", "digest")  # what a note says besides what was asked


class Provider(Protocol):
    """Gives the parcels of a place, whole or not at all."""

    @property
    def name(self) -> str:
        """For people."""

    def asked(self, box: Degrees, year: int) -> dict[str, Any]:
        """What a note says of a request, as JSON holds it: address, layer, columns, box.

        Two requests of which it says the same have the same answer.
        """

    def fetch(self, box: Degrees, year: int) -> gpd.GeoDataFrame:
        """ID_PARCEL, CODE_CULTU (text) and geometry of a year's parcels that touch the box.

        Raises SourceUnavailable if a service fails, refuses or answers in part, NotEnoughData if
        it knows no parcel there, InvalidRegister for a file that can't be read.
        """

    def taking(self, box: Degrees) -> Fetching:
        """What fetching will take, by the density of parcels; nobody is asked."""


def keep(path: Path, provider: Provider, box: Degrees, year: int) -> dict[str, Any]:
    """Fetch into a GeoParquet register, with a note beside it of what it is; what is there stays.

    Returns the note: what was asked, number of parcels, date and digest. Raises as `fetch` does.
    """
    if box[0] >= box[2]:
        raise NotEnoughData("The place lies across the antimeridian: choose one beside it.")
    asked, known = provider.asked(box, year), read_note(path)
    if known is not None and is_of(path, provider, box, year):
        return known
    frame = provider.fetch(box, year)
    if frame.empty:
        raise NotEnoughData(
            "{a} knows no parcel of {b} in this place: check latitude and longitude, or"
            " give a --register of that country.",
            a=provider.name,
            b=year,
        )
    with atomic.replacing(path) as temporary:
        frame.to_parquet(temporary, index=False, write_covering_bbox=True)
    moment = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
    told = dict(zip(_OWN, (moment, len(frame), atomic.checksum(path)), strict=True))
    atomic.write_json(_note(path), asked | told)
    return asked | told


def is_of(path: Path, provider: Provider, box: Degrees, year: int) -> bool:
    """False if another request was kept there."""
    known = read_note(path)
    if known is None:
        return True
    return all(known.get(name) == value for name, value in provider.asked(box, year).items())


def read_note(path: Path) -> dict[str, Any] | None:
    """The note of a register that was fetched; None where there is none, or it is of other bytes."""
    note = _note(path)
    if not (path.is_file() and note.is_file()):
        return None
    try:
        known = atomic.read_json(note)
    except (OSError, ValueError):
        return None
    status = path.stat()
    if not isinstance(known, dict) or not all(name in known for name in _OWN):
        return None
    same = known["digest"] == _digest(path, status.st_mtime_ns, status.st_size)
    return known if same else None


def check_note(path: Path) -> None:
    """Raise InvalidRegister if a register that was fetched is not as it was."""
    if read_note(path) is None and _note(path).is_file() and _is_note(_note(path)):
        raise InvalidRegister(
            "{a} is not what was fetched by its note {b}: fetch it again, or delete the note.",
            a=path.name,
            b=_note(path).name,
        )


def of_year(text: str, year: int) -> str:
    """An address or a layer's name, with the year in the place of {year}."""
    return text.replace("{year}", str(year))


def named(frame: gpd.GeoDataFrame, id_column: str, code_column: str) -> gpd.GeoDataFrame:
    """The frame with its columns under the names of the RPG, ids and codes as text."""
    frame = frame.rename(columns={id_column: ID, code_column: CODE})
    frame = frame.rename_geometry("geometry") if frame.geometry.name != "geometry" else frame
    return frame.assign(**{ID: as_text(frame[ID]), CODE: as_text(frame[CODE])})[
        [ID, CODE, "geometry"]
    ]


def _note(path: Path) -> Path:
    return path.with_suffix(".note.json")


def _is_note(path: Path) -> bool:
    try:
        return "digest" in atomic.read_json(path)
    except (OSError, ValueError, TypeError):
        return False


@lru_cache(maxsize=32)
def _digest(path: Path, modified_ns: int, size: int) -> str:
    return atomic.checksum(path)
