"""Catalogues: every sentence that is said stands in each language, with the same gaps."""

from __future__ import annotations

import copy
import datetime as dt
import json
import math
import pickle
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash import i18n, legend
from cropdash.domain import Period, errors
from cropdash.domain.message import Message, as_json, from_json
from cropdash.figures import wording
from docs import words

LANGUAGES = i18n.LANGUAGES[1:]
EVERY = sorted(words.every())
RAISED = sorted(words.raised())
TO_DO = (
    "Languages are gettext catalogues now, cropdash/resources/locale/<language>.po; french.csv is"
    " gone. Run `python -m docs.words`, which puts each new English sentence into every catalogue,"
    ' and fill in its empty msgstr "". Missing: '
)


def gaps(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_is_translated(language: str) -> None:
    missing = [text for text in EVERY if not i18n.catalogue(language).get(text)]
    assert not missing, TO_DO + "; ".join(missing)


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_have_the_gaps_of_their_sentence(language: str) -> None:
    known = i18n.catalogue(language)
    wrong = [text for text in known if gaps(known[text]) != gaps(text)]
    assert not wrong


def test_the_old_table_is_gone() -> None:
    assert not (words.LOCALE.parent / "french.csv").exists(), TO_DO + "those of french.csv"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_as_the_script_writes_it(language, tmp_path, monkeypatch) -> None:
    written = words.path_of(language).read_bytes()
    known = words.read(language)
    monkeypatch.setattr(words, "LOCALE", tmp_path)
    words.write(language, known)
    assert words.path_of(language).read_bytes() == written, "run python -m docs.words"


def test_a_language_is_spoken_within_the_block_and_english_after_it() -> None:
    with i18n.speaking("fr"):
        assert i18n.say("Map") == "Carte"
        assert i18n.number(1234567.5, ",.1f") == "1\u202f234\u202f567,5"
        assert i18n.number(0.123, ".1%") == "12,3\xa0%"
        assert i18n.separators() == ",\u202f"
    assert i18n.say("Map") == "Map"
    assert i18n.number(1234567.5, ",.1f") == "1,234,567.5"
    assert [i18n.number(-0.0004, "+.3f"), i18n.number(-0.0004, ".0%")] == ["+0.000", "0%"]
    assert [i18n.number(-0.0006, "+.3f"), i18n.number(-math.inf, ".1f")] == ["-0.001", "-inf"]
    assert i18n.separators() == ".,"


def test_german_is_one_more_file() -> None:
    crop = legend.load().classes[8]
    with i18n.speaking("de"):
        assert i18n.say("Map") == "Karte"
        assert i18n.number(1234567.5, ",.1f") == "1.234.567,5"
        assert i18n.number(0.123, ".1%") == "12,3\xa0%"
        assert wording.period(Period.of("2023-05-11_2023-05-20")) == "11.–20. Mai 2023"
        assert i18n.label(crop) == "Winterweichweizen"
        assert wording.kin_label(legend.load(), "group", crop.group) == "Wintergetreide"
    with i18n.speaking("fr"):
        assert i18n.label(crop) == "Blé tendre d'hiver"


def test_what_no_catalogue_says_is_said_in_english() -> None:
    with i18n.speaking("xx"):
        assert i18n.say("Map") == "Map"


def test_the_reader_is_asked_and_the_block_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_ask", [lambda: "fr"])
    assert i18n.current() == "fr"
    with i18n.speaking("en"):
        assert i18n.say("Map") == "Map"


def test_every_setting_has_a_title() -> None:
    assert all(field.title for field in words.fields())


# errors and workers write messages, which any reader can be told ------------------------------


def test_errors_carry_a_template_and_its_values() -> None:
    assert not words.unnamed(), (
        "An f-string loses its template and values, by which it is translated: write"
        ' ConfigError("{a} has {b} bands.", a=path, b=n), then run'
        " `python -m docs.words`."
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("sentence", RAISED)
def test_an_error_is_said_in_each_language(sentence: str, language: str) -> None:
    values = {name: f"{name}7_{name}" for name in gaps(sentence)}
    error = errors.ConfigError(sentence, **values)
    assert str(error) == sentence.format(**values)
    with i18n.speaking(language):
        assert i18n.say(str(error)) == i18n.catalogue(language)[sentence].format(**values)


def test_an_error_within_an_error_is_said_too_without_its_full_stop() -> None:
    inner = errors.InvalidRegister("its geometry can't be read: draw the zone again.")
    outer = errors.InvalidRegister("{a}: {b}", a="zones.csv, row 3", b=inner)
    counted = errors.InvalidRegister(
        "{a} ({b} warnings came before, the first: {c}).", a=outer, b=2, c=str(inner)
    )
    again = pickle.loads(pickle.dumps(copy.deepcopy(counted)))  # from a worker  # noqa: S301
    with i18n.speaking("fr"):
        assert i18n.say(str(again)).replace("\u202f", "\xa0").replace(" :", "\xa0:") == (
            "zones.csv, row 3\u00a0: sa géométrie ne peut être lue\u00a0: dessinez la zone à nouveau"
            " (2 avertissements avant cela, dont le premier\u00a0: sa géométrie ne peut être lue\u00a0: dessinez"
            " la zone à nouveau)."
        )
    assert str(again) == str(counted)


MESSAGES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3).map(
        lambda values: Message("{a} of {b}.", **values)
    ),
    max_leaves=5,
)


