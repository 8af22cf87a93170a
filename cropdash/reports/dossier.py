"""A dossier: one parcel on a page or two, for a reader who has nothing else at hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cropdash.figures import reasons, wording
from cropdash.i18n import headed, inside, label, number, other_label, probability, say
from cropdash.reports import parcel_pictures
from cropdash.reports.document import (
    Beside,
    Document,
    Facts,
    Heading,
    Part,
    Table,
    Text,
)
from cropdash.reports.evidence import Answer, Case

_TOP = 3  # most probable classes of each run


@dataclass(frozen=True)
class Decided:
    """A word of the parcel's history."""

    when: str
    who: str
    what: str
    note: str


def document(
    cases: Sequence[Case],
    bands: pd.DataFrame,
    histories: Sequence[Sequence[Decided]],
    checked: Sequence[str],
    on: dt.date,
    by: str,
) -> Document:
    """Dossiers of some parcels of one dataset, each on pages of its own.

    bands: NDVI seasons by class (see `summaries.seasons`); histories: what was decided of each, the
    last first; checked: for each, how often such a confusion was right where somebody looked.
    """
    first = cases[0]
    parts: list[Part] = []
    for case, history, sentence in zip(cases, histories, checked, strict=True):
        parts += _parts(case, bands, history, sentence)
        parts += [
            Heading(say("What this does not say")),
            Text(_limits(case), listed=True, small=True),
        ]
        parts += [Text([_made(case, on, by)], small=True)]
    own = first.row["register_id"]
    title = (
        say("Parcel {id}", id=own)
        if len(cases) == 1
        else say("{n} parcels of {dataset}", n=number(len(cases)), dataset=first.description.name)
    )
    foot = f"cropdash · {first.description.name} · {on.isoformat()}"
    return Document(title, parts, foot)


def _parts(case: Case, bands: pd.DataFrame, history: Sequence[Decided], checked: str) -> list[Part]:
    called = [label(crop) for crop in case.legend.classes]
    row = case.row
    title = say(
        "Parcel {id} in {zone}", id=row["register_id"], zone=wording.place(case.zone.zone_id)
    )
    evidence = dict(case.found) | {"n_pixels": row["n_pixels"], "usual": float("nan")}
    for i, answer in enumerate(case.answers):
        evidence[f"named_{i}"] = int(answer.probabilities.argmax())
    told = reasons.reasons(evidence, parcel_pictures.names(case), called)
    told += [
        _usual(case, answer, name, called)
        for answer, name in zip(case.answers, parcel_pictures.names(case), strict=True)
    ]
    return [
        Heading(title, page=True),
        Beside([
            [Facts(_facts(case, called))],
            [Heading(headed(say("Light"), reasons.light(str(case.found["light"])))),
             Text([*told, checked], listed=True)],
        ]),
        parcel_pictures.year(case, bands, called),
        *parcel_pictures.months(case),
        Beside([
            [_probabilities(case, called)],
            [_neighbours(case, called)],
        ]),
        *parcel_pictures.inside(case, called),
        *_history(history),
    ]  # fmt: skip


def _facts(case: Case, called: Sequence[str]) -> list[tuple[str, str]]:
    row = case.row
    crop, code = case.legend.classes[int(row["crop"])], case.legend.codes.get(str(row["code"]))
    declared = " · ".join(filter(None, (label(crop), other_label(crop))))
    centre = case.outline.representative_point()
    last = say("not known") if case.last_crop is None else called[case.last_crop]
    seen = probability(case.share_seen)
    return [
        (say("Register id"), str(row["register_id"])),
        (say("Declared"), declared),
        (say("Code"), f"{row['code'] or '–'}{f' ({label(code)})' if code and code.labels else ''}"),
        (say("Suggested"), called[int(case.found["suggested"])]),
        (say("Area"), f"{number(row['area_ha'], ',.2f')} ha"),
        (
            say("Pixels"),
            say("{n} of 10 m, {share} of the parcel", n=number(int(row["n_pixels"])), share=seen),
        ),
        (say("Crop of the year before"), last),
        (say("Season"), wording.season(case.description.season)),
        (
            say("Place"),
            f"{case.zone.grid.crs}, {number(centre.x, '.0f')} E, {number(centre.y, '.0f')} N",
        ),
        (say("Learned there"), _learned(case)),
    ]


