"""What the evidence says, in words."""

from __future__ import annotations

from collections.abc import Sequence

from cropdash.domain import Level
from cropdash.evaluate import suspicion
from cropdash.figures import reasons as told
from cropdash.figures import wording
from cropdash.i18n import label
from cropdash.ui.shell import data
from cropdash.ui.shell.literal import literal

LIGHTS = {
    suspicion.RED: ("red", "●"),
    suspicion.AMBER: ("orange", "●"),
    suspicion.GREEN: ("green", "●"),
    suspicion.NONE: ("gray", "○"),
}
word = told.light  # its name


def light(name: str) -> str:
    """A coloured dot and a word, so that the colour is not all that tells the lights apart."""
    colour, dot = LIGHTS[name]
    return f":{colour}[{dot}] {word(name)}"


def names(dataset: str, level: Level) -> list[str]:
    """Readable name of each class or group."""
    table = data.legend(dataset)
    if level == "class":
        return wording.shorten_all([label(item) for item in table.classes], 60)
    return list(wording.group_labels(table, level))


def reasons(case: told.Case, models: Sequence[str], called: Sequence[str]) -> list[str]:
    """The evidence on one parcel as sentences that are read as Markdown; `called` are `names`."""
    return told.reasons(case, models, [literal(name) for name in called])
