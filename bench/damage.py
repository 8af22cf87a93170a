"""Every kind of file, damaged in every way, before every page and every command.

    python -m bench.damage [--kinds config.json trial] [--damages cut deep] [--minutes 10] [--seed 0]

Makes a small installation (a simulated dataset, two trainings, an ensemble, a search and a
cross-validation, decisions, answers by a day, an audit and a report of it, and a second dataset with
runs of its own), then for each kind and each damage a copy of it in which one file is damaged, visits
pages with Streamlit's own test runner, and types commands. A page or command that neither opens, asks
about nor lists that file while it is whole can't come to differ, so it is left out; `--all` visits and
types all the same. A fault is: a traceback, a page without content, a command that
ends with neither 0, 1 nor 2 or without a word, more than thirty seconds of work, or the second dataset, a
run or a study of it that is no longer shown. Prints a line a fault, and a table of counts by damage.
The cases come in an order drawn by the seed, so that those of the first `--minutes` are a sample.

    python -m bench.damage --world FOLDER      only makes the installation
"""

from __future__ import annotations

import argparse
import functools
import json
import logging
import random
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import pyproj
import streamlit as st
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from bench import damages, touched
from bench.damages import DAY
from bench.typed import run as typed
from cropdash.settings.folders import PROJECT
from cropdash.storage.store import Store
from cropdash.ui.shell import data

LONGEST_S = 30
OTHER = "other"
# Page and address; {zone} and {run} are those that hold the damaged file.
VISITS: tuple[tuple[str, dict[str, str]], ...] = (
    ("app.py", {}),
    ("pages/1_Explore.py", {"dataset": "demo", "zone": "{zone}", "parcel": "1"}),
    ("pages/1_Explore.py", {"dataset": "demo", "view": "crops"}),
    ("pages/2_Train.py", {"run": "{run}"}),
    ("pages/2_Train.py", {"do": "search"}),
    ("pages/2_Train.py", {"do": "crossvalidation"}),
    ("pages/2_Train.py", {"do": "join"}),
    ("pages/3_Map.py", {"dataset": "demo", "zone": "{zone}", "parcel": "1", "left": "{run}"}),
    ("pages/4_Compare.py", {"dataset": "demo", "left": "{run}"}),
    ("pages/4_Compare.py", {"dataset": "demo", "left": "{run}", "part": "audit"}),
    ("pages/4_Compare.py", {"dataset": "demo", "left": "{run}", "part": "splits"}),
    ("pages/5_Review.py", {"dataset": "demo"}),
    ("pages/5_Review.py", {"dataset": "demo", "left": "{run}", "right": "{second}", "by": DAY}),
    ("pages/6_Data.py", {"dataset": "demo"}),
    ("pages/6_Data.py", {"dataset": "demo", "view": "realism"}),
    ("pages/6_Data.py", {"view": "new"}),
)
# Of the undamaged dataset: nothing there may differ.
APART = tuple(
    (page, {"dataset": OTHER})
    for page in ("pages/1_Explore.py", "pages/3_Map.py", "pages/4_Compare.py", "pages/5_Review.py")
)
COMMANDS: tuple[tuple[str, ...], ...] = (
    ("runs",),
    ("doctor",),
    ("predict", "{run}", "--zone={zone}"),
    ("evaluate", "{run}"),
    ("train", "demo", "--classifier=xgboost", "--queue"),
    ("build", "demo"),
    ("audit", "verify", "{audit}"),
    ("decisions", "export", "demo", "{folder}/decisions.csv"),
    ("record",),
    ("database",),
)
# Those that compute are typed, and the undamaged dataset's pages visited, at every sixth damage of a
# kind, another sixth for the next kind, so that each kind meets each.
LONG: tuple[tuple[str, ...], ...] = (
    ("ensemble", "{run}", "{second}"),
    ("train", "--run={run}"),
    ("search", "--study={search}"),
    ("crossvalidate", "--study={folds}"),
    ("simulate", "report", "--dataset=demo"),
    ("season", "{run}", f"--by={DAY}"),
    ("audit", "score", "{audit}"),
    ("report", "{run}"),
    ("dossier", "demo", "{parcel}", "--run={run}"),
    ("mosaic", "{run}", "--out={folder}/mosaic"),
)
_TURNS = 6


