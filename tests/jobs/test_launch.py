"""Workers started, watched, stopped and lost; the worker here is a few lines of Python."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from typer.testing import CliRunner

from cropdash import legend
from cropdash.classify.cnn.settings import CnnConfig
from cropdash.domain import Season
from cropdash.domain.errors import ConfigError, DatasetNotFound, RunBusy, RunNotFound
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.jobs import launch
from cropdash.settings import classifiers, sources
from cropdash.settings import folders as config
from cropdash.settings import study as study_config
from cropdash.settings.folders import Folders
from cropdash.storage import layout, runs, status, studies
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.description import Description
from cropdash.storage.status import Status
from tests import factory

SETTINGS = CnnConfig(dataset="small")
TINY = {"source": "simulated", "dataset": "tiny", "size": 32, "zones_per_region": 2, "workers": 1}

# A worker that holds the lock, says that it runs, and works until it is stopped.
WORKER = """
import sys, time
from pathlib import Path
from cropdash.storage import status
folder = Path(sys.argv[1])
with status.lock(folder).acquire(timeout=2):
    reporter = status.Reporter(folder)
    reporter.update("Training", 0.5)
    for _ in range(6000):
        if reporter.should_stop():
            break
        time.sleep(0.01)
    reporter.finish("stopped" if reporter.should_stop() else "done")
"""
STUBBORN = WORKER.replace("if reporter.should_stop():\n            break", "pass")
SHORT = WORKER.replace("6000", "1")


@pytest.fixture
def where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folders]:
    """An installation of its own with a dataset that has a description and no zones."""
    monkeypatch.setenv("CROPDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CROPDASH_MODELS", str(tmp_path / "models"))
    found = config.folders()
    description = Description(
        "small", "Small", "simulated", Season.of(2023), BAND_SETS["10m"], legend.load().hash, ()
    )
    DatasetFolder(found.data, "small").describe(description)
    yield found
    for child, _ in launch._children:
        child.kill()
        child.wait(10)
    launch._children.clear()


def _start(where: Folders, worker: str = WORKER) -> Path:
    """Start a training with a worker of our own; the folder comes to it as the run's only word."""
    run_id = launch.start(SETTINGS, command=_command(where, worker))
    return where.models / run_id


def _command(where: Folders, worker: str) -> list[str]:
    newest = (
        "max(Path(sys.argv[1]).glob('*/config.json'), key=lambda p: p.stat().st_mtime_ns).parent"
    )
    return [
        sys.executable,
        "-c",
        worker.replace("Path(sys.argv[1])", newest),
        str(where.models),
    ]


