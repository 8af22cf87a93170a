"""Foreign words in pages: what Streamlit takes for Markdown shows them as they stand.

Titles, names of classes, codes, ids and errors come from files of others. A link or a picture in
them would be one of the page's own, and what stands in brackets would vanish.
"""

from __future__ import annotations

import re

from cropdash.domain.secret import hidden
from cropdash.i18n import say

_ACTING = re.compile(
    r"[\\`*\[\]<>~$&{}|]"
    r"|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z])"  # within a word it does nothing
    r"|(?:(?<=^)|(?<=^ ))(?:[-+#=]|\d+(?=[.)]))(?=\D)"  # a list, a heading
)

_BLANKS = re.compile(r"[ \t\r\n\f\v]+")  # but not the narrow ones of French


def literal(text: object) -> str:
    """The text, in one line, as Markdown that shows it as it stands."""
    line = _BLANKS.sub(" ", str(text)).strip(" ")
    return _ACTING.sub(_escaped, line)


def said(english: str, **values: object) -> str:
    """As `say`, for Markdown: the sentence's own markup acts, that of the values does not."""
    return say(english, **{name: told(value) for name, value in values.items()})


def told(error: object) -> str:
    """As `say`, for Markdown: an error, or what a worker wrote into a file."""
    return literal(say(hidden(str(error))))


def _escaped(found: re.Match[str]) -> str:
    text = found[0]
    return f"{text[:-1]}\\{text[-1]}" if not text[0].isdigit() else f"{text}\u2060"
