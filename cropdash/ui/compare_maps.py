"""The four linked panels of the Map page: what was declared, two models, where they agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropdash import legend
from cropdash.domain import Bytes, Labels, Prediction, Zone
from cropdash.figures import imagery, maps
from cropdash.storage.store import RunInfo
from cropdash.ui import data, explore
from cropdash.ui import maps as component

NAMES = {"cnn": "CNN", "xgboost": "XGBoost", "ensemble": "Ensemble"}
HEIGHT = 640  # [px] of the four panels


@dataclass(frozen=True)
class Pair:
    """Two runs on one zone."""

    dataset: str
    zone: Zone
    runs: tuple[RunInfo, RunInfo]

    @property
    def names(self) -> tuple[str, str]:
        first, second = (model_name(run) for run in self.runs)
        return (first, second) if first != second else (f"{first} (1)", f"{second} (2)")

    @property
    def labels(self) -> Labels:
        return data.labels(self.dataset, self.zone.zone_id)

    @property
    def predictions(self) -> tuple[Prediction, Prediction]:
        first, second = (data.prediction(r.run_id, self.zone.zone_id) for r in self.runs)
        return first, second


def model_name(run: RunInfo) -> str:
    """Short name of a model."""
    return NAMES.get(run.classifier, run.classifier)


def run_label(run: RunInfo) -> str:
    """Model, its pixel accuracy, month, day and time of training: short enough for the sidebar."""
    accuracy = run.scores.get("test", {}).get("pixel", {}).get("accuracy")
    score = f" · {accuracy:.3f}" if accuracy is not None else ""
    return f"{model_name(run)}{score} · {run.created[5:16].replace('T', ' ')}"


def show_map(pair: Pair, *, everywhere: bool, sure: bool, opacity: float) -> None:
    """Four linked panels: declared, both models, where they agree (or how sure they are)."""
    zone = pair.zone.zone_id
    base = _picture(pair, "base", lambda: _imagery(pair))
    models = [_model_panel(pair, i, base, everywhere=everywhere, sure=sure) for i in range(2)]
    panels = [
        maps.Panel("Declared", base, _picture(pair, "truth", lambda: _declared(pair))),
        *models,
        maps.Panel("Agreement", base, _picture(pair, "agreement", lambda: _agreement(pair))),
    ]
    url = component.parcels_url(pair.dataset, zone)
    chart = maps.zone_map(pair.zone.grid, url, panels, HEIGHT)
    chosen = component.selected(pair.dataset, zone)
    command = maps.command({"selected": chosen, "opacity": opacity, "fill": 0})
    ids = [run.run_id for run in pair.runs]
    key = f"map:{pair.dataset}:{zone}:{':'.join(ids)}:{everywhere}:{sure}"
    component.show(chart, command, key=key, height=HEIGHT + 8)


def agreement_codes(pair: Pair) -> Bytes:
    """(H, W) index into `imagery.AGREEMENT`, 255 where no mapped crop is declared."""
    first, second = pair.predictions
    return imagery.agreement(pair.labels.crop, first.crop, second.crop)


def best(prediction: Prediction) -> NDArray[np.intp]:
    """(P,) most probable class of each parcel."""
    return np.asarray(prediction.parcel_probabilities.argmax(axis=1))


def _imagery(pair: Pair) -> imagery.Rgba:
    cube = data.cube(pair.dataset, pair.zone.zone_id)
    return imagery.composite(cube, explore.middle(cube.periods), "true_colour")


def _declared(pair: Pair) -> imagery.Rgba:
    crop = pair.labels.crop
    return imagery.classes(np.where(crop == 255, 0, crop).astype(np.uint8), legend.load())


def _agreement(pair: Pair) -> imagery.Rgba:
    return imagery.agreement_picture(agreement_codes(pair))


def _model_panel(pair: Pair, i: int, base: str, *, everywhere: bool, sure: bool) -> maps.Panel:
    name, prediction = pair.names[i], pair.predictions[i]
    shown = np.ones(pair.zone.grid.shape, bool) if everywhere else pair.labels.parcel_id > 0
    said = _tooltips(prediction, name)
    if sure:
        url = _picture(
            pair, f"sure{i}{everywhere}", lambda: imagery.confidence(prediction.confidence, shown)
        )
        return maps.Panel(f"{name}, confidence", base, url, said)
    url = _picture(
        pair,
        f"class{i}{everywhere}",
        lambda: imagery.classes(prediction.crop, legend.load(), shown),
    )
    return maps.Panel(name, base, url, said)


def _picture(pair: Pair, what: str, make: Callable[[], imagery.Rgba]) -> str:
    marks = [f"{r.run_id}@{r.status.finished}" for r in pair.runs]
    key = f"{pair.dataset}/{pair.zone.zone_id}/{data.fingerprint(pair.dataset)}/{marks}/{what}"
    return component.picture(key, lambda: imagery.png(make(), pair.zone.grid))


def _tooltips(prediction: Prediction, name: str) -> dict[str, str]:
    items, sure = legend.load().classes, prediction.parcel_probabilities.max(axis=1, initial=0)
    answered = zip(prediction.parcel_ids, best(prediction).tolist(), sure, strict=True)
    return {str(i): f"{name}: {items[k].label_en}, {p:.0%}" for i, k, p in answered}
