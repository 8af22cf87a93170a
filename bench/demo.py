"""The way of a newcomer, timed: build the demo, train both models, predict and score.

    python -m bench.demo [folder]

Runs the command line in a scratch folder (or in `folder`, which is kept) and prints wall time, CPU time and the peak of memory
that all its processes held together, step by step.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

PROJECT = Path(__file__).resolve().parents[1]
STEPS = {
    "build 40 zones": ("demo", "--build-only"),
    "xgboost: train, predict, score": ("train", "demo", "--classifier", "xgboost"),
    "cnn: train, predict, score": ("train", "demo", "--classifier", "cnn"),
}
WALL_LIMIT_S, MEMORY_LIMIT_GB = 360.0, 4.0


@dataclass
class Cost:
    """What one step took."""

    wall_s: float
    cpu_s: float
    memory_gb: float


def measure(arguments: tuple[str, ...], folder: Path) -> Cost:
    """Run one command and watch its process tree ten times a second."""
    environment = os.environ | {
        "CROPDASH_DATA": str(folder / "data"),
        "CROPDASH_MODELS": str(folder / "models"),
    }
    start = time.perf_counter()
    before = os.times()
    process = subprocess.Popen(
        [sys.executable, "-m", "cropdash", *arguments],
        cwd=PROJECT, env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    peak, ended = [0.0], threading.Event()
    watcher = threading.Thread(target=_watch, args=(process.pid, peak, ended))
    watcher.start()
    assert process.stdout
    for line in process.stdout:
        progress = line.lstrip().split("%")[0].isdigit()
        print(line.rstrip(), file=sys.stderr if progress else sys.stdout, flush=True)
    code = process.wait()
    ended.set()
    watcher.join()
    if code:
        sys.exit(f"{' '.join(arguments)} ended with code {code}.")
    after = os.times()
    cpu = (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
    return Cost(time.perf_counter() - start, cpu, peak[0])


def _watch(pid: int, peak: list[float], ended: threading.Event) -> None:
    while not ended.wait(0.1):
        peak[0] = max(peak[0], _memory(pid))


def _memory(pid: int) -> float:
    """[GB] held by a process and its children; shared pages counted once per process."""
    total = 0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            total += process.memory_info().rss
    except psutil.NoSuchProcess:
        pass
    return total / 1e9


def main() -> None:
    costs = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch)
        for name, arguments in STEPS.items():
            costs[name] = measure(arguments, folder)
    print(f"\n{'step':<34}{'wall s':>8}{'CPU s':>8}{'peak GB':>9}")
    for name, cost in costs.items():
        print(f"{name:<34}{cost.wall_s:8.1f}{cost.cpu_s:8.1f}{cost.memory_gb:9.2f}")
    wall = sum(c.wall_s for c in costs.values())
    memory = max(c.memory_gb for c in costs.values())
    print(f"{'all':<34}{wall:8.1f}{sum(c.cpu_s for c in costs.values()):8.1f}{memory:9.2f}")
    print(f"limits: {WALL_LIMIT_S:.0f} s, {MEMORY_LIMIT_GB:.0f} GB; cores: {os.cpu_count()}")


if __name__ == "__main__":
    main()