def _wait(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        os.sched_yield()


def _state(folder: Path) -> str:
    now = status.read(folder)
    return now.state if now else "none"


def _running(folder: Path) -> bool:
    return _state(folder) == "running"


def test_training_runs_to_its_end(where: Folders) -> None:
    folder = _start(where, SHORT)
    _wait(lambda: _state(folder) == "done")
    record = runs.find(where.models, folder.name).record()
    assert record.config["classifier"] == "cnn"
    assert all((record.dataset_fingerprint, record.legend_hash, record.versions, record.hardware))


def test_queued_status_names_the_process(where: Folders) -> None:
    folder = _start(where, "import time; time.sleep(60)")
    now = status.read(folder)
    assert now is not None
    assert now.state == "queued"
    process = status.process_of(now)
    assert process is not None
    assert process.pid == launch._children[-1][0].pid


def test_launcher_hands_its_folders_on(where: Folders) -> None:
    folder = _start(where, "import os; print(os.environ['CROPDASH_DATA'], os.getcwd())")
    _wait(lambda: launch._children[-1][0].poll() is not None)
    text = runs.find(where.models, folder.name).log()
    assert text == f"{where.data} {config.PROJECT}"


def test_worker_leads_its_own_session(where: Folders) -> None:
    folder = _start(where)
    _wait(lambda: _running(folder))
    pid = launch._children[-1][0].pid
    assert os.getsid(pid) == pid != os.getsid(0)


def test_training_on_an_unknown_dataset_starts_nothing(where: Folders) -> None:
    with pytest.raises(DatasetNotFound):
        launch.start(SETTINGS.model_copy(update={"dataset": "nowhere"}))
    assert runs.list_all(where.models) == ()


def test_stop_flag_stops_the_worker(where: Folders) -> None:
    folder = _start(where)
    _wait(lambda: _running(folder))
    assert not launch.is_stopping(folder.name)
    launch.stop(folder.name)
    _wait(lambda: _state(folder) == "stopped")
    assert not launch.is_stopping(folder.name)


def test_killed_worker_reads_as_lost_at_once_here(where: Folders) -> None:
    folder = _start(where)
    _wait(lambda: _running(folder))
    child = launch._children[-1][0]
    os.kill(child.pid, signal.SIGKILL)
    _wait(lambda: child.poll() is not None)
    launch.reap()
    assert _state(folder) == "lost"
    assert "-9" in status.read(folder).error  # type: ignore[union-attr]


def test_a_worker_that_is_ended_is_stopped_though_another_sees_it_gone_first(
    where: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _start(where)
    _wait(lambda: _running(folder))
    child, end = launch._children[-1][0], launch.processes.end

    def ended_and_seen(process: psutil.Process) -> bool:
        done = end(process)
        _wait(lambda: child.poll() is not None)
        launch.reap()  # of another reader's page
        return done

    monkeypatch.setattr(launch.processes, "end", ended_and_seen)
    assert launch.end_now(folder.name)
    assert _state(folder) == "stopped"


def test_killed_worker_of_an_earlier_server_reads_as_lost(where: Folders) -> None:
    """Nobody reaps it: the heartbeat grows old, and its death freed the lock."""
    folder = _start(where)
    _wait(lambda: _running(folder))
    child, _ = launch._children.pop()
    os.kill(child.pid, signal.SIGKILL)
    child.wait(10)
    _age(folder, status.STALE_S + 1)
    assert status.read_written(folder).state == "running"  # type: ignore[union-attr]
    assert _state(folder) == "lost"


def test_stale_heartbeat_with_a_held_lock_still_runs(where: Folders) -> None:
    folder = runs.create(where.models, SETTINGS.model_dump(), {}).path
    status.write(folder, Status("running", created=1.0, heartbeat=1.0))
    assert _state(folder) == "lost"
    holder = _hold(folder)
    try:
        assert _state(folder) == "running"
    finally:
        holder.kill()
        holder.wait(10)


def test_zombie_is_not_called_alive(where: Folders) -> None:
    folder = _start(where, "pass")
    child, _ = launch._children[-1]
    written = status.read_written(folder)
    assert written is not None
    _wait(lambda: psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE)
    assert status.process_of(written) is None
    launch.reap()
    assert not psutil.pid_exists(child.pid)


def test_worker_that_dies_before_its_first_word_is_lost_and_says_how(where: Folders) -> None:
    folder = _start(where, "raise SystemExit(3)")
    _wait(lambda: launch._children[-1][0].poll() is not None)
    launch.reap()
    now = status.read(folder)
    assert now is not None
    assert now.state == "lost"
    assert "exit code 3" in now.error
    assert launch._children == []


def test_second_start_of_a_folder_at_work_is_refused(where: Folders) -> None:
    folder = _start(where)
    _wait(lambda: _running(folder))
    with pytest.raises(RunBusy, match=folder.name):
        launch.resume(folder.name, command=_command(where, WORKER))


def test_second_start_of_a_queued_worker_is_refused(where: Folders) -> None:
    """It holds no lock yet, but its process lives."""
    folder = _start(where, "import time; time.sleep(60)")
    assert not status.is_locked(folder)
    with pytest.raises(RunBusy):
        launch.resume(folder.name, command=_command(where, WORKER))


def test_start_is_refused_while_another_process_holds_the_lock(where: Folders) -> None:
    folder = runs.create(where.models, SETTINGS.model_dump(), {}).path
    holder = _hold(folder)
    try:
        with pytest.raises(RunBusy):
            launch.resume(folder.name, command=_command(where, SHORT))
    finally:
        holder.kill()
        holder.wait(10)


def test_stopped_run_can_be_resumed_under_its_name(where: Folders) -> None:
    folder = _start(where)
    _wait(lambda: _running(folder))
    launch.stop(folder.name)
    _wait(lambda: _state(folder) == "stopped" and not status.is_locked(folder))
    launch.reap()
    launch.resume(folder.name, command=_command(where, SHORT))
    assert not (folder / layout.STOP).exists()
    _wait(lambda: _state(folder) == "done")
    assert len(runs.list_all(where.models)) == 1


def test_a_study_is_started_stopped_and_resumed_under_its_name(where: Folders) -> None:
    own = "max(Path(sys.argv[1]).glob('studies/*/config.json')).parent"
    command = [sys.executable, "-c", WORKER.replace("Path(sys.argv[1])", own), str(where.models)]
    settings = {"kind": "grid", "dataset": "small", "classifier": "cnn"}
    study_id = launch.start(study_config.parse(settings), command=command)
    folder = studies.find(where.models, study_id).path
    _wait(lambda: _running(folder))
    with pytest.raises(RunBusy, match=study_id):
        launch.resume(study_id, command=command)
    launch.stop(study_id)
    _wait(lambda: _state(folder) == "stopped" and not status.is_locked(folder))
    launch.reap()
    launch.resume(study_id, command=command)
    _wait(lambda: _running(folder))
    assert len(studies.list_all(where.models)) == 1
    assert runs.list_all(where.models) == ()


def test_the_worker_of_a_study_is_the_command_of_its_kind(where: Folders) -> None:
    for kind, word in (("grid", "search"), ("crossvalidate", "crossvalidate")):
        settings = {"kind": kind, "dataset": "small", "classifier": "xgboost"}
        study = studies.queue(where, study_config.parse(settings))
        assert launch._command(study.path)[-3:] == [word, "--study", study.study_id]


def test_stubborn_worker_is_ended(where: Folders) -> None:
    folder = _start(where, STUBBORN)
    _wait(lambda: _running(folder))
    launch.stop(folder.name)
    assert launch.is_stopping(folder.name)
    assert not launch.may_end(folder.name)  # it is given time
    os.utime(folder / layout.STOP, (1, 1))
    assert launch.may_end(folder.name)
    assert launch.end_now(folder.name)
    assert _state(folder) == "stopped"
    assert launch._children == []


def test_process_of_the_same_id_but_another_age_is_spared(where: Folders) -> None:
    """Ids are given out again: the creation time must match too."""
    folder = runs.create(where.models, SETTINGS.model_dump(), {}).path
    stranger = _hold(folder)
    try:
        created = psutil.Process(stranger.pid).create_time()
        status.write(folder, Status("running", pid=stranger.pid, process_created=created - 60))
        assert not launch.end_now(folder.name)
        assert psutil.pid_exists(stranger.pid)
        assert stranger.status() != psutil.STATUS_ZOMBIE
    finally:
        stranger.kill()
        stranger.wait(10)


def test_group_of_others_is_spared(where: Folders) -> None:
    """A worker typed in a terminal shares its group; only it and its children end."""
    folder = runs.create(where.models, SETTINGS.model_dump(), {}).path
    worker = _hold(folder)
    created = psutil.Process(worker.pid).create_time()
    status.write(folder, Status("running", pid=worker.pid, process_created=created))
    assert os.getpgid(worker.pid) == os.getpgid(0)
    assert launch.end_now(folder.name)  # this very process is of that group, and lives on
    assert _state(folder) == "stopped"


def test_names_are_looked_up_not_joined(where: Folders) -> None:
    for name in ("nowhere", "../data/small", "", "small"):  # small was never built
        with pytest.raises(RunNotFound):
            launch.stop(name)


def test_build_keeps_its_status_beside_the_data(where: Folders) -> None:
    folder = where.data / "demo"
    worker = WORKER.replace("sys.argv[1]", repr(str(folder)))
    launch.start_build(command=[sys.executable, "-c", worker])
    _wait(lambda: _running(folder))
    with pytest.raises(RunBusy):
        launch.start_build(command=[sys.executable, "-c", worker])
    launch.stop("demo")
    _wait(lambda: _state(folder) == "stopped")


def test_build_is_started_from_settings_and_resumed_from_the_written_ones(where: Folders) -> None:
    """The worker is the real one: it reads what was written and builds what is missing."""
    config = sources.parse(TINY)
    launch.start_build(config)
    folder = DatasetFolder(where.data, "tiny")
    assert folder.config() == config
    _wait(lambda: any(p.parent.name for p in folder.path.glob("zones/*/manifest.json")), 60)
    launch.stop("tiny")
    _wait(lambda: _state(folder.path) == "stopped", 60)
    assert 0 < len(folder.built_zones()) < 16
    _wait(lambda: not status.is_locked(folder.path))
    launch.resume_build("tiny", command=_command(where, "print()"))
    assert folder.config() == config


def test_build_with_settings_that_make_other_data_is_refused(where: Folders) -> None:
    config = sources.parse(TINY)
    folder = DatasetFolder(where.data, "tiny")
    launch.start_build(config, command=_command(where, "print()"))
    _wait(lambda: launch._children[-1][0].poll() is not None)
    launch.reap()
    other = config.model_copy(update={"seed": 5})
    launch.start_build(other, command=_command(where, "print()"))  # nothing is built yet
    _wait(lambda: launch._children[-1][0].poll() is not None)
    factory.write_dataset(where.data, "tiny", zones=1, size=32)
    launch.start_build(
        other.model_copy(update={"workers": 1}), command=_command(where, "print()")
    )  # where it runs is free
    _wait(lambda: launch._children[-1][0].poll() is not None)
    with pytest.raises(ConfigError, match="seed"):
        launch.start_build(config, command=_command(where, "print()"))
    assert folder.config().model_dump()["seed"] == 5


def test_build_that_was_never_begun_is_not_resumed(where: Folders) -> None:
    with pytest.raises(DatasetNotFound, match="--source"):
        launch.resume_build("small")
    with pytest.raises(ConfigError):
        launch.resume_build("../small")


@pytest.mark.parametrize(
    "values",
    [
        {"source": "simulated", "size": 64, "seed": 3},
        {"source": "local", "folder": Path("/data/my scenes"), "workers": 4}
        | {"season": "2022-10..2023-09", "every": "dekad", "bands": "all"}
        | {"layers": "/radar,elevation=/my dem.tif", "legend_path": Path("/l.csv")},
        {"source": "earthengine", "register_path": Path("/r.7z"), "zones_path": Path("/z.csv")}
        | {"project": "my-project", "season": "2022", "codes": "/c.csv,/d.csv"},
        {"source": "stac", "register_path": Path("/r.gpkg"), "zones_path": Path("/z.csv")}
        | {"endpoint": "https://host/stac", "id_column": "id"},
    ],
)
def test_command_line_of_a_build_says_the_same_settings(
    values: dict[str, object], where: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cropdash.cli import app as command_line
    from cropdash.cli import build as build_commands

    config = sources.parse({**values, "dataset": "small"})
    words = shlex.split(launch.command_line(config))
    taken: list[object] = []
    monkeypatch.setattr(build_commands, "run", lambda *given: taken.append(given))
    result = CliRunner().invoke(command_line.app, words[3:])
    assert result.exit_code == 0, result.output
    assert taken == [(config, "")]  # a page names no scheduler


def test_half_written_last_epoch_is_left_out(where: Folders) -> None:
    run = runs.create(where.models, SETTINGS.model_dump(), {})
    run.append_epoch({"epoch": 1, "train_loss": 2.0})
    with (run.path / layout.EPOCHS).open("a") as handle:
        handle.write('{"epoch": 2, "train_l')
    assert run.epochs().to_dict("records") == [{"epoch": 1, "train_loss": 2.0}]


def test_command_line_says_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page shows, typed, gives the very settings it was made from."""
    from cropdash.cli import app as command_line
    from cropdash.cli import train

    settings = classifiers.parse(
        {"dataset": "small", "classifier": "cnn", "unet_channels": (8, 16), "dropout": 0.25}
        | {"half_precision": False, "temporal_kernel": 5}
    )
    words = shlex.split(launch.command_line(settings))
    assert words[:4] == ["python", "-m", "cropdash", "train"]
    taken: list[object] = []
    monkeypatch.setattr(
        train,
        "_train_new",
        lambda values, preset, queue, as_json: taken.append(classifiers.parse(values)),
    )
    result = CliRunner().invoke(command_line.app, words[3:])
    assert result.exit_code == 0, result.output
    assert taken == [settings]


def _age(folder: Path, seconds: float) -> None:
    """Let the written status be `seconds` older."""
    now = status.read_written(folder)
    assert now is not None
    status.write(
        folder, replace(now, created=now.created - seconds, heartbeat=now.heartbeat - seconds)
    )


def _hold(folder: Path) -> psutil.Popen:
    """Another process that holds the folder's lock, in our own process group."""
    code = (
        "import sys, time; from pathlib import Path; from cropdash.storage import status\n"
        "lock = status.lock(Path(sys.argv[1])); lock.acquire(); time.sleep(60)"
    )
    holder = psutil.Popen([sys.executable, "-c", code, str(folder)], cwd=config.PROJECT)
    _wait(lambda: status.is_locked(folder))
    return holder


def test_a_job_that_has_not_begun_is_stopped_at_once_and_can_be_resumed(where: Folders) -> None:
    folder = _start(where, "import time; time.sleep(60)")
    assert _state(folder) == "queued"
    child = launch._children[-1][0]
    launch.stop(folder.name)
    assert _state(folder) == "stopped"
    assert not launch.is_stopping(folder.name)
    child.wait(10)
    launch.reap()
    assert _state(folder) == "stopped"  # not "lost": it was asked for
    launch.resume(folder.name, command=_command(where, SHORT))
    _wait(lambda: _state(folder) == "done")


def test_a_queued_job_whose_process_is_gone_stops_as_well(where: Folders) -> None:
    folder = runs.queue(where, SETTINGS).path
    now = time.time()
    status.write(folder, Status("queued", created=now, heartbeat=now, pid=999_999_999))
    launch.stop(folder.name)
    assert _state(folder) == "stopped"
