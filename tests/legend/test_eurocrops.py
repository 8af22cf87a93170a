"""EuroCrops' hierarchy and tables of countries, small ones and those that were published."""

from __future__ import annotations

import csv

import pytest

from cropdash import legend
from cropdash.domain.errors import ConfigError
from cropdash.legend import colours
from tests.worlds import SHARED, needs

REAL = SHARED / "data" / "eurocrops"
COUNTRIES = ("at_2021", "be_vlg_2021", "de_nrw_2021", "fr_2018", "nl_2020", "si_2021")
HCAT = """HCAT3_name,HCAT3_code
crop_type,3300000000
arable_crops,3301000000
cereal,3301010000
common_soft_wheat,3301010100
winter_common_soft_wheat,3301010101
rye,3301010300
potatoes,3301030000
tree_wood_forest,3306000000
oak,3306060000
not_known_and_other,3399000000
"""
CODES = """original_code,original_name,translated_name,HCAT3_name,HCAT3_code
233,"Tarwe, winter-",wheat winter,winter_common_soft_wheat,3301010101
237,Rogge,rye,rye,3301010300
2014,Aardappelen,potato,potatoes,3301030000
863,Bos,forest,tree_wood_forest,3306000000
864,Eik,oak,oak,3306060000
2,Graan,grain,cereal,3301010000
1,Ander,other,not_known_and_other,3399000000
"""


@pytest.fixture
def small(tmp_path):
    def read(hcat: str = HCAT, codes: str | None = CODES, level: int | None = None):
        (tmp_path / "HCAT3.csv").write_text(hcat, encoding="utf-8")
        (tmp_path / "nl.csv").write_text(codes or "", encoding="utf-8")
        tables = [] if codes is None else [tmp_path / "nl.csv"]
        return legend.load(tmp_path / "HCAT3.csv", codes=tables, level=level)

    return read


def kin(table):
    return {c.name: (c.group, c.family) for c in table.classes[1:]}


def test_classes_of_the_usual_level_have_groups_and_families_above_them(small):
    table = small()
    assert kin(table) == {
        "cereal": ("cereal", "arable_crops"),  # declared no finer
        "common_soft_wheat": ("cereal", "arable_crops"),
        "rye": ("cereal", "arable_crops"),
        "potatoes": ("potatoes", "arable_crops"),
        "tree_wood_forest": ("tree_wood_forest", "tree_wood_forest"),
        "oak": ("oak", "tree_wood_forest"),
    }
    ids, unknown = table.crops_of(["233", "2", "1", "x"])
    named = [table.classes[i].name for i in ids]
    assert named == ["common_soft_wheat", "cereal", "background", "background"]
    assert list(unknown) == ["X"]
    wheat = table.codes["233"]
    assert (wheat.label(), wheat.label("und"), wheat.register) == (
        "wheat winter", "Tarwe, winter-", "nl",
    )  # fmt: skip
    assert table.classes[2].label("fr") == "Common soft wheat"


@pytest.mark.parametrize(
    ("level", "wheat"),
    [
        (3, ("arable_crops", "arable_crops", "arable_crops")),
        (4, ("cereal", "arable_crops", "arable_crops")),
        (6, ("winter_common_soft_wheat", "cereal", "arable_crops")),
    ],
)
def test_a_coarser_or_finer_level(small, level, wheat):
    table = small(level=level)
    found = table.classes[table.codes["233"].crop]
    assert (found.name, found.group, found.family) == wheat


def test_a_name_counts_before_a_code_of_an_earlier_hierarchy(small):
    """As in the Dutch table, where iris has the code that HCAT3 gives to goldenrod."""
    codes = CODES + "9,Rogge,rye,rye,3301010100\n10,Rog,rye,old_name_of_rye,3301010300\n"
    table = small(codes=codes)
    assert [table.classes[table.codes[c].crop].name for c in ("9", "10")] == ["rye", "rye"]


