"""What the guides promise is there: files, links, commands, modules, the lines that CI reads."""

from __future__ import annotations

import importlib.util
import io
import re
import shutil
import sys
import textwrap
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from streamlit.testing.v1 import AppTest

from cropdash import i18n
from cropdash.cli import app as command_line
from cropdash.settings import sources
from cropdash.settings.folders import Folders
from cropdash.storage.datasets import DatasetFolder
from cropdash.ui.shell import data, frame
from cropdash.workflow import build
from tests import factory
from tests.test_architecture import MAY_IMPORT

ROOT = Path(__file__).resolve().parents[1]
GUIDES = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *ROOT.glob("[dm]*/README.md")]
HISTORY = {"CHANGELOG.md"}  # says what things were called before


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def commands() -> set[str]:
    """`train`, `zones check`, … as the command line knows them."""
    found = set()
    for name in command_line.COMMANDS:
        command = command_line.command(name)
        below = getattr(command, "commands", None)
        found |= {f"{name} {more}" for more in below or ()}
        if below is None or command.invoke_without_command:
            found.add(name)
    return found


def named(text: str) -> set[str]:
    """Commands that a text gives as `python -m cropdash …`, alone or behind a slash."""
    groups = {name.split()[0] for name in commands() if " " in name}
    found = set()
    for line in text.splitlines():
        for match in re.finditer(r"python -m cropdash ([a-z]+)(?: ([a-z]+))?", line):
            first, second = match.groups()
            found.add(f"{first} {second}" if first in groups and second else first)
        if "python -m cropdash" in line:
            found |= set(re.findall(r"` / `([a-z]+)", line))
    return found


@pytest.mark.parametrize("guide", GUIDES, ids=lambda p: str(p.relative_to(ROOT)))
def test_links_commands_and_files_of_a_guide_exist(guide: Path) -> None:
    text = read(guide)
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        if not target.startswith("http"):
            assert (guide.parent / target).exists(), f"{guide.name} links to {target}"
    assert named(text) <= commands()
    if guide.name in HISTORY:
        return
    for module in re.findall(r"python -m ((?:bench|docs)\.\w+)|`(bench\.\w+|docs\.\w+)`", text):
        assert importlib.util.find_spec(module[0] or module[1]), module
    for path in re.findall(r"`((?:cropdash|tests|bench|docs|pages)/[\w/.-]*[\w/])`", text):
        made_by_recipe = guide.name == "CONTRIBUTING.md" and (
            "Harvest" in path or "stripes" in path
        )
        assert (ROOT / path).exists() or made_by_recipe, f"{guide.name} names {path}"


def test_the_guide_of_the_command_line_lists_every_command() -> None:
    assert named(read(ROOT / "docs" / "command-line.md")) == commands()


def test_the_readme_is_short_and_keeps_its_commands_and_credits() -> None:
    text = read(ROOT / "README.md")
    assert len(text.split()) <= 420  # two minutes
    lines = text.splitlines()
    assert "pip install -r requirements.txt && streamlit run app.py" in lines
    assert (
        "pip install -r requirements.txt -r requirements-dev.txt && pytest -n 2 --dist loadfile"
        in lines
    )
    for credit in (
        "RPG 2023 © IGN/ASP, Licence Ouverte Etalab 2.0",
        "Contains modified Copernicus Sentinel data",
        "Turkoglu et al. 2021",
        "Leaflet",
        "MIT licence",
    ):
        assert credit in " ".join(lines), credit


def test_the_layout_names_every_part_of_the_house() -> None:
    layout = read(ROOT / "CONTRIBUTING.md").partition("## The layout")[2]
    for part in MAY_IMPORT:
        assert f"| `{part}`" in layout, part


def test_every_measurement_has_its_command_and_machine() -> None:
    """Each section names a command, and the machine: in its rows or in its text."""
    text = read(ROOT / "docs" / "measurements.md")
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        assert "`python -m " in body, title
        rows = [line for line in body.splitlines() if line.startswith("| ")]
        own = [row for row in rows if "`python -m " in row]
        assert all(re.search(r"\| (M|AMD|Intel)\b[^|]*\|$", row) for row in own), title
        assert own or re.search(r"Machine:\s+(M|AMD|Intel)\b|, M\)", body), title


