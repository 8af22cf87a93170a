import os
import signal
import threading
import time

import pytest

from cropdash.domain.errors import CropdashError, NotKept, RunBusy, TrainingFailed
from cropdash.jobs import worker
from cropdash.storage import layout, status


@pytest.fixture(autouse=True)
def politeness_of_tests(monkeypatch):
    """Niceness can't be taken back by an ordinary user, and tests share one process."""
    monkeypatch.setattr(worker.os, "nice", lambda _: 0)


def test_an_end_without_fault_is_done(tmp_path):
    with worker.at_work(tmp_path / "run") as reporter:
        reporter.update("Training", 0.4)
        assert status.read(tmp_path / "run").state == "running"
        assert status.is_locked(tmp_path / "run")
    after = status.read(tmp_path / "run")
    assert (after.state, after.progress) == ("done", 1.0)
    assert not status.is_locked(tmp_path / "run")


@pytest.mark.parametrize(
    ("fault", "state", "sentence"),
    [
        (TrainingFailed("The loss became infinite."), "failed", "The loss became infinite."),
        (ValueError("a bug"), "failed", "Unexpected ValueError: a bug. See its log."),
        (KeyboardInterrupt(), "stopped", ""),
        (SystemExit(143), "stopped", ""),
    ],
)
def test_every_fault_leaves_a_true_state(tmp_path, fault, state, sentence):
    with pytest.raises(type(fault)), worker.at_work(tmp_path / "run"):
        raise fault
    after = status.read(tmp_path / "run")
    assert (after.state, after.error) == (state, sentence)
    assert not status.is_locked(tmp_path / "run")


def test_what_stands_where_a_worker_would_write_is_said(tmp_path):
    for name, act in {
        "folder": lambda path: (path.mkdir(), path.unlink()),
        "file": lambda path: (path.touch(), path.mkdir(exist_ok=True)),
        "in a file": lambda path: (path.touch(), (path / "x").write_text("")),
        "way without end": lambda path: (path.symlink_to(path), path.read_text()),
    }.items():
        with (
            pytest.raises(NotKept, match="move away what stands there"),
            worker.at_work(tmp_path / "run"),
        ):
            act(tmp_path / name)
        said = status.read(tmp_path / "run").error
        assert name in said
        assert "Unexpected" not in said


def test_a_stop_that_was_asked_for_ends_as_stopped(tmp_path):
    with worker.at_work(tmp_path / "run") as reporter:
        (tmp_path / "run" / layout.STOP).touch()
        assert reporter.should_stop()
    assert status.read(tmp_path / "run").state == "stopped"
    assert not (tmp_path / "run" / layout.STOP).exists()


def test_a_stop_that_comes_when_all_is_done_stops_nothing(tmp_path):
    with worker.at_work(tmp_path / "run") as reporter:
        assert not reporter.should_stop()
        (tmp_path / "run" / layout.STOP).touch()  # the work is at its last piece, and asks no more
    assert status.read(tmp_path / "run").state == "done"
    assert not (tmp_path / "run" / layout.STOP).exists()


def test_a_signal_ends_the_work_that_it_cuts_short_alone():
    with worker.heeding_signals() as came:
        assert not came()
        os.kill(os.getpid(), signal.SIGTERM)

    def work():
        with worker.heeding_signals() as came:
            os.kill(os.getpid(), signal.SIGTERM)
            assert came()

    with pytest.raises(SystemExit) as ended:
        work()
    assert ended.value.code == 128 + signal.SIGTERM


def test_two_workers_never_share_a_folder(tmp_path, monkeypatch):
    monkeypatch.setattr(worker, "_PATIENCE_S", 0.1)
    with worker.at_work(tmp_path / "run"):
        with pytest.raises(RunBusy, match="run"), worker.at_work(tmp_path / "run"):
            pass
        assert status.read(tmp_path / "run").state == "running"


def test_the_second_job_waits_for_the_slot(tmp_path):
    slot, order, inside = tmp_path / "slot", [], threading.Event()

    def second():
        inside.wait(10)
        with worker.at_work(tmp_path / "b", slot):
            order.append("b")

    thread = threading.Thread(target=second)
    thread.start()
    with worker.at_work(tmp_path / "a", slot):
        inside.set()
        thread.join(1.0)
        assert thread.is_alive()
        order.append("a")
    thread.join(10)
    assert order == ["a", "b"]


def test_a_queued_job_can_be_stopped(tmp_path):
    slot = tmp_path / "slot"
    with worker.at_work(tmp_path / "a", slot):
        status.write(tmp_path / "b", status.Status("queued"))
        (tmp_path / "b" / layout.STOP).touch()
        with (
            pytest.raises(CropdashError, match="before it began"),
            worker.at_work(tmp_path / "b", slot),
        ):
            pass
    assert status.read(tmp_path / "b").state == "stopped"


@pytest.mark.parametrize(
    ("late", "early"), [("late", "early"), ("late", "studies/early"), ("studies/late", "early")]
)
def test_jobs_take_the_slot_in_the_order_in_which_they_were_queued(tmp_path, late, early):
    slot, order = tmp_path / "slot", []
    now = time.time()
    for name, created in ((late, now), (early, now - 5)):
        status.write(tmp_path / name, status.Status("queued", created=created))

    def work_on(name):
        with worker.at_work(tmp_path / name, slot):
            order.append(name)

    threads = [threading.Thread(target=work_on, args=(name,)) for name in (late, early)]
    threads[0].start()
    threads[0].join(0.8)  # time enough to take a slot that is free
    threads[1].start()
    for thread in threads:
        thread.join(20)
    assert order == [early, late]
