"""What people say of a run lies beside its record, is checked, and never lost to a fault."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain.errors import ConfigError, InvalidRun, RunBusy, RunNotFound
from cropdash.settings.folders import Folders
from cropdash.storage import database, layout, notes, runs, status
from cropdash.storage.notes import Notes
from cropdash.storage.runs import RunFolder
from cropdash.storage.store import Store


def act(models: Path, run_id: str, action: notes.Action, value: str = "") -> None:
    notes.act(Folders(models / ".data", models), run_id, action, value)


def said_of(run: RunFolder) -> Notes:
    return notes.read(run.path.parent / ".data").get(run.run_id, Notes())


def run_of(models: Path, **config: object) -> RunFolder:
    found = runs.create(models, {"classifier": "cnn", "dataset": "demo", **config}, {})
    status.write(found.path, status.Status("done"))
    return found


def test_each_word_stays_beside_the_record_and_the_others_stay(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    record = layout.RUN.of(run.path).read_bytes()
    act(tmp_path, run.run_id, "name", "  Ten bands,  v1.2 (light) ")
    act(tmp_path, run.run_id, "note", "as of May\n**not** bold")
    act(tmp_path, run.run_id, "tag", "paper, ten-bands,paper,")
    act(tmp_path, run.run_id, "archive")
    said = Notes("Ten bands, v1.2 (light)", "as of May\n**not** bold", ("paper", "ten-bands"), True)
    assert said_of(run) == said
    act(tmp_path, run.run_id, "restore")
    act(tmp_path, run.run_id, "name", "")
    assert said_of(run) == Notes("", said.note, said.tags)
    assert layout.RUN.of(run.path).read_bytes() == record


def test_a_run_put_away_is_listed_on_demand_alone(tmp_path: Path) -> None:
    kept, away = run_of(tmp_path), run_of(tmp_path)
    act(tmp_path, away.run_id, "archive")
    store = Store(tmp_path / ".data", tmp_path)
    assert [run.run_id for run in store.runs()] == [kept.run_id]
    assert {run.run_id for run in store.runs(archived=True)} == {kept.run_id, away.run_id}
    assert store.run(away.run_id).notes.archived


@pytest.mark.parametrize(
    ("action", "value", "word"),
    [
        ("name", "a" * 41, "40"), ("name", "**bold**", "no name"), ("name", "www.x.org", "no name"),
        ("name", "<b>", "no name"), ("name", "a\u202eb", "no name"), ("name", "[x](y)", "no name"),
        ("note", "a" * 2001, "2000"), ("tag", "a b", "tags"), ("tag", "a" * 21, "tags"),
        ("tag", ",".join(map(str, range(9))), "tags"), ("paint", "", "told"),
    ],
)  # fmt: skip
def test_words_that_are_none_are_refused_at_the_door(
    tmp_path: Path, action: notes.Action, value: str, word: str
) -> None:
    run = run_of(tmp_path)
    with pytest.raises(ConfigError, match=word):
        act(tmp_path, run.run_id, action, value)
    assert said_of(run) == Notes()


@given(st.text(max_size=45))
def test_a_name_that_is_taken_has_nothing_that_acts_as_markup(text: str) -> None:
    try:
        found = notes._checked(Notes(name=text)).name
    except ConfigError:
        return
    assert not set(found) & set("*_[]<>`$#~|\\!:&\n\t\"'")


def test_a_word_that_is_none_in_the_database_is_passed_over(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    act(tmp_path, run.run_id, "name", "x")
    with database.writing(tmp_path / ".data") as connection:
        connection.execute(sa.text("UPDATE run_notes SET value = '**x**'"))
    act(tmp_path, run.run_id, "tag", "t")
    assert said_of(run) == Notes(tags=("t",))


def test_people_who_speak_at_once_all_keep_their_word(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    said: list[tuple[notes.Action, str]] = [("name", "n"), ("note", "o"), ("tag", "t")]
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda one: act(tmp_path, run.run_id, *one), said * 4))
    assert said_of(run) == Notes("n", "o", ("t",))


def test_a_deleted_run_is_gone_and_what_a_broken_deletion_left_too(tmp_path: Path) -> None:
    run, other = run_of(tmp_path), run_of(tmp_path)
    left = tmp_path / ".deleted-cnn-before"
    left.mkdir()
    act(tmp_path, run.run_id, "delete")
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} == {other.run_id, ".data"}
    with pytest.raises(RunNotFound):
        act(tmp_path, run.run_id, "delete")


@pytest.mark.parametrize("name", ["..", "../other", "studies", "", ".slot.lock"])
def test_no_text_becomes_a_path_to_delete(tmp_path: Path, name: str) -> None:
    models = tmp_path / "models"
    run_of(models)
    (models / "studies").mkdir()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RunNotFound):
        act(models, name, "delete")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_at_work_or_in_an_ensemble_stays(tmp_path: Path) -> None:
    run, member = run_of(tmp_path), run_of(tmp_path)
    joined = run_of(tmp_path, classifier="ensemble", members=[member.run_id, "x"])
    with status.lock(run.path), pytest.raises(RunBusy):
        act(tmp_path, run.run_id, "delete")
    with pytest.raises(InvalidRun, match=joined.run_id):
        act(tmp_path, member.run_id, "delete")
    assert run.path.is_dir()
    assert member.path.is_dir()
    act(tmp_path, joined.run_id, "delete")
    act(tmp_path, member.run_id, "delete")
