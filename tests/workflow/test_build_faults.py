"""Builds that are killed, stopped, or run out of disk: nothing wrong, nothing lost."""

from __future__ import annotations

import errno
import multiprocessing
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cropdash.domain import Season
from cropdash.domain.errors import DiskFull
from cropdash.files import atomic
from cropdash.settings import folders
from cropdash.storage import catalogue, status, zone_states
from cropdash.storage.datasets import DatasetFolder
from tests import fetching, worlds
from tests.fetching import NAME, FetchingSource

SHORT = Season.of("2023-05..2023-06")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Checksums of the undisturbed build."""
    place = tmp_path_factory.mktemp("whole")
    folder, _ = fetching.run(FetchingSource(place / "log"), place)
    return fetching.sums(folder)


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print counts past pytest's capture."""

    def tell(sentence: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{sentence}\n")

    return tell


def start(data: Path, log: Path, workers: int) -> subprocess.Popen[bytes]:
    words = [sys.executable, "-m", "tests.fetching_build", str(data), str(log), str(workers)]
    return subprocess.Popen(words, cwd=folders.PROJECT, start_new_session=True)


def wait(process: subprocess.Popen[bytes], condition: Callable[[], bool]) -> bool:
    """True once the condition holds, False if the process ends before."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if condition():
            return True
        if process.poll() is not None:
            return False
        time.sleep(0.002)
    raise AssertionError("it did not happen in time")


def lines(log: Path) -> list[str]:
    return log.read_text().splitlines() if log.exists() else []


def is_writing(folder: DatasetFolder) -> bool:
    states = catalogue.said(folder.path).values()
    return any(s is not None and s.step == "writing" and s.state == "building" for s in states)


@pytest.mark.parametrize(("workers", "seed"), [(1, 11), (2, 5)])
def test_kills_at_random_moments_lose_and_spoil_nothing(tmp_path, whole, workers, seed, say):
    draw, log, kills = random.Random(seed), tmp_path / "log", Counter()
    folder = DatasetFolder(tmp_path, NAME)
    for _ in range(20):
        process = start(tmp_path, log, workers)
        goal = len(lines(log)) + draw.randint(10 * workers, 24)
        at_write = draw.random() < 0.3
        moment = (lambda: is_writing(folder)) if at_write else (lambda n=goal: len(lines(log)) >= n)
        if not wait(process, moment):
            break
        alone = draw.random() < 0.5  # its workers have to notice by themselves
        (os.kill if alone else os.killpg)(process.pid, signal.SIGKILL)
        process.wait(10)
        kills["while writing" if at_write else "while fetching"] += 1
        kept = fetching.sums(folder) if (folder.path / "dataset.json").exists() else {}
        assert kept.items() <= whole.items()  # what counts as built is right
    assert process.wait(60) == 0
    assert sum(kills.values()) >= 2
    assert fetching.sums(folder) == whole
    fetched = Counter(lines(log))
    assert max(fetched.values()) == 1  # nothing that was kept was fetched again
    assert not list(folder.path.rglob("*.part*"))
    say(
        f"{workers} worker(s): {sum(kills.values())} kills {dict(kills)};"
        f" {len(whole)} zones whole, 0 wrong, 0 lost; {len(fetched)} months fetched once"
    )


def test_a_kill_at_each_write_loses_and_spoils_nothing(tmp_path, say):
    """The process ends before a file takes its place: at every write of a build in turn."""
    source = FetchingSource(tmp_path / "log", n_zones=1, season=SHORT)
    folder, _ = fetching.run(source, tmp_path / "whole")
    whole, points = fetching.sums(folder), 0
    while True:
        data = tmp_path / str(points)
        again = replace(source, log=tmp_path / f"log{points}")
        child = multiprocessing.get_context("fork").Process(
            target=_build_until, args=(again, data, points)
        )
        child.start()
        child.join(30)
        if child.exitcode == 0:
            break
        assert child.exitcode == 9
        folder, _ = fetching.run(again, data)
        assert fetching.sums(folder) == whole
        assert max(Counter(lines(again.log)).values()) == 1
        points += 1
    assert points >= 10
    say(f"killed at each of {points} writes: 0 zones wrong, 0 lost")


def _build_until(source: FetchingSource, data: Path, last: int) -> None:
    real, count = os.fsync, iter(range(10**6))

    def fsync(handle: int) -> None:
        if next(count) == last:
            os._exit(9)
        real(handle)

    atomic.os.fsync = fsync
    fetching.run(source, data)


def test_a_full_disk_at_any_write_ends_with_a_sentence_and_leaves_what_was_there(
    tmp_path, monkeypatch, say
):
    """The disk is full from one write on, for good, as it is when nobody makes room."""
    source = FetchingSource(tmp_path / "log", n_zones=2, season=SHORT)
    folder, _ = fetching.run(source, tmp_path / "whole")
    whole, points, tried, real = fetching.sums(folder), 0, 0, os.fsync
    while True:
        count = iter(range(10**6))

        def fsync(handle: int, count=count, first=points) -> None:
            if next(count) >= first:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(handle)

        data = tmp_path / str(points)
        with monkeypatch.context() as patch:
            patch.setattr(atomic.os, "fsync", fsync)
            try:
                fetching.run(source, data)
                break
            except DiskFull:
                pass
        folder = DatasetFolder(data, NAME)
        assert not list(data.rglob("*.part*"))
        if (folder.path / "dataset.json").exists():
            assert fetching.sums(folder).items() <= whole.items()
        folder, _ = fetching.run(source, data)
        assert fetching.sums(folder) == whole
        points, tried = points + 2, tried + 1
    assert tried >= 9
    say(f"disk full at {tried} of the writes: 0 zones wrong, 0 lost")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_file_that_finds_no_room_ends_the_command_with_one_sentence(tmp_path, workers):
    """A limit on the size of files stands for the disk's end: the system refuses the write."""
    words = [sys.executable, "-m", "cropdash", "build", "d", "--source", "simulated"]
    words += ["--size", "48", "--zones-per-region", "2", "--workers", workers]
    done = subprocess.run(
        words,
        cwd=folders.PROJECT,
        env=worlds.environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (120_000, 120_000)),
    )
    assert done.returncode == 2, done.stderr
    assert "no room on the disk for composite.tif" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    now = status.read(tmp_path / "data" / "d")
    assert now is not None
    assert (now.state, "make room" in now.error) == ("failed", True)
    assert not list(tmp_path.rglob("*.part*"))
    table = zone_states.table(DatasetFolder(tmp_path / "data", "d"), now)
    assert 1 <= (table["state"] == "failed").sum() <= int(workers)  # and no zone was begun after
    assert table.loc[table["state"] == "failed", "step"].eq("writing").all()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_sigterm_finishes_what_is_under_way(tmp_path, whole, workers):
    log, folder = tmp_path / "log", DatasetFolder(tmp_path, NAME)
    process = start(tmp_path, log, workers)
    assert wait(process, lambda: len(lines(log)) >= 2)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(60) == 143
    begun = {line.split()[0] for line in lines(log)}
    kept = fetching.sums(folder)
    assert set(kept) == begun
    assert len(kept) < len(whole)
    assert kept.items() <= whole.items()
    now = status.read(folder.path)
    assert now is not None
    assert now.state == "stopped"


