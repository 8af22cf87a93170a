"""A report of a run, or of two beside each other: what its numbers are of, and what they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from cropdash.domain import Period, Zone
from cropdash.domain.errors import ConfigError, InvalidRun
from cropdash.figures import printed_zones, wording
from cropdash.files import atomic
from cropdash.i18n import headed, number, say
from cropdash.reports import run_scores
from cropdash.reports.document import (
    Beside,
    Document,
    Facts,
    Heading,
    Part,
    Picture,
    Strip,
    Text,
)
from cropdash.reports.run_scores import Told
from cropdash.settings import classifiers
from cropdash.settings.reports import RunReport
from cropdash.storage.store import RunInfo, Store

_PICTURES = 2  # zones that are shown


def document(store: Store, order: RunReport, on: dt.date, by: str) -> Document:
    """The report of an order. Raises InvalidRun or ConfigError for runs that can't be reported."""
    ids = [order.run, *([order.against] if order.against else [])]
    runs = tuple(store.run(run_id) for run_id in ids)
    told = Told(
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
        *run_scores.scores(told),
        *run_scores.matrices(told),
        *run_scores.classes(told),
        *run_scores.calibration(told),
        *run_scores.areas(told),
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
            raise InvalidRun(
                "Run {a} is not of dataset {b}: name one that is.", a=run.run_id, b=dataset
            )
        if run.scores is None:
            raise InvalidRun(
                "Run {a} has no scores yet: let it finish, or evaluate it.", a=run.run_id
            )
    shared = set.intersection(*(set(run.scores.test.zones) for run in runs if run.scores))
    if not shared:
        raise ConfigError(
            "The two runs were scored on different zones: choose two that share some."
        )
    return tuple(sorted(shared))


def _summary(told: Told) -> str:
    of = [
        headed(name, run_scores.share(told.total(run, "parcel").accuracy))
        for run, name in zip(told.runs, told.names, strict=True)
    ]
    return say(
        "Share of the {n} parcels with a mapped crop in {zones} held-out zones that is named as declared: "
        "{shares}.",
        n=number(round(told.total(told.runs[0], "parcel").n_scored)), zones=number(len(told.zones)),
        shares="; ".join(of),
    )  # fmt: skip


def _data(told: Told) -> list[Part]:
    about, zones = told.about, told.store.zones(told.about.name)
    test = [z for z in zones if z.zone_id in told.zones]
    learned = [z for z in zones if z.split == "train"]
    facts = [
        (say("Dataset"), f"{about.name} ({say(about.title)})"),
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


def _pictures(told: Told) -> list[Part]:
    out: list[Part] = [Heading(say("Sample pictures"))]
    zones = {z.zone_id: z for z in told.store.zones(told.about.name)}  # without what is damaged
    for zone_id in [z for z in told.zones if z in zones][:_PICTURES]:
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


def _made(told: Told, on: dt.date, by: str) -> list[Part]:
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
            *[(say("Also learned from"), f"{other} ({mark})")
              for other, mark in record.extra_fingerprints.items()],
            (say("Commit"), record.git_commit[:12]),
            (say("Versions"), ", ".join(f"{k} {v}" for k, v in record.versions.items())),
            (say("Machine"), ", ".join(f"{k} {v}" for k, v in record.hardware.items())),
            (say("Settings"), ", ".join(f"{k}={v}" for k, v in record.config.items())),
            (say("SHA-256, begun"), ", ".join(f"{k} {v}" for k, v in digests)),
        ]  # fmt: skip
        out.append(Facts(facts))
    made = say("Made {date} by {who}.", date=on.isoformat(), who=by)
    return [*out, Text([f"{made} {say(wording.CREDIT)}"], small=True)]
