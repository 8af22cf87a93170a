"""Words and numbers in every language."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash import legend as legends
from cropdash.domain import LEVELS, Season
from cropdash.figures import wording
from cropdash.figures.wording import (
    brief,
    group_labels,
    number,
    percent,
    place,
    shorten,
    shorten_all,
)
from cropdash.i18n import LANGUAGES, speaking


@pytest.mark.parametrize("level", LEVELS)
def test_every_group_has_a_name_in_every_language(level):
    legend = legends.load()
    names = []
    for language in LANGUAGES:
        with speaking(language):
            names.append(group_labels(legend, level))
    for labels in names:
        assert len(labels) == len(set(labels)) == len(legend.groups(level))
        assert not any("_" in label for label in labels)
    if level == "group":
        for same in zip(*names, strict=True):
            assert len(set(same)) == len(LANGUAGES)


def test_numbers_read_as_the_language_writes_them():
    assert number(1234567) == "1,234,567"
    assert number(1.26) == "1.3"
    assert number(1234.56) == "1,235"
    assert percent(0.1234) == "12.3 %"
    with speaking("fr"):
        assert number(1234567) == "1\u202f234\u202f567"
        assert number(1.26) == "1,3"
        assert percent(0.1234) == "12,3 %"


@given(st.text(st.characters(categories=["L"]), min_size=1, max_size=80), st.integers(8, 40))
def test_short_labels_fit(text, length):
    assert 0 < len(shorten(text, length)) <= length


def test_short_labels_lose_brackets_and_break_at_words():
    assert shorten_all(["Beet (sugar, fodder, red)", "Rye"]) == ["Beet", "Rye"]
    assert shorten("Mixture with dominant forage legumes", 24) == "Mixture with dominant…"


def test_brackets_stay_where_they_alone_tell_two_labels_apart():
    labels = ["Wheat (winter)", "Beet (sugar)", "Wheat (spring)", "Beet (sugar)"]
    assert brief(labels) == ["Wheat (winter)", "Beet", "Wheat (spring)", "Beet"]
    assert shorten_all(labels) == brief(labels)


def test_labels_that_would_be_the_same_are_cut_later_or_lose_what_they_share():
    labels = ["Mixture with dominant forage legumes", "Mixture with dominant grain legumes", "Rye"]
    short = shorten_all(labels, 24)
    assert short == ["Mixture with dominant forage…", "Mixture with dominant grain…", "Rye"]
    assert shorten_all(labels, 18) == ["Mixture … forage…", "Mixture … grain…", "Rye"]
    assert shorten_all([]) == []


def test_regions_and_their_zones_have_names_and_those_of_others_stay_as_they_are():
    names = ("paris_basin", "paris_basin_1", "mediterranean_12", "my_zone_3", "alsace_north")
    said = ["Paris Basin", "Paris Basin 1", "Mediterranean 12", "My zone 3", "Alsace north"]
    assert [place(name) for name in names] == said
    with speaking("fr"):
        assert place("paris_basin_1") == "Bassin parisien 1"
        assert place("my_zone_3") == "My zone 3"


@pytest.mark.parametrize(
    ("text", "english", "french"),
    [
        ("2023", "2023", "2023"),
        ("2022-10..2023-09", "October 2022 – September 2023", "octobre 2022 – septembre 2023"),
        ("2022-11-01..2023-07-20", "1 November 2022 – 20 July 2023", "1er novembre 2022 – 20 juillet 2023"),
        ("2023-03-05..2023-09-20", "5 March – 20 September 2023", "5 mars – 20 septembre 2023"),
    ],
)  # fmt: skip
def test_a_season_is_said_by_its_ends(text, english, french):
    assert wording.season(Season.of(text)) == english
    with speaking("fr"):
        assert wording.season(Season.of(text)) == french


@pytest.mark.parametrize(
    ("period", "english", "french"),
    [
        ("2023-05", "May", "mai"),
        ("2023-05-01_2023-05-10", "1–10 May", "1er–10 mai"),
        ("2022-12-25_2023-01-09", "25 December – 9 January", "25 décembre – 9 janvier"),
        ("2023-12-31_2023-12-31", "31 December", "31 décembre"),
    ],
)
def test_a_period_can_be_said_without_its_year(period, english, french):
    assert wording.period(period, with_year=False) == english
    with speaking("fr"):
        assert wording.period(period, with_year=False) == french
