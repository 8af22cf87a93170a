"""Building in two processes against one, and the memory of a worker by the number of zones.

    python -m bench.build [--rounds N] [--size PX] [--zones N]

Speed: the same zones are built with one worker and with two, by turns, each time by a fresh
process, so that both meet the same load of the machine; zones per minute from the moment the
first zone is begun (the start of the processes does not grow with the number of zones), and the
median ratio of the pairs. Where others use the cores too, wall time says little; CPU seconds per
zone then tell what two free cores would give. Memory: the peak that any one worker process held,
for 8 zones and for 40 of the same size.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from cropdash.domain import Zone
from cropdash.simulate.source import SimulatedSource
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build

PROJECT = Path(__file__).resolve().parents[1]
FEW, MANY = 8, 40
RATIO, GROWTH = 1.7, 1.15  # at least; at most


@dataclass(frozen=True)
class Part(SimulatedSource):
    """The first zones of the simulated landscape."""

    n_zones: int = FEW

    def zones(self) -> tuple[Zone, ...]:
        return super().zones()[: self.n_zones]


@dataclass
class Cost:
    """What a build took."""

    wall_s: float
    start_s: float  # of it, until the first zone was begun
    cpu_s: float
    worker_mb: float  # the most that one worker process held

    def per_minute(self, zones: int) -> float:
        """Zones per minute once the processes are there."""
        return 60 * zones / (self.wall_s - self.start_s)


def measure(size: int, zones: int, workers: int) -> Cost:
    """Build in a process of its own."""
    words = [sys.executable, "-m", "bench.build", "--only", f"{size},{zones},{workers}"]
    done = subprocess.run(words, cwd=PROJECT, capture_output=True, text=True, timeout=900)
    if done.returncode:
        sys.exit(done.stderr)
    return Cost(**json.loads(done.stdout))


def build_once(size: int, zones: int, workers: int) -> Cost:
    """Build in a scratch folder, in this process or in `workers` others."""
    source, first = Part(size=size, n_zones=zones), [0.0]
    with tempfile.TemporaryDirectory() as scratch, _watched() as peak:
        folder = DatasetFolder(Path(scratch), "d")
        watcher = threading.Thread(target=_await_first, args=(folder.path / "zones", first))
        watcher.start()
        before, begun = _cpu(), time.perf_counter()
        result = build.build(
            source, folder, build.describe(source, "d", "D", {}),
            workers=workers, progress=lambda stage, done: None,
        )  # fmt: skip
        wall = time.perf_counter() - begun
        watcher.join()
        assert len(result.built) == zones, result
    return Cost(wall, first[0] - begun, _cpu() - before, peak[0] / 1e6)


@contextmanager
def _watched() -> Iterator[list[float]]:
    """The most that one process held: a child's, or this one's if it works itself."""
    peak, ended = [0.0], threading.Event()
    thread = threading.Thread(target=_watch, args=(peak, ended))
    thread.start()
    try:
        yield peak
    finally:
        ended.set()
        thread.join()


def _watch(peak: list[float], ended: threading.Event) -> None:
    me = psutil.Process()
    while not ended.wait(0.05):
        for process in me.children(recursive=True) or [me]:
            try:
                peak[0] = max(peak[0], process.memory_info().rss)
            except psutil.NoSuchProcess:
                continue


def _await_first(zones: Path, first: list[float]) -> None:
    end = time.monotonic() + 600
    while not (zones.parent / "catalogue.jsonl").exists() and time.monotonic() < end:
        time.sleep(0.005)
    first[0] = time.perf_counter()


def _cpu() -> float:
    now = os.times()
    return now.user + now.system + now.children_user + now.children_system


def speed(size: int, zones: int, rounds: int) -> float:
    """Print zones per minute with one and two workers; return the median ratio of the pairs."""
    ratios, implied = [], []
    load = os.getloadavg()[0]
    print(f"{zones} zones of {size} x {size} px; load {load:.1f} on {os.cpu_count()} cores")
    print(f"{'round':>5}{'workers':>9}{'wall s':>9}{'start s':>9}{'CPU s':>8}{'zones/min':>11}")
    for number in range(rounds):
        costs = {}
        for workers in (1, 2) if number % 2 == 0 else (2, 1):
            cost = costs[workers] = measure(size, zones, workers)
            print(
                f"{number + 1:>5}{workers:>9}{cost.wall_s:>9.1f}{cost.start_s:>9.1f}"
                f"{cost.cpu_s:>8.1f}{cost.per_minute(zones):>11.1f}",
                flush=True,
            )
        ratios.append(costs[2].per_minute(zones) / costs[1].per_minute(zones))
        implied.append(2 * costs[1].cpu_s / costs[2].cpu_s)
    print("ratios 2:1 by wall time " + ", ".join(f"{ratio:.2f}" for ratio in ratios))
    print("ratios 2:1 by CPU time, start of processes included, if two cores were free "
          + ", ".join(f"{ratio:.2f}" for ratio in implied))  # fmt: skip
    return statistics.median(ratios)


def memory(size: int) -> float:
    """Print the peak of a worker for few and many zones; return the ratio."""
    peaks = {}
    for zones in (FEW, MANY):
        peaks[zones] = measure(size, zones, 2).worker_mb
        print(f"{zones:>3} zones of {size} px, 2 workers: peak {peaks[zones]:.0f} MB a worker")
    return peaks[MANY] / peaks[FEW]


def main() -> None:
    parser = argparse.ArgumentParser(description="Building in two processes against one.")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--zones", type=int, default=16)
    parser.add_argument("--only", help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.only:
        print(json.dumps(asdict(build_once(*map(int, chosen.only.split(","))))))
        return
    ratio = speed(chosen.size, chosen.zones, chosen.rounds)
    growth = memory(min(chosen.size, 128))
    print(f"two workers to one: {ratio:.2f} (at least {RATIO}); memory {MANY}:{FEW} zones:"
          f" {growth:.2f} (at most {GROWTH})")  # fmt: skip


if __name__ == "__main__":
    main()
