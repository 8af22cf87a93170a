"""The files that a host or a tool reads say what the project says."""

from __future__ import annotations

import tomllib
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]


def read(name: str) -> dict:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def test_the_citation_is_of_the_version_that_is_built():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    cited = read("CITATION.cff")
    assert (cited["title"], cited["version"], cited["license"]) == (
        project["name"], project["version"], project["license"],
    )  # fmt: skip
    assert cited["abstract"].rstrip(".") == project["description"]
    assert f"## {project['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_each_check_before_a_commit_is_a_tool_that_is_installed():
    needed = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
    (repository,) = read(".pre-commit-config.yaml")["repos"]
    tools = {hook["entry"].split()[0] for hook in repository["hooks"]}
    assert tools == {"ruff", "mypy", "codespell", "python"}
    for tool in tools - {"python"}:
        assert f"\n{tool}>=" in needed, tool
    for hook in repository["hooks"]:
        words = [word for word in hook["entry"].split() if word.endswith(".py")]
        assert all((ROOT / word).is_file() for word in words)


def test_forms_ask_for_what_helps():
    for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("[!c]*.yml"):
        form = yaml.safe_load(path.read_text(encoding="utf-8"))
        assert {"name", "description", "body"} <= set(form), path.name
        for field in form["body"]:
            assert field["type"] in {"textarea", "input", "dropdown", "checkboxes", "markdown"}
            assert field["attributes"]["label"]
