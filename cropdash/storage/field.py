"""Decisions that come back in a file, by the register's id: what is new, and what contradicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cropdash.domain.errors import ConfigError
from cropdash.files import tables, vectors
from cropdash.storage.decisions import LONGEST_NOTE, RELABEL, WORDS, Decision, Parcel, Said

_NEEDED = ("register_id", "decision")
_MAY = (*_NEEDED, "crop", "truth", "note")
Row = Mapping[str, str]


@dataclass(frozen=True)
class Compared:
    """A file's rows beside what is decided already."""

    new: tuple[Said, ...]
    same: int
    conflicts: tuple[tuple[Said, Decision], ...]  # what the file says, and what holds
    unknown: tuple[str, ...]  # ids of no parcel


def read(path: Path) -> list[Row]:
    """Rows with a decision or a note of a CSV, or of a GeoPackage's only layer.

    Raises ConfigError or InvalidRegister.
    """
    if path.suffix.lower() != ".gpkg":
        table = tables.read(path)
        table.need(*_NEEDED)
        rows: list[Row] = [{name: row.get(name) for name in _MAY} for row in table.rows]
    else:
        rows = _of_geopackage(path)
    return [row for row in rows if row.get("decision") or row.get("note")]


def _of_geopackage(path: Path) -> list[Row]:
    layers = vectors.layers(path)
    if len(layers) != 1:
        raise ConfigError(
            "{a} must hold one layer, it holds {b}: export that one.", a=path.name, b=len(layers)
        )
    there = {str(name).lower(): str(name) for name in vectors.info(path, layers[0])["fields"]}
    if missing := [name for name in _NEEDED if name not in there]:
        raise ConfigError("{a} has no column {b}: add it.", a=path.name, b=" or ".join(missing))
    wanted = [there[name] for name in _MAY if name in there]
    frame = vectors.read(path, layers[0], wanted, None)
    told = frame[wanted].astype("string").fillna("").rename(columns=str.lower)
    return [dict(zip(told.columns, map(str, row), strict=True)) for row in told.to_numpy()]


def compare(
    rows: Sequence[Row],
    held: Mapping[str, Decision],
    parcels: Mapping[str, tuple[str, int]],
    classes: Collection[str],
) -> Compared:
    """The rows beside what holds; `parcels` are zone and number by register id.

    Raises ConfigError for what is no decision, and for an id that stands twice.
    """
    new, conflicts, unknown, same = [], [], [], 0
    seen = set[str]()
    for row in rows:
        register_id = _plain(row["register_id"])
        if register_id in seen:
            raise ConfigError(
                "Parcel {a} stands in the file twice: keep one row.", a=repr(register_id[:64])
            )
        seen.add(register_id)
        if register_id not in parcels:
            unknown.append(register_id)
            continue
        told = _said(row, Parcel(register_id, *parcels[register_id]), classes)
        now = held.get(register_id)
        if now is None or not now.decision or told.decision is None:
            new.append(told)
        elif (now.decision, now.crop) == (told.decision, told.crop):
            same += 1
        else:
            conflicts.append((told, now))
    return Compared(tuple(new), same, tuple(conflicts), tuple(unknown))


def _said(row: Row, parcel: Parcel, classes: Collection[str]) -> Said:
    word = row.get("decision", "").strip().lower() or None
    crop = (row.get("crop") or row.get("truth") or "").strip() if word == RELABEL else ""
    note = _plain(row.get("note", ""))[:LONGEST_NOTE] or None
    if word is not None and word not in WORDS:
        raise ConfigError(
            "Parcel {a}: {b} is no decision; use {c}.",
            a=repr(parcel.register_id[:64]),
            b=repr(word[:40]),
            c=", ".join(WORDS),
        )
    if word == RELABEL and crop not in classes:
        raise ConfigError(
            "Parcel {a}: {b} is no class of the legend; write its name, such as {c}.",
            a=repr(parcel.register_id[:64]),
            b=repr(crop[:40]),
            c=next(iter(classes), "maize"),
        )
    return Said(parcel, word, note, crop)


def _plain(text: str) -> str:
    """A cell without the apostrophe that keeps a spreadsheet from taking it for a formula."""
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@") else text
