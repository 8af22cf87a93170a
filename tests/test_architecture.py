"""The import rules, read from the source: who may know whom."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
EVERYONE = {"domain", "legend", "config", "errors", "language", "build_config", "train_config"}
EVERYONE |= {"study_config"}

# What each part may import of ours, besides EVERYONE and itself.
MAY_IMPORT: dict[str, set[str]] = {
    **{name: set() for name in EVERYONE},
    "prepare": set(),
    "classify": set(),
    "evaluate": set(),
    "figures": set(),
    "execute": set(),
    "terminal": set(),
    "ingest": set(),
    "storage": set(),
    "command_line": set(),
    "jobs": {"storage", "command_line"},
    "reports": set(),
    "workflow": {"ingest", "prepare", "classify", "evaluate", "storage", "execute"},
    "ui": {"storage.store", "storage.decisions", "evaluate", "figures"},
    "pages": {"ui", "figures", "jobs", "reports"},
    "__main__": {
        "workflow",
        "ingest",
        "storage",
        "terminal",
        "build_commands",
        "model_commands",
        "simulate_commands",
        "study_commands",
        "zone_commands",
        "command_line",
    },
}
OF_EVERYONE = {
    "legend": {"domain", "errors"},
    "domain": {"errors"},
    "build_config": {"domain", "errors"},
    "train_config": {"domain", "errors", "train_config"},
    "study_config": {"train_config", "errors"},
}

# Who may import a heavy or framework package.
OWNERS: dict[str, set[str]] = {
    "streamlit": {"ui", "pages"},
    "streamlit_folium": {"ui"},
    "plotly": {"figures"},
    "folium": {"figures"},
    "branca": {"figures"},
    "ee": {"ingest"},
    "dask": {"execute"},
    "distributed": {"execute"},
    "optuna": {"workflow"},
    "torch": {"classify"},
    "lightning": {"classify"},
    "safetensors": {"classify"},
    "xgboost": {"classify"},
    "rasterio": {"ingest", "prepare", "storage"},
    "typer": {"__main__"},
    "rich": {"__main__", "terminal"},
    "pickle": set(),
}


def part_of(path: Path) -> str:
    """The part of the house that a file belongs to."""
    inside = path.relative_to(ROOT)
    if inside.parts[0] in ("pages", "app.py"):
        return "pages"
    if inside.stem.endswith("_commands"):  # the command line, in parts
        return "__main__"
    return inside.parts[1].removesuffix(".py")


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Dotted names of everything a module imports, at the top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield from (f"{base}.{alias.name}" for alias in node.names)


def violations(path: Path, source: str) -> list[str]:
    """Sentences on every import of a file that goes the wrong way."""
    part, found = part_of(path), []
    for name in imports_of(ast.parse(source)):
        top, _, rest = name.partition(".")
        if top == "cropdash" and rest and not _allowed(part, rest):
            found.append(f"{path.relative_to(ROOT)} ({part}) imports {name}")
        if top in OWNERS and part not in OWNERS[top]:
            found.append(f"{path.relative_to(ROOT)} ({part}) imports {top}")
    return found


def _allowed(part: str, target: str) -> bool:
    first = target.split(".")[0]
    if first.startswith("__"):  # the package's own docstring or version
        return True
    if part in EVERYONE:
        return first in OF_EVERYONE.get(part, set()) or first == "errors"
    if first == part or first in EVERYONE:
        return True
    return any(target == rule or target.startswith(f"{rule}.") for rule in MAY_IMPORT[part])


def sources() -> list[Path]:
    found = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "cropdash").rglob("*.py")]
    return [p for p in found if p.name != "__init__.py" or p.parent.name != "cropdash"]


def test_imports_go_one_way():
    found = [v for path in sources() for v in violations(path, path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("pages/1_Explore.py", "from cropdash.workflow import train"),
        ("pages/1_Explore.py", "from cropdash.storage.store import Store"),
        ("app.py", "import torch"),
        ("cropdash/ui/data.py", "from cropdash.storage import datasets"),
        ("cropdash/ui/data.py", "def f():\n    from cropdash import classify"),
        ("cropdash/prepare/gapfill.py", "from cropdash.evaluate import confusion"),
        ("cropdash/classify/xgb.py", "import cropdash.storage.runs"),
        ("cropdash/evaluate/scores.py", "from cropdash.ingest import rpg"),
        ("cropdash/figures/maps.py", "import streamlit as st"),
        ("cropdash/workflow/train.py", "import torch.nn as nn"),
        ("cropdash/legend.py", "from cropdash.config import folders"),
        ("cropdash/storage/runs.py", "import pickle"),
        ("cropdash/jobs.py", "from cropdash import workflow"),
    ],
)
def test_a_planted_violation_is_found(file, line):
    assert violations(ROOT / file, line)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("pages/1_Explore.py", "from cropdash.ui import data\nfrom cropdash.figures import maps"),
        ("cropdash/ui/data.py", "from cropdash.storage.store import Store"),
        ("cropdash/workflow/build.py", "from cropdash.prepare.gapfill import fill_gaps"),
        ("cropdash/classify/cnn.py", "import torch\nfrom cropdash.domain import Cube"),
    ],
)
def test_what_is_allowed_passes(file, line):
    assert not violations(ROOT / file, line)


def test_every_part_has_a_rule():
    assert {part_of(p) for p in sources()} <= set(MAY_IMPORT)


def test_no_swamps_and_no_giants():
    for path in sources():
        assert path.stem not in {"utils", "common", "helpers", "manager"}, path
        lines = len(path.read_text(encoding="utf-8").splitlines())
        limit = 80 if part_of(path) == "pages" else 300
        assert lines <= limit, f"{path.relative_to(ROOT)} has {lines} lines"
