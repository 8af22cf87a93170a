"""The one table from RPG code to class to group to family, with names and colours.

Source: nomenclature of RPG 2023 (c) IGN/ASP, Licence Ouverte Etalab 2.0; classes follow
Turkoglu et al. 2021 (doi:10.1016/j.rse.2021.112603) by way of the seed project.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from cropdash.domain.legend import Legend
from cropdash.files.tables import read
from cropdash.legend import tables

_FOLDER = Path(__file__).parents[1] / "resources"
_CODES = ("rpg_2023_crops.csv", "rpg_2023_extra_codes.csv")


@cache
def legend() -> Legend:
    """371 RPG codes, 49 crop classes and background, groups, families, colours."""
    classes = tables.classes_of(read(_FOLDER / "crop_classes.csv"))
    columns = {"seed_class_id": "class"}
    codes = [read(_FOLDER / name, named=lambda c: columns.get(c, c)) for name in _CODES]
    return Legend(classes, tables.codes_of(codes, classes))
