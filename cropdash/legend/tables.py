"""Legends of users as tables: classes, and the codes of registers that mean them."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from unicodedata import category

from cropdash.domain.errors import ConfigError
from cropdash.domain.legend import COLOUR, MOST, CropClass, CropCode, tidy
from cropdash.domain.nouns import BACKGROUND
from cropdash.legend import colours

_NAME = re.compile(r"[^\W\d_][\w-]{0,63}")  # stands in addresses and files
_LABEL = re.compile(r"label_([a-z]{2,3})")
_MARKUP = frozenset("<>[]{}*`$|~\\")  # what a page could take for more than text
_LONGEST = 100  # letters of a label
_NOTHING = {  # background where a table of classes doesn't name it
    "name": "background",
    "group": "background",
    "family": "background",
    "colour": "#e4e4e4",
    "label_en": "Background / unmapped",
    "label_fr": "Fond / non cartographié",
}


@dataclass(frozen=True)
class Row:
    """One row of a table; what is wrong with it is told with its place."""

    table: str
    number: int  # the header's is 1
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        """The cell without spaces around; empty where there is none."""
        return self.cells.get(column, "")

    def labels(self) -> dict[str, str]:
        """Language -> text of the columns label_<language>; `label` is English where that is missing."""
        found = {
            language[1]: text
            for column, text in self.cells.items()
            if (language := _LABEL.fullmatch(column)) and text
        }
        plain = self.get("label")
        return {"en": plain, **found} if plain else found

    def wrong(self, column: str, fault: str) -> ConfigError:
        return ConfigError(f"{self.table}, row {self.number}, column {column}: {fault}.")


@dataclass(frozen=True)
class Table:
    """A CSV that was read whole."""

    name: str  # of its file
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def need(self, *columns: str) -> None:
        """Raise ConfigError unless the columns are there, and rows below them."""
        missing = [name for name in columns if name not in self.columns]
        if missing:
            raise ConfigError(
                f"{self.name}, row 1: no column {' or '.join(missing)}; this table has the columns"
                f" {', '.join(columns)}."
            )
        if not self.rows:
            raise ConfigError(f"{self.name} holds no row below its header: give one per entry.")


def read(path: Path) -> Table:
    """Header and rows of a CSV in UTF-8, whose separator is , or ; or a tab. Raises ConfigError."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(
            f"The table {path} can't be read ({error.strerror}): check its path."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name} is not UTF-8 text: save it as CSV in UTF-8.") from error
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        columns = tuple(name.strip() for name in next(reader, []))
        # Names of columns are known in any case; those of EuroCrops' tables hold capitals.
        columns = tuple(c if c.startswith("HCAT") else c.lower() for c in columns)
        _once(path.name, columns)
        rows = tuple(
            Row(path.name, reader.line_num, _cells(path.name, reader.line_num, columns, cells))
            for cells in reader
            if any(cell.strip() for cell in cells)
        )
    except csv.Error as error:
        raise ConfigError(f"{path.name}, row {reader.line_num} is no CSV ({error}).") from error
    return Table(path.name, columns, rows)


def classes_of(table: Table) -> tuple[CropClass, ...]:
    """Classes of a user's table, background first; colours that it lacks are generated."""
    table.need("name", "group", "family")
    known = ("id", "name", "group", "family", "colour", "label", "label_en")
    for column in table.columns:
        if column not in known and not _LABEL.fullmatch(column):
            raise ConfigError(
                f"{table.name}, row 1: column {column!r} is unknown; a table of classes has"
                f" {', '.join(known)} and label_<language>."
            )
    for row in table.rows:
        _check_class(row)
    _check_tree(table.rows)
    nothing = [row for row in table.rows if row.get("name").lower() == "background"]
    rows = _in_order([row for row in table.rows if row not in nothing])
    if not 1 <= len(rows) <= MOST:
        raise ConfigError(
            f"{table.name} holds {len(rows)} classes; use 1 to {MOST}: leave the rarest to background."
        )
    return numbered([*(nothing or [Row(table.name, 0, _NOTHING)]), *rows])


def numbered(rows: Sequence[Row]) -> tuple[CropClass, ...]:
    """Classes by their place among the rows; those without a colour get one."""
    given = [row.get("colour").lower() for row in rows]
    kin = [(row.get("family"), row.get("group")) for row in rows]
    return tuple(
        CropClass(i, row.get("name"), row.labels(), row.get("group"), row.get("family"), colour)
        for i, (row, colour) in enumerate(zip(rows, colours.completed(given, kin), strict=True))
    )


