"""The one door to XML: of bounded size, and without what a document could declare for itself."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from cropdash.domain.errors import InvalidScene, one_line
from cropdash.files import atomic

_MOST = 20_000_000  # [bytes]; a product's metadata have some hundred thousand
_DECLARES = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)


def read(path: Path) -> ElementTree.Element:
    """The root of a document. Raises InvalidScene for what is none, or declares entities."""
    try:
        text = atomic.read_bytes(path, _MOST)
        if _DECLARES.search(text) or b"\0" in text:  # entities; UTF-16, in which they would hide
            raise InvalidScene("{a} declares a type of its own: fetch it again.", a=path.name)
        return ElementTree.fromstring(text)  # noqa: S314 - nothing can be declared
    except (OSError, ElementTree.ParseError, ValueError, LookupError) as error:
        raise InvalidScene(
            "{a} can't be read as XML ({b}): fetch it again.", a=path.name, b=one_line(error)
        ) from error


def text(root: ElementTree.Element, name: str) -> str:
    """What stands in the first element of that name, in any namespace; "" where there is none."""
    found = next(root.iterfind(f".//{{*}}{name}"), None)
    return "" if found is None else (found.text or "").strip()
