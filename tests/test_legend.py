import csv
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from cropdash import legend
from cropdash.errors import ConfigError
from tests.worlds import SHARED, needs

TABLES = SHARED / "data" / "nomenclature"


def test_counts_of_codes_and_classes():
    table = legend.load()
    assert len(table.codes) == 371
    assert table.n_classes == 50
    assert table.classes[0].name == "background"


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
    groups, of = table.groups("level_2"), table.group_of("level_2")
    for crop in table.classes:
        assert groups[of[crop.id]] == crop.level_2
    assert np.array_equal(table.group_of("class"), np.arange(50))
    with pytest.raises(ConfigError):
        table.groups("level_9")  # type: ignore[arg-type]


def test_every_code_agrees_with_its_class_on_both_levels():
    table = legend.load()
    for code in table.codes.values():
        if code.crop:
            crop = table.classes[code.crop]
            assert (code.level_2, code.level_1) == (crop.level_2, crop.level_1)


def test_colours_are_distinct_hex_codes():
    colours = [c.colour for c in legend.load().classes]
    assert len(set(colours)) == 50
    assert all(len(c) == 7 and int(c[1:], 16) >= 0 for c in colours)


def test_ordered_keeps_relatives_together():
    level_2 = [c.level_2 for c in legend.load().ordered()]
    runs = 1 + sum(a != b for a, b in pairwise(level_2))
    assert runs == len(set(level_2))


def test_two_parents_are_refused():
    a, b = legend.load().classes[:2]
    twisted = legend.CropClass(1, b.name, b.label_en, b.label_fr, a.level_2, "elsewhere", b.colour)
    with pytest.raises(ConfigError):
        legend.Legend((a, twisted), {})
