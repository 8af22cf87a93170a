"""One table of texts: every sentence that is said has its French, with the same gaps."""

from __future__ import annotations

import ast
import inspect
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from cropdash import i18n, legend
from cropdash.domain import errors, indices, sentinel2
from cropdash.settings import build, classifiers, sources, study

ROOT = Path(__file__).resolve().parents[1]
SPOKEN_IN = [ROOT / "app.py", *sorted((ROOT / "pages").glob("*.py"))]
SPOKEN_IN += sorted((ROOT / "cropdash").rglob("*.py"))
SAYS = {"say": 1, "sentence": 1, "begin": 2}  # and how many of its arguments are said


def said(path: Path) -> Iterator[str]:
    """Literal sentences that a module says or marks."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        for text in node.args[: SAYS.get(name, 0)]:
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


SENTENCES = sorted({sentence for path in SPOKEN_IN for sentence in said(path)})


def gaps(sentence: str) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None)


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_sentence_has_its_french_with_the_same_gaps(sentence: str) -> None:
    assert sentence in i18n.french(), "add it to resources/french.csv"
    assert gaps(i18n.french()[sentence]) == gaps(sentence)


def test_french_is_spoken_within_the_block_and_english_after_it() -> None:
    with i18n.speaking("fr"):
        assert i18n.say("Map") == "Carte"
        assert i18n.number(1234567.5, ",.1f") == "1\u202f234\u202f567,5"
        assert i18n.number(0.123, ".1%") == "12,3\u202f%"
    assert i18n.say("Map") == "Map"
    assert i18n.number(1234567.5, ",.1f") == "1,234,567.5"


def test_the_reader_is_asked_and_the_block_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(i18n, "_ask", [lambda: "fr"])
    assert i18n.current() == "fr"
    with i18n.speaking("en"):
        assert i18n.say("Map") == "Map"


def settings() -> list[str]:
    """Titles and descriptions of all settings that a form shows."""
    modules = (build, study)
    kinds = {
        kind
        for module in modules
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, BaseModel) and kind is not BaseModel
    }
    kinds |= {kind.settings for kind in (*classifiers.kinds(), *sources.kinds())}
    fields = [field for kind in kinds for field in kind.model_fields.values()]
    assert all(field.title for field in fields)
    return sorted({text for f in fields for text in (f.title, f.description) if text})


@pytest.mark.parametrize("text", settings())
def test_every_setting_is_named_and_explained_in_french(text: str) -> None:
    assert text in i18n.french(), "add it to resources/french.csv"


def named() -> list[str]:
    """Titles of bands and indices, groups and families of the French legend."""
    titles = [item.title for item in (*indices.TABLE.values(), *sentinel2.TABLE.values())]
    groups = {name for crop in legend.load().classes for name in (crop.group, crop.family)}
    return sorted({*titles, *(name.replace("_", " ").capitalize() for name in groups)})


@pytest.mark.parametrize("text", named())
def test_what_a_table_names_has_its_french(text: str) -> None:
    assert text in i18n.french(), "add it to resources/french.csv"


# errors are written in English, wherever they arise, and retold where they are shown ----------

ERRORS = {name for name, kind in inspect.getmembers(errors, inspect.isclass)}
COMMANDS = {"cli", "__main__.py", "api"}  # met at a prompt only, which speaks English


def _is_raised(call: ast.Call) -> bool:
    """An error that is made, or a fault of a table's row (`row.wrong(column, fault)`)."""
    return getattr(call.func, "id", "") in ERRORS or getattr(call.func, "attr", "") == "wrong"


def raised(path: Path) -> Iterator[str]:
    """Sentences of the errors that a module makes, their gaps named a, b, c …"""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args and _is_raised(node):
            first = node.args[-1 if isinstance(node.func, ast.Attribute) else 0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value
            elif isinstance(first, ast.JoinedStr):
                names = iter(string.ascii_lowercase)
                yield "".join(
                    str(part.value) if isinstance(part, ast.Constant) else f"{{{next(names)}}}"
                    for part in first.values
                )


RAISED = sorted(
    {
        sentence
        for path in sorted((ROOT / "cropdash").rglob("*.py"))
        if path.relative_to(ROOT / "cropdash").parts[0] not in COMMANDS
        for sentence in raised(path)
    }
)


@pytest.mark.parametrize("sentence", RAISED)
def test_every_error_can_be_retold_in_french(sentence: str) -> None:
    assert sentence in i18n.french(), "add it to resources/french.csv"
    assert gaps(i18n.french()[sentence]) == gaps(sentence)


@pytest.mark.parametrize("sentence", RAISED)
def test_an_error_is_known_again_with_its_gaps_filled(sentence: str) -> None:
    values = {name: f"{name}7_{name}" for name in gaps(sentence)}
    with i18n.speaking("fr"):
        told = i18n.retell(sentence.format(**values))
    assert told == i18n.french()[sentence].format(**values)
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
