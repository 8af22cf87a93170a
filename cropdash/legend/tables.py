"""Legends of users as tables: classes, and the codes of registers that mean them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path
from unicodedata import category

from cropdash.domain.errors import ConfigError
from cropdash.domain.legend import COLOUR, MOST, CropClass, CropCode, tidy
from cropdash.domain.message import Message
from cropdash.domain.nouns import BACKGROUND
from cropdash.files import tables
from cropdash.files.tables import Row, Table
from cropdash.legend import colours

_NAME = re.compile(r"[^\W\d_][\w-]{0,63}")  # stands in addresses and files
_FRACTION = re.compile(r"\d+\.0+")
_LABEL = re.compile(r"(label|group|family)_([a-z]{2,3})")
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


def read(path: Path) -> Table:
    """A table of classes or codes; names of columns are known in any case, but for EuroCrops'."""
    return tables.read(path, named=lambda name: name if name.startswith("HCAT") else name.lower())


def labels(row: Row, of: str = "label") -> dict[str, str]:
    """Language -> text of the columns label_<language>; `label` is English where that is missing.

    With `of` group or family, those of the columns group_<language> or family_<language>.
    """
    matched = ((_LABEL.fullmatch(column), text) for column, text in row.cells.items())
    found = {named[2]: text for named, text in matched if named and named[1] == of and text}
    plain = row.get("label") if of == "label" else ""
    return {"en": plain, **found} if plain else found


def classes_of(table: Table) -> tuple[CropClass, ...]:
    """Classes of a user's table, background first; colours that it lacks are generated."""
    table.need("name", "group", "family")
    known = ("id", "name", "group", "family", "colour", "label", "label_en")
    for column in table.columns:
        if column not in known and not _LABEL.fullmatch(column):
            raise ConfigError(
                "{a}, row 1: column {b} is unknown; a table of classes has {c}, and label_,"
                " group_ and family_<language>.",
                a=table.name,
                b=repr(column),
                c=", ".join(known),
            )
    for row in table.rows:
        _check_class(row)
    _check_tree(table.rows)
    nothing = [row for row in table.rows if row.get("name").lower() == "background"]
    rows = _in_order([row for row in table.rows if row not in nothing])
    if not 1 <= len(rows) <= MOST:
        raise ConfigError(
            "{a} holds {b} classes; use 1 to {c}: leave the rarest to background.",
            a=table.name,
            b=len(rows),
            c=MOST,
        )
    return numbered([*(nothing or [Row(table.name, 0, _NOTHING)]), *rows])


def numbered(rows: Sequence[Row]) -> tuple[CropClass, ...]:
    """Classes by their place among the rows; those without a colour get one."""
    given = [row.get("colour").lower() for row in rows]
    kin = [(row.get("family"), row.get("group")) for row in rows]
    called: dict[
        tuple[str, str], dict[str, str]
    ] = {}  # a group's names may stand in any of its rows
    for row in rows:
        for level in ("group", "family"):
            called.setdefault((level, row.get(level)), {}).update(labels(row, level))
    return tuple(
        CropClass(
            i,
            row.get("name"),
            labels(row),
            row.get("group"),
            row.get("family"),
            colour,
            called["group", row.get("group")],
            called["family", row.get("family")],
        )
        for i, (row, colour) in enumerate(zip(rows, colours.completed(given, kin), strict=True))
    )