@given(st.dictionaries(st.text(), st.lists(MESSAGES)))
def test_a_message_comes_back_from_a_file_with_what_it_is_made_of(document) -> None:
    found = from_json(json.loads(json.dumps(as_json(document))))
    assert found == document
    assert as_json(found) == as_json(document)


@pytest.mark.parametrize(
    "foreign",
    [
        {"message": 3, "values": {}},
        {"message": "{a}", "values": []},
        {"message": "{a}", "values": {"a": {"deep": 1}}},
        {"message": "{a}", "values": {"a": [1]}},
        {"message": "{a}"},
    ],
)
def test_an_object_that_is_no_message_stays_what_it_is(foreign) -> None:
    assert not isinstance(from_json(foreign), Message)


@pytest.mark.parametrize("template", ["{a.__class__}", "{a:>999999999}", "{a!r}", "{", "{}", "{b}"])
def test_a_template_of_a_file_does_nothing_but_name_gaps(template: str) -> None:
    found = from_json({"message": template, "values": {"a": "x"}})
    assert found == template
    with i18n.speaking("fr"):
        assert i18n.say(found) == template


@pytest.mark.parametrize(
    ("template", "values"),
    [
        ("{a} has no {b}.", {"a": "https://x:abc@host/?token=abc", "b": "b"}),
        ("see https://host/?token={a}", {"a": "abc"}),
        ("{a}={b}", {"a": "token", "b": "abc"}),
        ("token: {a}, postgresql://user:password@host", {"a": "abc"}),
        ("{a}: {b}", {"a": "x", "b": Message("{a} of {b}", a="sig=abc", b="y")}),
    ],
)
def test_keys_within_a_message_are_told_in_no_language(template, values) -> None:
    error = errors.SourceUnavailable(template, **values)
    for language in i18n.LANGUAGES:
        with i18n.speaking(language):
            assert "abc" not in i18n.say(str(error))
    assert "abc" not in json.dumps(as_json(str(error)))


@pytest.mark.parametrize("unknown", ["", "Segmentation fault", "a: b: c", "{a}", "x" * 3000])
def test_what_the_catalogue_does_not_know_stays(unknown: str) -> None:
    with i18n.speaking("fr"):
        assert i18n.say(unknown) == unknown


@pytest.mark.parametrize(
    ("language", "whole", "short"),
    [
        ("en", "5 Jun 2025", "5 Jun"),
        ("fr", "5 juin 2025", "5 juin"),
        ("de", "05.06.2025", "5. Juni"),
    ],
)
def test_a_date_is_written_as_the_language_does(language, whole, short):
    with i18n.speaking(language):
        assert i18n.date(dt.date(2025, 6, 5)) == whole
        assert i18n.date(dt.date(2025, 6, 5), short=True) == short
