"""The legend that cropdash comes with."""

import csv
from collections import Counter
from importlib import resources
from itertools import pairwise

import numpy as np
import pytest

from cropdash import legend
from cropdash.domain.errors import ConfigError
from tests.worlds import SHARED, needs

TABLES = SHARED / "data" / "nomenclature"
HASH = "e4c1d7d209b46fc5"  # of the RPG's own codes: models in use are bound to it


def test_counts_of_codes_and_classes():
    table = legend.load()
    assert len(table.codes) == 371
    assert table.n_classes == 50
    assert table.classes[0].name == "background"
    assert table.languages == ("en", "fr")


def test_known_codes_and_unknown_ones():
    ids, unknown = legend.load().crops_of(["BTH", " mis ", "XXX", None, "XXX", "JAC"])
    assert ids.tolist() == [8, 30, 0, 0, 0, 0]
    assert unknown == Counter({"XXX": 2, "(empty)": 1})


@needs(TABLES)
def test_package_tables_are_those_of_the_nomenclature():
    table = legend.load()
    rows = []
    for name in ("rpg_2023_crops.csv", "rpg_2023_extra_codes.csv"):
        with (TABLES / name).open(encoding="utf-8") as handle:
            rows += list(csv.DictReader(handle))
    assert {r["code"]: int(r["seed_class_id"]) for r in rows} == {
        code: item.crop for code, item in table.codes.items()
    }


def test_levels_form_a_tree_and_group_of_agrees_with_the_classes():
    table = legend.load()
    groups, of = table.groups("group"), table.group_of("group")
    for crop in table.classes:
        assert groups[of[crop.id]] == crop.group
    assert np.array_equal(table.group_of("class"), np.arange(50))
    with pytest.raises(ConfigError):
        table.groups("group_9")  # type: ignore[arg-type]


def test_every_row_of_the_tables_agrees_with_its_class_on_both_levels():
    classes = legend.load().classes
    for name in ("rpg_2023_crops.csv", "rpg_2023_extra_codes.csv"):
        text = (resources.files("cropdash") / "resources" / name).read_text(encoding="utf-8")
        for row in csv.DictReader(text.splitlines()):
            if crop := int(row["seed_class_id"]):
                assert (row["group"], row["family"]) == (classes[crop].group, classes[crop].family)


def test_colours_are_distinct_hex_codes():
    colours = [c.colour for c in legend.load().classes]
    assert len(set(colours)) == 50
    assert all(len(c) == 7 and int(c[1:], 16) >= 0 for c in colours)


def test_ordered_keeps_relatives_together():
    groups = [c.group for c in legend.load().ordered()]
    runs = 1 + sum(a != b for a, b in pairwise(groups))
    assert runs == len(set(groups))


def test_the_legend_that_models_are_bound_to_stays():
    assert legend.load().hash == HASH
    assert legend.load() is legend.load(None)


def test_a_name_is_said_in_the_readers_language_else_in_english_else_as_it_is_written():
    wheat = legend.load().classes[8]
    assert (wheat.label(), wheat.label("fr")) == ("Winter soft wheat", "Blé tendre d'hiver")
    assert wheat.label("nl") == "Winter soft wheat"
