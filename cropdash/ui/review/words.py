"""What the evidence says, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd

from cropdash.domain import Level
from cropdash.evaluate import suspicion
from cropdash.figures import wording
from cropdash.i18n import label, number, probability, say, sentence
from cropdash.ui.shell import data
from cropdash.ui.shell.literal import literal

LIGHTS = {
    suspicion.RED: ("red", "●", sentence("Red")),
    suspicion.AMBER: ("orange", "●", sentence("Amber")),
    suspicion.GREEN: ("green", "●", sentence("Green")),
    suspicion.NONE: ("gray", "○", sentence("Not judged")),
}
Case: TypeAlias = "Mapping[str, Any] | pd.Series[Any]"
FEW_PIXELS = 8  # parcels with fewer are weak evidence: most of their pixels mix two fields


def light(name: str) -> str:
    """A coloured dot and a word, so that the colour is not all that tells the lights apart."""
    colour, dot, _ = LIGHTS[name]
    return f":{colour}[{dot}] {word(name)}"


def word(name: str) -> str:
    """The light's name."""
    return say(LIGHTS[name][2])


def names(dataset: str, level: Level) -> list[str]:
    """Readable name of each class or group."""
    table = data.legend(dataset)
    if level == "class":
        return wording.shorten_all([label(item) for item in table.classes], 60)
    return list(wording.group_labels(table, level))


def reasons(case: Case, models: Sequence[str], called: Sequence[str]) -> list[str]:
    """The evidence on one parcel, one sentence each, the strongest first; `called` are `names`."""
    called = [literal(name) for name in called]  # a sentence is read as Markdown
    declared, other = called[int(case["declared"])], called[int(case["suggested"])]
    if not case["judged"]:
        return [say("{crop} was never seen in training: the models can't judge it.", crop=declared)]
    told = [
        say(
            "{declared} is {p} probable, {other} {q}.",
            declared=declared, p=probability(case["supported"]),
            other=other.lower(), q=probability(case["likelihood"]),
        )
    ]  # fmt: skip
    told.append(_agreement(case, models, called))
    if case["sets"]:
        told.append(_sets(case, len(models)))
    if case["usual"] == case["usual"]:  # not NaN
        told.append(
            say(
                "Of the scored parcels declared {declared}, {share} are called {other}.",
                declared=declared.lower(), share=probability(case["usual"]), other=other.lower(),
            )
        )  # fmt: skip
    if case["n_pixels"] < FEW_PIXELS:
        told.append(
            say("It holds only {n} pixels: weak evidence.", n=number(int(case["n_pixels"])))
        )
    return told


def _agreement(case: Case, models: Sequence[str], called: Sequence[str]) -> str:
    if len(models) == 1:
        return say(
            "{model} names {crop}.", model=models[0], crop=called[int(case["named_0"])].lower()
        )
    one, two = (called[int(case[f"named_{i}"])].lower() for i in range(2))
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