def codes_of(given: Iterable[Table], classes: Sequence[CropClass]) -> dict[str, CropCode]:
    """Codes of users' tables: columns code and class (its name or id), label and register if wanted."""
    named = {key: c for c in classes for key in (str(c.id), c.name.casefold())}
    codes: dict[str, CropCode] = {}
    for table in given:
        table.need("code", "class")
        # As a program writes whole numbers of a column with gaps; registers say 311 or 311.0.
        are_fractions = all(_FRACTION.fullmatch(row.get("code")) for row in table.rows)
        for row in table.rows:
            code, name = tidy(row.get("code")), row.get("class")
            if not code:
                raise row.wrong("code", "it is empty; give the register's crop code")
            if (crop := named.get(name.casefold())) is None:
                close = get_close_matches(name.casefold(), [c.name for c in classes], n=1)
                hint = Message(" (did you mean {a}?)", a=close[0]) if close else ""
                raise row.wrong(
                    "class",
                    "{a} is no class of the legend{b}; use a name such as {c} or an id from 0 to"
                    " {d}",
                    a=repr(name),
                    b=hint,
                    c=classes[-1].name,
                    d=len(classes) - 1,
                )
            for one in (code, code.partition(".")[0]) if are_fractions else (code,):
                add(codes, CropCode(one, labels(row), crop.id, row.get("register")), row, "code")
    return codes


def add(codes: dict[str, CropCode], code: CropCode, row: Row, column: str) -> None:
    """Take a code up; raises ConfigError if it means another class already."""
    if codes.setdefault(code.code, code).crop != code.crop:
        raise row.wrong(
            column,
            "{a} was given another class further up, or in a table before; keep one, and"
            " leave out registers that the parcels don't use",
            a=code.code,
        )


def _check_class(row: Row) -> None:
    name, colour, number = row.get("name"), row.get("colour"), row.get("id")
    if not _NAME.fullmatch(name):
        raise row.wrong(
            "name",
            "{a} is no name; use letters, then digits, _ and - too, as in winter_wheat",
            a=repr(name),
        )
    for column in ("group", "family"):
        if not row.get(column):
            raise row.wrong(column, "it is empty; say where the class belongs")
    for column in row.cells:
        if column not in ("id", "name", "colour"):
            _check_text(row, column)
    if colour and not COLOUR.fullmatch(colour.lower()):
        raise row.wrong(
            "colour", "{a} is no colour; write one like #4ea48c (six digits)", a=repr(colour)
        )
    if number and not (number.isascii() and number.isdigit() and len(number) < 4):
        raise row.wrong(
            "id", "{a} is no class id; use 1, 2, 3, … or leave the column out", a=repr(number)
        )
    if number and (name.lower() == "background") != (int(number) == BACKGROUND):
        raise row.wrong("id", "0 is background, and nothing else")


def _check_text(row: Row, column: str) -> None:
    text = row.get(column)
    strange = next(
        (c for c in text if c in _MARKUP or not (c.isprintable() or category(c) == "Zs")), None
    )
    if strange is not None:
        raise row.wrong(column, "{a} can't be shown; leave it out", a=repr(strange))
    if len(text) > _LONGEST:
        raise row.wrong(column, "it has {a} letters; use at most {b}", a=len(text), b=_LONGEST)


def _check_tree(rows: Sequence[Row]) -> None:
    """Names and labels stand once, and a group in one family."""
    named: dict[tuple[str, str], int] = {}
    families: dict[str, Row] = {}
    called: dict[tuple[str, str], tuple[str, int]] = {}
    for row in rows:
        for column in (c for c in row.cells if c.startswith(("group_", "family_")) and row.get(c)):
            kin, text = row.get(column.partition("_")[0]), row.get(column)
            before, first = called.setdefault((column, kin), (text, row.number))
            if before != text:
                raise row.wrong(
                    column,
                    "{a} is called {b} in row {c}; give it one name",
                    a=kin,
                    b=before,
                    c=first,
                )
        for column in (c for c in row.cells if c == "name" or c.startswith("label")):
            name, group = row.get(column), row.get("group")
            first = named.setdefault((column, name.casefold()), row.number)
            if name and first != row.number:
                raise row.wrong(
                    column, "{a} stands in row {b} already; rename one", a=name, b=first
                )
        other = families.setdefault(group, row)
        if other.get("family") != row.get("family"):
            raise row.wrong(
                "family",
                "group {a} belongs to {b} in row {c}; give it one family",
                a=group,
                b=other.get("family"),
                c=other.number,
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
                "id", "{a} where {b} comes next; number classes 1, 2, 3, …", a=row.get("id"), b=i
            )
    return rows
