"""What can lie on the map of two runs: declared, both models, agreement, imagery; as pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cropdash import i18n
from cropdash.domain import Bytes, Float, Level
from cropdash.figures import layers, maps
from cropdash.figures.layers import Indexed
from cropdash.i18n import headed, label, probability, say
from cropdash.ui.shell import data
from cropdash.ui.widgets import parcel_map as component
from cropdash.ui.widgets import pictures
from cropdash.ui.widgets.run_pair import Pair, best

MODELS = ("first", "second")
LAYERS = ("declared", *MODELS, "agreement", "imagery")


@dataclass(frozen=True)
class Look:
    """How the layers are drawn."""

    shows: str = "class"  # what models show: class or confidence
    unit: str = "parcel"  # whose decisions: of whole parcels, or of each pixel
    level: Level = "class"
    everywhere: bool = False  # also outside of declared parcels, where pixels are shown
    classes: tuple[int, ...] = ()  # that are shown; none = all
    agreement: tuple[int, ...] = ()  # codes of `layers.agreement` that are shown; none = all
    picture: str | None = None  # of the imagery below; None = that with which maps open


def titles(pair: Pair) -> dict[str, str]:
    """Readable name of each layer."""
    return {
        "declared": say("Declared"),
        "first": pair.names[0],
        "second": pair.names[1],
        "agreement": say("Agreement"),
        "imagery": say("Imagery"),
    }


def agreement_names(pair: Pair) -> list[str]:
    """What each code of `layers.agreement` means."""
    first, second = pair.names
    return [say(text, first=first, second=second) for text, _, _ in layers.AGREEMENT]


def named(pair: Pair, i: int, unit: str) -> tuple[Bytes, Float]:
    """(H, W) class that a run names and how sure it is: of each pixel, or of its parcel."""
    prediction = pair.predictions[i]
    if unit == "pixel":
        return prediction.crop, prediction.confidence
    ids = pair.labels.parcel_id
    size = max(int(ids.max()), int(prediction.parcel_ids.max(initial=0))) + 1
    crop, sure = np.zeros(size, np.uint8), np.zeros(size, np.float32)
    crop[prediction.parcel_ids] = best(prediction)
    sure[prediction.parcel_ids] = prediction.parcel_probabilities.max(axis=1, initial=0)
    return crop[ids], sure[ids]


def agreement_codes(pair: Pair, unit: str, level: Level = "class") -> Bytes:
    """(H, W) index into `layers.AGREEMENT`, 255 where no mapped crop is declared."""
    groups = data.legend(pair.dataset).group_of(level)
    crop = pair.labels.crop
    rasters = (crop, *(named(pair, i, unit)[0] for i in range(2)))
    truth, first, second = (groups[np.where(r < len(groups), r, 0)] for r in rasters)
    return layers.agreement(np.where(crop == 255, 255, truth), first, second)


def url(pair: Pair, layer: str, look: Look) -> str:
    """URL of a layer's picture; the same for looks that don't change it."""
    if layer == "imagery":
        return pictures.url(pair.dataset, pair.zone, mode=look.picture)
    look = replace(look, picture=None)
    if layer not in MODELS:
        look = replace(look, shows="class", everywhere=False)
    key = f"{pair.mark}/{layer}/{look}"
    return component.picture(key, lambda: layers.png(drawn(pair, layer, look), pair.zone.grid))


def drawn(pair: Pair, layer: str, look: Look) -> Indexed:
    """A layer's picture on the zone's grid."""
    draw: Mapping[str, Callable[[], Indexed]] = {
        "declared": lambda: _of_classes(pair, pair.labels.crop, look),
        "first": lambda: _model(pair, 0, look),
        "second": lambda: _model(pair, 1, look),
        "agreement": lambda: _agreement(pair, look),
    }
    picture = draw[layer]()
    if not look.agreement:
        return picture
    codes = agreement_codes(pair, look.unit, look.level)
    return layers.narrowed(picture, np.isin(codes, look.agreement))


def answers_url(pair: Pair) -> str:
    """URL of what both models say of each parcel."""
    return component.picture(
        f"{pair.mark}/answers/{i18n.current()}", lambda: _answers(pair), ".json"
    )


def parcel_answers(pair: Pair) -> NDArray[np.intp]:
    """(P, 4) parcel id, declared class, both models' classes; parcels that both have predicted."""
    first, second = pair.predictions
    crop = data.parcels(pair.dataset, pair.zone.zone_id).set_index("parcel_id")["crop"]
    ids, of_first, of_second = _shared(pair)
    rows = (ids, crop.loc[ids].to_numpy(), best(first)[of_first], best(second)[of_second])
    return np.column_stack(rows).astype(np.intp)


def _shared(pair: Pair) -> tuple[NDArray[np.integer], ...]:
    """Ids of the zone's parcels that both models have predicted, and their rows in each."""
    first, second = pair.predictions
    ids, at, beside = np.intersect1d(first.parcel_ids, second.parcel_ids, return_indices=True)
    # A dataset that was built anew may have lost parcels that older runs know.
    there = np.isin(ids, data.parcels(pair.dataset, pair.zone.zone_id)["parcel_id"])
    return ids[there], at[there], beside[there]


def _answers(pair: Pair) -> bytes:
    rows, names = parcel_answers(pair), [label(item) for item in data.legend(pair.dataset).classes]
    _, *at = _shared(pair)
    sure = [
        p.parcel_probabilities.max(axis=1, initial=0)[i].tolist()
        for p, i in zip(pair.predictions, at, strict=True)
    ]
    says = [
        [headed(pair.names[i], f"{names[crops[i]]}, {probability(p[i])}") for i in range(2)]
        for crops, p in zip(rows[:, 2:].tolist(), zip(*sure, strict=True), strict=True)
    ]
    codes = layers.agreement(rows[:, 1], rows[:, 2], rows[:, 3])
    return maps.answers(rows[:, 0].tolist(), rows[:, 1:].tolist(), says, codes.tolist())


def _model(pair: Pair, i: int, look: Look) -> Indexed:
    crop, sure = named(pair, i, look.unit)
    picture = _of_classes(pair, crop, look)
    if look.shows == "confidence":
        picture = layers.narrowed(layers.confidence(sure), picture.codes > 0)
    return picture if look.everywhere else layers.narrowed(picture, pair.labels.parcel_id > 0)


def _agreement(pair: Pair, look: Look) -> Indexed:
    """Where any of the chosen classes is declared or named."""
    picture = layers.of_agreement(agreement_codes(pair, look.unit, look.level))
    if not look.classes:
        return picture
    rasters = (pair.labels.crop, *(named(pair, i, look.unit)[0] for i in range(2)))
    shown = np.any([np.isin(raster, look.classes) for raster in rasters], axis=0)
    return layers.narrowed(picture, shown)


def _of_classes(pair: Pair, crop: Bytes, look: Look) -> Indexed:
    """The chosen classes of a raster in the colours of their level."""
    legend = data.legend(pair.dataset)
    groups = legend.group_of(look.level)
    codes = np.where(crop < len(groups), groups[np.where(crop < len(groups), crop, 0)], 0)
    picture = layers.classes(codes.astype(np.uint8), layers.group_colours(legend, look.level))
    return layers.narrowed(picture, np.isin(crop, look.classes)) if look.classes else picture
