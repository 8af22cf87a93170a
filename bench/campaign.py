"""Work that is killed, stopped, or has too little memory or disk at random moments, and goes on.

    python -m bench.campaign [--moments 20] [--steps build train predict decide report] [--seed 0]

Each step (build a dataset, train a model, predict zones, decide on parcels, make the report) is
done once in peace. Then, at so many moments of each, drawn by the seed, it is hurt: killed (kill
-9), asked to end (SIGTERM), given little memory (RLIMIT_AS), little room in files (RLIMIT_FSIZE)
or, where the machine allows it, a small disk (tmpfs) that is full. What is looked at then:

- lost: a zone, prediction or decision that had been finished is no longer there as it was;
- untrue: the state says that something works which is gone, or that it is done when it is not;
- traceback: it ended by itself and said something else than a sentence;
- other: done again without the hurt, it does not end with the bytes of the step in peace.

Prints a line a fault, and a table of counts. Processes are forked from one that has loaded what
they need, so that moments fall into the work and not into its start.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cropdash.cli import app
from cropdash.domain.errors import CropdashError
from cropdash.storage import decisions, layout, runs, status
from cropdash.storage.datasets import DatasetFolder

LIMIT_S = 120
HURTS = ("kill", "stop", "memory", "file size", "disk")
_LEAST_MB, _MOST_MB = 40, 400  # memory that a step is given beyond what it began with
_ZONES = 6


@dataclass
class Result:
    """What came of the moments so far."""

    moments: Counter[str] = field(default_factory=Counter)
    hurt: Counter[str] = field(default_factory=Counter)  # those that did not come to their end
    faults: list[str] = field(default_factory=list)


# steps ------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """Work on an installation: what is typed, where its state is told, and what it leaves."""

    act: Callable[[Path], None]  # in a process of its own
    worker: Callable[[Path], Path | None]  # folder whose status.json tells of it
    parts: Callable[[Path], Mapping[str, str]]  # finished pieces and their digests


def _type(folder: Path, *words: str) -> None:
    sys.argv = ["cropdash", *words]
    app.main()


def _demo(folder: Path) -> DatasetFolder:
    return DatasetFolder(folder / "data", "demo")


def _run(folder: Path) -> runs.RunFolder:
    return runs.list_all(folder / "models")[0]


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _zones_built(folder: Path) -> dict[str, str]:
    """Files of the zones that have a manifest."""
    found = {}
    for manifest in (folder / "data" / "demo" / layout.ZONES).glob(f"*/{layout.MANIFEST.file}"):
        for path in [manifest, *manifest.parent.glob("*.tif"), *manifest.parent.glob("*.parquet")]:
            found[str(path.relative_to(folder))] = _digest(path)
    return found


def _trained(folder: Path) -> dict[str, str]:
    run = _run(folder).path
    scored = layout.SCORES.of(run / layout.SCORES_FOLDER).is_file()
    names = ["model.ubj", layout.CALIBRATION.file, layout.APPLICABILITY]
    paths = [run / name for name in names if scored]
    paths += [path for path in (run / "predictions").glob("[!.]*") if scored]
    paths += [
        run / layout.SCORES_FOLDER / name for name in (layout.CONFUSIONS, layout.DECIDED) if scored
    ]
    return {str(path.relative_to(run)): _digest(path) for path in paths}


def _predicted(folder: Path) -> dict[str, str]:
    place = _run(folder).path / layout.PREDICTIONS
    return {path.name: _digest(path) for path in place.glob("[!.]*.tif") for _ in [0]}


def _decided(folder: Path) -> dict[str, str]:
    known = decisions.current(folder / "data", "demo")
    return {parcel: one.decision for parcel, one in known.items()}


def _decide(folder: Path) -> None:
    for parcel in range(1, 41):
        said = decisions.Said(decisions.Parcel(str(parcel), "alsace_1", parcel), "keep", "a note")
        decisions.decide(folder / "data", "demo", [said])


def _reported(folder: Path) -> dict[str, str]:
    path = layout.REALISM.of(folder / "data" / "demo")
    return {path.name: _digest(path)} if path.is_file() else {}


_BUILD = ("build", "demo", "--source=simulated", "--size=48", "--zones-per-region=2", "--workers=1")
_LOADED = (
    "cropdash.classify.xgboost.model", "cropdash.workflow.build", "cropdash.workflow.realism",
    "cropdash.workflow.train",
)  # fmt: skip
_QUICK = ("--set=threads=1", "--set=trees=20", "--set=pixels=1000")
_QUEUE = ("train", "demo", "--classifier=xgboost", "--queue", *_QUICK)
STEPS = {
    "build": Step(
        lambda f: _type(f, *_BUILD), lambda f: f / "data" / "demo", _zones_built
    ),
    "train": Step(
        lambda f: _type(f, "train", "--run", _run(f).run_id), lambda f: _run(f).path, _trained
    ),
    "predict": Step(
        lambda f: _type(f, "predict", _run(f).run_id, *_zone_words(f)), lambda f: None, _predicted
    ),
    "decide": Step(_decide, lambda f: None, _decided),
    "report": Step(
        lambda f: _type(f, "simulate", "report", "--dataset=demo"), lambda f: None, _reported
    ),
}  # fmt: skip


def _zone_words(folder: Path) -> list[str]:
    zones = [z.zone_id for z in _demo(folder).built_zones() if z.split == "train"][:_ZONES]
    return [f"--zone={zone}" for zone in zones]


# processes --------------------------------------------------------------------


@dataclass(frozen=True)
class Hurt:
    """What befalls a process."""

    kind: str
    after: float = LIMIT_S  # [s] until a signal comes
    room: int = 0  # [bytes] of memory or of a file


def perform(act: Callable[[Path], None], folder: Path, hurt: Hurt | None = None) -> tuple[int, str]:
    """Do it in a forked process; its exit code (negative: a signal) and what it said."""
    said = folder.parent / "said.txt"
    child = os.fork()
    if not child:
        _child(act, folder, said, hurt)
    begun = time.monotonic()
    sent = False
    while True:
        done, word = os.waitpid(child, os.WNOHANG)
        spent = time.monotonic() - begun
        if done:
            return os.waitstatus_to_exitcode(word), said.read_text(errors="replace")
        if hurt and hurt.kind in ("kill", "stop") and not sent and spent > hurt.after:
            os.kill(child, signal.SIGKILL if hurt.kind == "kill" else signal.SIGTERM)
            sent = True
        if spent > LIMIT_S:
            os.kill(child, signal.SIGKILL)
        time.sleep(0.002)


def _child(act: Callable[[Path], None], folder: Path, said: Path, hurt: Hurt | None) -> None:
    """The forked process; it never returns."""
    code = 70
    try:
        os.setsid()
        handle = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        os.environ |= {
            "CROPDASH_DATA": str(folder / "data"), "CROPDASH_MODELS": str(folder / "models"),
        }  # fmt: skip
        if hurt and hurt.kind == "memory":
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * resource.getpagesize() + hurt.room
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
        if hurt and hurt.kind == "file size":
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (hurt.room, hurt.room))
        act(folder)
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except CropdashError as error:  # of what is no command: a page shows its sentence
        code = 2
        os.write(2, f"{error}\n".encode())
    except BaseException as error:  # a fault that the bench is there to count
        os.write(2, f"\nTraceback: {type(error).__name__}: {error}\n".encode())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


class Disk:
    """A small file system to work on, or none where the machine allows none."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
        self.is_there = (
            os.geteuid() == 0 and not subprocess.run(mount, capture_output=True).returncode
        )

    def fill(self, free: int) -> None:
        """Leave that much room [bytes]."""
        room = shutil.disk_usage(self.place).free - free
        with (self.place / "filler").open("wb") as handle:
            handle.write(b"\0" * max(room, 0))

    def close(self) -> None:
        if self.is_there:
            subprocess.run(["umount", str(self.place)], check=False)  # noqa: S607


