"""A place that is looked through for the Data page: parcels fetched, zones proposed."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cropdash.domain import access
from cropdash.jobs import asked
from cropdash.settings import folders
from cropdash.storage import places, record
from cropdash.storage.places import Found

WAIT_S = 900.0  # for a register's service that is slow


def words(
    name: str,
    lat: float,
    lon: float,
    *,
    season: str,
    size: int,
    number: int,
    area: Path | None = None,
    service: Path | None = None,
    codes: Sequence[Path] = (),
) -> list[str]:
    """What follows `python -m cropdash` for a place.

    size: of a zone's side [pixels]; number: of zones; area: polygons in place of the place's
    surroundings; service: settings of another register than the French; codes: tables of what its
    crop codes mean.
    """
    where = ["--area", str(area)] if area else ["--near", f"{lat:.5f},{lon:.5f}"]
    beside = ["--service", str(service)] if service else []
    beside += ["--codes", ",".join(map(str, codes))] if codes else []
    return [
        "build", name, *where, "--season", season, "--size", str(size), "--number",
        str(number), *beside,
    ]  # fmt: skip


def command_line(name: str, lat: float, lon: float, **asked_for: Any) -> str:
    """The same as a person would type it."""
    return shlex.join(["python", "-m", "cropdash", *words(name, lat, lon, **asked_for)])


def look(name: str, lat: float, lon: float, **asked_for: Any) -> tuple[Found, Path, Path]:
    """What was found, with the files of its register and zones.

    It asks the register's service and keeps the answer. Raises NotAllowed, NotKept or CropdashError.
    """
    access.require("start")
    data = folders.folders().data
    record.note(data, "look", f"{name} at {lat:.5f},{lon:.5f}")
    asked.run([*words(name, lat, lon, **asked_for), "--estimate"], WAIT_S)
    place = places.folder(data, name)
    return places.read(data, name), place / places.REGISTER, place / places.ZONES
