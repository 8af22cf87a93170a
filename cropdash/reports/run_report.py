"""A report of a run, or of two beside each other: what its numbers are of, and what they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from cropdash import evaluate
from cropdash.domain import Legend, Period, Zone
from cropdash.domain.errors import ConfigError, InvalidRun, NotEnoughData
from cropdash.evaluate import UNITS, Confusion, Unit
from cropdash.figures import printed, printed_zones, wording
from cropdash.files import atomic
from cropdash.i18n import label, number, probability, retell, say, sentence
from cropdash.reports.document import (
    Beside,
    Document,
    Facts,
    Heading,
    Part,
    Picture,
    Strip,
    Table,
    Text,
)
from cropdash.settings import classifiers
from cropdash.settings.reports import RunReport
from cropdash.storage.store import Description, RunInfo, Store

_UNITS = {
    "pixel": sentence("Pixels"), "parcel": sentence("Parcels"), "hectare": sentence("Hectares"),
}  # fmt: skip
_SCORES = {
    "accuracy": sentence("Accuracy"), "macro_f1": sentence("Macro F1"),
    "weighted_f1": sentence("Weighted F1"), "kappa": sentence("Kappa"),
}  # fmt: skip
_TOP, _PICTURES, _DRAWS = 20, 2, 1000  # classes of a matrix; zones that are shown; ways to exchange
DASH = "–"


@dataclass(frozen=True, eq=False)
class _Told:
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
        return evaluate.per_zone(
            self.store.confusions(run.run_id), self.legend.n_classes, unit=unit, zones=self.zones,
            include_background=background,
        )  # fmt: skip

    def total(self, run: RunInfo, unit: Unit) -> Confusion:
        return evaluate.from_table(
            self.store.confusions(run.run_id), self.legend.n_classes, unit=unit, zones=self.zones
        )


def document(store: Store, order: RunReport, on: dt.date, by: str) -> Document:
    """The report of an order. Raises InvalidRun or ConfigError for runs that can't be reported."""
    ids = [order.run, *([order.against] if order.against else [])]
    runs = tuple(store.run(run_id) for run_id in ids)
    told = _Told(
        store, store.dataset(order.dataset).description, store.legend(order.dataset), runs,
        _names(runs), _zones(store, order.dataset, runs),
    )  # fmt: skip
    title = say("Report of run {run}", run=ids[0])
    if len(ids) == 2:
        title = say("Report of runs {run} and {other}", run=ids[0], other=ids[1])
    parts = [
        Heading(title, page=True),
        Text([_summary(told)]),
        *_data(told),
        *_scores(told),
        *_matrices(told),
        *_classes(told),
        *_calibration(told),
        *_areas(told),
        *_pictures(told),
        *_made(told, on, by),
    ]
    return Document(title, parts, f"cropdash · {' · '.join(ids)} · {on.isoformat()}")


def _names(runs: Sequence[RunInfo]) -> tuple[str, ...]:
    kinds = [say(classifiers.kind(run.classifier).label) for run in runs]
    if len(set(kinds)) == len(kinds):
        return tuple(kinds)
    return tuple(f"{kind} {letter}" for kind, letter in zip(kinds, "AB", strict=False))


def _zones(store: Store, dataset: str, runs: Sequence[RunInfo]) -> tuple[str, ...]:
    for run in runs:
        if run.dataset != dataset or run.legend_hash != store.legend(dataset).hash:
            raise InvalidRun(f"Run {run.run_id} is not of dataset {dataset}: name one that is.")
        if run.scores is None:
            raise InvalidRun(f"Run {run.run_id} has no scores yet: let it finish, or evaluate it.")
    shared = set.intersection(*(set(run.scores.test.zones) for run in runs if run.scores))
    if not shared:
        raise ConfigError(
            "The two runs were scored on different zones: choose two that share some."
        )
    return tuple(sorted(shared))


def _summary(told: _Told) -> str:
    of = [
        f"{name}: {_share(told.total(run, 'parcel').accuracy)}"
        for run, name in zip(told.runs, told.names, strict=True)
    ]
    return say(
        "Share of the {n} parcels with a mapped crop in {zones} held-out zones that is named as declared: "
        "{shares}.",
        n=number(round(told.total(told.runs[0], "parcel").n_scored)), zones=number(len(told.zones)),
        shares="; ".join(of),
    )  # fmt: skip


def _data(told: _Told) -> list[Part]:
    about, zones = told.about, told.store.zones(told.about.name)
    test = [z for z in zones if z.zone_id in told.zones]
    learned = [z for z in zones if z.split == "train"]
    facts = [
        (say("Dataset"), f"{about.name} ({retell(about.title)})"),
        (say("Fingerprint"), told.store.fingerprint(about.name)),
        (say("Season"), wording.season(about.season)),
        (say("Periods"), wording.cut(about.season).format(n=len(about.season.periods))),
        (say("Bands"), ", ".join(about.bands)),
        (say("Classes"), number(told.legend.n_classes - 1)),
        (say("Learned from"), say("{n} zones", n=number(len(learned)))),
        (say("Scored on"), ", ".join(wording.place(z.zone_id) for z in test)),
    ]
    drawn = Picture(printed_zones.places([*learned, *test]), say("Where the zones lie"))
    return [Heading(say("Data and split")), Beside([[Facts(facts)], [drawn]])]


