"""What can lie on the map of two runs: declared, both models, agreement, imagery; as pictures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropdash import legend
from cropdash.domain import Bytes
from cropdash.figures import imagery
from cropdash.language import say
from cropdash.ui import data, explore
from cropdash.ui import maps as component
from cropdash.ui.compare_maps import Pair

LAYERS = ("declared", "first", "second", "agreement", "imagery")


@dataclass(frozen=True)
class Look:
    """How the layers are drawn."""

    confidence: bool = False  # instead of classes
    everywhere: bool = False  # also outside of declared parcels
    classes: tuple[int, ...] = ()  # that are shown; none = all
    agreement: tuple[int, ...] = ()  # codes of `imagery.agreement` that are shown; none = all


def titles(pair: Pair) -> dict[str, str]:
    """Readable name of each layer."""
    return {
        "declared": say("Declared"),
        "first": pair.names[0],
        "second": pair.names[1],
        "agreement": say("Agreement"),
        "imagery": say("True colour"),
    }


def agreement_names(pair: Pair) -> list[str]:
    """What each code of `imagery.agreement` means."""
    first, second = pair.names
    return [say(text, first=first, second=second) for text, _ in imagery.AGREEMENT]


def agreement_codes(pair: Pair) -> Bytes:
    """(H, W) index into `imagery.AGREEMENT`, 255 where no mapped crop is declared."""
    first, second = pair.predictions
    return imagery.agreement(pair.labels.crop, first.crop, second.crop)


def url(pair: Pair, layer: str, look: Look) -> str:
    """URL of a layer's picture."""
    draw: Mapping[str, Callable[[], imagery.Rgba]] = {
        "declared": lambda: _declared(pair, look),
        "first": lambda: _model(pair, 0, look),
        "second": lambda: _model(pair, 1, look),
        "agreement": lambda: _agreement(pair, look),
        "imagery": lambda: _imagery(pair),
    }
    what = f"{layer}/{look}" if layer != "imagery" else layer
    marks = [f"{r.run_id}@{r.status.finished}" for r in pair.runs]
    key = f"{pair.dataset}/{pair.zone.zone_id}/{data.fingerprint(pair.dataset)}/{marks}/{what}"
    return component.picture(key, lambda: imagery.png(draw[layer](), pair.zone.grid))


def _imagery(pair: Pair) -> imagery.Rgba:
    cube = data.cube(pair.dataset, pair.zone.zone_id)
    return imagery.composite(cube, explore.middle(cube.periods), "true_colour")


def _declared(pair: Pair, look: Look) -> imagery.Rgba:
    crop = np.where(pair.labels.crop == 255, 0, pair.labels.crop).astype(np.uint8)
    return imagery.classes(crop, legend.load(), _of_classes(crop, look) & _agreed(pair, look))


def _model(pair: Pair, i: int, look: Look) -> imagery.Rgba:
    prediction = pair.predictions[i]
    shown = np.ones(pair.zone.grid.shape, bool) if look.everywhere else pair.labels.parcel_id > 0
    shown = shown & _of_classes(prediction.crop, look) & _agreed(pair, look)
    if look.confidence:
        return imagery.confidence(prediction.confidence, shown)
    return imagery.classes(prediction.crop, legend.load(), shown)


def _agreement(pair: Pair, look: Look) -> imagery.Rgba:
    """Where any of the chosen classes is declared or named."""
    first, second = pair.predictions
    codes = agreement_codes(pair)
    rasters = (pair.labels.crop, first.crop, second.crop)
    shown = np.any([_of_classes(raster, look) for raster in rasters], axis=0)
    return imagery.agreement_picture(
        np.where(shown & _agreed(pair, look), codes, 255).astype(np.uint8)
    )


def _of_classes(crop: Bytes, look: Look) -> NDArray[np.bool_]:
    return np.isin(crop, look.classes) if look.classes else np.ones(crop.shape, bool)


def _agreed(pair: Pair, look: Look) -> NDArray[np.bool_]:
    """(H, W) True where the models agree with the register as chosen."""
    if not look.agreement:
        return np.ones(pair.zone.grid.shape, bool)
    return np.isin(agreement_codes(pair), look.agreement)
