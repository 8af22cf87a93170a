"""The sentences that readers meet, and the catalogues that say them in other languages.

    python -m docs.words

brings each catalogue, cropdash/resources/locale/<language>.po, up to the code: a sentence that is
new stands in it with an empty msgstr, to be filled in; one that the code no longer says is gone.
With the name of a language (`python -m docs.words es`), it begins that language's catalogue.
"""

from __future__ import annotations

import argparse
import ast
import inspect
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from pydantic import BaseModel
from pydantic.fields import FieldInfo

import cropdash
from cropdash import legend
from cropdash.domain import errors, indices, sentinel2
from cropdash.settings import build, classifiers, sources, study
from cropdash.workflow.realism import real_tables

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "cropdash" / "resources" / "locale"
SAYS = {"say": 1, "sentence": 1, "Message": 1, "begin": 2}  # and how many of its arguments are said
ERRORS = {name for name, _ in inspect.getmembers(errors, inspect.isclass)}
COMMANDS = {"cli", "__main__.py", "api"}  # met at a prompt only, which speaks English


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("language", nargs="?", help="begin the catalogue of this language")
    asked = parser.parse_args().language
    names = {path.stem for path in LOCALE.glob("*.po")} | ({asked} if asked else set())
    for name in sorted(names):
        known, said = read(name), every() | crops(name)
        write(name, {text: known.get(text, "") for text in said})
        missing = sum(not known.get(text) for text in said)
        print(f"{name}: {len(said)} sentences, {missing} to be filled in")


def path_of(language: str) -> Path:
    return LOCALE / f"{language}.po"


def read(language: str) -> dict[str, str]:
    """English to the language, as its catalogue says it; "" where that is not filled in."""
    if not path_of(language).exists():
        return {}
    with path_of(language).open("rb") as file:
        return {m.id: m.string for m in read_po(file, locale=language) if m.id}


def write(language: str, sentences: dict[str, str]) -> None:
    """The catalogue, a line a sentence and in order, so that a change shows itself alone."""
    catalogue = Catalog(locale=language, project="cropdash")
    for english, text in sentences.items():
        catalogue.add(english, text).flags.clear()
    with path_of(language).open("wb") as file:
        file.write(
            b'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=utf-8\\n"\n'
            b'"Language: %s\\n"\n\n' % language.encode()
        )
        write_po(file, catalogue, omit_header=True, sort_output=True, width=0)


def every() -> set[str]:
    """All sentences: said, of settings, of tables and of errors."""
    about = (cropdash.__doc__ or "").partition("\n")[0]
    return said() | settings() | named() | raised() | {about}


def said() -> set[str]:
    """Literal sentences that the dashboard and the package say, or mark."""
    files = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *_package()]
    return {text for path in files for text in _said_in(path)}


def _package() -> Iterable[Path]:
    return (ROOT / "cropdash").rglob("*.py")


def _said_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        for text in node.args[: SAYS.get(name, 0)]:
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield text.value


def settings() -> set[str]:
    """Titles and descriptions of all settings."""
    return {text for f in fields() for text in (f.title, f.description) if text}


def fields() -> list[FieldInfo]:
    """All settings that a form shows."""
    kinds = {
        kind
        for module in (build, study)
        for _, kind in inspect.getmembers(module, inspect.isclass)
        if issubclass(kind, BaseModel) and kind is not BaseModel
    }
    kinds |= {kind.settings for kind in (*classifiers.kinds(), *sources.kinds())}
    return [field for kind in kinds for field in kind.model_fields.values()]


def named() -> set[str]:
    """Titles of bands and indices, groups and families of the French legend."""
    titles = {item.title for item in (*indices.TABLE.values(), *sentinel2.TABLE.values())}
    groups = {name for crop in legend.load().classes for name in (crop.group, crop.family)}
    return (
        titles
        | {name.replace("_", " ").capitalize() for name in groups}
        | set(real_tables()["land"]["measure"])
    )


def crops(language: str) -> set[str]:
    """Names of the French legend's classes, for a language that it does not have itself."""
    known = legend.load()
    return {c.label() for c in known.classes} if language not in known.languages else set()


def raised() -> set[str]:
    """Templates of the errors that the package makes."""
    return {
        text.value
        for path in _package()
        if path.relative_to(ROOT / "cropdash").parts[0] not in COMMANDS
        for text in _of_errors(path)
        if isinstance(text, ast.Constant) and isinstance(text.value, str)
    }


def unnamed() -> list[str]:
    """Where an error is an f-string, in which its template and values are lost."""
    return [
        f"{path.relative_to(ROOT)}:{text.lineno}"
        for path in _package()
        for text in _of_errors(path)
        if isinstance(text, ast.JoinedStr)
    ]


def _of_errors(path: Path) -> Iterator[ast.expr]:
    """First arguments of errors, and faults of a table's row (`row.wrong(column, fault)`)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and node.args:
            if getattr(node.func, "id", "") in ERRORS:
                yield node.args[0]
            elif getattr(node.func, "attr", "") == "wrong":
                yield node.args[-1]


if __name__ == "__main__":
    main()
