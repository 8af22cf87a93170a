"""Backups: all rows of the database as one SQLite file, whatever the database is.

So a backup of the file beside the data can be brought back into a team's PostgreSQL, and the other way.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from cropdash.domain.errors import ConfigError, DamagedFile, NotKept, one_line
from cropdash.files import atomic
from cropdash.storage.database import connect, schema

_TABLES = schema.METADATA.sorted_tables
_AT_ONCE = 1000  # rows


def counts(data: Path) -> dict[str, int]:
    """Rows of each table. Raises DamagedFile."""
    asked = [sa.select(sa.func.count()).select_from(table) for table in _TABLES]
    found = [connect.rows(data, one) for one in asked]
    return {t.name: int(r[0][0]) if r else 0 for t, r in zip(_TABLES, found, strict=True)}


def backup(data: Path, target: Path) -> dict[str, int]:
    """Write all rows as they are at one moment into a new file; returns how many, by table.

    People may go on deciding meanwhile. Raises ConfigError if the file is there, NotKept or DamagedFile.
    """
    if target.exists():
        raise ConfigError("{a} is there already: name a new file.", a=target)
    with _told(target), atomic.replacing(target) as temporary:
        os.close(os.open(temporary, os.O_CREAT | os.O_WRONLY, 0o600))  # it holds names of people
        with _file(temporary) as copy, connect.reading(data) as source:
            return _copied(source, copy)


def restore(data: Path, source: Path, *, replace: bool = False) -> dict[str, int]:
    """Put the rows of a backup in the place of those of the database, all of them or none.

    Raises ConfigError if the database holds rows and `replace` is not said, DamagedFile or NotKept.
    """
    _check(source)
    if not replace and any(counts(data).values()):
        raise ConfigError(
            "{a} holds rows already: make a backup of them, then say --replace.",
            a=connect.where(data),
        )
    with _told(source), _file(source) as copy, connect.writing(data) as target:
        for table in reversed(_TABLES):
            target.execute(sa.delete(table))
        found = _copied(copy, target)
        if target.dialect.name == "postgresql":  # whose counters know nothing of rows put in
            for each in _TABLES:
                last = sa.select(sa.func.coalesce(sa.func.max(each.c.id), 0) + 1).scalar_subquery()
                counter = sa.func.pg_get_serial_sequence(each.name, "id")
                target.execute(sa.select(sa.func.setval(counter, last, False)))
        return found


def _copied(source: sa.Connection, target: sa.Connection) -> dict[str, int]:
    found = {}
    for table in _TABLES:
        found[table.name] = 0
        rows = source.execute(sa.select(table).order_by(table.c.id))
        for part in rows.mappings().partitions(_AT_ONCE):
            target.execute(sa.insert(table), [dict(row) for row in part])
            found[table.name] += len(part)
    return found


@contextmanager
def _file(path: Path) -> Iterator[sa.Connection]:
    """A transaction in a backup's file, of the newest schema, which stands in one file at its end."""
    with connect.engine_of_file(path).connect() as plain:
        with plain.execution_options(writes=True).begin():
            connect.to_newest(plain)
            yield plain
        plain.connection.execute("PRAGMA journal_mode = DELETE")


def _check(path: Path) -> None:
    """Raise DamagedFile unless it is a whole backup: tables and indices of ours alone."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as base:
            base.execute("PRAGMA trusted_schema = OFF")
            (mark,) = base.execute("PRAGMA application_id").fetchone()
            (foreign,) = base.execute(
                "SELECT count(*) FROM sqlite_master WHERE type IN ('view', 'trigger')"
            ).fetchone()
            whole = base.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
    except (sqlite3.Error, OSError) as error:
        raise DamagedFile(
            "{a} can't be read as a backup ({b}): name another one.", a=path, b=one_line(error)
        ) from error
    if mark != connect.MARK or foreign or not whole:
        raise DamagedFile("{a} is no whole backup of cropdash: name another one.", a=path.name)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise NotKept(
            "{a} can't be used ({b}): see that it can.", a=path.name, b=one_line(error)
        ) from error