# moments ----------------------------------------------------------------------


def prepare(scratch: Path, steps: list[str]) -> dict[str, Path]:
    """For each step an installation in which all before it is done."""
    at, now = {}, scratch / "now" / "world"
    now.mkdir(parents=True)
    for name in STEPS:
        if name == "train":
            _must(lambda f: _type(f, *_QUEUE), now)
        at[name] = scratch / name / "world"
        shutil.copytree(now, at[name])
        if name != "decide" and (name in steps or name in ("build", "train")):
            _must(STEPS[name].act, now)
    return at


def _must(act: Callable[[Path], None], folder: Path) -> None:
    code, said = perform(act, folder)
    if code:
        raise RuntimeError(said)


def try_moment(
    name: str, kind: str, before: Path, whole: Mapping[str, str], took: float,
    rng: random.Random, place: Path, disk: Disk, result: Result,
) -> None:  # fmt: skip
    """Hurt the step once in a copy of `before`, look, and take it up again."""
    step, folder = STEPS[name], place / "world"
    if kind == "disk":
        folder = disk.place / "world"
        (disk.place / "filler").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(before, folder)
    room = (
        int(2 ** rng.uniform(9, 17)) if kind != "memory" else rng.randint(_LEAST_MB, _MOST_MB) << 20
    )
    hurt = Hurt(kind, took * rng.uniform(0, 1.1), room)
    what = (
        f"{name}, {kind} ({hurt.after:.2f} s)"
        if kind in ("kill", "stop")
        else f"{name}, {kind} ({room:,})"
    )
    inputs = step.parts(folder)
    if kind == "disk":
        disk.fill(room)
    code, said = perform(step.act, folder, hurt)
    if kind == "disk":
        (disk.place / "filler").unlink()
    result.moments[f"{name} {kind}"] += 1
    result.hurt[f"{name} {kind}"] += code != 0
    faults = []
    if "Traceback" in said or "Unexpected" in said:
        faults.append(f"traceback: {' '.join(said.split())[-300:]}")
    if code < 0 and kind not in ("kill", "stop"):
        faults.append(f"it died of signal {-code}: {' '.join(said.split())[-200:]}")
    there = step.parts(folder)
    faults += [f"lost: {part}" for part in inputs if part not in there]
    faults += [
        f"half: {part}"
        for part in there
        if name in ("build", "predict") and there[part] != whole[part]
    ]
    if (worker := step.worker(folder)) is not None and (told := status.read(worker)):
        if not told.is_final and told.stage != "Waiting to start":
            faults.append(f"untrue: its state is {told.state} after it ended with {code}")
        if told.state == "done" and dict(there) != dict(whole):
            faults.append("untrue: its state is done, and it is not")
    again, word = perform(step.act, folder)
    if again:
        faults.append(
            f"other: it can't be taken up again ({again}): {' '.join(word.split())[-300:]}"
        )
    elif dict(step.parts(folder)) != dict(whole):
        now = step.parts(folder)
        differ = [part for part in {**whole, **now} if whole.get(part) != now.get(part)]
        faults.append(f"other: {', '.join(differ[:5])} is not as in peace")
    # Of tables that any process may write, parts are cleared by the next reader after an hour.
    parts = [path for path in folder.rglob(".*.part*") if path.parent.name != layout.JOINED]
    if left := parts if name != "decide" else []:
        faults.append(f"left: {left[0].name}")
    sys.stderr.write(f"{what}: ended with {code}, then with {again}\n")
    for fault in faults:
        result.faults.append(f"{what}: {fault}")
        print(result.faults[-1], flush=True)