def _learned(case: Case) -> str:
    return (
        say("The runs learned from this zone")
        if case.zone.split == "train"
        else say("The zone was held out")
    )


def _usual(case: Case, answer: Answer, name: str, called: Sequence[str]) -> str:
    declared, other = (inside(called[int(case.found[key])]) for key in ("declared", "suggested"))
    if not answer.called:
        return say("{model} calls no scored parcel {other}.", model=name, other=other)
    return say(
        "Scored parcels that {model} calls {other}: {n}, of which {hits} are declared {declared}. Scored "
        "parcels declared {declared}: {m}, of which it calls {hits} {other}.",
        n=number(answer.called), model=name, other=other, hits=number(answer.called_declared),
        declared=declared, m=number(answer.declared),
    )  # fmt: skip


def _probabilities(case: Case, called: Sequence[str]) -> Table:
    both = [a.probabilities for a in case.answers]
    wanted = {int(k) for p in both for k in np.argsort(-p, kind="stable")[:_TOP] if p[k] > 0}
    wanted |= {int(case.found["declared"])} - {0}
    order = sorted(wanted, key=lambda k: -max(float(p[k]) for p in both))
    declared = int(case.found["declared"])
    rows = [
        [
            called[k] + (f" ({say('declared')})" if k == declared else ""),
            *(probability(float(p[k])) for p in both),
        ]
        for k in order
    ]
    return Table(
        [say("Class"), *parcel_pictures.names(case)],
        rows,
        say("Probable, mean over the parcel's pixels"),
    )


def _neighbours(case: Case, called: Sequence[str]) -> Table | Text:
    if not len(case.neighbours):
        return Text([say("No other declared parcel lies beside it.")])
    rows = [
        [str(r["register_id"]), called[int(r["crop"])], number(float(r["area_ha"]), ",.2f")]
        for r in case.neighbours.to_dict("records")
    ]
    return Table(
        [say("Neighbour"), say("Declared"), say("Area [ha]")], rows, say("Beside it"), left=2
    )


def _history(history: Sequence[Decided]) -> list[Part]:
    if not history:
        return [Heading(say("Decision")), Text([say("Nothing was decided on this parcel.")])]
    head = [say("When"), say("Who"), say("Decision"), say("Note")]
    rows = [[h.when, h.who, h.what, h.note] for h in history]
    return [Heading(say("Decision")), Table(head, rows, left=4)]


def _limits(case: Case) -> list[str]:
    told = [
        say(
            "A light is a reason to look, not a verdict: what is declared may be right where models err."
        ),
        say(
            "A pixel is 10 m wide: strips and corners narrower than that are mixed with what lies beside."
        ),
    ]
    if case.share_seen < 0.995:
        told.append(
            say("Only {share} of the parcel lies in the zone or holds whole pixels; the rest was not seen.",
                share=probability(case.share_seen))
        )  # fmt: skip
    for answer, name in zip(case.answers, parcel_pictures.names(case), strict=True):
        if answer.dissimilarity is None:
            told.append(
                say(
                    "{model} does not know how far the parcel lies from what it learned.",
                    model=name,
                )
            )
        elif answer.dissimilarity > 1:
            told.append(
                say("The parcel lies outside of what {model} may be believed on ({value} of 1).",
                    model=name, value=number(answer.dissimilarity, ".2f"))
            )  # fmt: skip
        else:
            told.append(
                say("The parcel lies within what {model} may be believed on ({value} of 1).",
                    model=name, value=number(answer.dissimilarity, ".2f"))
            )  # fmt: skip
    return told


def _made(case: Case, on: dt.date, by: str) -> str:
    runs = ", ".join(
        headed(name, a.run.run_id)
        for a, name in zip(case.answers, parcel_pictures.names(case), strict=True)
    )
    told = say(
        "Made {date} by {who} from dataset {dataset} ({title}), fingerprint {mark}; runs {runs}.",
        date=on.isoformat(), who=by, dataset=case.description.name,
        title=say(case.description.title), mark=case.fingerprint, runs=runs,
    )  # fmt: skip
    return f"{told} {say(wording.CREDIT)}"