@dataclass
class Result:
    """What came of the cases so far."""

    cases: Counter[str] = field(default_factory=Counter)  # by damage
    visits: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)  # a sentence was shown or printed
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kinds", nargs="+", default=list(damages.KINDS), choices=damages.KINDS)
    parser.add_argument(
        "--damages", nargs="+", default=list(damages.DAMAGES), choices=damages.DAMAGES
    )
    parser.add_argument(
        "--share", default="0/1", help="which of how many parts, for several machines"
    )
    parser.add_argument("--all", action="store_true", help="also what does not touch the file")
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin no case later")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--first", type=int, default=1, help="go on with this case of the part")
    parser.add_argument("--world", type=Path, help="use, or make, the installation here")
    given = parser.parse_args()
    part, parts = map(int, given.share.split("/"))
    logging.disable(logging.CRITICAL)  # Streamlit misses its server at each visit
    quick_crs()
    scan = functools.cache(manifest_scanner.scan_component_manifests)
    manifest_scanner.scan_component_manifests = scan  # of all installed packages, at each visit
    cases = [(kind, damage) for kind in given.kinds for damage in given.damages]
    random.Random(given.seed).shuffle(cases)  # noqa: S311
    cases, result = cases[part::parts], Result()
    with tempfile.TemporaryDirectory() as scratch:
        world = given.world or Path(scratch) / "world"
        if not world.exists():
            damages.write(world)
        copy = Path(scratch) / "copy"
        before, touches = apart(world), touches_of(world, copy) if not given.all else {}
        end = time.monotonic() + 60 * given.minutes
        for number, (kind, damage) in enumerate(cases[given.first - 1 :], given.first):
            if time.monotonic() > end:
                break
            try_one(world, copy, kind, damage, given.seed, before, touches, result)
            sys.stderr.write(f"\r{number} of {len(cases)}: {kind}, {damage}          ")
    print_table(result)
    sys.exit(bool(result.faults))


Touches = Mapping[str, set[str]]  # what is visited or typed -> paths


def touches_of(world: Path, copy: Path) -> Touches:
    """What each page and command touches of a whole installation; faults there end the bench.

    It takes a minute, and is kept beside the installation.
    """
    kept = world / "touches.json"
    if kept.exists():
        return {what: set(paths) for what, paths in json.loads(kept.read_text()).items()}
    found, result = dict[str, set[str]](), Result()
    names = names_of(world) | {"folder": str(copy)}

    def note(what: str, act: Callable[..., Any], asked: Any, *more: Any) -> None:
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(world, copy)
        with here(copy), touched.noting() as paths:
            act(*more, asked, "none", result)
        found[what] = {path.removeprefix(f"{copy}/") for path in paths}

    for page, query in VISITS:
        note(f"{page} {query}", try_page, filled(query, names), page)
    for words in (*COMMANDS, *LONG):
        note(" ".join(words), try_command, [word.format(**names) for word in words])
    if result.faults:
        raise RuntimeError("\n".join(result.faults))
    kept.write_text(json.dumps({what: sorted(paths) for what, paths in found.items()}))
    return found


