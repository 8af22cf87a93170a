"""Every function that pages reach and that starts, stops, decides, keeps or changes something asks
the policy first and records who did it; limits by person; the record and the file of users."""

from __future__ import annotations

import ast
import inspect
import json
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType
from unittest import mock

import pytest
from typer.testing import CliRunner

from cropdash import i18n
from cropdash.cli.app import app, command
from cropdash.domain import access
from cropdash.domain.access import NOBODY, POLICY, ROLES, Actor, Role
from cropdash.domain.errors import (
    ConfigError,
    CropdashError,
    DamagedFile,
    LimitReached,
    NotAllowed,
    NotKept,
    SourceUnavailable,
)
from cropdash.jobs import asked, launch, place, report
from cropdash.settings import classifiers, sources
from cropdash.settings import reports as reports_settings
from cropdash.settings.folders import PROJECT, Folders, folders
from cropdash.storage import decisions, layout, notes, record, reports, status, uploads, users
from cropdash.storage.status import Status
from tests import factory

WAITS = [sys.executable, "-c", "import time; time.sleep(60)"]
BUILD = {"source": "simulated", "dataset": "tiny", "size": 32, "zones_per_region": 2}
KEPT = decisions.Said(decisions.Parcel("p"), "keep")
SETTINGS = {"classifier": "xgboost", "dataset": "demo"}
# What only looks, or tidies up after processes that are gone.
READS = {
    "launch": {"is_stopping", "may_end", "log", "reap"},
    "place": {"words", "command_line"},
    "report": set(),
    "documentation": {"site", "is_current", "build"},  # of the program's own text, one at a time
    "reports": {"queue", "find", "list_all", "infos"},  # `launch.order` queues
    "record": {"note", "add", "read"},
    "field": {"read", "compare"},
    "decisions": {"history", "mark", "current", "fold", "an_hour"},
    "uploads": set(),
    "notes": {"read"},
    "users": {"read", "check_name", "hashed", "checked"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    dataset = factory.write_dataset(folder / "data", zones=2, size=32)
    factory.write_run(folder / "models", dataset, classifier="xgboost")
    dataset.configure(sources.demo())
    return folder


@pytest.fixture
def where(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.setenv("CROPDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CROPDASH_MODELS", str(tmp_path / "models"))
    yield folders()
    for child, _ in launch._children:
        child.kill()
        child.wait(10)
    launch._children.clear()


@contextmanager
def being(name: str, role: Role | None) -> Iterator[None]:
    before = list(access._ask)
    access.follow(lambda: Actor(name, role))
    try:
        yield
    finally:
        access._ask[:] = before


def run_of(where: Folders) -> str:
    return next(p.parent.name for p in where.models.glob("*/config.json"))


def waiting(where: Folders, by: str) -> str:
    """A run that was queued by somebody, without a process."""
    name = run_of(where)
    status.write(
        where.models / name, Status("queued", created=time.time(), heartbeat=time.time(), by=by)
    )
    return name


def acts(where: Folders) -> dict[str, Callable[[], object]]:
    """One call of each function that does something, with what it takes in this world."""
    run, file = run_of(where), where.data / "users.json"
    training = classifiers.parse(SETTINGS)
    judged = reports_settings.parse({"kind": "audit", "dataset": "demo", "run": run})
    audit = reports.queue(where.models, judged).report_id
    return {
        "launch.start": lambda: launch.start(training, command=WAITS),
        "launch.start_build": lambda: launch.start_build(sources.parse(BUILD), command=WAITS),
        "launch.resume_build": lambda: launch.resume_build("demo", command=WAITS),
        "launch.resume": lambda: launch.resume(run, command=WAITS),
        "launch.stop": lambda: launch.stop(waiting(where, "somebody else")),
        "launch.order": lambda: launch.order(judged),
        "launch.score_audit": lambda: launch.score_audit(audit, "sample.csv", b"register_id"),
        "launch.end_now": lambda: launch.end_now(waiting(where, "somebody else")),
        "place.look": lambda: place_without_service(),
        "report.make": lambda: report.make("demo", command=[sys.executable, "-c", ""]),
        "decisions.decide": lambda: decisions.decide(where.data, "demo", [KEPT]),
        "decisions.undo": lambda: decisions.undo(where.data, "demo"),
        "notes.act": lambda: notes.act(where, run, "name", "Spring"),
        "uploads.admit": lambda: uploads.admit(where.data, "zones.csv", 10),
        "users.put": lambda: users.put(file, "eve", "operator", "a long password"),
        "users.remove": lambda: users.remove(file, "eve"),
    }


def place_without_service() -> None:
    fault = SourceUnavailable("It does not answer: try again later.")
    with mock.patch.object(place.asked, "run", side_effect=fault), suppress(SourceUnavailable):
        place.look("beauce", 48.2, 1.6, season="2023", size=64, number=2)


def tree(where: Folders) -> dict[str, bytes]:
    places = (where.data, where.models)
    return {
        str(path): path.read_bytes()
        for place in places
        for path in place.rglob("*")
        if path.is_file() and path.name != status.layout.STATUS.file
    }


def reached() -> set[ModuleType]:
    """Modules of jobs and storage that pages import."""
    found = set()
    for path in [
        PROJECT / "app.py",
        *PROJECT.glob("pages/*.py"),
        *PROJECT.glob("cropdash/ui/**/*.py"),
    ]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module in (
                "cropdash.jobs",
                "cropdash.storage",
            ):
                found |= {import_module(f"{node.module}.{alias.name}") for alias in node.names}
    return found


def test_no_function_that_pages_reach_is_left_out(where):
    found = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in reached()
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
        if name not in READS[module.__name__.rpartition(".")[2]]
    }
    assert found == set(acts(where))


@pytest.mark.parametrize("role", ["viewer", None])
def test_a_viewer_and_a_stranger_change_nothing(where, role):
    for name, act in acts(where).items():
        before = tree(where)
        with being("vera", role), pytest.raises(NotAllowed) as refused:
            act()
        assert tree(where) == before, name
        assert launch._children == [], name
        with i18n.speaking("fr"):
            told = i18n.say(str(refused.value))
        assert told != str(refused.value)
        assert "role" not in told.lower().replace("rôle", "")


def test_what_an_operator_does_stands_in_the_record(where):
    (where.data / "users.json").write_text('{"format": 1, "users": {"eve": {"role": "viewer"}}}')
    for name, act in acts(where).items():
        before = len(record.read(where.data))
        with being("olga", "operator"):
            act()
        rows = record.read(where.data)[before:]
        if not name.startswith("users."):  # recorded by the command
            assert {(row.name, row.role) for row in rows} == {("olga", "operator")}, name
        for child, _ in launch._children:
            child.kill()
            child.wait(10)
        launch._children.clear()


def test_one_stops_one_s_own_and_operators_everybody_s(where):
    with being("anna", "analyst"):
        launch.stop(waiting(where, "anna"))
        with pytest.raises(NotAllowed, match="others have started"):
            launch.stop(waiting(where, "bert"))
    with being("olga", "operator"):
        launch.stop(waiting(where, "bert"))


def test_operators_alone_delete(where):
    name = run_of(where)
    with being("anna", "analyst"), pytest.raises(NotAllowed, match="delete anything"):
        notes.act(where, name, "delete")
    with being("olga", "operator"):
        notes.act(where, name, "delete")
    assert not (where.models / name).exists()
    (row,) = record.read(where.data, action="delete")
    assert (row.name, row.object) == ("olga", name)


def test_a_job_is_its_starter_s_and_its_worker_knows(where):
    says = [sys.executable, "-c", "import os; print(os.environ['CROPDASH_ACTOR'])"]
    with being("anna", "analyst"):
        name = launch.start(classifiers.parse(SETTINGS), command=says)
    assert status.read_written(where.models / name).by == "anna"
    launch._children[-1][0].wait(30)
    assert (where.models / name / layout.LOG).read_text() == "anna\n"


def test_no_worker_is_given_the_server_s_secret(where, monkeypatch):
    monkeypatch.setenv("STREAMLIT_SERVER_COOKIE_SECRET", "planted-0451")
    says = [sys.executable, "-c", "import os; print(dict(os.environ))"]
    name = launch.start(classifiers.parse(SETTINGS), command=says)
    launch._children[-1][0].wait(30)
    assert "planted-0451" not in (where.models / name / layout.LOG).read_text()
    told = "import os, sys; sys.stderr.write(f'Error: {dict(os.environ)}'); sys.exit(2)"
    with being("anna", "analyst"), pytest.raises(CropdashError) as end:
        asked.run(["simulate"], 30, command=[sys.executable, "-c", told])
    assert "anna" in str(end.value)
    assert "planted-0451" not in str(end.value)


def test_a_person_has_as_many_jobs_as_the_operator_lets_them(where, monkeypatch):
    monkeypatch.setenv("CROPDASH_JOBS_PER_PERSON", "3")
    training, told = classifiers.parse(SETTINGS), []

    def start(_: int) -> bool:
        try:
            launch.start(training, command=WAITS)
        except LimitReached as error:
            told.append(str(error))
            return False
        return True

    with being("anna", "analyst"), ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(start, range(8))) == 3
    assert len([text for text in told if "anna has 3 jobs" in text]) == 5
    with being("bert", "analyst"):
        launch.start(training, command=WAITS)
        for child, _ in launch._children:
            child.kill()
            child.wait(10)
        launch.reap()
    with being("anna", "analyst"):
        launch.start(training, command=WAITS)  # the others have ended


def test_a_person_uploads_as_much_as_the_operator_lets_them(where, monkeypatch):
    monkeypatch.setenv("CROPDASH_UPLOAD_MB_PER_PERSON", "1")
    with being("anna", "analyst"):
        uploads.admit(where.data, "a.csv", 600_000)
        with pytest.raises(LimitReached, match="anna has uploaded"):
            uploads.admit(where.data, "b.csv", 600_000)
        uploads.admit(where.data, "c.csv", 400_000)
    with being("bert", "analyst"):
        uploads.admit(where.data, "b.csv", 600_000)


@pytest.mark.parametrize("value", ["-1", "3.5", "many", "1e3", "٣"])
def test_a_limit_that_is_no_number_is_one_sentence(where, monkeypatch, value):
    monkeypatch.setenv("CROPDASH_JOBS_PER_PERSON", value)
    with pytest.raises(ConfigError, match="CROPDASH_JOBS_PER_PERSON"):
        launch.start(classifiers.parse(SETTINGS), command=WAITS)


def test_each_role_may_what_those_before_it_may():
    for action in POLICY:
        allowed = [Actor("x", role).may(action) for role in ROLES]
        assert allowed == sorted(allowed)
        assert allowed[-1]
        assert not allowed[0]  # viewers only look
        assert not NOBODY.may(action)


# two people at once ------------------------------------------------------------------------------


def test_two_people_who_start_the_same_build_start_one(where):
    def start(name: str) -> bool:
        try:
            launch.start_build(sources.parse(BUILD), command=WAITS)
        except launch.RunBusy:
            return False
        return True

    for _ in range(3):
        with ThreadPoolExecutor(6) as pool:
            assert sum(pool.map(start, "abcdef")) == 1
        rows = [e for e in record.read(where.data) if e.object == "tiny"]
        assert len(rows) == 1
        assert launch.end_now("tiny")
        (where.data / layout.DATABASE).unlink()


def test_two_people_who_stop_and_end_at_once_leave_one_true_state(where):
    name = launch.start(classifiers.parse(SETTINGS), command=WAITS)
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda n: (launch.stop if n % 2 else launch.end_now)(name), range(6)))
    assert status.read(where.models / name).state == "stopped"
    launch.reap()
    assert launch._children == []