def _scores(told: _Told) -> list[Part]:
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


def _intervals(told: _Told, run: RunInfo, unit: Unit) -> dict[str, Any]:
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


def _counted(told: _Told) -> str:
    return say(
        "Crop pixels, parcels and hectares of {zones}; background is not scored. Macro scores average over "
        "the classes that occur there. In brackets the 95 % interval over zones; none where they are too "
        "few.",
        zones=", ".join(wording.place(zone) for zone in told.zones),
    )  # fmt: skip


def _differences(told: _Told) -> list[Part]:
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


def _matrices(told: _Told) -> list[Part]:
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


def _classes(told: _Told) -> list[Part]:
    totals = [told.total(run, "parcel") for run in told.runs]
    there = np.flatnonzero(totals[0].support > 0)
    order = sorted(there, key=lambda k: -totals[0].support[k])
    rows = []
    for k in order:
        cells = [
            _share(getattr(total, name)[k])
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


def _calibration(told: _Told) -> list[Part]:
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


def _areas(told: _Told) -> list[Part]:
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


def _pictures(told: _Told) -> list[Part]:
    out: list[Part] = [Heading(say("Sample pictures"))]
    zones = {z.zone_id: z for z in told.store.zones(told.about.name)}
    for zone_id in told.zones[:_PICTURES]:
        zone: Zone = zones[zone_id]
        period = _greenest([p.id for p in told.about.season.periods], zone)
        cube = told.store.imagery(told.about.name, zone_id, [period])
        truth = told.store.labels(told.about.name, zone_id).crop
        said = [told.store.prediction(run.run_id, zone_id).crop for run in told.runs]
        shown = [
            Picture(
                printed_zones.photograph(cube, period),
                wording.period(period),
                wording.period(period),
            ),
            Picture(printed_zones.classes(truth, told.legend), say("Declared"), say("Declared")),
            *(
                Picture(printed_zones.classes(crop, told.legend), name, name)
                for crop, name in zip(said, told.names, strict=True)
            ),
        ]
        if len(said) == 2:
            apart = say("Where they differ")
            shown.append(Picture(printed_zones.apart(*said), apart, apart))
        out.append(Strip(shown, len(shown), wording.place(zone_id)))
    return out


def _greenest(periods: Sequence[str], zone: Zone) -> str:
    """That in which crops stand: nearest to the middle of May, or of November in the south."""
    month = 11 if "EPSG:327" in zone.grid.crs else 5
    return min(periods, key=lambda p: abs((Period.of(p).middle.month - month + 6) % 12 - 6))


def _made(told: _Told, on: dt.date, by: str) -> list[Part]:
    out: list[Part] = [Heading(say("What this does not say")), Text(
        [
            say("All parcels of the held-out zones are counted: it is a census of those zones, and no sample of a "
                "country."),
            say("What is declared is taken for the truth; an audit looks at parcels themselves."),
            say("A training repeated with another seed gives other numbers; read a difference of .01 as nothing."),
        ], listed=True, small=True,
    )]  # fmt: skip
    out.append(Heading(say("Manifest")))
    for run, name in zip(told.runs, told.names, strict=True):
        record = told.store.record(run.run_id)
        digests = [
            (
                f"predictions/{zone}.tif",
                atomic.checksum(told.store.prediction_path(run.run_id, zone))[:16],
            )
            for zone in told.zones
        ]
        facts = [
            (say("Run"), run.run_id), (say("Model"), name), (say("Started"), record.created[:16]),
            (say("Dataset's fingerprint"), record.dataset_fingerprint), (say("Legend"), record.legend_hash),
            (say("Commit"), record.git_commit[:12]),
            (say("Versions"), ", ".join(f"{k} {v}" for k, v in record.versions.items())),
            (say("Machine"), ", ".join(f"{k} {v}" for k, v in record.hardware.items())),
            (say("Settings"), ", ".join(f"{k}={v}" for k, v in record.config.items())),
            (say("SHA-256, begun"), ", ".join(f"{k} {v}" for k, v in digests)),
        ]  # fmt: skip
        out.append(Facts(facts))
    made = say("Made {date} by {who}.", date=on.isoformat(), who=by)
    return [*out, Text([f"{made} {say(wording.CREDIT)}"], small=True)]


def _share(value: float) -> str:
    return DASH if value != value else number(float(value), ".3f")


def _hectares(value: float) -> str:
    return number(float(value), ",.1f")
