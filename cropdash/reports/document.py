"""A document as plain parts: whatever is said in it is text, and no part of it acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias


@dataclass(frozen=True)
class Heading:
    """A heading within the document; `page`: it begins a new page, and is the page's title."""

    text: str
    page: bool = False
    kind: Literal["heading"] = "heading"


@dataclass(frozen=True)
class Text:
    """Sentences, one paragraph each, or a list of them."""

    sentences: Sequence[str]
    listed: bool = False
    small: bool = False
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Facts:
    """Names and what they are."""

    rows: Sequence[tuple[str, str]]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True)
class Table:
    """Rows of texts; columns after the first `left` ones stand to the right, as numbers do."""

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    title: str = ""
    left: int = 1
    colours: Sequence[str] = ()  # "#rrggbb" of each row, shown before its first cell
    kind: Literal["rows"] = "rows"


@dataclass(frozen=True)
class Picture:
    """A picture of ours, PNG or SVG, with what it shows."""

    content: bytes
    says: str  # to those who can't see it
    caption: str = ""
    width: str = "100%"
    kind: Literal["picture"] = "picture"


@dataclass(frozen=True)
class Strip:
    """Small pictures in a row of equal cells, each with a word above; `columns` in a line."""

    pictures: Sequence[Picture]
    columns: int
    title: str = ""
    kind: Literal["strip"] = "strip"


@dataclass(frozen=True)
class Beside:
    """Parts side by side."""

    parts: Sequence[Sequence[Part]]
    kind: Literal["beside"] = "beside"


Part: TypeAlias = "Heading | Text | Facts | Table | Picture | Strip | Beside"


@dataclass(frozen=True)
class Document:
    """Title, parts, and the line at the foot of each page."""

    title: str
    parts: Sequence[Part]
    foot: str
    landscape: bool = False
