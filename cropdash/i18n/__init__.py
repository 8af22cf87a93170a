"""The language of the interface: English as it stands in the code, French from one table.

`say("Zone {zone}", zone=...)` looks the English sentence up in resources/french.csv. A sentence
that is declared in one place and shown in another is marked with `sentence` where it is declared.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args

Language = Literal["en", "fr"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
NAMES: dict[Language, str] = {"en": "English", "fr": "Français"}

_GAP = re.compile(r"\{(\w+)\}")
_TELLING = 8  # letters of its own from which on a sentence with gaps is known again
_OF_TWO = "{a}: {b}"  # a place and what is wrong there
_TABLE = Path(__file__).parents[1] / "resources" / "french.csv"
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


def probability(share: float) -> str:
    """Whole per cent, no finer than calibration carries: "< 1 %" instead of none."""
    if 0 < share < 0.01:
        return "< " + number(0.01, ".0%")
    if 0.99 < share < 1:
        return "> " + number(0.99, ".0%")
    return number(share, ".0%")


@cache
def french() -> dict[str, str]:
    """English sentence to French, as in resources/french.csv."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {row["english"]: row["french"] for row in csv.DictReader(file)}


def retell(written: str) -> str:
    """A sentence that was written in English, its gaps filled, in the current language.

    For what was not said to a reader: errors, and what workers write into files. One that the
    table does not know stays as it is.
    """
    if current() != "fr" or not written:
        return written
    if written in french():
        return french()[written]
    for pattern, english in _patterns():
        if found := pattern.fullmatch(written):
            values = {name: retell(value) for name, value in found.groupdict().items()}
            return french()[english].format(**values)
    return written


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """What sentences with gaps look like once filled; those with the most words of their own first."""
    own = {english: len(_GAP.sub("", english)) for english in french() if _GAP.search(english)}
    telling = [english for english, n in own.items() if n >= _TELLING]
    telling.sort(key=lambda english: own[english], reverse=True)
    return [(_pattern(english), english) for english in (*telling, _OF_TWO)]


def _pattern(english: str) -> re.Pattern[str]:
    seen: set[str] = set()
    parts: list[str] = []
    for i, part in enumerate(_GAP.split(english)):
        if i % 2 == 0:
            parts.append(re.escape(part))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.*?)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)


def label(item: Any) -> str:
    """The name of a crop class or code in the current language, or in one that it has."""
    return str(item.label(current()))


def other_label(item: Any) -> str:
    """Its name in the first other language that has another one; empty if there is none."""
    shown = label(item)
    others = (text for language, text in item.labels.items() if language != current())
    return next((text for text in others if text != shown), "")
