"""A document as one HTML file and as PDF: nothing is fetched, and its letters are in it."""

from __future__ import annotations

import base64
import io
from functools import cache
from importlib.resources import files
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cropdash import i18n
from cropdash.domain.errors import NotInstalled, needing
from cropdash.figures import printed
from cropdash.reports.document import Document

_FOLDER = Path(str(files("cropdash") / "resources" / "report"))
_ALWAYS = "".join(map(chr, range(32, 127))) + "–’“”…·±−×²\u00a0\u202f"
_LONGEST_WORD = 16  # [letters] that a table gives room to
_KINDS = {b"\x89PNG": "image/png", b"<?xml": "image/svg+xml", b"\xff\xd8\xff": "image/jpeg"}


def html(document: Document) -> str:
    """The document as one file of HTML, in the language spoken now."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER), autoescape=True, undefined=StrictUndefined
    )
    environment.filters |= {"address": address, "css_string": _css_string}
    environment.tests["whole"] = _whole
    style = (_FOLDER / "document.css").read_text(encoding="utf-8")
    template = environment.get_template("document.html")
    told = {"document": document, "language": i18n.current(), "style": Markup(style)}  # noqa: S704 (ours)
    letters = template.render(**told, fonts="")
    return template.render(**told, fonts=_fonts("".join(sorted(set(letters + _ALWAYS)))))


def pdf(page: str) -> bytes:
    """A page of `html` as PDF. Raises NotInstalled where WeasyPrint or its libraries are not there."""
    with needing("reports"):
        try:
            from weasyprint import HTML
            from weasyprint.urls import URLFetcher
        except OSError as error:  # Pango is no Python package
            raise NotInstalled(
                "Pango, with which PDF is set, is not on this machine: install libpango-1.0-0 and"
                " libpangoft2-1.0-0; the HTML is there, and a browser prints it."
            ) from error

    closed = URLFetcher(allowed_protocols={"data"})
    written: bytes = HTML(string=page, url_fetcher=closed).write_pdf()
    return written


def address(content: bytes) -> str:
    """A picture within the page. Raises KeyError for what is none."""
    kind = next(kind for begin, kind in _KINDS.items() if content.startswith(begin))
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _whole(text: str) -> bool:
    """Whether no word of it is so long that it has to be broken to fit into a table."""
    return all(len(word) <= _LONGEST_WORD for word in text.split())


def _css_string(text: str) -> Markup:
    """A text as CSS writes it: each sign that is no letter by its number."""
    return Markup(  # noqa: S704 (nothing is left that could end it)
        '"' + "".join(c if c.isalnum() or c == " " else f"\\{ord(c):06x} " for c in text) + '"'
    )


@cache
def _fonts(letters: str) -> Markup:
    """Rules that give both faces, with these letters alone."""
    from fontTools import subset

    rules = []
    for weight, path in printed.faces().items():
        options = subset.Options(flavor="woff", layout_features=["kern", "tnum"], hinting=False)
        options.drop_tables += ["FFTM"]  # which it says it does not know
        font = subset.load_font(str(path), options)
        chosen = subset.Subsetter(options)
        chosen.populate(text=letters)
        chosen.subset(font)
        buffer = io.BytesIO()
        subset.save_font(font, buffer, options)
        code = base64.b64encode(buffer.getvalue()).decode()
        rules.append(
            f'@font-face {{ font-family: "Report"; font-weight: {weight};'
            f' src: url("data:font/woff;base64,{code}") format("woff"); }}'
        )
    return Markup("\n".join(rules))  # noqa: S704 (ours)
