import os
import signal
import time

import pytest

from cropdash.domain.errors import CropdashError, SourceUnavailable, TaskLost
from cropdash.jobs import execute
from cropdash.jobs.execute import cluster


def double(x):
    if x == 3:
        raise CropdashError("three is not liked")
    return 2 * x


def die(x):
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_task_that_fails_does_not_hold_up_the_others(workers):
    outcomes = list(execute.run(double, [1, 2, 3, 4], workers=workers, should_stop=lambda: False))
    assert {o.task: o.result for o in outcomes} == {1: 2, 2: 4, 3: None, 4: 8}
    assert [o.error for o in outcomes if o.task == 3] == ["three is not liked"]


@pytest.mark.parametrize("workers", [1, 2])
def test_no_task_begins_after_a_stop(workers):
    seen = []
    for outcome in execute.run(
        double, range(10, 30), workers=workers, should_stop=lambda: len(seen) >= 2
    ):
        seen.append(outcome.task)  # noqa: PERF401 (should_stop looks at it meanwhile)
    assert 2 <= len(seen) <= 2 + workers


def test_a_killed_worker_is_told_as_a_sentence():
    outcomes = list(execute.run(die, [1, 2, 3], workers=2, should_stop=lambda: False))
    assert sorted(o.task for o in outcomes) == [1, 2, 3]
    assert all(isinstance(o.fault, TaskLost) for o in outcomes)
    assert all("killed twice" in o.error for o in outcomes)


def die_once(marker):
    """Kill the process, the first time; then say by which process it was done."""
    if not marker.exists():
        marker.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def test_a_killed_worker_is_replaced_and_its_task_done_once_more(tmp_path):
    tasks = [tmp_path / str(i) for i in range(3)]
    outcomes = list(execute.run(die_once, tasks, workers=2, should_stop=lambda: False))
    assert {o.task for o in outcomes} == set(tasks)
    assert all(o.result for o in outcomes)


def wait_for(seconds):
    time.sleep(seconds)
    return os.getpid()


def test_a_worker_that_dies_idle_is_replaced():
    """Each worker is killed after its first task, while the other is at work."""
    done = []
    for outcome in execute.run(
        wait_for, [0.01, 0.3, 0.01, 0.01], workers=2, should_stop=lambda: False
    ):
        done.append(outcome)
        if len(done) == 1:
            os.kill(outcome.result, signal.SIGKILL)
    assert [o.error for o in done] == [""] * 4


def test_workers_outlive_a_signal_to_their_group():
    """The parent obeys it: its workers finish what they are at."""
    done = []
    for outcome in execute.run(ignore_both, [1, 2], workers=2, should_stop=lambda: False):
        done.append(outcome.result)  # noqa: PERF401 (one line a result reads better)
    assert done == [True, True]


def write_late(path):
    time.sleep(0.5 if path.name == "1" else 0.0)
    path.touch()


def test_what_is_under_way_is_finished_when_the_caller_leaves(tmp_path):
    tasks = [tmp_path / str(i) for i in range(6)]
    outcomes = execute.run(write_late, tasks, workers=2, should_stop=lambda: False)
    next(outcomes)
    outcomes.close()
    assert tasks[1].exists()
    assert not tasks[5].exists()


def ignore_both(_):
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(os.getpid(), number)
    return True


def test_an_unknown_scheduler_is_told_in_time(monkeypatch):
    monkeypatch.setattr(cluster, "_CONNECT_S", 0.5)
    with pytest.raises(SourceUnavailable, match="No dask scheduler answers at tcp://127"):
        list(
            execute.run(
                double, [1], workers=1, should_stop=lambda: False, scheduler="tcp://127.0.0.1:9"
            )
        )


def test_a_running_cluster_is_used_and_left_running_and_its_end_is_told(tmp_path):
    from distributed import LocalCluster

    quiet = {"host": "127.0.0.1", "dashboard_address": None, "threads_per_worker": 1}
    with LocalCluster(n_workers=2, **quiet) as running:
        where = {"workers": 2, "scheduler": running.scheduler_address}
        first = list(execute.run(double, [1, 2, 3], should_stop=lambda: False, **where))
        assert {o.task: o.result for o in first} == {1: 2, 2: 4, 3: None}
        tasks = [tmp_path / str(i) for i in range(2)]
        second = list(execute.run(die_once, tasks, should_stop=lambda: False, **where))
        assert all(o.result for o in second)
        seen = []
        stopped = execute.run(double, range(10, 30), should_stop=lambda: len(seen) > 2, **where)
        for outcome in stopped:
            seen.append(outcome.task)  # noqa: PERF401 (should_stop looks at it meanwhile)
        assert 3 <= len(seen) <= 5
        tasks = execute.run(wait_for, [0.1] * 40, should_stop=lambda: False, **where)
        assert next(tasks).error == ""
        running.close()
        with pytest.raises(SourceUnavailable, match="gone"):
            list(tasks)
