"""Legends: the French one that cropdash comes with, and those of users.

`load()` is the French legend: 371 codes of the RPG, 49 crop classes and background.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cropdash.domain import Legend
from cropdash.domain.errors import ConfigError
from cropdash.legend import eurocrops, french, tables

CLASSES, CODES = "classes.csv", "codes.csv"  # of a legend that is a folder


def load(
    path: Path | None = None, *, codes: Sequence[Path] = (), level: int | None = None
) -> Legend:
    """A legend; without `path` the French one.

    `path` is a table of classes, a folder with classes.csv and codes.csv, or HCAT3.csv of
    EuroCrops, of which `level` (3 to 6) says how fine the classes are. `codes` are tables that say
    which class a register's code means; they take the place of the French codes where `path` is
    None. See docs/legends.md for the columns.

    Raises ConfigError, with file, row and column, for what can't be read.
    """
    if path is not None and path.is_dir():
        if codes:
            raise ConfigError(
                "{a}/ is a folder, whose codes are those of its {b}: leave out the other tables"
                " of codes, or name {c}/{d} alone.",
                a=path.name,
                b=CODES,
                c=path.name,
                d=CLASSES,
            )
        path, codes = path / CLASSES, (path / CODES,)
    table = None if path is None else tables.read(path)
    if table is not None and eurocrops.knows(table):
        return eurocrops.legend(table, [tables.read(code) for code in codes], level)
    if level is not None:
        raise ConfigError("A level is chosen of EuroCrops' HCAT3.csv alone: leave it out.")
    if table is None and not codes:
        return french.legend()
    classes = french.legend().classes if table is None else tables.classes_of(table)
    if table is not None and not codes:
        raise ConfigError(
            "{a} says nothing of codes: name a table of codes too, with code and class.",
            a=table.name,
        )
    return Legend(classes, tables.codes_of([tables.read(code) for code in codes], classes))
