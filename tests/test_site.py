"""The documentation is built without a warning, links nowhere in vain, and needs no internet."""

from __future__ import annotations

import re
import subprocess
import sys
import webbrowser
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from typer.testing import CliRunner

import cropdash
from cropdash.cli.app import COMMANDS, app
from cropdash.files.records import Form
from cropdash.settings import folders
from cropdash.storage import layout
from cropdash.ui.shell import frame, manual
from docs import drawings

ROOT = Path(__file__).resolve().parents[1]
GROUPS = {"audit", "decisions", "simulate", "users", "zones"}  # which are no commands themselves
_THERE = {"", "__skip", "__toc"}  # places that the theme makes while the page runs


class Page(HTMLParser):
    """The places of a page, what it links to, and what it loads."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        self.places |= {known[name] for name in ("id", "name") if name in known}
        if tag == "a" and "href" in known:
            self.links.append(known["href"])
        self.loaded += [known["src"]] if "src" in known else []
        self.loaded += [known["href"]] if tag == "link" and "href" in known else []


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Built by the command, as a reader builds it on the first call."""
    home = tmp_path_factory.mktemp("home")
    opened: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folders, "home", lambda: home)
        patch.setattr(webbrowser, "open", opened.append)
        result = CliRunner().invoke(app, ["docs"])
        assert result.exit_code == 0, result.output
        assert opened == [(home / "site" / "index.html").as_uri()]
        before = (home / "site" / "index.html").stat().st_mtime_ns
        assert CliRunner().invoke(app, ["docs", "--no-show"]).exit_code == 0
        assert len(opened) == 1
        assert (home / "site" / "index.html").stat().st_mtime_ns == before  # built once
    return home / "site"


@pytest.fixture(scope="module")
def pages(site) -> dict[Path, Page]:
    return {path: Page(path) for path in site.rglob("*.html")}


def test_every_link_leads_to_a_page_and_a_place_of_it(site, pages):
    assert len(pages) > 25
    dead = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.exists() or (
                target in pages and unquote(parts.fragment) not in pages[target].places | _THERE
            ):
                dead.append(f"{path.relative_to(site)}: {link}")
    assert not dead, "\n".join(dead)


def test_nothing_is_loaded_from_elsewhere(site, pages):
    loaded = {(path.name, each) for path, page in pages.items() for each in page.loaded}
    assert not [each for each in loaded if urlsplit(each[1]).scheme not in ("", "data")]
    for path, page in pages.items():
        for each in page.loaded:
            if not urlsplit(each).scheme:
                assert (path.parent / unquote(urlsplit(each).path)).exists(), each


def test_commands_and_names_of_the_library_are_all_there(pages):
    by_name = {path.name: page for path, page in pages.items()}
    assert {f"cropdash-{name}" for name in COMMANDS if name not in GROUPS} <= (
        by_name["command-options.html"].places
    )
    told = " ".join(by_name["api.html"].places)
    for name in cropdash.__all__:
        assert f"cropdash.api.{cropdash._WHERE[name]}.{name}" in told, name


def test_each_page_of_the_dashboard_has_a_guide_that_its_menu_leads_to(site, pages):
    for page in frame.PAGES:
        told = manual.guide(page.name)
        path = site / told.removeprefix(f"{manual.ADDRESS}/")
        assert any("screenshots/" in each for each in pages[path].loaded), told
    assert manual.guide("Harvest") is None


def test_each_concept_has_one_drawing_of_the_command_and_the_source_of_its_formula(tmp_path):
    drawings.main(tmp_path)
    drawn = {path.name for path in tmp_path.glob("*.svg")}
    texts = {p.stem: p.read_text("utf-8") for p in (ROOT / "docs" / "concepts").glob("*.md")}
    used = {name: re.findall(r"!\[[^\]]+\]\((\S+\.svg)\)", text) for name, text in texts.items()}
    assert len(used) == 8
    assert all(len(found) == 1 for found in used.values()), used
    assert {found[0] for found in used.values()} | {"architecture.svg"} == drawn
    for name in drawn:  # as the command draws it today
        kept = (ROOT / "docs" / "concepts" / name).read_text("utf-8")
        words = re.findall(r"<text[^>]*>([^<]+)", (tmp_path / name).read_text("utf-8"))
        assert words, name
        assert words == re.findall(r"<text[^>]*>([^<]+)", kept), name
    for name, text in texts.items():
        assert re.search(r"^Sources?: .*(doi:10|arXiv:)", text, re.MULTILINE | re.DOTALL), name


def test_formulas_are_drawn_without_a_script(site):
    for page in ("units", "denominators", "intervals", "calibration", "sets", "applicability"):
        text = (site / "concepts" / f"{page}.html").read_text(encoding="utf-8")
        assert '<math xmlns="http://www.w3.org/1998/Math/MathML"' in text, page
        assert "$$" not in text, page
        assert not re.search(r"<m[ion]>[^<]*\\", text), page  # a command that was not understood
        assert not re.search(r"^<math[^>]*inline", text, re.MULTILINE), (
            page
        )  # cut out of its sentence


def test_pictures_have_captions_and_both_themes_and_code_is_as_it_was_written(site):
    for path in [*site.glob("concepts/*.html"), *site.glob("guide/*.html"), site / "index.html"]:
        text = path.read_text(encoding="utf-8")
        assert len(re.findall(r"<figcaption>[^<]{10,}</figcaption></figure>", text)) == 1, path.name
        assert text.count("_light.png#only-light") == text.count("_dark.png#only-dark"), path.name
    for path in site.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"<pre(?:(?!</pre>).)*(<wbr|class=\"option)", text, re.DOTALL), (
            path.name
        )
    told = (site / "command-options.html").read_text(encoding="utf-8")
    assert "&lt;dataset&gt;_provenance.json" in told
    assert "<td></td>" not in told
    assert "``" not in told
    recipes = (site / "contributing.html").read_text(encoding="utf-8")
    assert recipes.count("<ol>") == 4  # of one list each, whatever code stands between


def test_the_page_of_formats_tells_every_version(site):
    text = (site / "file-formats.html").read_text(encoding="utf-8")
    for form in vars(layout).values():
        if isinstance(form, Form):
            assert f"<td><code>{form.file}</code></td>\n<td>{form.version}</td>" in text


def test_words_are_spelt_right():
    places = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs", "cropdash", "pages", "app.py"]
    done = subprocess.run(
        [sys.executable, "-m", "codespell_lib", *places],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    planted = subprocess.run(
        [sys.executable, "-m", "codespell_lib", "-"],
        input="a map of recieved crops", cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert planted.returncode != 0