HEAD = "original_code,original_name,translated_name,HCAT3_name,HCAT3_code\n"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"codes": None}, r"HCAT3\.csv says nothing of codes"),
        ({"level": 2}, "Level 2 is none of HCAT"),
        ({"level": 7}, "Level 7 is none of HCAT"),
        ({"codes": ""}, r"nl\.csv, row 1: no column original_code"),
        ({"codes": "original_code,HCAT3_name,HCAT3_code\n"}, r"nl\.csv holds no row"),
        ({"codes": HEAD + "1,a,a,moon,3301999999\n"}, r"nl\.csv, row 2, column HCAT3_name: .*moon"),
        ({"codes": HEAD + ",,,rye,3301010300\n"}, "0 classes of level 5"),
        (
            {"codes": CODES + "233,Rogge,rye,rye,3301010300\n"},
            r"nl\.csv, row 9, column original_code: 233 was given another class",
        ),
        ({"codes": HEAD + "1,a,a,not_known_and_other,3399000000\n"}, "0 classes of level 5"),
        ({"hcat": HCAT + "rye,3301019900\n"}, r"HCAT3\.csv, row 12, column HCAT3_code"),
        ({"hcat": HCAT + "x,33\n"}, r"HCAT3\.csv, row 12, column HCAT3_code: '33'"),
        ({"hcat": HCAT + "<i>,3301019900\n"}, r"HCAT3\.csv, row 12, column HCAT3_name: '<i>'"),
        ({"hcat": HCAT.replace("cereal,3301010000\n", "")}, r"nl\.csv, row 7.*'cereal'"),
        (
            {"hcat": HCAT.replace("oak,3306060000\n", "oak,3307060000\n")},
            r"HCAT3\.csv lacks 3307000000",
        ),
    ],
)
def test_faults_are_named_by_file_and_row(small, changes, words):
    with pytest.raises(ConfigError, match=words):
        small(**changes)


@needs(REAL)
@pytest.mark.parametrize("country", COUNTRIES)
@pytest.mark.parametrize("level", [3, 4, 5, 6])
def test_tables_as_published_are_read_whole(country, level):
    table = legend.load(REAL / "HCAT3.csv", codes=[REAL / f"{country}.csv"], level=level)
    with (REAL / f"{country}.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    rows = [r for r in rows if r["original_code"].strip()]
    assert {_key(r) for r in rows} == set(table.codes)
    nothing = {r["HCAT3_code"] for r in rows if table.codes[_key(r)].crop == 0}
    assert nothing <= {"3399000000"}
    used = {code.crop for code in table.codes.values()} | {0}
    assert used == set(range(table.n_classes))
    with (REAL / "HCAT3.csv").open(encoding="utf-8", newline="") as handle:
        hcat = {r["HCAT3_name"]: r["HCAT3_code"] for r in csv.DictReader(handle)}
    for row in rows:  # an independent reading of what a code means
        item, code = table.classes[table.codes[_key(row)].crop], hcat.get(row["HCAT3_name"])
        if code and item.id:
            assert code.startswith(hcat[item.name].rstrip("0"))
            assert hcat[item.name].startswith(hcat[item.family].rstrip("0"))
            assert hcat[item.name].startswith(hcat[item.group].rstrip("0"))


def _key(row: dict[str, str]) -> str:
    return row["original_code"].strip().upper()


@needs(REAL)
def test_the_dutch_map_of_the_example():
    table = legend.load(REAL / "HCAT3.csv", codes=[REAL / "nl_2020.csv"], level=5)
    named = {c: table.classes[table.codes[c].crop] for c in ("233", "2014", "265", "1949", "863")}
    assert named["233"].name == "common_soft_wheat"
    assert (named["233"].group, named["233"].family) == ("cereal", "arable_crops")
    assert named["265"].family == "pasture_meadow_grassland_grass"
    assert named["1949"].name == "topinambur_jerusalem_artichoke"  # by name: its code is no more
    assert table.n_classes > 100
    common, deutan = colours.distances([c.colour for c in table.classes])
    assert common > 5
    assert deutan > 4


@needs(REAL)
def test_all_countries_at_once_say_which_code_means_two_things():
    tables = [REAL / f"{country}.csv" for country in COUNTRIES]
    with pytest.raises(ConfigError, match=r"\.csv, row \d+, column original_code: .* keep one"):
        legend.load(REAL / "HCAT3.csv", codes=tables)