def try_one(
    world: Path, copy: Path, kind: str, damage: str, seed: int, before: list[str],
    touches: Touches, result: Result,
) -> None:  # fmt: skip
    """One file damaged in one way in a copy of the installation; pages and commands that touch it."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(world, copy)
    path, names = damages.place(copy, kind), names_of(copy)

    def is_left_out(what: str) -> bool:
        return what in touches and not touched.matters(path.relative_to(copy), touches[what])

    damages.DAMAGES[damage](path, random.Random(f"{seed} {kind} {damage}"))  # noqa: S311
    begun = len(result.faults)
    swapped = damages.replacing(path) if damage == "replaced while read" else nullcontext()
    with here(copy), swapped:
        for page, query in VISITS:
            if not is_left_out(f"{page} {query}"):
                try_page(page, filled(query, names), damage, result)
        turn = (list(damages.DAMAGES).index(damage) + list(damages.KINDS).index(kind)) % _TURNS
        for (page, query), known in zip(APART if not turn else (), before, strict=False):
            if try_page(page, query, damage, result) != known:
                result.faults.append(f"{page} shows something else of the undamaged dataset")
        result.faults += lost(copy)
        for words in (*COMMANDS, *(LONG if not turn else ())):
            if not is_left_out(" ".join(words)):
                try_command([word.format(**names) for word in words], damage, result)
    result.cases[damage] += 1
    for i, fault in enumerate(result.faults[begun:], begun):
        result.faults[i] = f"{kind}, {damage}: {fault}"
        print(result.faults[i], flush=True)


def quick_crs() -> None:
    """Reference systems are read once in this process, which takes half of the time of all visits."""
    read, known = pyproj.CRS.from_user_input, {}

    def from_user_input(cls: type, value: Any, **more: Any) -> pyproj.CRS:
        key = json.dumps([value, more], default=repr)
        if key not in known:
            known[key] = read(value, **more)
        return known[key]

    pyproj.CRS.from_user_input = classmethod(from_user_input)


def apart(world: Path) -> list[str]:
    """What pages show of the dataset that nothing befalls."""
    with here(world):
        return [try_page(page, query, "none", Result()) for page, query in APART]


def here(folder: Path) -> mock._patch_dict:
    """Work on that installation, with nothing kept in memory of another."""
    st.cache_data.clear()
    st.cache_resource.clear()
    data.store.clear()
    where = {"CROPDASH_DATA": str(folder / "data"), "CROPDASH_MODELS": str(folder / "models")}
    return mock.patch.dict("os.environ", where)


def names_of(world: Path) -> dict[str, str]:
    """What stands for the names in VISITS and COMMANDS."""
    named = {
        "run": "xgboost-*", "second": "cnn-*", "search": "studies/search-*",
        "folds": "studies/folds-*", "audit": "reports/audit-*",
    }  # fmt: skip
    found = {name: next((world / "models").glob(pattern)).name for name, pattern in named.items()}
    zone = damages.test_zone(world)
    parcel = damages.register_id(world, zone)
    return found | {"zone": zone, "parcel": parcel, "folder": str(world)}


def filled(query: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    return {key: value.format(**names) for key, value in query.items()}


def lost(folder: Path) -> list[str]:
    """What of the undamaged dataset, its runs and the studies is no longer listed."""
    store = Store(folder / "data", folder / "models")
    listed = {run.run_id for run in store.runs()}
    faults = [
        f"run {name} is lost" for name in ("other-xgboost", "other-cnn") if name not in listed
    ]
    return faults + ([] if OTHER in store.dataset_names() else ["the other dataset is lost"])


def try_page(page: str, query: dict[str, str], damage: str, result: Result) -> str:
    """Visit a page; what it holds, as text, without what says times."""

    def visit() -> str:
        app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=10 * LONGEST_S)
        if page != "app.py":
            app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        if app.exception:
            told = [f"{e.message} {' '.join(e.stack_trace[-2:])}" for e in app.exception]
            raise AssertionError("a traceback: " + " | ".join(told)[:600])
        shown = [element for element in app.main if element.type not in ("title", "unknown")]
        if len(app.title) != 1 or not shown:
            raise AssertionError("it is blank")
        if app.error or app.warning:
            result.refused[damage] += 1
        return summary(app)

    return _timed(f"{page} {query}", visit, damage, result)


def summary(app: AppTest) -> str:
    """What a page shows: its words, and how many of its figures."""
    words = [
        str(e.value) for e in [*app.markdown, *app.caption, *app.info, *app.error, *app.metric]
    ]
    counts = {kind: len(app.get(kind)) for kind in ("plotly_chart", "arrow_data_frame", "iframe")}
    return re.sub(r"\d+(\.\d+)? s\b", "", " ".join(words)) + str(counts)


def try_command(words: Sequence[str], damage: str, result: Result) -> None:
    """Type a command; it ends with a sentence or with what it is for."""

    def type_() -> str:
        code, said = typed(words)
        if code not in (0, 1, 2):
            raise AssertionError(f"it ended with {code}")
        if "Traceback" in said or "Unexpected" in said:
            raise AssertionError(f"a traceback: {' '.join(said.split())[-500:]}")
        if not said.strip():
            raise AssertionError("it said nothing")
        if code == 2:
            result.refused[damage] += 1
        return said

    _timed(" ".join(words), type_, damage, result)


def _timed(what: str, act: Callable[[], str], damage: str, result: Result) -> str:
    """Do it within LONGEST_S; a fault is noted."""
    begun = time.monotonic()
    before = [(kind, signal.signal(kind, _late)) for kind in (signal.SIGALRM, signal.SIGPROF)]
    signal.setitimer(signal.ITIMER_PROF, LONGEST_S)  # of work; a busy machine takes longer
    signal.alarm(10 * LONGEST_S)
    text = ""
    try:
        text = act()
    except (Exception, SystemExit) as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        said = " ".join(str(error).split())[:700]
        result.faults.append(f"{what}: {type(error).__name__}: {said} ({last.name})")
    finally:
        signal.alarm(0)
        signal.setitimer(signal.ITIMER_PROF, 0)
        for kind, handler in before:
            signal.signal(kind, handler)
    result.visits[damage] += 1
    result.slowest = max(result.slowest, time.monotonic() - begun)
    return text


def _late(*_: object) -> None:
    raise TimeoutError("it took too long")


def print_table(result: Result) -> None:
    print("| damage | files | pages and commands | of which with a sentence |")
    print("| --- | --- | --- | --- |")
    for damage, count in result.cases.items():
        print(f"| {damage} | {count} | {result.visits[damage]} | {result.refused[damage]} |")
    print(
        f"{sum(result.cases.values())} damaged files, {sum(result.visits.values())} visits and"
        f" commands, {len(result.faults)} faults; the slowest took {result.slowest:.1f} s."
    )


if __name__ == "__main__":
    main()
