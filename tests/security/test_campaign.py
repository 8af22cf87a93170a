"""Work that is killed, stopped, or has too little memory or disk: a few moments of bench.campaign."""

from __future__ import annotations

import subprocess
import sys

from cropdash.settings.folders import PROJECT


def test_hurt_work_is_taken_up_again_to_the_same_bytes():
    """In a process of its own, since it forks."""
    words = ["--moments", "3", "--steps", "train", "decide", "predict", "--seed", "7"]
    words += ["--hurts", "kill", "stop", "file size"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.campaign", *words],
        cwd=PROJECT, capture_output=True, text=True, timeout=500, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "9 moments, 0 faults" in done.stdout
