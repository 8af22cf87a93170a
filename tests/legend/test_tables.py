"""Legends of users: classes and codes from tables."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from cropdash import i18n, legend
from cropdash.domain import CropClass, Legend
from cropdash.domain.errors import ConfigError
from cropdash.figures import wording
from cropdash.storage import legends
from tests import worlds

CLASSES = """name,group,family,label_en,label_nl,colour
tarwe,winter_cereal,arable,Winter wheat,Wintertarwe,
mais,maize,arable,Maize,Maïs,#FFCC00
gras,grassland,grass,Grass (all kinds),,
"""
CODES = (
    "code,class,label,register\n233,tarwe,Tarwe; winter-,nl\n259,MAIS,,nl\n265,3,,\nBTH,1,,rpg\n"
)


def write(folder, text, name="codes.csv"):
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def mine(folder, classes=CLASSES, codes=CODES) -> Legend:
    return legend.load(
        write(folder, classes, "classes.csv"), codes=[write(folder, codes, "codes.csv")]
    )


# classes and codes -----------------------------------------------------------------


def test_a_folder_holds_classes_and_codes(tmp_path):
    write(tmp_path, CLASSES, "own/classes.csv")
    write(tmp_path, CODES, "own/codes.csv")
    table = legend.load(tmp_path / "own")
    assert [c.name for c in table.classes] == ["background", "tarwe", "mais", "gras"]
    ids, unknown = table.crops_of(["233", "259", "265", "bth", "MIS"])
    assert ids.tolist() == [1, 2, 3, 1, 0]
    assert unknown == Counter({"MIS": 1})
    wheat, maize, grass = table.classes[1:]
    assert (wheat.label("nl"), wheat.label("fr")) == ("Wintertarwe", "Winter wheat")
    assert grass.label("nl") == "Grass (all kinds)"
    assert (wheat.group, wheat.family, maize.colour) == ("winter_cereal", "arable", "#ffcc00")
    assert (table.codes["233"].label(), table.codes["233"].register) == ("Tarwe; winter-", "nl")
    assert table.languages == ("en", "fr", "nl")  # of background too


KIN = """name,group,family,group_nl,family_nl,group_en
tarwe,winter_cereal,arable,Wintergraan,Akkerland,
gerst,winter_cereal,arable,,,Winter cereals
gras,grassland,grass,,,
"""


def test_groups_and_families_have_names_by_language(tmp_path):
    table = mine(tmp_path, KIN, "code,class\n1,tarwe\n")
    _, wheat, barley, grass = table.classes
    for item in (wheat, barley):  # what one row says holds for all of the group
        assert item.kin_label("group", "nl") == "Wintergraan"
        assert item.kin_label("group", "fr") == "Winter cereals"
        assert item.kin_label("family", "nl") == "Akkerland"
    assert grass.kin_label("group", "nl") == grass.kin_label("family", "nl") == ""
    with i18n.speaking("en"):
        assert wording.group_labels(table, "group")[1:] == ("Winter cereals", "Grassland")
    legends.keep(tmp_path, table)
    assert legends.read(tmp_path, table.hash) == table
    assert legends.read(tmp_path, table.hash).classes[2].kin_label("group", "nl") == "Wintergraan"


def test_a_group_has_one_name_a_language(tmp_path):
    twice = KIN.replace("gerst,winter_cereal,arable,,", "gerst,winter_cereal,arable,Graan,")
    with pytest.raises(ConfigError, match="group_nl: winter_cereal is called Wintergraan in row 2"):
        mine(tmp_path, twice, "code,class\n1,tarwe\n")


def test_two_files_are_the_same_legend_as_their_folder(tmp_path):
    write(tmp_path, CLASSES, "own/classes.csv")
    write(tmp_path, CODES, "own/codes.csv")
    assert mine(tmp_path) == legend.load(tmp_path / "own")


def test_codes_of_several_registers_come_from_several_tables(tmp_path):
    first, second = write(tmp_path, "code,class\n1,mais\n"), "code,class,register\nA,gras,be\n"
    classes = write(tmp_path, CLASSES, "classes.csv")
    table = legend.load(classes, codes=[first, write(tmp_path, second, "be.csv")])
    assert {c.code: c.crop for c in table.codes.values()} == {"1": 2, "A": 3}
    clash = write(tmp_path, "code,class\n9,mais\n1,gras\n", "be.csv")
    with pytest.raises(ConfigError, match=r"be\.csv, row 3, column code: 1 was given another"):
        legend.load(classes, codes=[first, clash])


def test_whole_numbers_that_were_written_as_fractions_are_known_both_ways(tmp_path):
    """311.0 is what a program makes of 311 in a column with gaps; 1.0 beside 1.1 is a code of its own."""
    found = mine(tmp_path, codes="code,class\n311.0,tarwe\n201.0,mais\n")
    assert found.crops_of(["311", "311.0", "201"])[0].tolist() == [1, 1, 2]
    apart = mine(tmp_path, codes="code,class\n1.0,tarwe\n1.1,mais\n")
    assert apart.crops_of(["1.0", "1.1", "1"])[0].tolist() == [1, 2, 0]
    with pytest.raises(ConfigError, match="another class"):
        mine(tmp_path, codes="code,class\n311.0,tarwe\n311.00,mais\n")


def test_ids_set_the_order_and_background_may_be_named(tmp_path):
    classes = (
        "id,name,group,family,label_en,label_fr\n2,b,g,f,,\n1,a,g,f,Apple,Pomme\n"
        "0,background,rest,rest,Other land,Autre\n"
    )
    table = mine(tmp_path, classes, "code,class\nx,b\ny,0\nz,background\n")
    assert [c.name for c in table.classes] == ["background", "a", "b"]
    assert table.classes[0].label("fr") == "Autre"
    assert table.crops_of(["x", "y", "z"])[0].tolist() == [2, 0, 0]


def test_a_class_without_labels_is_called_by_its_name(tmp_path):
    table = mine(tmp_path, "name,group,family\nzwarte_bes,fruit,permanent\n", "code,class\n1,1\n")
    assert table.classes[1].label("fr") == "zwarte_bes"


def test_quotes_newlines_and_separators_are_those_of_csv(tmp_path):
    text = '\ufeffName;GROUP;family;label_en\r\na;g;f;"Rye; all"\r\n\r\n;;;\r\n'
    table = mine(tmp_path, text, 'code\tclass\n"1"\ta\n')
    assert table.classes[1].label() == "Rye; all"
    assert table.crops_of(["1"])[0].tolist() == [1]


HEAD = "name,group,family"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", r"row 1: no column name or group or family"),
        ("name,group\na,g\n", "row 1: no column family"),
        (f"{HEAD}\n", "holds no row below its header"),
        (f"{HEAD},color\na,g,f,#000000\n", r"row 1: column 'color' is unknown"),
        (f"{HEAD},group\na,g,f,g\n", "row 1: column 'group' stands there twice"),
        (f"{HEAD}\na,g,f,x\n", "row 2 has 4 cells, its header 3"),
        (f"{HEAD}\na,g,f\nA,g,f\n", "row 3, column name: A stands in row 2 already"),
        (f"{HEAD}\na,g,f\nb,g,h\n", "row 3, column family: group g belongs to f in row 2"),
        (f"{HEAD}\na,,f\n", "row 2, column group: it is empty"),
        (f"{HEAD}\n,g,f\n", "row 2, column name: ''"),
        (f"{HEAD}\n../a,g,f\n", r"row 2, column name: '\.\./a' is no name"),
        (f"{HEAD}\n12,g,f\n", "row 2, column name: '12' is no name"),
        (f"{HEAD},colour\na,g,f,green\n", "row 2, column colour: 'green' is no colour"),
        (f"{HEAD},colour\na,g,f,#12345\n", "row 2, column colour"),
        (f"{HEAD},label_en\na,g,f,<b>a</b>\n", "row 2, column label_en: '<' can't be shown"),
        (f"{HEAD},label_en\na,g,f,{'x' * 101}\n", "row 2, column label_en: it has 101 letters"),
        (f"{HEAD},label_en\na,g,f,Rye\nb,g,f,rye\n", "row 3, column label_en: rye stands in row 2"),
        (f"{HEAD}\na,g[1],f\n", r"row 2, column group: '\[' can't be shown"),
        (f"{HEAD},id\na,g,f,one\n", "row 2, column id: 'one' is no class id"),
        (f"{HEAD},id\na,g,f,1\nb,g,f,3\n", "row 3, column id: 3 where 2 comes next"),
        (f"{HEAD},id\na,g,f,1\nb,g,f,\n", "row 3, column id: it is empty"),
        (f"{HEAD},id\na,g,f,0\n", "row 2, column id: 0 is background"),
        (f"{HEAD}\nbackground,g,f\n", "holds 0 classes; use 1 to 254"),
        (f"{HEAD}\n" + "".join(f"c{i},g,f\n" for i in range(255)), "holds 255 classes; use 1 to"),
        (f'{HEAD}\n"a,g,f\n', "row 2, column name: 'a,g,f"),
    ],
)
def test_faults_of_classes_are_named_by_file_row_and_column(tmp_path, text, words):
    with pytest.raises(ConfigError, match=rf"classes\.csv.*({words})"):
        mine(tmp_path, text)


def test_as_many_classes_as_ids_fit_into_a_byte(tmp_path):
    rows = "".join(f"c{i},g{i // 20},f{i // 60}\n" for i in range(254))
    codes = "code,class\n" + "".join(f"{i},c{i}\n" for i in range(254))
    table = mine(tmp_path, f"{HEAD}\n{rows}", codes)
    assert table.n_classes == 255
    assert table.crops_of(["253", "0"])[0].tolist() == [254, 1]
    assert len({c.colour for c in table.classes}) == 255


def test_what_is_not_there_or_no_text(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.csv can't be read"):
        legend.load(codes=[tmp_path / "none.csv"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"classes\.csv can't be read"):
        legend.load(tmp_path / "empty")
    path = tmp_path / "latin.csv"
    path.write_bytes("name,group,family\nblé,g,f".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.csv is not UTF-8"):
        legend.load(path)


def test_a_legend_needs_codes_and_takes_them_from_one_place(tmp_path):
    classes, codes = write(tmp_path, CLASSES, "own/classes.csv"), write(tmp_path, CODES)
    with pytest.raises(ConfigError, match=r"classes\.csv says nothing of codes"):
        legend.load(classes)
    write(tmp_path, CODES, "own/codes.csv")
    with pytest.raises(ConfigError, match=r"own/ is a folder"):
        legend.load(tmp_path / "own", codes=[codes])
    with pytest.raises(ConfigError, match="A level is chosen of EuroCrops"):
        legend.load(classes, codes=[codes], level=5)


# codes for the French classes ------------------------------------------------------


@pytest.mark.parametrize("separator", [",", ";"])
def test_codes_alone_take_the_place_of_the_french_ones(tmp_path, separator):
    text = "Code,Class,Label\n311,winter_wheat,Wintertarwe\n 60 ,30,\nxy,Background,Hedge\n"
    table = legend.load(codes=[write(tmp_path, "\ufeff" + text.replace(",", separator))])
    ids, unknown = table.crops_of(["311", "60", "XY", "BTH"])
    assert ids.tolist() == [8, 30, 0, 0]
    assert unknown == Counter({"BTH": 1})
    assert table.codes["311"].label() == "Wintertarwe"
    assert table.codes["60"].label("fr") == "60"
    assert table.classes == legend.load().classes


def test_the_hash_tells_code_tables_apart_by_what_they_map(tmp_path):
    texts = [
        "code,class\n1,8\n2,30\n",
        "code,class\n2,maize\n1,winter_wheat\n",
        "code,class\n1,8\n",
    ]
    one, same, other = (legend.load(codes=[write(tmp_path, text)]).hash for text in texts)
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
        ("code,class\nab,8\nAB,30\n", "row 3, column code: AB was given another class"),
        ("code,crop\n1,8\n", "row 1: no column class"),
        ("", "row 1: no column code or class"),
        ("code,class\n", "holds no row"),
    ],
)
def test_faults_of_a_code_table_are_named_by_row_and_column(tmp_path, text, words):
    with pytest.raises(ConfigError, match=rf"codes\.csv.*{words}"):
        legend.load(codes=[write(tmp_path, text)])


# the noun ----------------------------------------------------------


def change(**values) -> tuple[CropClass, ...]:
    first, second = legend.load().classes[:2]
    return first, replace(second, **values)


@pytest.mark.parametrize(
    ("classes", "words"),
    [
        (change(group="unspecified", family="elsewhere"), "two families"),
        (change(name="Background"), "two classes are called"),
        (change(colour="red"), "no colour"),
        (change(id=2), "without gaps"),
        (legend.load().classes[:1], "holds 0 classes"),
        (
            tuple(replace(legend.load().classes[0], id=i, name=f"c{i}") for i in range(256)),
            "holds 255 classes; use 1 to 254",
        ),
    ],
)
def test_what_is_no_legend_is_refused(classes, words):
    with pytest.raises(ConfigError, match=words):
        Legend(classes, {})


def test_a_code_of_a_class_that_is_not_there_is_refused():
    table = worlds.legend(3)
    with pytest.raises(ConfigError, match="code K1 means class 4"):
        Legend(table.classes, {"K1": replace(table.codes["K1"], crop=4)})