def codes_of(tables: Iterable[Table], classes: Sequence[CropClass]) -> dict[str, CropCode]:
    """Codes of users' tables: columns code and class (its name or id), label and register if wanted."""
    named = {key: c for c in classes for key in (str(c.id), c.name.casefold())}
    codes: dict[str, CropCode] = {}
    for table in tables:
        table.need("code", "class")
        for row in table.rows:
            code, name = tidy(row.get("code")), row.get("class")
            if not code:
                raise row.wrong("code", "it is empty; give the register's crop code")
            if (crop := named.get(name.casefold())) is None:
                close = get_close_matches(name.casefold(), [c.name for c in classes], n=1)
                hint = f" (did you mean {close[0]}?)" if close else ""
                raise row.wrong(
                    "class",
                    f"{name!r} is no class of the legend{hint}; use a name such as"
                    f" {classes[-1].name} or an id from 0 to {len(classes) - 1}",
                )
            add(codes, CropCode(code, row.labels(), crop.id, row.get("register")), row, "code")
    return codes


def add(codes: dict[str, CropCode], code: CropCode, row: Row, column: str) -> None:
    """Take a code up; raises ConfigError if it means another class already."""
    if codes.setdefault(code.code, code).crop != code.crop:
        raise row.wrong(
            column,
            f"{code.code} was given another class further up, or in a table before; keep one, and"
            " leave out registers that the parcels don't use",
        )


def _once(name: str, columns: Sequence[str]) -> None:
    repeated = [c for c in columns if columns.count(c) > 1]
    if repeated:
        raise ConfigError(f"{name}, row 1: column {repeated[0]!r} stands there twice.")


def _cells(name: str, number: int, columns: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    if len(cells) > len(columns):
        raise ConfigError(
            f"{name}, row {number} has {len(cells)} cells, its header {len(columns)}: put text that"
            " holds the separator into quotes."
        )
    return dict(zip(columns, (cell.strip() for cell in cells), strict=False))


def _check_class(row: Row) -> None:
    name, colour, number = row.get("name"), row.get("colour"), row.get("id")
    if not _NAME.fullmatch(name):
        raise row.wrong(
            "name",
            f"{name!r} is no name; use letters, then digits, _ and - too, as in winter_wheat",
        )
    for column in ("group", "family"):
        if not row.get(column):
            raise row.wrong(column, "it is empty; say where the class belongs")
    for column in row.cells:
        if column not in ("id", "name", "colour"):
            _check_text(row, column)
    if colour and not COLOUR.fullmatch(colour.lower()):
        raise row.wrong("colour", f"{colour!r} is no colour; write one like #4ea48c (six digits)")
    if number and not (number.isascii() and number.isdigit() and len(number) < 4):
        raise row.wrong("id", f"{number!r} is no class id; use 1, 2, 3, … or leave the column out")
    if number and (name.lower() == "background") != (int(number) == BACKGROUND):
        raise row.wrong("id", "0 is background, and nothing else")


def _check_text(row: Row, column: str) -> None:
    text = row.get(column)
    strange = next(
        (c for c in text if c in _MARKUP or not (c.isprintable() or category(c) == "Zs")), None
    )
    if strange is not None:
        raise row.wrong(column, f"{strange!r} can't be shown; leave it out")
    if len(text) > _LONGEST:
        raise row.wrong(column, f"it has {len(text)} letters; use at most {_LONGEST}")


def _check_tree(rows: Sequence[Row]) -> None:
    """Names and labels stand once, and a group in one family."""
    named: dict[tuple[str, str], int] = {}
    families: dict[str, Row] = {}
    for row in rows:
        for column in (c for c in row.cells if c == "name" or c.startswith("label")):
            name, group = row.get(column), row.get("group")
            first = named.setdefault((column, name.casefold()), row.number)
            if name and first != row.number:
                raise row.wrong(column, f"{name} stands in row {first} already; rename one")
        other = families.setdefault(group, row)
        if other.get("family") != row.get("family"):
            raise row.wrong(
                "family",
                f"group {group} belongs to {other.get('family')} in row {other.number}; give it one"
                " family",
            )


def _in_order(rows: list[Row]) -> list[Row]:
    """Rows by id; in the table's own order where it has none."""
    if not any(row.get("id") for row in rows):
        return rows
    for row in rows:
        if not row.get("id"):
            raise row.wrong("id", "it is empty; number all classes, or none")
    rows = sorted(rows, key=lambda row: int(row.get("id")))
    for i, row in enumerate(rows, 1):
        if int(row.get("id")) != i:
            raise row.wrong(
                "id", f"{row.get('id')} where {i} comes next; number classes 1, 2, 3, …"
            )
    return rows
