"""Catalogues: every sentence that is said stands in each language, with the same gaps."""

from __future__ import annotations

import string

import pytest

from cropdash import i18n
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
    assert i18n.separators() == ".,"


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


# errors are written in English, wherever they arise, and retold where they are shown ----------


@pytest.mark.parametrize("sentence", RAISED)
def test_an_error_is_known_again_with_its_gaps_filled(sentence: str) -> None:
    values = {name: f"{name}7_{name}" for name in gaps(sentence)}
    with i18n.speaking("fr"):
        told = i18n.retell(sentence.format(**values))
    assert told == i18n.catalogue("fr")[sentence].format(**values)
    assert i18n.retell(sentence.format(**values)) == sentence.format(**values)  # in English


def test_an_error_within_an_error_is_retold_too() -> None:
    with i18n.speaking("fr"):
        told = i18n.retell("zones.csv, row 3: its geometry can't be read: draw the zone again.")
    assert told == (
        "zones.csv, row 3\u00a0: sa géométrie ne peut être lue\u00a0: dessinez la zone à nouveau."
    )


@pytest.mark.parametrize("unknown", ["", "Segmentation fault", "a: b: c", "{a}", "x" * 3000])
def test_what_the_table_does_not_know_stays(unknown: str) -> None:
    with i18n.speaking("fr"):
        assert i18n.retell(unknown).replace("\u00a0:", ":") == unknown
