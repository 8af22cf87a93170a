"""The language of the interface: English as it stands in the code, French from one table.

`say("Zone {zone}", zone=...)` looks the English sentence up in resources/french.csv. A sentence
that is declared in one place and shown in another is marked with `sentence` where it is declared.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES: dict[Language, str] = {"en": "English", "fr": "Français"}

_TABLE = Path(__file__).parent / "resources" / "french.csv"
_SPOKEN: ContextVar[Language | None] = ContextVar("spoken", default=None)
_ask: list[Callable[[], Language | None]] = []  # who knows the reader's choice


def follow(ask: Callable[[], Language | None]) -> None:
    """Let `ask` tell the reader's language from now on; None means that it doesn't know."""
    _ask[:] = [ask]


@contextmanager
def speaking(language: Language) -> Iterator[None]:
    """Speak a language within a block, whatever the reader has chosen."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def current() -> Language:
    """The language spoken now: that of the block, else the reader's, else English."""
    if spoken := _SPOKEN.get():
        return spoken
    for ask in _ask:
        if told := ask():
            return told
    return "en"


def say(english: str, **values: object) -> str:
    """The sentence in the current language, with its {gaps} filled if there are `values`."""
    sentence = french().get(english, english) if current() == "fr" else english
    return sentence.format(**values) if values else sentence


def sentence(english: str) -> str:
    """The sentence itself: marks one that `say` will be asked for elsewhere."""
    return english


def number(value: float, form: str = ",") -> str:
    """A number in format `form` (",", ",.1f", ".0%"), with the language's separators."""
    written = format(value, form)
    if current() != "fr":
        return written
    # A narrow no-break space between thousands and before %, a comma before decimals.
    turned = written.replace(",", "\u202f").replace(".", ",")
    return turned.replace("%", "\u202f%")


@cache
def french() -> dict[str, str]:
    """English sentence to French, as in resources/french.csv."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {row["english"]: row["french"] for row in csv.DictReader(file)}


def label(item: Any) -> str:
    """The name of a crop class or code in the current language."""
    return str(item.label_fr if current() == "fr" else item.label_en)
