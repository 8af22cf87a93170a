"""From the wheel to a dashboard with a trained model, on a machine with nothing but Python.

    python -m bench.door

A new virtual environment outside the project, `pip install` of the wheel and of all that it needs
from the registry that pip asks, a small simulated dataset, one XGBoost, the dashboard: seconds of each
step. Needs the internet, or pip's cache, and about 4 GB of disk.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.browser.conftest import ROOT, free_port

SIZE, ZONES = 96, 2  # pixels on a side; zones of each of eight regions
PATIENCE_S = 300


def main() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        wheel = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", scratch]
        subprocess.run(wheel, cwd=ROOT, check=True, capture_output=True)
        (file,) = folder.glob("*.whl")
        report(folder, file)


def report(folder: Path, wheel: Path) -> None:
    """One row a step, then the whole."""
    there = folder / "venv" / "bin"
    steps = {
        "a virtual environment": [sys.executable, "-m", "venv", "venv"],
        "`pip install cropdash-*.whl`": [there / "python", "-m", "pip", "install", "-q", wheel],
        f"`cropdash build small` ({8 * ZONES} zones of {SIZE} x {SIZE} pixels)": [
            there / "cropdash", "build", "small", "--source", "simulated",
            "--size", str(SIZE), "--zones-per-region", str(ZONES),
        ],
        "`cropdash train small --classifier xgboost`": [
            there / "cropdash", "train", "small", "--classifier", "xgboost",
        ],
    }  # fmt: skip
    taken = {name: _seconds(command, folder) for name, command in steps.items()}
    taken["`cropdash dashboard` until it answers"] = _answering(there / "cropdash", folder)
    print("| step | seconds |")
    print("| --- | --- |")
    for name, seconds in taken.items():
        print(f"| {name} | {seconds:.0f} |")
    print(f"| all | {sum(taken.values()):.0f} |")
    size = sum(path.stat().st_size for path in there.parent.rglob("*") if path.is_file())
    print(f"the environment has {size / 1e9:.1f} GB")


def _environment(folder: Path) -> dict[str, str]:
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith(("CROPDASH", "PYTHON", "STREAM"))
    }
    return kept | {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "own")}


def _seconds(command: list[object], folder: Path) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [str(word) for word in command], cwd=folder, env=_environment(folder), check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stdout[-2000:]}")
    return time.perf_counter() - start


def _answering(program: Path, folder: Path) -> float:
    port, start = free_port(), time.perf_counter()
    command = [str(program), "dashboard", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=folder, env=_environment(folder), stdout=subprocess.DEVNULL
    ) as process:
        try:
            while process.poll() is None and time.perf_counter() - start < PATIENCE_S:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5):
                        return time.perf_counter() - start
                except OSError:
                    time.sleep(0.1)
            sys.exit("The dashboard did not answer.")
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
