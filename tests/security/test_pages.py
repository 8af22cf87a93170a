"""Foreign words in pages: nothing in them acts, and they are shown whole."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import unquote

import plotly.graph_objects as go
import pytest
from markdown_it import MarkdownIt
from streamlit.testing.v1 import AppTest

from cropdash.figures import still
from cropdash.settings.folders import PROJECT
from cropdash.ui.shell import data
from cropdash.ui.shell.literal import literal, said
from tests.security import foreign
from tests.security.payloads import TEXTS

ZONE = "nord_picardie_1"
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False, "html": True})
# Fields of Streamlit's messages that a browser reads as Markdown, or as a part of it.
ACTING = {"body", "label", "help", "tooltip", "delta", "text", "caption", "content"}
PLAIN = {
    "code",
    "arrow_data_frame",
    "plotly_chart",
    "component_instance",
    "text_area",
    "text_input",
}
PLACE = {"dataset": "demo", "zone": ZONE, "parcel": "first"}
PAGES = {
    "app.py": [{}],
    "pages/1_Explore.py": [PLACE, PLACE | {"other": "second"}],
    "pages/2_Train.py": [{}, {"do": "search"}, {"do": "crossvalidate"}, {"do": "ensemble"}],
    "pages/3_Map.py": [PLACE],
    "pages/4_Compare.py": [{}],
    "pages/5_Review.py": [PLACE],
    "pages/6_Data.py": [{}, {"dataset": "broken"}, {"view": "coverage"}],
}
CASES = [(page, query) for page, queries in PAGES.items() for query in queries]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return foreign.write(tmp_path_factory.mktemp("foreign"))


@pytest.fixture
def here(world, monkeypatch):
    monkeypatch.setattr(data, "folders", lambda: world)
    data.store.clear()
    yield world
    data.store.clear()


def tokens(text: str) -> Iterator[tuple[str, str]]:
    """Kind and content of all that Markdown makes of a text."""
    for outer in MARKDOWN.parse(text):
        yield outer.type, "" if outer.children else outer.content
        for token in outer.children or ():
            yield token.type, token.content + " ".join(map(str, token.attrs.values()))


class Elements(HTMLParser):
    """Tags and attributes of what a browser reads as HTML; an image in an attribute is read as well."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in [(tag, ""), *attributes]:
            if (value or "").startswith("data:image/svg"):
                self.found += Elements(unquote(value)).found
            elif "evil" in name + (value or ""):
                self.found.append(tag)

    handle_startendtag = handle_starttag


def acting_in(where: str, text: str) -> list[str]:
    """What of the foreign words acts in a field of that place."""
    return Elements(text).found if where.startswith("html.") else acting(text)


def acting(text: str) -> list[str]:
    """What of the foreign words acts in a text that a browser reads as Markdown."""
    found = []
    for kind, content in tokens(text):
        if kind in ("image", "link_open", "html_inline", "html_block") and "evil" in content:
            found.append(kind)
        if kind == "code_inline" and "evil" not in content and content in MARKS:
            found.append(kind)
    if re.search(r":red\[\w", text):
        found.append("colour")
    return found


MARKS = {"title", "error", "stage", "reason", "note", "id", "region"}


def acting_fields(message, path: str = "") -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        where = f"{path}.{field.name}"
        if field.name in PLAIN:
            continue
        if field.message_type is not None:
            repeated = value if field.is_repeated else [value]
            if not hasattr(value, "items"):
                for item in repeated:
                    yield from acting_fields(item, where)
        elif field.type == field.TYPE_STRING and field.name in ACTING:
            for text in value if field.is_repeated else [value]:
                yield where, text


def shown(block) -> Iterator[tuple[str, str]]:
    """Place and text of all that is read as Markdown on a page."""
    for child in block.children.values():
        proto = getattr(child, "proto", None)
        kind = getattr(child, "type", "")
        if proto is not None and kind not in PLAIN:
            yield from ((f"{kind}{where}", text) for where, text in acting_fields(proto))
        if hasattr(child, "children"):
            yield from shown(child)


def visited(page: str, query: dict[str, str], language: str = "en") -> list[tuple[str, str]]:
    """Place and text of all that a page shows as Markdown."""
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=120).run()
    if page != "app.py":
        app.switch_page(page)
    ids = data.parcels("demo", ZONE).nlargest(2, "area_ha")["parcel_id"].astype(str)
    named = dict(zip(("first", "second"), ids, strict=True))
    for name, value in {**query, "lang": language}.items():
        app.query_params[name] = named.get(value, value)
    app.run()
    assert not app.exception, app.exception
    return list(shown(app._tree))


@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize(("page", "query"), CASES)
def test_no_foreign_word_acts_on_a_page(here, page, query, language):
    found = visited(page, query, language)
    assert found
    told = [(where, acting_in(where, text), text) for where, text in found]
    faults = [f"{where}: {acts} {text[:200]}" for where, acts, text in told if acts]
    assert not faults, "\n".join(faults)


def test_the_pages_do_show_foreign_words(here):
    """Else the test above would prove nothing."""
    texts = [text for page, query in CASES for _, text in visited(page, query)]
    seen = " ".join(texts).replace("\\", "")
    for mark in ("title", "error", "id", "class", "code"):
        assert f"![{mark}" in seen, mark


def failing() -> None:
    from cropdash.domain.errors import CropdashError
    from cropdash.ui.shell import frame
    from tests.security.foreign import poison

    with frame.plainly():
        raise CropdashError(poison("error"))


def test_an_error_on_a_page_does_nothing():
    (error,) = AppTest.from_function(failing).run().error
    assert foreign.poison("error") in error.value.replace("\\", "")
    assert not acting(error.value)


@pytest.mark.parametrize("text", TEXTS)
def test_a_literal_text_is_text_alone_and_whole(text):
    plain = {"paragraph_open", "paragraph_close", "inline", "text", "text_special"}
    for written, shown_as in (
        (literal(text), text),
        (f"**{literal(text)}**", text),
        (said("{a}: {b}", a="x", b=text), f"x: {text}"),
    ):
        found = list(tokens(written))
        kinds = {kind for kind, _ in found} - plain
        assert kinds <= {"strong_open", "strong_close"}, kinds
        assert "".join(content for _, content in found).replace("\u2060", "") == " ".join(
            shown_as.split()
        )


@pytest.mark.parametrize("text", TEXTS)
def test_a_still_holds_a_foreign_word_as_text(text):
    figure = go.Figure(go.Scatter(x=[0, 1], y=[1, 2], name=text, mode="markers+text", text=text))
    figure.add_annotation(text=text, xref="paper", yref="paper", x=0.5, y=1)
    figure.update_xaxes(tickvals=[0, 1], ticktext=[text, "b"], title=text)
    made = still.page(figure)
    assert not Elements(made).found
    assert Elements(html.unescape(made)).found or "<" not in text or "evil" not in text


def test_a_word_of_ours_still_acts():
    assert ("strong_open", "") in list(tokens(said("On **{dataset}**", dataset="a_1*")))
    assert literal("zone a_1, 3.5 ha - 10 % (x)") == "zone a_1, 3.5 ha - 10 % (x)"
