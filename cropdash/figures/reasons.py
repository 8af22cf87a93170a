"""What the evidence on a parcel says, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from cropdash import i18n
from cropdash.domain import FEW_PIXELS, WHOLE
from cropdash.i18n import number, probability, say, sentence

Case: TypeAlias = "Mapping[str, Any] | pd.Series[Any]"

_LIGHTS = {
    "red": sentence("Red"), "amber": sentence("Amber"), "green": sentence("Green"),
    "none": sentence("Not judged"),
}  # fmt: skip


def light(name: str) -> str:
    """A light's name."""
    return say(_LIGHTS[name])


def reasons(case: Case, models: Sequence[str], called: Sequence[str]) -> list[str]:
    """The evidence on one parcel (see `suspicion.evidence`), one sentence each, the strongest first.

    `models` and `called` are the names of the runs and of the classes.
    """
    declared, other = called[int(case["declared"])], called[int(case["suggested"])]
    if not case["judged"]:
        return [say("{crop} was never seen in training: the models can't judge it.", crop=declared)]
    told = [
        say(
            "{declared} is {p} probable, {other} {q}.",
            declared=declared, p=probability(case["supported"]),
            other=i18n.inside(other), q=probability(case["likelihood"]),
        )
    ]  # fmt: skip
    told.append(_agreement(case, models, called))
    if case["sets"]:
        told.append(_sets(case, len(models)))
    if case["usual"] == case["usual"]:  # not NaN
        told.append(
            say(
                "Of {of} answers about scored parcels declared {declared}, {n} name {other} ({share}).",
                declared=i18n.inside(declared), share=probability(case["usual"]), other=i18n.inside(other),
                of=number(int(case["usual_of"])), n=number(int(case["usual_n"])),
            )
        )  # fmt: skip
    if case.get("share_in_zone", 1.0) < WHOLE:
        told.append(
            say(
                "{share} of the parcel lies in the zone; what the rest bears is not seen.",
                share=probability(case["share_in_zone"]),
            )
        )
    if case["n_pixels"] < FEW_PIXELS:
        told.append(
            say("It holds only {n} pixels: weak evidence.", n=number(int(case["n_pixels"])))
        )
    return told


def _agreement(case: Case, models: Sequence[str], called: Sequence[str]) -> str:
    if len(models) == 1:
        return say(
            "{model} names {crop}.", model=models[0], crop=i18n.inside(called[int(case["named_0"])])
        )
    one, two = (i18n.inside(called[int(case[f"named_{i}"])]) for i in range(2))
    if one == two:
        return say("Both models name {crop}.", crop=one)
    return say(
        "{first} names {one}, {second} {two}.", first=models[0], one=one, second=models[1], two=two
    )


def _sets(case: Case, models: int) -> str:
    if not case["outside"]:
        return say(
            "What was declared is in the class set. Of all parcels, 9 in 10 have what was declared "
            "in theirs."
        )
    if case["outside"] < models:
        return say(
            "One model's class set lacks it. Of all parcels, 9 in 10 have what was declared in "
            "their set."
        )
    return say(
        "It is not in the class set. Of all parcels, 9 in 10 have what was declared in their set."
    )
