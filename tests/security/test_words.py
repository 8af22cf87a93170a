"""Foreign words at the doors where text leaves: terminal, tables, styles, scripts, pages."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from rich.table import Table

from cropdash import legend
from cropdash.cli import app as command_line
from cropdash.cli import terminal
from cropdash.figures import maps, qgis
from cropdash.ui.shell import data
from tests.security.payloads import TEXTS

ACTING = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
STYLES = re.compile(r"\x1b\[[0-9;]*m")  # which a terminal's own colours are


def shown(text: str) -> str:
    """What a reader is to see of it: control characters are written out."""
    return ACTING.sub(lambda found: f"\\x{ord(found[0]):02x}", text)


def joined(text: str) -> str:
    return "".join(text.split())


@pytest.fixture(params=[False, True], ids=["pipe", "terminal"])
def console(request, monkeypatch):
    """The consoles of the command line, writing to a string."""
    out = io.StringIO()
    for mine in (terminal.console, terminal.errors):
        monkeypatch.setattr(mine, "_file", out)
        monkeypatch.setattr(mine, "_force_terminal", request.param)
        monkeypatch.setattr(mine, "_width", 300)
        monkeypatch.setattr(mine, "_color_system", 3 if request.param else None)
    return out


def printed(console) -> str:
    """What was printed, without colours of its own."""
    return STYLES.sub("", console.getvalue())


@pytest.mark.parametrize("text", TEXTS)
def test_the_terminal_shows_words_as_they_stand(console, text):
    terminal.console.print(text)
    table = Table("Head", text, title=text)
    table.add_row(text, "cell")
    terminal.console.print(table)
    terminal.errors.print(terminal.marked("Error:", "red", f" {text}"), soft_wrap=True)
    out = printed(console)
    assert not ACTING.search(out)
    assert joined(out).count(joined(shown(text))) >= (3 if "\n" in text else 5)


@pytest.mark.parametrize("text", TEXTS)
def test_a_stage_of_a_job_is_shown_as_it_stands(text):
    out = io.StringIO()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(terminal.console, "_file", out)
        patch.setattr(terminal.console, "_force_terminal", True)
        patch.setattr(terminal.console, "_width", 300)
        with terminal.bar() as told:
            told(text, 0.5)
    moves = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")
    assert joined(shown(text)) in joined(moves.sub("", out.getvalue()))


@pytest.mark.parametrize("text", TEXTS)
def test_an_argument_that_is_refused_is_quoted_and_does_nothing(console, text, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["cropdash", "build", "--", text])
    with pytest.raises(SystemExit) as end:
        command_line.main()
    assert end.value.code == 2
    assert "is not a valid name" in printed(console)
    assert not ACTING.search(printed(console))


@pytest.mark.parametrize("text", TEXTS)
def test_no_cell_of_a_table_is_a_formula(text):
    table = pd.DataFrame({"n": [1.5], "label": [text], text: [text]})
    (head, row) = csv.reader(io.StringIO(data.csv(table).decode(), newline=""))
    for cell in (*head, *row):
        assert not re.match(r"\s*[=+\-@\uff1d]|[\t\r\n]", cell), cell
    assert row[1].removeprefix("'") == text.replace("\r", "\n")


def test_numbers_of_a_table_stay_numbers():
    values = np.array([-1.5, 0.1], "float32")
    table = pd.DataFrame({"a": values, "b": [-1, 2], "c": ["-0.5", "+3e-4"], "d": [None, "-"]})
    assert data.csv(table).decode().splitlines() == ["a,b,c,d", "-1.5,-1,-0.5,", "0.1,2,+3e-4,'-"]


def parsed(style: bytes) -> ElementTree.Element:
    return ElementTree.fromstring(style.split(b">", 1)[1])  # noqa: S314 (our own)


@pytest.fixture(params=TEXTS)
def foreign(request):
    """A legend whose second class bears a word of that kind, and the word."""
    known = legend.load()
    named = replace(known.classes[1], name=request.param, labels={"en": request.param})
    return replace(known, classes=(known.classes[0], named, *known.classes[2:])), request.param


def test_styles_for_qgis_are_xml_that_holds_the_words(foreign):
    table, text = foreign
    told = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", "\ufffd", text)
    classes = parsed(qgis.class_style(table))
    entry = classes.findall(".//paletteEntry")[1]
    assert set(entry.attrib) == {"value", "color", "alpha", "label"}
    assert entry.get("label") == told
    parcels = parsed(qgis.parcel_style(table, text))
    assert parcels.findall(".//category")[1].get("value") == told


@pytest.mark.parametrize("text", TEXTS)
def test_what_the_map_shows_as_html_is_escaped(text):
    told = json.loads(maps.answers([1], [[1]], [[text]], [0]))["1"]["says"][0]
    assert "<" not in told
    assert "<" not in maps._Panels({"title": text, "legend": [{"label": text}]}).options
    assert json.loads(maps._Show({"captions": [text]}).state)["captions"] == [text]
    assert "<" not in maps._Show({"captions": [text]}).state