def test_what_cannot_be_recorded_is_not_done(where):
    (where.data / layout.DATABASE).mkdir()
    before = set(where.models.glob("*/status.json"))
    with pytest.raises(NotKept, match="not recorded is not"):
        launch.resume(run_of(where), command=WAITS)
    assert launch._children == []
    launch.stop(waiting(where, "somebody"))  # but what runs can always be stopped
    assert set(where.models.glob("*/status.json")) == before


# the file of users -------------------------------------------------------------------------------


def test_users_are_kept_and_their_passwords_are_not(tmp_path):
    path = tmp_path / "users.json"
    users.put(path, "anna", "analyst", "correct horse battery")
    users.put(path, "bob@example.org", "viewer")
    assert path.stat().st_mode & 0o777 == 0o600
    assert "correct horse" not in path.read_text()
    assert users.read(path)["anna"].password.startswith("$argon2id$")
    assert users.checked(path, "anna", "correct horse battery") == Actor("anna", "analyst")
    users.put(path, "anna", "operator")  # keeps the password
    assert users.checked(path, "anna", "correct horse battery") == Actor("anna", "operator")
    for name, password in (
        ("anna", "correct horse batterz"),
        ("anna", ""),
        ("anna", "x" * 100_000),
        ("bob@example.org", ""),
        ("bob@example.org", "None"),
        ("carl", "correct horse battery"),
    ):
        assert users.checked(path, name, password) is None
    users.remove(path, "anna")
    assert users.checked(path, "anna", "correct horse battery") is None


