import csv
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest

from cropdash import legend
from cropdash.domain import CropClass, Legend
from cropdash.domain.errors import ConfigError
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
    groups, of = table.groups("group"), table.group_of("group")
    for crop in table.classes:
        assert groups[of[crop.id]] == crop.group
    assert np.array_equal(table.group_of("class"), np.arange(50))
    with pytest.raises(ConfigError):
        table.groups("level_9")  # type: ignore[arg-type]


def test_every_code_agrees_with_its_class_on_both_levels():
    table = legend.load()
    for code in table.codes.values():
        if code.crop:
            crop = table.classes[code.crop]
            assert (code.group, code.family) == (crop.group, crop.family)


def test_colours_are_distinct_hex_codes():
    colours = [c.colour for c in legend.load().classes]
    assert len(set(colours)) == 50
    assert all(len(c) == 7 and int(c[1:], 16) >= 0 for c in colours)


def test_ordered_keeps_relatives_together():
    groups = [c.group for c in legend.load().ordered()]
    runs = 1 + sum(a != b for a, b in pairwise(groups))
    assert runs == len(set(groups))


def test_a_group_in_two_families_is_refused():
    a, b = legend.load().classes[:2]
    twisted = CropClass(1, b.name, b.label_en, b.label_fr, a.group, "elsewhere", b.colour)
    with pytest.raises(ConfigError):
        Legend((a, twisted), {})


HASH = "e4c1d7d209b46fc5"  # of the RPG's own codes: models in use are bound to it


def test_the_legend_that_models_are_bound_to_stays():
    assert legend.load().hash == HASH
    assert legend.load() is legend.load(None)


def table(tmp_path, text, name="codes.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_users_code_table_takes_the_place_of_the_codes(tmp_path, separator):
    text = "Code,Class,Label\n311,winter_wheat,Wintertarwe\n 60 ,30,\nxy,Background,Hedge\n"
    mine = legend.load(table(tmp_path, "\ufeff" + text.replace(",", separator)))
    ids, unknown = mine.crops_of(["311", "60", "XY", "BTH"])
    assert ids.tolist() == [8, 30, 0, 0]
    assert unknown == Counter({"BTH": 1})
    assert mine.codes["311"].label_en == "Wintertarwe"
    assert mine.codes["60"].label_fr == "60"
    assert mine.classes == legend.load().classes
    assert (mine.codes["311"].group, mine.codes["311"].family) == ("winter_cereal", "arable")


def test_the_hash_tells_code_tables_apart_by_what_they_map(tmp_path):
    texts = [
        "code,class\n1,8\n2,30\n",
        "code,class\n2,maize\n1,winter_wheat\n",
        "code,class\n1,8\n",
    ]
    one, same, other = (legend.load(table(tmp_path, text)).hash for text in texts)
    assert one == same
    assert len({one, other, legend.load().hash}) == 3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("code,class\n1,8\n2,winter_weat\n", r"row 3, column class: 'winter_weat'.*winter_wheat\?"),
        ("code,class\n1,50\n", r"row 2, column class: '50'.*0 to 49"),
        ("code,class\n1,\n", "row 2, column class: ''"),
        ("code,class\n1\n", "row 2, column class: ''"),
        ("code,class\n,8\n", "row 2, column code"),
        ("code,class\nab,8\nAB,30\n", "row 3, column code: AB stands further up"),
        ("code,crop\n1,8\n", "row 1: no column class"),
        ("", "row 1: no column code or class"),
        ("code,class\n", "holds no code"),
    ],
)
def test_faults_of_a_code_table_are_named_by_row_and_column(tmp_path, text, words):
    with pytest.raises(ConfigError, match=rf"codes\.csv.*{words}"):
        legend.load(table(tmp_path, text))


def test_a_code_table_that_is_no_text_or_not_there(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.csv can't be read"):
        legend.load(tmp_path / "none.csv")
    path = tmp_path / "latin.csv"
    path.write_bytes("code,class,label\n1,8,blé".encode("latin-1"))
    with pytest.raises(ConfigError, match="UTF-8"):
        legend.load(path)
