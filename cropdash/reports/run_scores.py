"""The numbers of a run's report, or of two: scores, matrices, classes, calibration, areas."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cropdash import evaluate
from cropdash.domain import Legend
from cropdash.domain.errors import NotEnoughData
from cropdash.evaluate import UNITS, Confusion, Unit
from cropdash.figures import printed, wording
from cropdash.i18n import label, number, probability, say, sentence
from cropdash.reports.document import Heading, Part, Picture, Table, Text
from cropdash.storage.store import Description, RunInfo, Store

_UNITS = {
    "pixel": sentence("Pixels"), "parcel": sentence("Parcels"), "hectare": sentence("Hectares"),
}  # fmt: skip
_SCORES = {
    "accuracy": sentence("Accuracy"), "macro_f1": sentence("Macro F1"),
    "weighted_f1": sentence("Weighted F1"), "kappa": sentence("Kappa"),
}  # fmt: skip
_TOP, _DRAWS = 20, 1000  # classes of a matrix; ways to exchange
DASH = "–"


@dataclass(frozen=True, eq=False)
class Told:
    """What a report is made from."""

    store: Store
    about: Description
    legend: Legend
    runs: tuple[RunInfo, ...]
    names: tuple[str, ...]
    zones: tuple[str, ...]  # test zones that all runs were scored on

    def counted(
        self, run: RunInfo, unit: Unit, *, background: bool = False
    ) -> dict[str, Confusion]:
        """A matrix for each test zone."""
        return evaluate.per_zone(
            self.store.confusions(run.run_id), self.legend.n_classes, unit=unit, zones=self.zones,
            include_background=background,
        )  # fmt: skip

    def total(self, run: RunInfo, unit: Unit) -> Confusion:
        """Their sum."""
        return evaluate.from_table(
            self.store.confusions(run.run_id), self.legend.n_classes, unit=unit, zones=self.zones
        )


def scores(told: Told) -> list[Part]:
    """Scores by unit with their intervals, and of two runs the differences."""
    out: list[Part] = [Heading(say("Scores"))]
    for run, name in zip(told.runs, told.names, strict=True):
        rows = []
        for unit in UNITS:
            total, bounds = told.total(run, unit), _intervals(told, run, unit)
            values = {key: getattr(total, key, None) for key in _SCORES}
            cells = [_with(bounds.get(key), values[key]) for key in _SCORES]
            over = int((total.support > 0).sum())
            rows.append([say(_UNITS[unit]), number(round(total.n_scored)), number(over), *cells])
        head = [
            say("Unit"),
            say("Scored"),
            say("Classes"),
            *(say(word) for word in _SCORES.values()),
        ]
        out.append(Table(head, rows, f"{name} · {run.run_id}"))
    out.append(Text([_counted(told)], small=True))
    if len(told.runs) == 2:
        out += _differences(told)
    return out


def _intervals(told: Told, run: RunInfo, unit: Unit) -> dict[str, Any]:
    try:
        return dict(
            evaluate.intervals(told.counted(run, unit), rng=np.random.default_rng(0), draws=_DRAWS)
        )
    except NotEnoughData:
        return {}


def _with(found: Any, value: float | None) -> str:
    shown = found.value if found is not None else value
    if shown is None or shown != shown:
        return DASH
    if found is None or found.low != found.low:
        return number(shown, ".3f")
    return f"{number(shown, '.3f')} [{number(found.low, '.3f')}; {number(found.high, '.3f')}]"


def _counted(told: Told) -> str:
    return say(
        "Crop pixels, parcels and hectares of {zones}; background is not scored. Macro scores average over "
        "the classes that occur there. In brackets the 95 % interval over zones; none where they are too "
        "few.",
        zones=", ".join(wording.place(zone) for zone in told.zones),
    )  # fmt: skip


def _differences(told: Told) -> list[Part]:
    left, right = (told.counted(run, "parcel") for run in told.runs)
    try:
        one, two = (told.store.calibration(run.run_id) for run in told.runs)
        pairs = evaluate.pair(*(t[t["zone_id"].isin(told.zones)] for t in (one, two)))
        found = evaluate.differences(
            left, right, rng=np.random.default_rng(0), pairs=pairs, draws=_DRAWS
        )
    except NotEnoughData:
        return []
    rows = [
        [say(word), number(d.left, ".3f"), number(d.right, ".3f"), number(d.value, "+.3f"),
         f"[{number(d.low, '+.3f')}; {number(d.high, '+.3f')}]", number(d.p_value, ".2g")]
        for key, word in _SCORES.items() if (d := found[key])
    ]  # fmt: skip
    head = [say("Score"), *told.names, say("Difference"), say("95 % interval"), "p"]
    return [
        Table(
            head,
            rows,
            say("Parcels: {left} minus {right}", left=told.names[0], right=told.names[1]),
        )
    ]


def matrices(told: Told) -> list[Part]:
    """Confusion matrices of the commonest classes."""
    both = [told.total(run, "parcel") for run in (told.runs[0], told.runs[-1])]
    names = (told.names[0], told.names[-1])
    counted = say("parcels of the held-out zones")
    drawn = printed.matrices(both[0], both[1], names, told.legend, counted, top_k=_TOP)
    wanted = ["matrix_a"] if len(told.runs) == 1 else ["matrix_a", "matrix_b", "matrix_difference"]
    files = printed.files({name: drawn[name] for name in wanted if name in drawn})
    shown: list[Part] = [
        Picture(files[f"{name}.svg"], say("Confusion matrix"), width="66%")
        for name in wanted if f"{name}.svg" in files
    ]  # fmt: skip
    about = say(
        "Rows are what is declared, columns what is named; each row is 100 %. The {n} commonest classes; the "
        "others together.", n=number(_TOP),
    )  # fmt: skip
    return [Heading(say("Confusion matrices")), Text([about], small=True), *shown]


def classes(told: Told) -> list[Part]:
    """Precision, recall and F1 by class."""
    totals = [told.total(run, "parcel") for run in told.runs]
    there = np.flatnonzero(totals[0].support > 0)
    order = sorted(there, key=lambda k: -totals[0].support[k])
    rows = []
    for k in order:
        cells = [
            share(getattr(total, name)[k])
            for total in totals
            for name in ("precision", "recall", "f1")
        ]
        rows.append([label(told.legend.classes[k]), number(round(totals[0].support[k])), *cells])
    words = (say("precision"), say("recall"), "F1")
    head = [
        say("Class"),
        say("Parcels"),
        *(f"{n} {w}" if len(totals) > 1 else w for n in told.names for w in words),
    ]
    return [Heading(say("By class")), Table(head, rows)]


def calibration(told: Told) -> list[Part]:
    """How honest the confidence is."""
    tables, errors, sets = {}, {}, []
    for run, name in zip(told.runs, told.names, strict=True):
        decided = told.store.calibration(run.run_id)
        decided = decided[decided["zone_id"].isin(told.zones)]
        tables[name] = evaluate.reliability(decided["confidence"], decided["correct"])
        errors[name] = evaluate.calibration_error(decided["confidence"], decided["correct"])
        if run.scores and (found := run.scores.test.sets):
            sets.append(
                say("Sets of {model} hold what is declared for {held} of {n} parcels where {asked} is asked.",
                    model=name, held=probability(found.covered), n=number(found.parcels),
                    asked=probability(found.promised))
            )  # fmt: skip
    title = say(
        "Share of parcels that are right by confidence, {zones}", zones=say("held-out zones")
    )
    drawn = printed.files(printed.reliability(tables, errors, title))["reliability.svg"]
    ece = [
        say("{model}: expected calibration error {value}.", model=n, value=number(e, ".3f"))
        for n, e in errors.items()
    ]
    return [
        Heading(say("Calibration")),
        Picture(drawn, title, width="58%"),
        Text([*ece, *sets], listed=True),
    ]


def areas(told: Told) -> list[Part]:
    """Hectares declared and mapped, by class."""
    totals = [
        evaluate.from_table(
            told.store.confusions(run.run_id), told.legend.n_classes, unit="hectare", zones=told.zones,
            include_background=True,
        )
        for run in told.runs
    ]  # fmt: skip
    there = [k for k in range(1, told.legend.n_classes)
             if totals[0].support[k] or any(t.predicted_total[k] for t in totals)]  # fmt: skip
    order = sorted(there, key=lambda k: -totals[0].support[k])
    rows = [
        [label(told.legend.classes[k]), _hectares(totals[0].support[k]),
         *(_hectares(t.predicted_total[k]) for t in totals)]
        for k in order
    ]  # fmt: skip
    about = say(
        "Hectares of parcels of the held-out zones, those of unmapped crops too: counted from the map, with its "
        "errors. Areas with intervals need an audit.",
    )  # fmt: skip
    head = [say("Class"), say("Declared [ha]"), *(f"{name} [ha]" for name in told.names)]
    return [Heading(say("Areas")), Text([about], small=True), Table(head, rows)]


def share(value: float) -> str:
    """A share as text; a dash for none."""
    return DASH if value != value else number(float(value), ".3f")


def _hectares(value: float) -> str:
    return number(float(value), ",.1f")
