"""The one table from RPG code to class to group to family, with names and colours.

Source: nomenclature of RPG 2023 (c) IGN/ASP, Licence Ouverte Etalab 2.0; classes follow
Turkoglu et al. 2021 (doi:10.1016/j.rse.2021.112603) by way of the seed project.
"""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources

from cropdash.domain.legend import CropClass, CropCode, Legend

REGISTER = "rpg"
_TABLES = ("rpg_2023_crops.csv", "rpg_2023_extra_codes.csv")


@cache
def legend() -> Legend:
    """371 RPG codes, 49 crop classes and background, groups, families, colours."""
    classes = tuple(
        CropClass(
            int(row["id"]), row["name"], _labels(row), row["group"], row["family"], row["colour"]
        )
        for row in _rows("crop_classes.csv")
    )
    codes = {
        row["code"]: CropCode(row["code"], _labels(row), int(row["seed_class_id"]), REGISTER)
        for table in _TABLES
        for row in _rows(table)
    }
    return Legend(classes, codes)


def _labels(row: dict[str, str]) -> dict[str, str]:
    return {"en": row["label_en"], "fr": row["label_fr"]}


def _rows(table: str) -> list[dict[str, str]]:
    text = (resources.files("cropdash") / "resources" / table).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
