"""Documents of ours on disk: JSON that says which version of its format it is, whole or not there.

A message stands in them as its template and values, so that whoever reads it chooses the language.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import PlainValidator, TypeAdapter, ValidationError

from cropdash.domain.errors import DamagedFile, UnknownFormat
from cropdash.domain.message import as_json, from_json
from cropdash.files import atomic


def _text(value: object) -> str:
    """A text as it is: pydantic would make a plain one of a message."""
    if not isinstance(value, str):
        raise ValueError("a text is needed")
    return value


T = TypeVar("T")
Text = Annotated[str, PlainValidator(_text)]  # of a document that is read as a dataclass
_VERSION = "format"  # the key under which a document says its version


@dataclass(frozen=True)
class Form:
    """A kind of document: the name of its file, and the version of its format.

    The version is that of what stands in it: it grows when a reader of before would read it wrong.
    `kind` is the type of what it must hold at least; more may stand beside.
    """

    file: str
    version: int = 1
    kind: Any = None

    def of(self, folder: Path) -> Path:
        """Where a folder keeps it."""
        return folder / self.file

    def write(self, folder: Path, values: Mapping[str, Any]) -> None:
        """Write the document whole, or leave what stood there. Raises DiskFull."""
        atomic.write_json(self.of(folder), as_json({_VERSION: self.version, **values}))

    def read(self, folder: Path) -> dict[str, Any]:
        """The document without its version.

        Raises FileNotFoundError, DamagedFile, or UnknownFormat if another version wrote it.
        """
        values = read(self.of(folder), self.version)
        if self.kind is not None:
            # As JSON: what reads the values takes "3" for no number, so it is damage here too.
            _checked(
                lambda: _adapter(self.kind).validate_json(json.dumps(values), strict=True),
                f"{self.file} in {folder.name}",
            )
        return values

    def find(self, folder: Path) -> dict[str, Any]:
        """As `read`; empty where there is none."""
        try:
            return self.read(folder)
        except FileNotFoundError:
            return {}


def read(path: Path, version: int) -> dict[str, Any]:
    """The document at `path`, see `Form.read`."""
    where = f"{path.name} in {path.parent.name}"
    try:
        values = from_json(atomic.read_json(path))
    except FileNotFoundError:
        raise
    except (OSError, ValueError) as error:
        raise DamagedFile(
            "{a} can't be read as JSON: make it anew, or restore it.", a=where
        ) from error
    if not isinstance(values, dict):
        raise DamagedFile(
            "{a} holds no document of cropdash: make it anew, or restore it.", a=where
        )
    found = values.pop(_VERSION, None)
    if found != version:
        raise UnknownFormat(
            "{a} has format {b}, which this version of cropdash does not read (it reads"
            " {c}): make it anew.",
            a=where,
            b=str(found)[:20],
            c=version,
        )
    return values


@cache
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def typed(kind: type[T], values: Mapping[str, Any], what: str) -> T:
    """A document's values as a dataclass. Raises DamagedFile where they are not what it holds."""
    return _checked(lambda: _adapter(kind).validate_python(values), what)  # type: ignore[no-any-return, arg-type]


def _checked(validate: Callable[[], T], what: str) -> T:
    try:
        return validate()
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise DamagedFile(
            "{a} holds something else at {b} than it should: make it anew.", a=what, b=where[:80]
        ) from error
