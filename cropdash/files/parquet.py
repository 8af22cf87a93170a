"""The one door to Parquet: what a file unpacks to is known, and bounded, before it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from shapely.errors import ShapelyError

from cropdash.domain.errors import CropdashError, DamagedFile, InvalidRegister, one_line
from cropdash.domain.message import Message
from cropdash.files import row_groups

MAGIC = b"PAR1"
_AGAIN = Message("build the zone again")
_SPARE = 2**20  # [bytes] of a small file's own weight
_ROW = 8  # [bytes] least that a row of a large file takes on disk
_RATIO, _ROOM = 100, 2**26  # most that pages grow when unpacked, beyond so many bytes
LONGEST = 1000  # letters of a text
_BATCH = 65_536  # [rows]


class Remote(Protocol):
    """A file that is elsewhere, as a stream that tells its name and size."""

    name: str
    size: int


@contextmanager
def opened(
    path: Path | Remote,
    columns: Sequence[str] = (),
    fault: type[CropdashError] = InvalidRegister,
    *,
    about: pq.FileMetaData | None = None,
) -> Iterator[pq.ParquetFile]:
    """An open file, of which `columns` are to be read, texts by their dictionary. Raises `fault`.

    `about`: its metadata, where they are known already.
    """
    size = path.stat().st_size if isinstance(path, Path) else path.size
    far = not isinstance(path, Path)  # what lies together is then read at once
    try:
        with pq.ParquetFile(
            path, read_dictionary=list(columns), metadata=about, pre_buffer=far
        ) as file:
            _check_size(file.metadata, path.name, size, fault)
            yield file
    except (pa.ArrowException, ShapelyError, OSError, EOFError, ValueError, TypeError) as error:
        raise fault(
            Message(
                "{a} can't be read as Parquet ({b}): fetch it again.",
                a=path.name,
                b=one_line(error),
            )
        ) from error


def batches(
    file: pq.ParquetFile, columns: Sequence[str], groups: Sequence[int] | None = None
) -> Iterator[pa.RecordBatch]:
    """Some ten thousand rows at a time, whose texts are of bounded length."""
    chosen = range(file.num_row_groups) if groups is None else groups
    for batch in file.iter_batches(_BATCH, row_groups=list(chosen), columns=list(columns)):
        plain = _plain(batch)
        plain.validate(full=True)  # texts that are none, and offsets that lead out
        yield plain


def column(path: Path, name: str) -> pa.ChunkedArray:
    """One column. Raises InvalidRegister."""
    with opened(path, [name]) as file:
        found = [batch.column(0) for batch in batches(file, [name])]
        kind = file.schema_arrow.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.chunked_array(found, found[0].type if found else kind)


def read(
    path: Path,
    columns: Sequence[str] | None = None,
    *,
    kinds: Mapping[str, str] | None = None,
    remedy: str = _AGAIN,
) -> pd.DataFrame:
    """A table of ours, or some of its columns.

    `kinds` says what some columns must hold: one of `KINDS` each. Raises DamagedFile, which names
    the `remedy`.
    """
    with _ours(path, remedy):
        table = pd.read_parquet(path, columns=None if columns is None else list(columns))
        for name, kind in (kinds or {}).items():
            if name not in table:
                raise ValueError(f"it has no column {name}")
            if not KINDS[kind](table[name]):
                raise ValueError(f"column {name} holds something else than it should")
    return table


def arrow(
    path: Path, columns: Sequence[str] | None = None, *, without: Sequence[str] = ()
) -> pa.Table:
    """A zone's table, or some of its columns, as Arrow holds it. Raises DamagedFile."""
    with _ours(path, _AGAIN), pq.ParquetFile(path) as file:
        names = file.schema_arrow.names if columns is None else columns
        return file.read([name for name in names if name not in without], use_threads=False)


