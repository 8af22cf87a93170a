"""The one table from RPG code to class to level 2 to level 1, with names and colours.

Source: nomenclature of RPG 2023 (c) IGN/ASP, Licence Ouverte Etalab 2.0; classes follow
Turkoglu et al. 2021 (doi:10.1016/j.rse.2021.112603) by way of the seed project.
"""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache, cached_property
from importlib import resources
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import BACKGROUND
from cropdash.errors import ConfigError

Level = Literal["class", "level_2", "level_1"]
LEVELS: tuple[Level, ...] = ("class", "level_2", "level_1")
_TABLES = ("rpg_2023_crops.csv", "rpg_2023_extra_codes.csv")


@dataclass(frozen=True)
class CropClass:
    """One class of the legend."""

    id: int  # 0 = background
    name: str  # stable identifier, e.g. "winter_wheat"
    label_en: str
    label_fr: str
    level_2: str
    level_1: str
    colour: str  # "#rrggbb"

    def label(self, language: str = "en") -> str:
        return self.label_fr if language == "fr" else self.label_en


@dataclass(frozen=True)
class CropCode:
    """One code of the register."""

    code: str  # three letters or digits, e.g. "BTH"
    label_en: str
    label_fr: str
    crop: int  # class id, 0 where the class is not mapped
    level_2: str
    level_1: str


@dataclass(frozen=True)
class Legend:
    """Classes in order of id (the id is the index), and codes by name."""

    classes: tuple[CropClass, ...]
    codes: dict[str, CropCode]

    def __post_init__(self) -> None:
        if [c.id for c in self.classes] != list(range(len(self.classes))):
            raise ConfigError("Legend: class ids must run 0, 1, 2, … without gaps.")
        parents: dict[str, str] = {}
        items: list[CropClass | CropCode] = [*self.classes, *self.codes.values()]
        for item in items:
            if parents.setdefault(item.level_2, item.level_1) != item.level_1:
                raise ConfigError(f"Legend: level 2 {item.level_2!r} has two parents in level 1.")

    @property
    def n_classes(self) -> int:
        """K, with background."""
        return len(self.classes)

    @cached_property
    def hash(self) -> str:
        """Changes whenever a class or the class of a code changes; models are bound to it."""
        text = repr([(c.id, c.name, c.level_2, c.level_1) for c in self.classes])
        text += repr(sorted((c.code, c.crop) for c in self.codes.values()))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def crops_of(self, codes: Iterable[object]) -> tuple[NDArray[np.uint8], Counter[str]]:
        """Class id of each code, and how often each unknown code occurred (these become background)."""
        unknown: Counter[str] = Counter()
        ids = []
        for raw in codes:
            code = _tidy(raw)
            known = self.codes.get(code)
            if known is None:
                unknown[code or "(empty)"] += 1
            ids.append(known.crop if known else BACKGROUND)
        return np.array(ids, dtype=np.uint8), unknown

    def groups(self, level: Level) -> tuple[str, ...]:
        """Names of the groups of a level, in the order in which the classes bring them up."""
        return tuple(dict.fromkeys(_group(c, level) for c in self.classes))

    def group_of(self, level: Level) -> NDArray[np.int64]:
        """(K,) index into `groups(level)` of each class."""
        index = {name: i for i, name in enumerate(self.groups(level))}
        return np.array([index[_group(c, level)] for c in self.classes], dtype=np.int64)

    def ordered(self) -> tuple[CropClass, ...]:
        """Classes by level 1, level 2 and id, so that relatives stand together."""
        return tuple(sorted(self.classes, key=lambda c: (c.level_1, c.level_2, c.id)))


def _group(item: CropClass, level: Level) -> str:
    if level not in LEVELS:
        raise ConfigError(f"Level {level!r} is unknown; use one of {', '.join(LEVELS)}.")
    return item.name if level == "class" else str(getattr(item, level))


def _tidy(code: object) -> str:
    return code.strip().upper() if isinstance(code, str) else ""


def _rows(table: str) -> list[dict[str, str]]:
    text = (resources.files("cropdash") / "resources" / table).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def load(code_table: Path | None = None) -> Legend:
    """The legend: 371 RPG codes, 49 crop classes and background, two levels above, colours.

    With a code table, the classes stay and its codes take the place of the RPG's. It is a CSV
    with the columns `code` and `class`, the latter a class's name or id ("background" or 0 where
    a crop is not mapped), and, if wanted, `label`.

    Raises ConfigError, with row and column, for what can't be read in the table.
    """
    return _rpg() if code_table is None else Legend(_rpg().classes, _codes_of(code_table))


@cache
def _rpg() -> Legend:
    classes = tuple(
        CropClass(
            int(row["id"]),
            *(row[key] for key in ("name", "label_en", "label_fr", "level_2", "level_1", "colour")),
        )
        for row in _rows("crop_classes.csv")
    )
    codes = {
        row["code"]: CropCode(
            row["code"],
            row["label_en"],
            row["label_fr"],
            int(row["seed_class_id"]),
            row["level_2"],
            row["level_1"],
        )
        for table in _TABLES
        for row in _rows(table)
    }
    return Legend(classes, codes)


def _codes_of(table: Path) -> dict[str, CropCode]:
    """Codes of a user's table."""
    classes = {key: crop for crop in _rpg().classes for key in (crop.name, str(crop.id))}
    codes: dict[str, CropCode] = {}
    for number, row in _table_rows(table):
        code, name = _tidy(row.get("code")), (row.get("class") or "").strip().lower()
        where = f"{table.name}, row {number}"
        if not code:
            raise ConfigError(f"{where}, column code: it is empty; give the register's crop code.")
        if name not in classes:
            close = get_close_matches(name, [c.name for c in _rpg().classes], n=1)
            hint = f" (did you mean {close[0]}?)" if close else ""
            raise ConfigError(
                f"{where}, column class: {name!r} is no class of the legend{hint};"
                f" use a name such as winter_wheat or an id from 0 to {_rpg().n_classes - 1}."
            )
        crop, label = classes[name], (row.get("label") or "").strip() or code
        entry = CropCode(code, label, label, crop.id, crop.level_2, crop.level_1)
        if codes.setdefault(code, entry).crop != crop.id:
            raise ConfigError(
                f"{where}, column code: {code} stands further up with another class; keep one."
            )
    if not codes:
        raise ConfigError(f"{table.name} holds no code: give one row per crop code.")
    return codes


def _table_rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number (the header's is 1) and cells of each row of a CSV, whose separator is , or ;"""
    try:
        lines = table.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigError(
            f"The code table {table} can't be read ({error.strerror}): check its path."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{table.name} is not UTF-8 text: save it as CSV in UTF-8.") from error
    head = lines[0].lower() if lines else ""
    reader = csv.DictReader([head, *lines[1:]], delimiter=";" if ";" in head else ",")
    reader.fieldnames = [name.strip() for name in reader.fieldnames or []]
    missing = [name for name in ("code", "class") if name not in reader.fieldnames]
    if missing:
        raise ConfigError(
            f"{table.name}, row 1: no column {' or '.join(missing)}; a code table has the columns"
            " code and class."
        )
    for row in reader:
        yield reader.line_num, row
