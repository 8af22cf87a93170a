"""The one door to tables that people write: CSV, read whole, each cell with its place."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cropdash.domain.errors import ConfigError, CropdashError
from cropdash.domain.message import Message
from cropdash.files import atomic

if TYPE_CHECKING:
    import pandas as pd

_MOST = 2**30  # [bytes] of a table
_LONGEST = 8_000  # letters of a cell
# How a spreadsheet knows a formula, in full width too, and numbers that are none.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """One row of a table; what is wrong with it is told with its place."""

    table: str
    number: int  # the header's is 1
    cells: Mapping[str, str]

    def get(self, column: str) -> str:
        """The cell without spaces around; empty where there is none."""
        return self.cells.get(column, "")

    def wrong(self, column: str, fault: str, /, **values: object) -> ConfigError:
        """The error that says what is wrong with a cell, and where it stands."""
        return ConfigError(
            "{a}, row {b}, column {c}: {d}.",
            a=self.table,
            b=self.number,
            c=column,
            d=Message(fault, **values),
        )


@dataclass(frozen=True)
class Table:
    """A CSV that was read whole."""

    name: str  # of its file
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def need(self, *columns: str) -> None:
        """Raise ConfigError unless the columns are there, and rows below them."""
        missing = [name for name in columns if name not in self.columns]
        if missing:
            raise ConfigError(
                "{a}, row 1: no column {b}; this table has the columns {c}.",
                a=self.name,
                b=" or ".join(missing),
                c=", ".join(columns),
            )
        if not self.rows:
            raise ConfigError("{a} holds no row below its header: give one per entry.", a=self.name)


def text_of(path: Path, fault: type[CropdashError] = ConfigError) -> str:
    """What a file of text holds. Raises `fault` if it can't be read, or is not in UTF-8."""
    try:
        return atomic.read_bytes(path, _MOST).decode("utf-8-sig")
    except OSError as error:
        raise fault(
            Message("The table {a} can't be read ({b}): check its path.", a=path, b=error.strerror)
        ) from error
    except UnicodeDecodeError as error:
        raise fault(
            Message("{a} is not UTF-8 text: save it as CSV in UTF-8.", a=path.name)
        ) from error


def read(
    path: Path,
    *,
    named: Callable[[str], str] = str.lower,
    fault: type[CropdashError] = ConfigError,
) -> Table:
    """Header and rows of a CSV in UTF-8, whose separator is , or ; or a tab.

    `named` tells a column's name from what stands in the header. Raises `fault`.
    """
    text, name = text_of(path, fault), path.name
    head = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=head.count))
    try:
        columns = tuple(named(cell.strip()) for cell in next(reader, []))
        repeated = [c for c in columns if columns.count(c) > 1]
        if repeated:
            raise fault(
                Message("{a}, row 1: column {b} stands there twice.", a=name, b=repr(repeated[0]))
            )
        rows = tuple(
            Row(
                name,
                reader.line_num,
                _cells(f"{name}, row {reader.line_num}", columns, cells, fault),
            )
            for cells in reader
            if any(cell.strip() for cell in cells)
        )
    except csv.Error as error:
        raise fault(
            Message("{a}, row {b} is no CSV ({c}).", a=name, b=reader.line_num, c=error)
        ) from error
    return Table(name, columns, rows)


def number(text: str) -> float:
    """A number with a point or a comma before its decimals, as spreadsheets write it; else NaN."""
    plain = text.strip() if "." in text else text.strip().replace(",", ".", 1)
    return float(plain) if _NUMBER.fullmatch(plain) else math.nan


def frame(path: Path, texts: Collection[str] = ()) -> pd.DataFrame:
    """The rows of a CSV; a column that holds numbers alone is of numbers. Raises ConfigError.

    Those of `texts` are names, which stay as they are written: 01, 1 and 1e5 are three.
    """
    import pandas as pd

    table = read(path, named=str.strip)
    found = pd.DataFrame([dict(row.cells) for row in table.rows], columns=list(table.columns))
    for name in found.columns.difference(list(texts), sort=False):
        numbers = pd.to_numeric(found[name], errors="coerce")
        if numbers.notna().all():
            found[name] = numbers
    return found


def _cells(
    where: str, columns: Sequence[str], cells: Sequence[str], fault: type[CropdashError]
) -> dict[str, str]:
    if (longest := max(map(len, cells), default=0)) > _LONGEST:
        raise fault(
            Message(
                "{a} has a cell of {b} letters: use at most {c}.",
                a=where,
                b=format(longest, ","),
                c=format(_LONGEST, ","),
            )
        )
    if len(cells) > len(columns):
        raise fault(
            Message(
                "{a} has {b} cells, its header {c}: put text that holds the separator into quotes.",
                a=where,
                b=len(cells),
                c=len(columns),
            )
        )
    return dict(zip(columns, (cell.strip() for cell in cells), strict=False))


def to_csv(table: pd.DataFrame) -> bytes:
    """A table as CSV for a spreadsheet, which takes no text of it for a formula.

    Texts that it would take for one begin with an apostrophe, as spreadsheets write them.
    """
    texts = {str(name): table[name].map(inert) for name in table.select_dtypes(exclude="number")}
    text: str = table.assign(**texts).rename(columns=inert).to_csv(index=False)
    return text.encode()


def inert(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula."""
    if not isinstance(cell, str):
        return cell
    # Single carriage returns, of which not every writer puts quotes around.
    text = cell.replace("\r\n", "\n").replace("\r", "\n")
    is_formula = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text
