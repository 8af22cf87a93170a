"""The language of the interface: English as it stands in the code, others from a catalogue each.

`say("Zone {zone}", zone=...)` looks the English sentence up in resources/locale/<language>.po, a
gettext catalogue, where there is one more language for each file. A sentence that is declared in
one place and shown in another is marked with `sentence` where it is declared; what a worker or an
error says is a `Message`, which keeps its template and values until `say` meets a reader.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from cropdash.domain.message import Message, filled

_LOCALE = Path(__file__).parents[1] / "resources" / "locale"
VARIABLE = "CROPDASH_LANGUAGE"  # in which the command line says what a page would
LANGUAGES: tuple[str, ...] = ("en", *sorted(path.stem for path in _LOCALE.glob("*.po")))

# A French mark that stands off from its word does not begin a line without it.
_APART = {"fr": re.compile(r" (?=[:;?!%»](?![\w/]))|(?<=«) ")}
_NOTHING = re.compile(r"-[0.,]+%?")  # below zero before it was rounded
_SPOKEN: ContextVar[str | None] = ContextVar("spoken", default=None)
_ask: list[Callable[[], str | None]] = []  # who knows the reader's choice


def follow(ask: Callable[[], str | None]) -> None:
    """Let `ask` tell the reader's language from now on; None means that it doesn't know."""
    _ask[:] = [ask]


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Speak a language within a block, whatever the reader has chosen."""
    token = _SPOKEN.set(language)
    try:
        yield
    finally:
        _SPOKEN.reset(token)


def current() -> str:
    """The language spoken now: that of the block, else the reader's, else English."""
    if spoken := _SPOKEN.get():
        return spoken
    for ask in _ask:
        if told := ask():
            return told
    return "en"


def say(english: str, **values: object) -> str:
    """The sentence in the current language, with its {gaps} filled if there are `values`.

    A `Message`, such as `str(error)`, is said with the values that it carries, and so are messages
    among values; any other text that no catalogue knows stays as it is.
    """
    if isinstance(english, Message):
        template = catalogue(current()).get(english.template, english.template)
        return filled(template, english.values, _value)
    sentence = catalogue(current()).get(english, english)
    return sentence.format(**{n: _value(v) for n, v in values.items()}) if values else sentence


def _value(value: Any) -> Any:
    return say(value) if isinstance(value, Message) else value


def sentence(english: str) -> str:
    """The sentence itself: marks one that `say` will be asked for elsewhere."""
    return english


@cache
def catalogue(language: str) -> dict[str, str]:
    """English sentence to that of the language; empty for English, and for one without a file.

    Babel reads the catalogue when it is first asked for: 2,000 sentences in .06 s.
    """
    if language not in LANGUAGES[1:]:
        return {}
    from babel.messages.pofile import read_po

    with (_LOCALE / f"{language}.po").open("rb") as file:
        messages = list(read_po(file, locale=language))
    said = {str(m.id): str(m.string) for m in messages if m.id and m.string}
    if apart := _APART.get(language):
        said = {english: apart.sub("\u00a0", own) for english, own in said.items()}
    return said


def headed(name: str, text: str) -> str:
    """What is said of something, behind its name and a colon as the language writes it."""
    return say("{a}: {b}", a=name, b=text)


def number(value: float, form: str = ",") -> str:
    """A number in format `form` (",", ",.1f", ".0%"), with the language's separators.

    What rounds to nothing has no minus sign.
    """
    written = format(value, form)
    if _NOTHING.fullmatch(written):
        written = format(0.0, form)
    group, decimal, per_cent = _signs(current())
    signs = {",": group, ".": decimal, "%": per_cent}
    return "".join(signs.get(letter, letter) for letter in written)


def separators() -> str:
    """The mark before decimals and the one between thousands, as Plotly asks for them."""
    group, decimal, _ = _signs(current())
    return decimal + group


@cache
def _signs(language: str) -> tuple[str, str, str]:
    """What stands between thousands, before decimals, and behind a number of per cent."""
    if language == "en":
        return ",", ".", "%"
    from babel import Locale, numbers

    per_cent = str(Locale(language).percent_formats[None].suffix[0])
    return numbers.get_group_symbol(language), numbers.get_decimal_symbol(language), per_cent


def date(day: dt.date, *, short: bool = False) -> str:
    """A date as the language writes it: "5 Jun 2025", "5 juin 2025", "05.06.2025"; `short`: no year."""
    if current() == "en":
        return f"{day.day} {day:%b}" if short else f"{day.day} {day:%b %Y}"
    from babel import dates

    if short:
        return dates.format_skeleton("MMMd", day, locale=current())
    return dates.format_date(day, "medium", locale=current())


def probability(share: float) -> str:
    """Whole per cent, no finer than calibration carries: "< 1 %" instead of none."""
    if 0 < share < 0.01:
        return "< " + number(0.01, ".0%")
    if 0.99 < share < 1:
        return "> " + number(0.99, ".0%")
    return number(share, ".0%")


def inside(name: str) -> str:
    """A name within a sentence: in small letters, but for German, whose nouns keep their capitals."""
    return name if current() == "de" else name.lower()


def label(item: Any) -> str:
    """The name of a crop class or code in the current language: its own, else the catalogue's."""
    own = item.labels.get(current())
    return str(own or say(item.label()))


def other_label(item: Any) -> str:
    """Its name in the first other language that has another one; empty if there is none."""
    shown = label(item)
    others = (text for language, text in item.labels.items() if language != current())
    return next((text for text in others if text != shown), "")
