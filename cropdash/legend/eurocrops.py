"""EuroCrops as it is published: the hierarchy HCAT3.csv and a country's table of codes.

Schneider et al. 2023 (doi:10.1038/s41597-023-02517-0). An HCAT code has ten digits: 33 for crops,
then a pair for each of the levels 3 to 6; zeros end it. A class is a node of the level asked for,
or a coarser one where a crop is declared no finer. Groups and families are the nodes above:

    level   class                   group       family
    3       arable_crops            its own     its own
    4       cereal                  level 3     level 3
    5       common_soft_wheat       level 4     level 3
    6       winter_common_soft_…    level 4     level 3
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from cropdash.domain.errors import ConfigError
from cropdash.domain.legend import MOST, CropCode, Legend, tidy
from cropdash.files.tables import Row, Table
from cropdash.legend.tables import add, numbered

NAME, CODE = "HCAT3_name", "HCAT3_code"
LEVELS, USUAL = (3, 4, 5, 6), 5
_FAMILY, _GROUP = 3, 4  # levels of families and, where classes are finer, of groups
_CODE = re.compile(r"3[0-9]{9}")
_NODE_NAME = re.compile(r"[a-z0-9][a-z0-9_]{0,99}")
_NOTHING = ("3399000000", "3300000000", "3000000000")  # not known and other; above all crops
_BACKGROUND = {
    "name": "background", "group": "background", "family": "background", "colour": "#e4e4e4",
    "label_en": "Not known and other",
}  # fmt: skip


def knows(table: Table) -> bool:
    """True for HCAT3.csv: its columns are not those of a table of classes."""
    return NAME in table.columns and CODE in table.columns


def legend(hierarchy: Table, countries: Sequence[Table], level: int | None = None) -> Legend:
    """Classes of a level that occur among the countries' codes, and these codes.

    Raises ConfigError for tables that lack something, and where more than 254 classes occur.
    """
    level = USUAL if level is None else level
    if level not in LEVELS:
        raise ConfigError(
            "Level {a} is none of HCAT: use {b} to {c}.", a=level, b=LEVELS[0], c=LEVELS[-1]
        )
    if not countries:
        raise ConfigError(
            "{a} says nothing of codes: name a table of codes too, such as nl_2020.csv.",
            a=hierarchy.name,
        )
    names = _nodes(hierarchy)
    found = [(row, _node(row, names, hierarchy.name)) for row in _rows(countries)]
    nodes = sorted({_above(node, level) for _, node in found} - set(_NOTHING))
    if not 1 <= len(nodes) <= MOST:
        raise ConfigError(
            "{a} classes of level {b} occur among the codes; use 1 to {c}: choose a coarser level.",
            a=len(nodes),
            b=level,
            c=MOST,
        )
    rows = [_class(node, level, names, hierarchy.name) for node in nodes]
    classes = numbered([Row(hierarchy.name, 0, _BACKGROUND), *rows])
    ids = {node: i for i, node in enumerate(nodes, 1)}
    codes: dict[str, CropCode] = {}
    for row, node in found:
        text = tidy(row.get("original_code"))
        crop = ids.get(_above(node, level), 0)
        add(codes, CropCode(text, _labels(row), crop, Path(row.table).stem), row, "original_code")
    return Legend(classes, codes)


def _nodes(hierarchy: Table) -> dict[str, str]:
    """Name of each node by its code."""
    hierarchy.need(NAME, CODE)
    names: dict[str, str] = {}
    for row in hierarchy.rows:
        code, name = row.get(CODE), row.get(NAME)
        if not _CODE.fullmatch(code):
            raise row.wrong(CODE, "{a} is no HCAT code of ten digits", a=repr(code))
        if not _NODE_NAME.fullmatch(name):
            raise row.wrong(NAME, "{a} is no name of HCAT", a=repr(name))
        if code in names or name in names.values():
            raise row.wrong(CODE, "{a} {b} stands further up already; keep one", a=code, b=name)
        names[code] = name
    return names


def _rows(countries: Sequence[Table]) -> list[Row]:
    """Rows of all countries that have a code: Austria's table names second crops without one."""
    for table in countries:
        table.need("original_code", NAME, CODE)
    return [row for table in countries for row in table.rows if row.get("original_code")]


def _node(row: Row, names: Mapping[str, str], hierarchy: str) -> str:
    """The node of a row: by its name, for some tables hold codes of an earlier hierarchy."""
    by_name = {name: code for code, name in names.items()}
    code, name = row.get(CODE), row.get(NAME)
    if name in by_name:
        return by_name[name]
    if code in names:
        return code
    raise row.wrong(
        NAME, "{a} has neither {b} nor code {c}", a=hierarchy, b=repr(name), c=repr(code)
    )


def _above(node: str, level: int) -> str:
    """The node of a level above a node, or the node itself where it is coarser."""
    return node[: 2 * level - 2].ljust(10, "0")


def _class(node: str, level: int, names: Mapping[str, str], hierarchy: str) -> Row:
    group = _above(node, min(_GROUP, max(level - 1, _FAMILY)))
    kin = (node, group, _above(node, _FAMILY))
    for code in kin:
        if code not in names:
            raise ConfigError(
                "{a} lacks {b}, which other codes belong to: get it whole.", a=hierarchy, b=code
            )
    name, group, family = (names[code] for code in kin)
    said = name.replace("_", " ").capitalize()
    cells = {"name": name, "group": group, "family": family, "label_en": said}
    return Row(hierarchy, 0, cells)


def _labels(row: Row) -> dict[str, str]:
    """What a code means: in English, and as its register says it."""
    said = {"en": row.get("translated_name"), "und": row.get("original_name")}
    return {language: text for language, text in said.items() if text}
