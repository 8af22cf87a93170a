"""Bounds of a Parquet file's row groups, asked for in a process of their own.

pyarrow ends the process where a column's metadata are damaged (a histogram that is not as long as it
says): such a file may end this one. As a script it reads a footer from its input and writes JSON.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import lru_cache

import pyarrow.parquet as pq

_LONGEST_S = 60


def bounds(about: pq.FileMetaData, paths: Sequence[str]) -> list[list[float]]:
    """Of each row group the least of the first two columns and the greatest of the others.

    NaN where a group does not tell. Raises ValueError where the metadata are damaged.
    """
    footer = io.BytesIO()
    about.write_metadata_file(footer)
    return _asked(footer.getvalue(), tuple(paths))


@lru_cache(maxsize=4)  # every zone asks for those of the same register
def _asked(footer: bytes, paths: tuple[str, ...]) -> list[list[float]]:
    try:
        # Without this folder on its path, whose xml.py is no library's; but with the reader's own.
        done = subprocess.run(
            [sys.executable, "-P", __file__, *paths],
            input=footer, capture_output=True, timeout=_LONGEST_S, check=True,
        )  # fmt: skip
        found: list[list[float]] = json.loads(done.stdout)
    except (subprocess.SubprocessError, ValueError) as error:
        raise ValueError("its row groups' metadata are damaged") from error
    return found


def _read(footer: bytes, paths: Sequence[str]) -> list[list[float]]:
    about = pq.read_metadata(io.BytesIO(footer))
    return [_of_group(about.row_group(i), paths) for i in range(about.num_row_groups)]


def _of_group(group: pq.RowGroupMetaData, paths: Sequence[str]) -> list[float]:
    parts = {
        part.path_in_schema: part.statistics for part in map(group.column, range(group.num_columns))
    }
    told = [parts.get(path) for path in paths]
    return [
        float("nan") if one is None or not one.has_min_max else float(one.min if i < 2 else one.max)
        for i, one in enumerate(told)
    ]


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_read(sys.stdin.buffer.read(), sys.argv[1:])))