def test_the_recipe_of_a_page_makes_a_page_that_stands_in_the_menu_and_speaks_french(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = read(ROOT / "CONTRIBUTING.md").partition("## Adding a page")[2].partition("\n## ")[0]
    (file,) = set(re.findall(r"`(pages/\w+\.py)`", recipe))
    (code,) = re.findall(r"   ```python\n(.*?)   ```", recipe, re.DOTALL)
    (rows,) = re.findall(r"   ```po\n(.*?)   ```", recipe, re.DOTALL)
    added = read_po(io.StringIO(textwrap.dedent(rows)))
    known = i18n.catalogue("fr") | {str(m.id): str(m.string) for m in added if m.id}
    shutil.copy(ROOT / "app.py", tmp_path)
    shutil.copytree(ROOT / "pages", tmp_path / "pages")
    (tmp_path / file).write_text(textwrap.dedent(code), encoding="utf-8")
    factory.write_dataset(tmp_path / "data", zones=2, size=32)
    where = Folders(tmp_path / "data", tmp_path / "models")
    monkeypatch.setattr(frame, "_ROOT", tmp_path)
    monkeypatch.setattr(frame, "PAGES", frame._listed())
    monkeypatch.setattr(i18n, "catalogue", lambda language: known)
    monkeypatch.setattr(data, "folders", lambda: where)
    data.store.clear()
    app = AppTest.from_file(str(tmp_path / "app.py"), default_timeout=60).run()
    app.switch_page(file)
    app.query_params["lang"] = "fr"
    app.run()
    data.store.clear()
    assert not app.exception
    assert not app.error
    name = frame.PAGES[-1].name
    assert app.title[0].value == known[name] != name
    assert known[name] in [link.proto.label for link in app.get("page_link")]
    table = app.dataframe[0].value
    assert list(table.columns) == [known["Zone"], known["Area [ha]"]]
    assert len(table) == 2
    assert (table[known["Area [ha]"]] > 0).all()


def test_the_recipe_of_a_source_makes_a_source_that_is_built_and_offered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = read(ROOT / "CONTRIBUTING.md").partition("## Adding a source")[2].partition("\n## ")[0]
    code, line = re.findall(r"   ```python\n(.*?)   ```", recipe, re.DOTALL)
    (file,) = set(re.findall(r"`(cropdash/ingest/\w+\.py)`", recipe))
    (typed,) = re.findall(r"`python -m cropdash (build .*?)`", recipe)
    where = Folders(tmp_path / "data", tmp_path / "models")
    monkeypatch.setenv("CROPDASH_DATA", str(where.data))
    monkeypatch.setenv("CROPDASH_MODELS", str(where.models))
    path = tmp_path / Path(file).name
    path.write_text(textwrap.dedent(code), encoding="utf-8")
    name = file.removesuffix(".py").replace("/", ".")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, name, module)
    spec.loader.exec_module(module)
    named_there = dict(re.findall(r'"(\w+)": "([\w.]+)"', line))
    monkeypatch.setattr(sources, "MODULES", sources.MODULES | named_there)
    _, dataset, *options = typed.split()
    words = {k.removeprefix("--"): v for k, v in zip(options[::2], options[1::2], strict=True)}
    config = sources.parse({**words, "dataset": dataset, "workers": 1})
    folder = DatasetFolder(where.data, dataset)
    built = build.build_configured(
        config, folder, progress=lambda *_: None, should_stop=lambda: False
    )
    assert len(built.built) == 6, built.failed
    sample = folder.sample(folder.built_zones()[0])
    assert sample.cube.reflectance.shape == (36, 10, 48, 48)
    assert len(set(sample.labels.crop[sample.labels.parcel_id > 0])) == 2
    data.store.clear()
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    app.switch_page("pages/6_Data.py")
    app.query_params["view"] = "new"
    app.run()
    next(b for b in app.button_group if b.key == "build:source").set_value("stripes").run()
    data.store.clear()
    assert not app.exception
    assert not app.error
    assert "build stripes --source stripes" in app.code[0].value
    assert module.KIND.hint in [caption.value for caption in app.caption]
    assert "size" in {n.key.rpartition(":")[2] for n in app.number_input}
