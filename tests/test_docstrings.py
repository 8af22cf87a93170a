"""What is public says what it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.test_architecture import ROOT

OURS = {"Protocol", "ABC", "NamedTuple", "BaseModel", "Generic", "Exception"}


def mute(source: str, own: set[str]) -> list[str]:
    """Names of what has no docstring: modules, public classes, functions and methods.

    A method that a framework asks for is told there: its class has a base that is not of `own`.
    """
    tree = ast.parse(source)
    found = [] if ast.get_docstring(tree) else ["the module"]
    waiting: list[tuple[str, ast.AST, bool]] = [("", tree, False)]
    while waiting:
        path, parent, is_foreign = waiting.pop()
        for node in ast.iter_child_nodes(parent):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            if node.name.startswith("_"):
                continue
            is_class = isinstance(node, ast.ClassDef)
            if not ast.get_docstring(node) and (is_class or not is_foreign):
                found.append(f"{path}{node.name}, line {node.lineno}")
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base).partition("[")[0].split(".")[-1] for base in node.bases}
                waiting.append((f"{node.name}.", node, not bases <= own))
    return found


def classes() -> set[str]:
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in files())
    return OURS | {n.name for tree in trees for n in ast.walk(tree) if isinstance(n, ast.ClassDef)}


def files() -> list[Path]:
    return [*(ROOT / "cropdash").rglob("*.py"), *(ROOT / "docs" / "gallery").glob("*.py")]


def test_everything_public_has_a_docstring():
    own = classes()
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in files()
        for name in mute(path.read_text(encoding="utf-8"), own)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        '"""M."""\ndef f(): ...',
        '"""M."""\nclass A: ...',
        '"""M."""\nclass A:\n    """A."""\n    def f(self): ...',
        '"""M."""\nclass A(Protocol):\n    """A."""\n    def f(self): ...',
        '"""M."""\nclass A(nn.Module):\n    def forward(self): ...',
    ],
)
def test_what_says_nothing_is_found(source):
    assert mute(source, OURS)


def test_a_framework_s_own_methods_need_none():
    assert not mute('"""M."""\nclass A(nn.Module):\n    """A."""\n    def forward(self): ...', OURS)