def test_a_second_sigterm_ends_it_at_once_and_its_workers_with_it(tmp_path):
    log = tmp_path / "log"
    process = start(tmp_path, log, 2)
    assert wait(process, lambda: len(lines(log)) >= 1)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGINT)  # another signal is only noted; each counts by itself
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.01)
    assert process.returncode in (-signal.SIGTERM, 143)
    folder = DatasetFolder(tmp_path, NAME)
    for zone in folder.description().zones:
        with folder.zone_lock(zone.zone_id).acquire(timeout=10):  # nobody holds it any more
            pass


def test_a_killed_worker_of_a_cluster_costs_its_zone_one_more_try(tmp_path, whole):
    source = FetchingSource(tmp_path / "log", once=tmp_path / "once")
    folder, result = fetching.run(source, tmp_path, workers=2, scheduler="cluster")
    assert (tmp_path / "once").exists()
    assert set(result.built) == set(whole)
    assert fetching.sums(folder) == whole


def test_a_killed_worker_costs_one_more_try_and_a_zone_that_kills_each_fails(tmp_path, whole):
    """Whichever zone comes first has its worker killed once, z2 each time."""
    source = FetchingSource(tmp_path / "log", deadly=("z2",), once=tmp_path / "once")
    folder, result = fetching.run(source, tmp_path, workers=2)
    assert (tmp_path / "once").exists()
    assert set(result.built) == set(whole) - {"z2"}
    assert fetching.sums(folder) == {k: v for k, v in whole.items() if k != "z2"}
    assert "killed twice" in result.failed["z2"]
    table = zone_states.table(folder, None).set_index("zone_id")
    assert table.loc["z2", ["state", "step"]].tolist() == ["failed", "composite"]
    assert "killed twice" in table.loc["z2", "reason"]
    folder, result = fetching.run(replace(source, deadly=()), tmp_path)
    assert result.built == ("z2",)
    table = zone_states.table(folder, None)
    assert set(table["state"]) == {"built"}
    assert (table["reason"] == "").all()


def test_months_of_an_interrupted_zone_are_kept_and_a_corrupt_one_is_fetched_again(tmp_path, whole):
    class Cut(BaseException):
        pass

    source = FetchingSource(tmp_path / "log", n_zones=1)
    folder = DatasetFolder(tmp_path, NAME)
    real, seen = atomic.os.fsync, []

    def fsync(handle: int) -> None:
        real(handle)
        seen.append(len(lines(source.log)))
        if seen[-1] == 5:
            raise Cut

    atomic.os.fsync = fsync
    try:
        with pytest.raises(Cut):
            fetching.run(source, tmp_path)
    finally:
        atomic.os.fsync = real
    kept = sorted(folder.path.glob("parts/z0/*.npz"))
    assert len(kept) == 5
    content = bytearray(kept[2].read_bytes())
    content[len(content) // 2] ^= 1
    kept[2].write_bytes(content)
    fetching.run(source, tmp_path)
    fetched = Counter(lines(source.log))
    assert fetched[f"z0 {kept[2].stem}"] == 2
    assert sum(fetched.values()) == 13
    assert fetching.sums(folder)["z0"] == whole["z0"]
    assert not (folder.path / "parts").exists()
