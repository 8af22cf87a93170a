"""One input: how it is made, what is right, and what the product did with it."""

from __future__ import annotations

import io
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cropdash.cli import app
from cropdash.domain import IGNORE, sentinel2
from cropdash.storage.datasets import DatasetFolder
from docs.inputs import world

NAME = "mine"  # of every dataset
Check = Callable[[DatasetFolder], str]  # what was seen; "" if it is not right


@dataclass(frozen=True)
class Case:
    """What is given to `build`, and what is right: a check of the dataset, or a sentence."""

    kind: str
    what: str
    make: Callable[[Path], list[str]]  # writes files into a folder; the words after `build mine`
    right: str  # in words
    check: Check | None = None  # None: it is to be refused
    said: str = ""  # that the sentence, or what was printed, must hold (a pattern)


@dataclass(frozen=True)
class Seen:
    """What came of it."""

    case: Case
    did: str
    is_right: bool


def seen(case: Case, folder: Path) -> Seen:
    """Build the input in a folder of its own, and look at what is there."""
    folder.mkdir(parents=True)
    words = case.make(folder)
    with _installed(folder / "installation"):
        code, told = _build(words)
        dataset = DatasetFolder(folder / "installation" / "data", NAME)
        sentence = _sentence(told, folder)
        matches = re.search(case.said, told.replace("\n", " ")) is not None
        if case.check is None:
            whole = code == 2 and "Traceback" not in told and "Unexpected" not in told
            did = sentence if code == 2 else f"exit code {code}: {sentence}"
            return Seen(case, did, whole and matches and sentence.endswith("."))
        if code != 0:
            return Seen(case, f"exit code {code}: {sentence}", False)
        found = case.check(dataset)
        return Seen(case, found or "built, and it is not right", bool(found) and matches)


def _build(words: list[str]) -> tuple[int, str]:
    told, argv = io.StringIO(), sys.argv
    sys.argv = ["cropdash", "build", NAME, *words, "--workers", "1"]
    try:
        with redirect_stdout(told), redirect_stderr(told):
            app.main()
        return 0, told.getvalue()
    except SystemExit as end:
        return int(end.code or 0), told.getvalue()
    except Exception:  # a fault of the product's, which the table is to show
        return 1, f"{told.getvalue()}Error: {traceback.format_exc()}"
    finally:
        sys.argv = argv


def _sentence(told: str, folder: Path) -> str:
    """The last thing that was said, without the place where the test lies."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told)
    error = plain.rpartition("Error:")[2]
    place = str(folder.resolve())
    return " ".join(error.replace(f"{place}/", "").replace(place, "FOLDER").split())


@contextmanager
def _installed(place: Path) -> Iterator[None]:
    names: Mapping[str, str] = {
        "CROPDASH_DATA": str(place / "data"), "CROPDASH_MODELS": str(place / "models"),
    }  # fmt: skip
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


# what is right ------------------------------------------------------------------------------


def reflects(*months: int, day: int = 15, year: int = world.YEAR) -> Check:
    """The months' composites are the land's reflectance to 1 DN, and other months have none."""

    def check(dataset: DatasetFolder) -> str:
        pixels = 0
        for zone in dataset.built_zones():
            cube, clear = dataset.cube(zone.zone_id), dataset.clear_dates(zone.zone_id)
            if {p.start.month for p, n in zip(cube.periods, clear, strict=True) if n.any()} != set(
                months
            ):
                return ""
            row, column = world.place_of(cube.grid)
            height, width = cube.grid.shape
            for t, period in enumerate(cube.periods):
                if period.start.month not in months or not clear[t].any():
                    continue
                truth = world.reflectance(
                    world.dt.date(year, period.start.month, day), bands=cube.bands
                )
                there = truth[:, row : row + height, column : column + width]
                known = clear[t] > 0
                off = np.abs(cube.reflectance[t] - there)[:, known].max() * sentinel2.SCALE
                if off > 1.01:
                    return ""
                pixels += int(known.sum())
        return f"{pixels:,} pixels to 1 DN" if pixels else ""

    return check


def declares() -> Check:
    """Each field has its class, and none is missing."""

    def check(dataset: DatasetFolder) -> str:
        legend, right, fields = dataset.legend(), 0, 0
        for zone in dataset.built_zones():
            labels = dataset.labels(zone.zone_id)
            row, column = world.place_of(labels.grid)
            for one in world.fields():
                i, j = one.row - row + 3, one.column - column + 3
                if not (0 <= i < labels.grid.shape[0] and 0 <= j < labels.grid.shape[1]):
                    continue
                fields += 1
                right += legend.classes[labels.crop[i, j] % IGNORE].name == world.CLASSES[one.code]
        return f"{right} of {fields} fields have their class" if right == fields > 0 else ""

    return check


def table_of(n: int) -> Check:
    """Each parcel is a pixel with its class, and nothing else is known."""

    def check(dataset: DatasetFolder) -> str:
        labels = [dataset.labels(zone.zone_id) for zone in dataset.built_zones()]
        parcels = sum(int((one.parcel_id > 0).sum()) for one in labels)
        known = sum(int(((one.crop > 0) & (one.crop != IGNORE)).sum()) for one in labels)
        sides = {zone.split for zone in dataset.built_zones()}
        both = sides == {"train", "test"}
        return f"{parcels} parcels in {len(labels)} zones" if parcels == known == n and both else ""

    return check