@pytest.mark.parametrize("name", ["", "Anna", "a b", " a", "a\n", "x" * 101, "a\x00"])
def test_what_is_no_name_of_a_user(tmp_path, name):
    with pytest.raises(ConfigError):
        users.put(tmp_path / "users.json", name, "viewer", "a long password")


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * 257])
def test_a_password_that_is_too_short_or_too_long_is_refused(tmp_path, password):
    with pytest.raises(ConfigError, match="12 to 256"):
        users.put(tmp_path / "users.json", "anna", "viewer", password)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "[]", '{"format": 1}', '{"format": 1, "users": []}', '{"format": 2, "users": {}}',
        '{"format": 1, "users": {"anna": {"role": "god"}}}',
        '{"format": 1, "users": {"anna": 7}}', '{"format": 1, "users": {"anna": {}}}',
    ],
)  # fmt: skip
def test_a_damaged_file_of_users_lets_nobody_in(tmp_path, text):
    path = tmp_path / "users.json"
    path.write_text(text)
    with pytest.raises((DamagedFile, ConfigError)):
        users.checked(path, "anna", "x")


# the commands -------------------------------------------------------------------------------------


def typed(*words: str, keys: str = "") -> str:
    """What a command prints, with keys pressed where it asks."""
    done = CliRunner().invoke(app, [*words], input=keys)
    assert done.exit_code == 0, (done.output, done.exception)
    return done.output


