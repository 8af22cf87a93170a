"""Two runs: which ones a page opens with, their names, what they say of one zone."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Labels, Prediction, Zone
from cropdash.i18n import date, number, say
from cropdash.settings import classifiers
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import address, data

NONE = "none"  # in the address: no second run
_BOX: dict[str, Any] = {"label_visibility": "collapsed", "width": 245}


@dataclass(frozen=True)
class Pair:
    """Two runs on one zone."""

    dataset: str
    zone: Zone
    runs: tuple[RunInfo, RunInfo]

    @property
    def names(self) -> tuple[str, str]:
        """How the two runs are called side by side."""
        first, second = names_of(self.runs)
        return first, second

    @property
    def mark(self) -> str:
        """Changes with all that the pair's pictures and tables are made from."""
        runs = "+".join(f"{r.run_id}@{r.status.finished}" for r in self.runs)
        return f"{self.dataset}/{self.zone.zone_id}/{data.fingerprint(self.dataset)}/{runs}"

    @property
    def fits(self) -> bool:
        """Whether both runs predicted the zone as it is built now, by the legend of now."""
        legend = data.legend(self.dataset).hash
        known = all(run.legend_hash == legend for run in self.runs)
        return known and all(p.grid == self.zone.grid for p in self.predictions)

    @property
    def labels(self) -> Labels:
        """What was declared in the zone."""
        return data.labels(self.dataset, self.zone.zone_id)

    @property
    def predictions(self) -> tuple[Prediction, Prediction]:
        """What the first and the second run say of the zone."""
        first, second = (data.prediction(r.run_id, self.zone.zone_id) for r in self.runs)
        return first, second


def partner(first: RunInfo, runs: Sequence[RunInfo]) -> RunInfo | None:
    """The run that is set beside the first unasked: the newest of another kind, else the newest
    other one; None where there is no other. `runs` are given newest first."""
    others = [run for run in runs if run.run_id != first.run_id]
    return next((r for r in others if r.classifier != first.classifier), next(iter(others), None))


def choose_runs(runs: Sequence[RunInfo], *, alone: str | None = None) -> list[RunInfo]:
    """Two select boxes that the address keeps as `left` and `right`: never the same run twice.

    They open with the newest run and its `partner`. With `alone`, the words for no second run,
    the second may be left out. One run comes back where there is no other, or no other is wanted.
    """
    known = {run.run_id: run for run in runs}
    said = labels(runs)
    first = known[
        address.choose(say("Run A"), "left", list(known), format_func=said.__getitem__, **_BOX)
    ]
    options = [run_id for run_id in known if run_id != first.run_id]
    if alone is not None:
        options, said = [*options, NONE], said | {NONE: alone}
    if not options:
        return [first]
    usual = partner(first, runs)
    second = address.choose(
        say("Run B"), "right", options, default=usual.run_id if usual else NONE,
        format_func=said.__getitem__, **_BOX,
    )  # fmt: skip
    return [first] if second == NONE else [first, known[second]]


def model_name(run: RunInfo) -> str:
    """The run's name if it has one, else the short name of its model."""
    return run.notes.name or classifiers.label(run.classifier)


def title(run: RunInfo) -> str:
    """The run's name with its id, or the id alone."""
    return f"{run.notes.name} ({run.run_id})" if run.notes.name else run.run_id


def names_of(runs: Sequence[RunInfo]) -> list[str]:
    """Short names of runs; numbered where they are the same."""
    found = [model_name(run) for run in runs]
    if len(set(found)) == len(found):
        return found
    return [f"{name} ({i})" for i, name in enumerate(found, start=1)]


def run_label(run: RunInfo) -> str:
    """Name or model, pixel accuracy, and what tells it apart: the model of a named run, else when it
    was trained. Short enough for a page's head."""
    accuracy = run.scores.test.pixel.accuracy if run.scores else None
    score = f" · {number(accuracy, '.3f')}" if accuracy is not None else ""
    home = f" · {run.config['dataset']}" if run.on else ""  # what it learned from
    if run.notes.name:
        return f"{run.notes.name}{score} · {classifiers.label(run.classifier)}{home}"
    return f"{model_name(run)}{score} · {_moment(run)}{home}"


def labels(runs: Sequence[RunInfo]) -> dict[str, str]:
    """Run id to `run_label`, with the time, and then the id, where two would be the same."""
    said = {run.run_id: run_label(run) for run in runs}
    for more in (_moment, lambda run: run.run_id):
        often = Counter(said.values())
        said |= {
            r.run_id: f"{said[r.run_id]} · {more(r)}" for r in runs if often[said[r.run_id]] > 1
        }
    return said


def _moment(run: RunInfo) -> str:
    """Day, month and time of training."""
    moment = dt.datetime.fromisoformat(run.created)
    return f"{date(moment, short=True)} {moment:%H:%M}"


def best(prediction: Prediction) -> NDArray[np.intp]:
    """(P,) most probable class of each parcel."""
    return np.asarray(prediction.parcel_probabilities.argmax(axis=1))
