"""What can lie on the map of two runs: declared, both models, agreement, imagery; as pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cropdash import i18n
from cropdash.domain import Bytes
from cropdash.figures import layers, maps
from cropdash.figures.layers import Indexed
from cropdash.i18n import label, number, say
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
    everywhere: bool = False  # also outside of declared parcels
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
    return [say(text, first=first, second=second) for text, _ in layers.AGREEMENT]


def agreement_codes(pair: Pair) -> Bytes:
    """(H, W) index into `layers.AGREEMENT`, 255 where no mapped crop is declared."""
    first, second = pair.predictions
    return layers.agreement(pair.labels.crop, first.crop, second.crop)


def url(pair: Pair, layer: str, look: Look) -> str:
    """URL of a layer's picture; the same for looks that don't change it."""
    if layer == "imagery":
        return pictures.url(pair.dataset, pair.zone, mode=look.picture)
    look = replace(look, picture=None)
    if layer not in MODELS:
        look = Look(classes=look.classes, agreement=look.agreement)
    key = f"{pair.mark}/{layer}/{look}"
    return component.picture(key, lambda: layers.png(drawn(pair, layer, look), pair.zone.grid))


def drawn(pair: Pair, layer: str, look: Look) -> Indexed:
    """A layer's picture on the zone's grid."""
    draw: Mapping[str, Callable[[], Indexed]] = {
        "declared": lambda: _declared(pair, look),
        "first": lambda: _model(pair, 0, look),
        "second": lambda: _model(pair, 1, look),
        "agreement": lambda: _agreement(pair, look),
    }
    picture = draw[layer]()
    if not look.agreement:
        return picture
    return layers.narrowed(picture, np.isin(agreement_codes(pair), look.agreement))


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
        [f"{pair.names[i]}: {names[crops[i]]}, {number(p[i], '.0%')}" for i in range(2)]
        for crops, p in zip(rows[:, 2:].tolist(), zip(*sure, strict=True), strict=True)
    ]
    codes = layers.agreement(rows[:, 1], rows[:, 2], rows[:, 3])
    return maps.answers(rows[:, 0].tolist(), rows[:, 1:].tolist(), says, codes.tolist())


def _declared(pair: Pair, look: Look) -> Indexed:
    crop = pair.labels.crop
    return _of_classes(layers.classes(crop, data.legend(pair.dataset)), crop, look)


def _model(pair: Pair, i: int, look: Look) -> Indexed:
    prediction, table = pair.predictions[i], data.legend(pair.dataset)
    if look.shows == "confidence":
        picture = layers.confidence(prediction.confidence)
    else:
        picture = layers.classes(prediction.crop, table)
    picture = _of_classes(picture, prediction.crop, look)
    return picture if look.everywhere else layers.narrowed(picture, pair.labels.parcel_id > 0)


def _agreement(pair: Pair, look: Look) -> Indexed:
    """Where any of the chosen classes is declared or named."""
    picture = layers.of_agreement(agreement_codes(pair))
    if not look.classes:
        return picture
    rasters = (pair.labels.crop, *(p.crop for p in pair.predictions))
    shown = np.any([np.isin(raster, look.classes) for raster in rasters], axis=0)
    return layers.narrowed(picture, shown)


def _of_classes(picture: Indexed, crop: Bytes, look: Look) -> Indexed:
    return layers.narrowed(picture, np.isin(crop, look.classes)) if look.classes else picture
