"""What stands in the place of Streamlit's heavy modules gives all that they give."""

from __future__ import annotations

import json
import re
from pathlib import Path

import streamlit as st
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cropdash.ui.shell import later

JS = Path(st.__file__).parent / "static" / "static" / "js"


def scopes() -> dict[str, dict[str, str]]:
    told = re.fullmatch(r'<script type="importmap">(.*)</script>', later.tag())
    return json.loads(told[1])["scopes"]


def mapped() -> dict[str, str]:
    (names,) = scopes().values()
    return names


def test_the_heavy_modules_of_this_streamlit_are_all_put_off():
    kinds = {Path(name).name.split(".")[0] for name in mapped()}
    assert kinds == {"PlotlyChart", "DataFrame", "StreamlitSyntaxHighlighter"}


def test_only_modules_that_its_own_asks_for_in_passing_are_put_off():
    """One that is needed from the start would hold back the whole page."""
    (own,) = scopes()
    text = (JS / Path(own).name).read_text(encoding="utf-8")
    for name in mapped():
        assert f"import(`./{Path(name).name}`)" in text
        assert f'from"./{Path(name).name}"' not in text


def test_each_gives_what_the_true_one_gives():
    client = TestClient(Starlette(routes=later.routes()))
    for name, instead in mapped().items():
        true = (JS / Path(name).name).read_text(encoding="utf-8")
        given = re.search(r"export\{([^{}]*)\}\s*;?\s*$", true)[1].split(",")
        wanted = {part.split(" as ")[-1] for part in given}
        answer = client.get(instead)
        assert answer.headers["content-type"].startswith("text/javascript")
        said = set(re.findall(r"^export const (\S+) =", answer.text, re.MULTILINE))
        said |= {"default"} if "export default heavy.default;" in answer.text else set()
        assert said == wanted
        assert f'import("{name}")' in answer.text


def test_nothing_else_is_served():
    client = TestClient(Starlette(routes=later.routes()))
    for name in ("index.js", "..%2F..%2Findex.html", "PlotlyChart.js"):
        assert client.get(f"/later/{name}").status_code == 404
