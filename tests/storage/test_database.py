"""The database: made and migrated by itself, never half written, backed up and brought back."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from typer.testing import CliRunner

from cropdash.cli.app import app
from cropdash.domain.errors import ConfigError, DamagedFile, NotKept, UnknownFormat
from cropdash.settings import database as settings
from cropdash.storage import database, decisions, layout, record
from cropdash.storage.database import backup as backups
from cropdash.storage.database import migrate, schema
from cropdash.storage.decisions import Parcel, Said
from cropdash.storage.store import Store


def decide(data: Path, n: int, word: str = "keep") -> None:
    decisions.decide(data, "demo", [Said(Parcel(f"p{n}", "a", n), word, f"note {n} é")])


def test_the_migrations_make_the_tables_that_the_program_reads(data: Path) -> None:
    record.note(data, "start", "a run")
    with database.reading(data) as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema.METADATA) == []
    scripts = ScriptDirectory.from_config(migrate.configuration())
    assert scripts.get_heads() == [schema.VERSION]


def test_many_who_begin_at_once_make_one_database(data: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: record.note(data, "start", f"{n} é\n{'x' * 300}"), range(40)))
    assert {int(e.object.split()[0]) for e in record.read(data)} == set(range(40))


def test_nothing_is_made_by_who_only_looks(tmp_path: Path) -> None:
    assert record.read(tmp_path) == ()
    assert decisions.current(tmp_path, "demo") == {}
    assert list(tmp_path.iterdir()) == []


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def half(connection: sa.Connection) -> None:
        connection.execute(sa.text("CREATE TABLE half (n INTEGER)"))
        raise OSError("the power is gone")

    with monkeypatch.context() as patched:
        patched.setattr(migrate, "to_newest", half)
        with pytest.raises(NotKept, match="power is gone"):
            record.note(data, "start", "a run")
    record.note(data, "start", "a run")
    with database.reading(data) as connection:
        assert "half" not in sa.inspect(connection).get_table_names()
    assert [e.object for e in record.read(data)] == ["a run"]


def test_a_database_of_a_newer_version_is_left_alone(data: Path) -> None:
    record.note(data, "start", "a run")
    with database.writing(data) as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9000'"))
    for act in (lambda: record.read(data), lambda: record.note(data, "start", "another")):
        with pytest.raises(UnknownFormat, match="newer version"):
            act()


def test_a_writer_who_is_killed_leaves_whole_words_alone(tmp_path: Path) -> None:
    code = (
        "import itertools, pathlib, sys\n"
        "from cropdash.storage.decisions import Parcel, Said, decide\n"
        "for n in itertools.count():\n"
        "    said = [Said(Parcel(f'{n}-{k}', 'a', k), 'keep', 'x' * 500) for k in range(5)]\n"
        "    decide(pathlib.Path(sys.argv[1]), 'demo', said)\n"
        "    print(n, flush=True)\n"
    )
    for _ in range(2):
        worker = subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True
        )
        assert worker.stdout is not None
        last = [int(worker.stdout.readline()) for _ in range(20)][-1]
        worker.kill()
        worker.wait(10)
        kept = [e.register_id for e in decisions.history(tmp_path, "demo")]
        assert {f"{n}-{k}" for n in range(last + 1) for k in range(5)} <= set(kept)
        assert len(kept) % 5 == 0
    decide(tmp_path, 1)  # and the next one is not held up


@pytest.mark.parametrize("damage", [b"", b"{}", b"SQLite format 3\0 or not", b"\xff" * 5000])
def test_a_damaged_file_is_one_sentence_and_is_not_written_over(tmp_path, damage) -> None:
    path = tmp_path / layout.DATABASE
    path.write_bytes(damage)
    if not damage:  # an empty file is an empty database
        decide(tmp_path, 1)
        assert set(decisions.current(tmp_path, "demo")) == {"p1"}
        return
    with pytest.raises(DamagedFile, match=r"damaged.*restore"):
        decisions.current(tmp_path, "demo")
    with pytest.raises(DamagedFile, match=r"damaged.*restore"):
        decide(tmp_path, 1)
    assert path.read_bytes() == damage
    (found,) = Store(tmp_path, tmp_path / "models").damaged()
    assert layout.DATABASE in found.reason


def test_what_cannot_be_written_is_said_and_the_rest_stays(tmp_path: Path) -> None:
    decide(tmp_path, 1)
    with closing(sqlite3.connect(tmp_path / layout.DATABASE)) as base:
        (pages,) = base.execute("PRAGMA page_count").fetchone()

    def full(connection, _) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")  # as on a disk without room

    engine = database.connect.engine_of_file.__wrapped__(tmp_path / layout.DATABASE)
    sa.event.listen(engine, "connect", full)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database.connect, "_engine", lambda _: engine)
        with pytest.raises(NotKept, match="full"):
            [decide(tmp_path, n, "visit") for n in range(2, 200)]
    kept = decisions.history(tmp_path, "demo")
    assert len(record.read(tmp_path)) == len(kept) < 199


def test_a_backup_is_brought_back_whole_into_either_kind(
    data: Path, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        decide(data, n)
    decisions.undo(data, "demo")
    before, file = (decisions.history(data, "demo"), record.read(data)), tmp_path / "kept.db"
    told = backups.backup(data, file)
    assert told == {"decisions": 6, "events": 6, "run_notes": 0}
    assert {p.name for p in tmp_path.iterdir()} - {"data"} == {"kept.db"}
    assert file.stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigError, match="already"):
        backups.backup(data, file)
    with pytest.raises(ConfigError, match="--replace"):
        backups.restore(data, file)
    decide(data, 9)
    backups.restore(data, file, replace=True)
    assert (decisions.history(data, "demo"), record.read(data)) == before
    decide(data, 10)  # numbers go on after those that were brought back
    assert decisions.history(data, "demo")[-1].id > before[0][-1].id
    monkeypatch.delenv(settings.ADDRESS, raising=False)
    if "PostgreSQL" not in request.node.name:
        request.getfixturevalue("team")
    other = tmp_path / "other"  # of the other kind
    backups.restore(other, file)
    assert (decisions.history(other, "demo"), record.read(other)) == before
    decide(other, 11)
    assert len(decisions.undo(other, "demo")) == 1


@pytest.mark.parametrize("what", ["no file", "text", "a view", "another program's", "cut"])
def test_what_is_no_backup_changes_nothing(tmp_path: Path, what: str) -> None:
    data, file = tmp_path / "data", tmp_path / "kept.db"
    for n in range(3):
        decide(data, n)
    backups.backup(data, file)
    if what == "no file":
        file.unlink()
    elif what == "text":
        file.write_text("decisions")
    elif what == "cut":
        file.write_bytes(file.read_bytes()[:-8000])
    else:
        with closing(sqlite3.connect(file)) as base:
            base.execute(
                "CREATE VIEW v AS SELECT 1" if what == "a view" else "PRAGMA application_id = 7"
            )
            base.commit()
    before = decisions.history(data, "demo")
    with pytest.raises(DamagedFile, match=r"kept\.db"):
        backups.restore(data, file, replace=True)
    assert decisions.history(data, "demo") == before


@pytest.mark.parametrize(
    "address", ["mysql://a:secret@b/c", "sqlite:///etc/passwd", "postgresql://", "secret"]
)
def test_an_address_of_anything_else_is_refused_and_not_quoted(tmp_path, monkeypatch, address):
    monkeypatch.setenv(settings.ADDRESS, address)
    with pytest.raises(ConfigError) as told:
        record.read(tmp_path)
    assert "secret" not in str(told.value)


def test_a_team_s_database_that_does_not_answer_is_one_sentence_without_its_password(
    tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv(settings.ADDRESS, "postgresql://anna:planted-0451@127.0.0.1:9/x")
    store = Store(tmp_path / "data", tmp_path / "models")
    with pytest.raises(NotKept, match=r"127\.0\.0\.1:9.*not done") as told:
        record.note(store.data, "start", "a run")
    (found,) = store.damaged()
    assert store.runs() == ()
    assert "does not answer" in found.reason
    assert "planted-0451" not in str(told.value) + found.reason + found.name


def test_commands_back_up_and_bring_back(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("CROPDASH_DATA", str(tmp_path / "data"))
    decide(tmp_path / "data", 1)

    def typed(*words: str) -> str:
        done = CliRunner().invoke(app, ["database", *words])
        assert done.exit_code == 0, (done.output, done.exception)
        return " ".join(done.output.split())

    assert "1 events of decisions" in typed()
    typed("backup", str(tmp_path / "kept.db"))
    decide(tmp_path / "data", 2)
    assert "is kept in" in typed("restore", str(tmp_path / "kept.db"), "--replace")
    assert set(decisions.current(tmp_path / "data", "demo")) == {"p1"}
    (before,) = (tmp_path / "data").glob("cropdash-before-*.db")
    typed("restore", str(before), "--replace")
    assert set(decisions.current(tmp_path / "data", "demo")) == {"p1", "p2"}
    assert json.loads(typed("--json"))["rows"]["decisions"] == 2