def checked(path: Path, columns: Sequence[str] | None, where: pc.Expression | None) -> pa.Table:
    """Columns of those rows of a table that was written with checksums of its pages.

    Raises what pyarrow does, also where a page is not as it was written.
    """
    return pq.read_table(
        path, columns=columns, filters=where, use_threads=False, partitioning=None,
        page_checksum_verification=True,
    )  # fmt: skip


def read_outlines(path: Path) -> gpd.GeoDataFrame:
    """A table of ours with geometry. Raises DamagedFile."""
    with _ours(path, _AGAIN):
        return gpd.read_parquet(path)


@contextmanager
def _ours(path: Path, remedy: str) -> Iterator[None]:
    try:
        if not path.is_file():
            raise ValueError("it is missing, or no file")
        yield
    except (
        pa.ArrowException,
        ShapelyError,
        OSError,
        EOFError,
        ValueError,
        TypeError,
        KeyError,
    ) as error:
        raise DamagedFile(
            "{a} in {b} can't be read ({c}): {d}.",
            a=path.name,
            b=path.parent.name,
            c=one_line(error),
            d=remedy,
        ) from error


def _whole(below: int) -> Callable[[pd.Series], bool]:
    return lambda found: found.dtype.kind in "iu" and bool(found.between(0, below - 1).all())


def _within(least: float, most: float) -> Callable[[pd.Series | np.ndarray[Any, Any]], bool]:
    return lambda found: (
        found.dtype.kind in "fiu" and bool(((found >= least) & (found <= most)).all())
    )


def _texts(found: pd.Series) -> bool:
    kept = found.cat.categories if isinstance(found.dtype, pd.CategoricalDtype) else found
    are_texts = pd.api.types.infer_dtype(kept, skipna=True) in ("string", "empty")
    return found.empty or (are_texts and bool(found.notna().all()))


# What a column may hold; nothing that is missing or infinite.
KINDS: dict[str, Callable[[Any], bool]] = {
    "id": _whole(2**31),
    "class": _whole(256),
    "share": _within(-0.001, 1.001),
    "amount": _within(0, 1e15),
    "flag": lambda found: found.dtype.kind == "b",
    "text": _texts,
}


def _check_size(about: pq.FileMetaData, name: str, size: int, fault: type[CropdashError]) -> None:
    if about.num_rows * _ROW > size + _SPARE:
        raise fault(
            Message(
                "{a} says that it holds {b} rows in {c} bytes: no register is that small; fetch it"
                " again.",
                a=name,
                b=format(about.num_rows, ","),
                c=format(size, ","),
            )
        )
    # By group: a column's own metadata end the process where its histograms are not as long as said.
    unpacked = sum(about.row_group(i).total_byte_size for i in range(about.num_row_groups))
    if unpacked > _RATIO * size + _ROOM:
        raise fault(
            Message(
                "{a} would unpack from {b} bytes to {c}: no register is packed that well; write it"
                " again.",
                a=name,
                b=format(size, ","),
                c=format(unpacked, ","),
            )
        )


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with its dictionaries put in, once no text is long."""
    arrays: list[Any] = []
    for array, name in zip(batch.columns, batch.schema.names, strict=True):
        if not pa.types.is_dictionary(array.type):
            arrays.append(array)
            continue
        values = array.dictionary
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            longest = pc.max(pc.utf8_length(values)).as_py() or 0
            if longest > LONGEST:
                raise ValueError(f"a text of column {name} has {longest:,} letters")
        arrays.append(array.dictionary_decode())
    return pa.RecordBatch.from_arrays(arrays, names=batch.schema.names)


def bounds_of_groups(about: pq.FileMetaData, paths: Sequence[str]) -> np.ndarray[Any, Any]:
    """(row groups, 4): least of the first two columns and greatest of the others, by statistics.

    NaN where a group does not tell. Raises ValueError, which `opened` turns into its fault.
    """
    return np.array(row_groups.bounds(about, paths), dtype=float).reshape(-1, 4)