def test_users_are_set_listed_and_removed_by_commands(where, monkeypatch):
    path, twice = where.data.parent / "users.json", "a long password\n" * 2
    monkeypatch.setattr(access, "_ask", [])  # a terminal's process has no page to ask
    monkeypatch.setenv("CROPDASH_USERS", str(path))
    told = typed("users", "set", "anna", "--role", "analyst", keys=twice)
    assert "a long password" not in told
    assert users.checked(path, "anna", "a long password") == Actor("anna", "analyst")
    typed("users", "set", "anna", "--role", "operator", keys="n\n")  # no new password
    assert users.checked(path, "anna", "a long password") == Actor("anna", "operator")
    typed("users", "set", "anna", keys="another password\n" * 2)  # the role stays
    assert users.checked(path, "anna", "another password") == Actor("anna", "operator")
    typed("users", "set", "bob@example.org", "--provider")
    assert users.read(path)["bob@example.org"] == users.User("viewer")
    typed("users", "set", "anna", "--provider")
    assert users.read(path)["anna"] == users.User("operator")  # its password is gone
    told = json.loads(typed("users", "list", "--json"))
    assert {"name": "anna", "role": "operator", "signs_in_with": "the provider"} in told
    listed = typed("users", "list")
    assert re.search(r"anna\s+operator\s+the provider", listed)
    typed("users", "remove", "anna")
    assert set(users.read(path)) == {"bob@example.org"}
    rows = typed("record")
    assert "set user" in rows
    assert "remove user" in rows
    assert b"password" not in (where.data / layout.DATABASE).read_bytes()


def test_no_command_takes_a_password_as_a_word():
    options = {o for c in command("users").commands.values() for p in c.params for o in p.opts}
    assert options == {"name", "--role", "--provider", "--json"}
