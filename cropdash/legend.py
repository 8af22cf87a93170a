"""The one table from RPG code to class to group to family, with names and colours.

Source: nomenclature of RPG 2023 (c) IGN/ASP, Licence Ouverte Etalab 2.0; classes follow
Turkoglu et al. 2021 (doi:10.1016/j.rse.2021.112603) by way of the seed project.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from importlib import resources
from pathlib import Path

from cropdash.domain.errors import ConfigError
from cropdash.domain.legend import CropClass, CropCode, Legend, tidy

_TABLES = ("rpg_2023_crops.csv", "rpg_2023_extra_codes.csv")


def _rows(table: str) -> list[dict[str, str]]:
    text = (resources.files("cropdash") / "resources" / table).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def load(code_table: Path | None = None) -> Legend:
    """The legend: 371 RPG codes, 49 crop classes and background, groups, families, colours.

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
            *(row[key] for key in ("name", "label_en", "label_fr", "group", "family", "colour")),
        )
        for row in _rows("crop_classes.csv")
    )
    codes = {
        row["code"]: CropCode(
            row["code"],
            row["label_en"],
            row["label_fr"],
            int(row["seed_class_id"]),
            row["group"],
            row["family"],
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
        code, name = tidy(row.get("code")), (row.get("class") or "").strip().lower()
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
        entry = CropCode(code, label, label, crop.id, crop.group, crop.family)
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
