"""The certificate of an audit as a page: what was drawn from what, what was found, how to verify it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cropdash.domain import Legend
from cropdash.domain.errors import DamagedFile
from cropdash.i18n import label, number, say, sentence
from cropdash.reports.document import Document, Facts, Heading, Part, Table, Text
from cropdash.settings.reports import DECLARED
from cropdash.storage import layout

_DESIGNS = {
    "simple": sentence("A simple random sample"),
    "class": sentence("Stratified by mapped class"),
    "disagreement": sentence("Stratified by whether the two maps agree"),
}


def document(
    told: Mapping[str, Any], about: Mapping[str, Any], digest: str, legend: Legend
) -> Document:
    """told: certificate.json; about: audit.json; digest: SHA-256 of certificate.json."""
    counts, results = told["counts"], told["results"]
    facts = [
        (say("Audit"), str(told["audit"])),
        (say("Dataset"), f"{about['dataset']} ({about['dataset_fingerprint']})"),
        (say("Maps"), ", ".join(map(called, about["maps"]))),
        (say("Zones"), ", ".join(about["zones"])),
        (say("Sample"), say(_DESIGNS[about["design"]])),
        (say("Random seed"), str(about["seed"])),
        (say("Answered"), say("{n} of {all} drawn parcels", n=number(counts["answered"]), all=number(counts["drawn"]))),
        (say("Left out"), say("{n} answers on parcels that were not drawn", n=number(counts["not_sampled"]))),
        *_decided(about),
        (say("Certified"), say("{date} by {who}", date=told["certified_on"], who=told["certified_by"])),
    ]  # fmt: skip
    strata = [
        [
            str(row["name"]),
            number(row["parcels"]),
            number(row["hectares"], ",.1f"),
            number(row["drawn"]),
        ]
        for row in about["strata"]
    ]
    head = [say("Stratum"), say("Parcels"), say("Hectares"), say("Drawn")]
    parts: list[Part] = [
        Heading(say("Certificate of an audit"), page=True), Facts(facts), Table(head, strata),
        *(part for each in results["maps"] for part in _map(each, legend)),
        *_paired(results["paired"], list(about["maps"])),
        Heading(say("Verify it")), Text(_how(told), listed=True),
        Table([say("File"), "SHA-256"], [[name, d] for name, d in
              [*told["digests"].items(), (layout.CERTIFICATE.file, digest)]], left=2),
        *_digests(about),
    ]  # fmt: skip
    return Document(
        say("Certificate of an audit"),
        parts,
        f"cropdash · {told['audit']} · {told['certified_on']}",
    )


def _decided(about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the estimate says nothing of, where anything was decided before the draw."""
    told = about["decided"]
    if not told or not told["parcels"]:
        return []
    said = say(
        "{n} parcels ({ha} ha) that were decided before the draw: the estimates are of all others",
        n=number(told["parcels"]), ha=number(told["hectares"], ",.1f"),
    )  # fmt: skip
    return [(say("Not audited"), said)]


def called(name: str) -> str:
    """A map's name: a run's id, or what is declared."""
    return say("what is declared") if name == DECLARED else name


def share(found: Mapping[str, Any], prefix: str = "") -> str:
    """A share with its interval; a dash for what the sample lacks."""
    value, low, high = (found[f"{prefix}{end}"] for end in ("value", "low", "high"))
    if value is None:
        return "–"
    return f"{number(value, '.1%')} [{number(low, '.1%')}; {number(high, '.1%')}]"


def heading(found: Mapping[str, Any]) -> str:
    """How much of a map is right, in a sentence."""
    return say(
        "{map}: {parcels} of the parcels and {hectares} of the hectares are right",
        map=called(found["map"]), parcels=share(found["parcel"]), hectares=share(found["hectare"]),
    )  # fmt: skip


def _map(found: Mapping[str, Any], legend: Legend) -> list[Part]:
    head = [
        say("Class"), say("User's accuracy"), say("Producer's accuracy"), say("Mapped [ha]"),
        say("Area [ha]"),
    ]  # fmt: skip
    return [Heading(heading(found)), Table(head, class_rows(found, legend))]


def class_rows(found: Mapping[str, Any], legend: Legend) -> list[list[str]]:
    """Name, user's and producer's accuracy by parcel, hectares mapped and estimated, largest first.

    Raises DamagedFile for a class that the legend does not know.
    """
    if any(row["class_id"] >= legend.n_classes for row in found["classes"]):
        raise DamagedFile(
            "{a} names classes that the dataset's legend does not know: score the audit again.",
            a=layout.CERTIFICATE.file,
        )
    return [
        [label(legend.classes[row["class_id"]]), share(row, "users_"), share(row, "producers_"),
         number(row["mapped_ha"], ",.1f"),
         f"{number(row['area_value'], ',.1f')} [{number(row['area_low'], ',.1f')}; "
         f"{number(row['area_high'], ',.1f')}]"]
        for row in sorted(found["classes"], key=lambda row: -row["area_value"])
    ]  # fmt: skip


def _paired(found: Mapping[str, Any] | None, names: list[str]) -> list[Part]:
    return (
        [] if found is None else [Heading(say("Which map is better")), Text([better(found, names)])]
    )


def better(found: Mapping[str, Any], names: list[str]) -> str:
    """Which of two maps is better, in a sentence."""
    return say(
        "Only {first} is right on {a} sampled parcels, only {second} on {b}: {first} is right on {gap} "
        "points more of all parcels [{low}; {high}]; sign test of equal maps, p\u00a0=\u00a0{p}.",
        first=called(names[0]), second=called(names[1]), a=number(found["only_a"]), b=number(found["only_b"]),
        gap=number(100 * found["difference"], "+.1f"), low=number(100 * found["low"], "+.1f"),
        high=number(100 * found["high"], "+.1f"), p=number(found["p_value"], ".2g"),
    )  # fmt: skip


def _how(told: Mapping[str, Any]) -> list[str]:
    return [
        say("The audit's folder holds all that is needed: python -m cropdash audit verify {folder}", folder=told["audit"]),
        say("It takes the digests again, draws the same sample from the seed, and estimates from the answers."),
        say("Where the runs are at hand, their answers are held against those that were audited."),
        say("In brackets the 95 % interval, of a random sample of the predicted zones' parcels that hold a pixel."),
    ]  # fmt: skip


def _digests(about: Mapping[str, Any]) -> list[Part]:
    return [
        Table([called(name), "SHA-256"], [[zone, d] for zone, d in digests.items()], left=2)
        for name, digests in about["maps"].items() if digests
    ]  # fmt: skip
