"""Tables of many small files in few large ones: what is asked of all zones at once.

A part holds the rows of up to `TOGETHER` files and is named by their sizes and times, so that it is
read as long as they are as they were, and made anew from them once one has changed. Nothing but time
is lost with it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cropdash.domain.errors import CropdashError
from cropdash.files import atomic, parquet

FILE = "file"  # column: the position of each row's file
TOGETHER = 64  # files: a part of zones of 10 km has some million rows of series
_AT_ONCE = 2  # parts
_UNREADABLE = (pa.ArrowException, OSError, EOFError, ValueError, TypeError, KeyError)
_ROWS = 2**17  # of a row group
_ABANDONED_S = 3600.0  # no writer takes longer over a part


def read(
    place: Path,
    kind: str,
    paths: Sequence[Path | None],
    make: Callable[[Path], pa.Table],
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> pd.DataFrame:
    """All or some columns of the tables of some files, one below the other, with each row's FILE.

    `place`: folder of the parts; `paths`: the files in an order that stays, None where one is not
    there yet; `make` reads one, with texts of few kinds as dictionaries. Raises what `make` does.
    """

    def part(first: int) -> pa.Table | None:
        chosen = [(i, p) for i, p in enumerate(paths[first : first + TOGETHER], first) if p]
        if not chosen:
            return None
        path = place / f"{kind}-{first // TOGETHER:04}-{_mark(chosen)}.parquet"
        with suppress(*_UNREADABLE):
            return parquet.checked(path, wanted, where)
        tables = [_numbered(make(file), i) for i, file in chosen]
        whole = pa.concat_tables(tables, promote_options="default")
        with suppress(OSError, CropdashError):  # of a folder that can't be written to, or is full
            _keep(path, f"{kind}-{first // TOGETHER:04}-", whole)
        told = whole if where is None else whole.filter(where)
        return told if wanted is None else told.select(wanted)

    with suppress(
        OSError
    ):  # of a killed writer; a folder that can't be written to is left as it is
        atomic.clear_parts(place, older_than_s=_ABANDONED_S)
    wanted = None if columns is None else [*columns, FILE]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        tables = [t for t in pool.map(part, range(0, len(paths), TOGETHER)) if t is not None]
    if not tables:
        return pd.DataFrame(columns=wanted or [FILE])
    joined = pa.concat_tables(tables, promote_options="default")
    few = [name for name in joined.column_names if pa.types.is_dictionary(joined[name].type)]
    found: pd.DataFrame = joined.unify_dictionaries().to_pandas(categories=few)
    return found


def _numbered(table: pa.Table, position: int) -> pa.Table:
    return table.append_column(FILE, pa.array([position] * len(table), pa.int32()))


def _mark(chosen: Sequence[tuple[int, Path]]) -> str:
    """Changes whenever one of the files does."""
    digest = hashlib.sha256()
    for position, path in chosen:
        try:
            about = os.stat(path)  # noqa: PTH116 (of thousands)
            state = f"{about.st_mtime_ns} {about.st_size}"
        except OSError:  # of which whoever reads it will tell
            state = "?"
        digest.update(f"{position} {path.parent.name}/{path.name} {state}\n".encode())
    return digest.hexdigest()[:16]


def _keep(path: Path, same: str, whole: pa.Table) -> None:
    """Write a part in the place of those of the same files."""
    with atomic.replacing(path) as temporary:
        pq.write_table(
            whole, temporary, compression="zstd", row_group_size=_ROWS, write_page_checksum=True
        )
    for outdated in path.parent.glob(f"{same}*.parquet"):
        if outdated != path:
            outdated.unlink(missing_ok=True)
