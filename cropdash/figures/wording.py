"""Words and numbers inside figures, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence

from cropdash import i18n
from cropdash.domain import Legend, Level, Period
from cropdash.i18n import label, say, sentence

# Regions of the seed's zones, which the simulated landscape has too.
_REGIONS = {
    "nord_picardie": sentence("Nord-Picardie"),
    "paris_basin": sentence("Paris Basin"),
    "brittany": sentence("Brittany"),
    "southwest": sentence("Southwest"),
    "southeast": sentence("Southeast"),
    "massif_central": sentence("Massif Central"),
    "alsace": sentence("Alsace"),
    "mediterranean": sentence("Mediterranean"),
}
# What is said by its key: units, axes, learning curves.
_TERMS = {
    "declared": sentence("Declared"),
    "predicted": sentence("Predicted"),
    "pixel": sentence("pixels"),
    "parcel": sentence("parcels"),
    "hectare": sentence("ha"),
    "epoch": sentence("Epoch"),
    "trees": sentence("Trees"),
    "loss": sentence("Loss"),
    "scores": sentence("Validation scores"),
    "learning_rate": sentence("Learning rate"),
    "train_loss": sentence("Training"),
    "validation_loss": sentence("Validation"),
    "validation_accuracy": sentence("Accuracy"),
    "validation_macro_f1": sentence("Macro F1"),
    "pixels_axis": sentence("Pixels (log scale)"),
    "hectares_axis": sentence("Hectares (log scale)"),
    "parcels_axis": sentence("Parcels (log scale)"),
    "train": sentence("Train zones"),
    "test": sentence("Test zones"),
}

_MONTHS = (
    sentence("January"),
    sentence("February"),
    sentence("March"),
    sentence("April"),
    sentence("May"),
    sentence("June"),
    sentence("July"),
    sentence("August"),
    sentence("September"),
    sentence("October"),
    sentence("November"),
    sentence("December"),
)
_GROUPS = {
    "unspecified": sentence("Unspecified"),
    "vegetable": sentence("Vegetable"),
    "winter_cereal": sentence("Winter cereal"),
    "spring_cereal": sentence("Spring cereal"),
    "summer_cereal": sentence("Summer cereal"),
    "grassland": sentence("Grassland"),
    "fallow_buffer": sentence("Fallow buffer"),
    "root_crop": sentence("Root crop"),
    "mixed_crop": sentence("Mixed crop"),
    "oilseed_fibre": sentence("Oilseed fibre"),
    "grain_legume": sentence("Grain legume"),
    "perennial_industrial": sentence("Perennial industrial"),
    "forage_legume": sentence("Forage legume"),
    "maize": sentence("Maize"),
    "orchard": sentence("Orchard"),
    "barley": sentence("Barley"),
    "vineyard": sentence("Vineyard"),
    "arable": sentence("Arable"),
    "permanent_crop": sentence("Permanent crop"),
    "other": sentence("Other"),
}


def term(key: str) -> str:
    """The text of a unit, an axis or a learning curve by its key."""
    return say(_TERMS[key])


def group_labels(legend: Legend, level: Level) -> tuple[str, ...]:
    """Readable names of the groups of a level, in the order of `legend.groups(level)`."""
    if level == "class":
        return tuple(label(crop) for crop in legend.classes)
    return tuple(group_label(name) for name in legend.groups(level))


def shorten(label: str, length: int = 26) -> str:
    """A label that fits an axis: without what stands in brackets, then cut at a word."""
    short = label.split(" (")[0]
    if len(short) <= length:
        return short
    cut = short[: length - 1]
    return (cut.rsplit(" ", 1)[0] if " " in cut else cut).rstrip(" ,;") + "…"


def shorten_all(labels: Sequence[str], length: int = 26) -> list[str]:
    """Short labels that stay apart: where two would be the same, they are cut later."""
    short = [shorten(label, length) for label in labels]
    longest = max(map(len, labels), default=0)
    while length < longest and len(set(short)) < len(set(labels)):
        length += 2
        short = [
            shorten(label, length) if short.count(brief) > 1 else brief
            for label, brief in zip(labels, short, strict=True)
        ]
    return short


def number(value: float) -> str:
    """Thousands separated as the language does; one decimal for small areas."""
    return i18n.number(value, ",.0f" if value == round(value) or abs(value) >= 100 else ",.1f")


def percent(share: float) -> str:
    """A share as per cent with one decimal: '12.3 %'."""
    return i18n.number(100 * share, ".1f") + " %"


def period(value: Period | str) -> str:
    """'May 2023', '11–20 May 2023' or '17 January – 1 February 2023', in the reader's language."""
    shown = Period.of(value)
    last = f"{say(_MONTHS[shown.end.month - 1])} {shown.end.year}"
    if shown.is_month:
        return last
    if (shown.start.year, shown.start.month) == (shown.end.year, shown.end.month):
        return f"{shown.start.day}–{shown.end.day} {last}"
    first = f"{shown.start.day} {say(_MONTHS[shown.start.month - 1])}"
    return f"{first} – {shown.end.day} {last}"


def place(name: str) -> str:
    """Readable name of a region or a zone: 'paris_basin_1' as 'Paris Basin 1'."""
    region, _, which = name.rpartition("_")
    if name in _REGIONS:
        return say(_REGIONS[name])
    if region in _REGIONS and which.isdigit():
        return f"{say(_REGIONS[region])} {which}"
    return name.replace("_", " ").strip().capitalize()


def group_label(name: str) -> str:
    """Readable name of a level-2 or level-1 group."""
    return say(_GROUPS.get(name) or name.replace("_", " ").capitalize())
