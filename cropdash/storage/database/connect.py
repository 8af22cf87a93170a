"""Connections: what is read, and what is written whole or not at all, by the newest schema."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.exc import DatabaseError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from cropdash.domain.errors import DamagedFile, NotKept, UnknownFormat, needing, one_line
from cropdash.domain.secret import hidden
from cropdash.settings import database as settings
from cropdash.storage import layout
from cropdash.storage.database import schema

WAIT_S = 15.0  # [s] for another writer
_LONGEST = 4000  # letters of a text
_MIGRATING = 0x63726F70  # of PostgreSQL's advisory lock: "crop"
MARK = 0x43524F50  # SQLite's application id of our files: "CROP"


@contextmanager
def writing(data: Path) -> Iterator[sa.Connection]:
    """A transaction: all that is done in it is on the disk at its end, or nothing is.

    Raises NotKept, DamagedFile or UnknownFormat.
    """
    try:
        with _engine(data).connect() as plain:
            connection = plain.execution_options(writes=True)
            with connection.begin():
                to_newest(connection)
                yield connection
    except (SQLAlchemyError, OSError, Timeout) as error:
        if _is_damage(error):
            raise _damaged(data, error) from error
        raise NotKept(
            "{a} can't be written ({b}), and what is not recorded is not done: make room,"
            " or make it writable or reachable, and try again.",
            a=where(data),
            b=_said(error),
        ) from error


@contextmanager
def reading(data: Path) -> Iterator[sa.Connection]:
    """The database as it is at one moment, whoever writes meanwhile.

    Raises DamagedFile or UnknownFormat.
    """
    try:
        with _engine(data).connect() as plain:
            old = _version(plain) != schema.VERSION
        if old:
            with writing(data):
                pass
        with _engine(data).connect() as plain:
            if plain.dialect.name == "postgresql":
                plain.execution_options(isolation_level="REPEATABLE READ")
            with plain.begin():
                yield plain
    except (SQLAlchemyError, OSError, Timeout) as error:
        raise _damaged(data, error) from error


def rows(data: Path, asked: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    """What a question gives; nothing where there is no database yet. Raises DamagedFile."""
    if settings.address() is None and not file_of(data).exists():
        return ()
    with reading(data) as connection:
        return connection.execute(asked).all()


def file_of(data: Path) -> Path:
    """Where the embedded database lies."""
    return data / layout.DATABASE


def where(data: Path) -> str:
    """The database as a reader may see it named: without who signs in."""
    address = (settings.address() or "").replace("+psycopg", "", 1)  # as it was typed
    return hidden(address or f"{layout.DATABASE} in {data.name}/")


def now() -> str:
    """ISO time of this moment, UTC, to the microsecond."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def tidy(text: str, longest: int = _LONGEST) -> str:
    """The text as every database takes it: no more of it than is kept, nothing that is no letter."""
    return text[:longest].replace("\0", "").encode("utf-8", "replace").decode()


@lru_cache(maxsize=32)
def engine_of_file(path: Path) -> sa.Engine:
    """The engine of an SQLite file; each connection is its own."""
    made = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        poolclass=NullPool,
        connect_args={"timeout": WAIT_S},
    )
    sa.event.listen(made, "connect", _set_up)
    sa.event.listen(made, "begin", _begin)
    return made


def _engine(data: Path) -> sa.Engine:
    address = settings.address()
    if address is not None:
        return _of_team(address)
    path = file_of(data)
    if not path.exists():
        data.mkdir(parents=True, exist_ok=True)
        with FileLock(data / layout.DATABASE_LOCK, timeout=WAIT_S):  # two can't turn to WAL at once
            engine_of_file(path).connect().close()
    return engine_of_file(path)


@lru_cache(maxsize=2)
def _of_team(address: str) -> sa.Engine:
    with needing("postgresql"):
        return sa.create_engine(
            address, pool_pre_ping=True, pool_size=5, connect_args={"connect_timeout": int(WAIT_S)}
        )


def _set_up(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`
    for line in (
        "trusted_schema = OFF",
        "journal_mode = WAL",  # readers and the one writer don't wait for each other
        "synchronous = FULL",  # what is committed outlives a power cut
        "foreign_keys = ON",
    ):
        connection.execute(f"PRAGMA {line}")


def _begin(connection: sa.Connection) -> None:
    # Who will write waits at once: one who reads first and is overtaken could not write any more.
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _version(connection: sa.Connection) -> str | None:
    """The schema's version; None if there is none yet. Raises UnknownFormat for a newer one."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
    if version is not None and version > schema.VERSION:
        raise UnknownFormat(
            "The database was written by a newer version of cropdash (its schema is {a},"
            " this program knows {b}): use that version.",
            a=version,
            b=schema.VERSION,
        )
    return version


def to_newest(connection: sa.Connection) -> None:
    """Bring the schema up to date in the transaction at hand; one process does it, others wait."""
    if _version(connection) == schema.VERSION:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATING)))
    else:
        connection.exec_driver_sql(f"PRAGMA application_id = {MARK}")
    if _version(connection) != schema.VERSION:
        from cropdash.storage.database import migrate

        migrate.to_newest(connection)


def _is_damage(error: Exception) -> bool:
    """True where the file is not what it should be, rather than out of reach."""
    words = ("not a database", "malformed", "no such table", "no such column")
    return isinstance(error, DatabaseError) and any(word in str(error) for word in words)


def _damaged(data: Path, error: Exception) -> DamagedFile:
    is_file = settings.address() is None
    if not is_file or (isinstance(error, OperationalError) and not _is_damage(error)):
        return DamagedFile(
            "{a} does not answer ({b}): see that it runs and can be read.",
            a=where(data),
            b=_said(error),
        )
    return DamagedFile(
        "{a} is damaged ({b}): move it away, then bring a backup back with 'python -m"
        " cropdash database restore FILE'.",
        a=where(data),
        b=_said(error),
    )


def _said(error: Exception) -> str:
    return one_line(error.orig if isinstance(error, DatabaseError) and error.orig else error)
