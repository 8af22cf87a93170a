"""Verify an audit's certificate: from its folder alone, and beside the map where that is at hand."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cropdash.domain.errors import CropdashError, RunNotFound
from cropdash.evaluate.audit import design
from cropdash.files import atomic
from cropdash.settings.reports import DECLARED
from cropdash.storage import layout, runs
from cropdash.workflow.audit import draw, score

_CLOSE = 1e-9  # of two machines' arithmetic


@dataclass(frozen=True)
class Check:
    """One thing that was looked at; `holds` is None where it could not be."""

    what: str
    holds: bool | None
    detail: str = ""


def verify(folder: Path, models: Path | None = None) -> list[Check]:
    """What the certificate says, done again: digests, the draw, the estimates, and the map's digest.

    `models` is where the audited runs may be. Nothing is written.
    """
    return [check for part in _parts(folder, models) for check in part]


def _parts(folder: Path, models: Path | None) -> Iterator[list[Check]]:
    told = layout.CERTIFICATE.read(folder)
    yield [_file(folder, n, digest, "certified") for n, digest in told["digests"].items()]
    about = layout.AUDIT.read(folder)
    yield [_file(folder, n, digest, "drawn") for n, digest in about["digests"].items()]
    yield [_check("the sample is what seed and strata draw", lambda: _redrawn(folder, about))]
    yield [_check("the estimates follow from the answers", lambda: _rescored(folder, told))]
    maps = zip("ab", about["maps"].items(), strict=False)
    yield [_map(folder, models, side, name, digests) for side, (name, digests) in maps]


def _check(what: str, test: Callable[[], str]) -> Check:
    try:
        fault = test()
    except (CropdashError, OSError, KeyError, TypeError, ValueError) as error:
        return Check(what, False, str(error))
    return Check(what, not fault, fault)


def _file(folder: Path, name: str, digest: str, word: str) -> Check:
    def test() -> str:
        return "" if atomic.checksum(folder / name) == digest else "it was changed since"

    return _check(f"{name} is the file that was {word}", test)


def _redrawn(folder: Path, about: dict[str, Any]) -> str:
    frame = score.read_frame(folder)
    sizes = np.bincount(frame["stratum"], minlength=len(about["strata"])).tolist()
    if sizes != [row["parcels"] for row in about["strata"]]:
        return "the strata hold other numbers of parcels"
    counts = [row["drawn"] for row in about["strata"]]
    again = design.draw(draw.keys(frame), frame["stratum"], counts, about["seed"])
    return "" if (again == frame["drawn"]).all() else "other parcels would have been drawn"


def _rescored(folder: Path, told: dict[str, Any]) -> str:
    again = score.results(folder)
    return "" if _close(again, told["results"]) else "the numbers come out differently"


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_close(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_close, one, other))
    if isinstance(one, float | int) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)
    return bool(one == other)


def _map(folder: Path, models: Path | None, side: str, name: str, digests: dict[str, str]) -> Check:
    """Whether the run is here, its files are those of the audit, and the frame says what they say."""
    what = f"map {name} is the one that was audited"
    if name == DECLARED:
        return Check(what, None, "what is declared is in frame.parquet")
    try:
        run = runs.find(models, name) if models is not None else None
    except RunNotFound:
        run = None
    if run is None:
        return Check(what, None, "the run is not here")
    found = run
    return _check(what, lambda: _audited(folder, found, side, digests))


def _audited(folder: Path, run: runs.RunFolder, side: str, digests: dict[str, str]) -> str:
    now = draw.digests_of_map(run, list(digests))
    if changed := [zone for zone in digests if now[zone] != digests[zone]]:
        return f"other answers in {', '.join(changed)}"
    for zone, rows in score.read_frame(folder).groupby("zone_id"):
        said = run.parcel_prediction(str(zone)).set_index("parcel_id")["predicted"]
        if not (rows["parcel_id"].map(said) == rows[side]).all():
            return f"the frame says something else of {zone}"
    return ""