def campaign(steps: list[str], moments: int, seed: int, hurts: tuple[str, ...] = HURTS) -> Result:
    """So many moments of each step, the kinds of hurt in turn."""
    for name in _LOADED:
        importlib.import_module(name)
    result, rng = Result(), random.Random(seed)  # noqa: S311
    with tempfile.TemporaryDirectory() as scratch:
        disk = Disk(Path(scratch) / "disk")
        try:
            kinds = [kind for kind in hurts if kind != "disk" or disk.is_there]
            at = prepare(Path(scratch), steps)
            for name in steps:
                peace = Path(scratch) / "peace" / "world"
                shutil.rmtree(peace, ignore_errors=True)
                shutil.copytree(at[name], peace)
                begun = time.monotonic()
                _must(STEPS[name].act, peace)
                took, whole = time.monotonic() - begun, STEPS[name].parts(peace)
                for number in range(moments):
                    place = Path(scratch) / "hurt"
                    place.mkdir(exist_ok=True)
                    kind = kinds[number % len(kinds)]
                    try_moment(name, kind, at[name], whole, took, rng, place, disk, result)
        finally:
            disk.close()
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--moments", type=int, default=20, help="of each step")
    parser.add_argument("--steps", nargs="+", default=list(STEPS), choices=STEPS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--hurts", nargs="+", default=list(HURTS), choices=HURTS)
    given = parser.parse_args()
    result = campaign(given.steps, given.moments, given.seed, tuple(given.hurts))
    print("| step | what befell it | moments | of which it did not come to its end |")
    print("| --- | --- | --- | --- |")
    for key, count in result.moments.items():
        step, _, kind = key.partition(" ")
        print(f"| {step} | {kind} | {count} | {result.hurt[key]} |")
    print(f"{sum(result.moments.values())} moments, {len(result.faults)} faults.")
    sys.exit(bool(result.faults))


if __name__ == "__main__":
    main()
