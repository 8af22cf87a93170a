"""Parts of the Map page: truth and two models side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st

from cropdash import legend
from cropdash.domain import Labels, Prediction, Zone
from cropdash.figures import imagery, maps
from cropdash.storage.store import RunInfo
from cropdash.ui import data, explore
from cropdash.ui import maps as component

HEIGHT = 760  # [px] of the four panels
TOP = 3  # most probable classes that are listed


@dataclass(frozen=True)
class Pair:
    """Two runs on one zone."""

    dataset: str
    zone: Zone
    runs: tuple[RunInfo, RunInfo]

    @property
    def names(self) -> tuple[str, str]:
        first, second = (explore_name(run) for run in self.runs)
        return (first, second) if first != second else (f"{first} (1)", f"{second} (2)")

    @property
    def labels(self) -> Labels:
        return data.labels(self.dataset, self.zone.zone_id)

    @property
    def predictions(self) -> tuple[Prediction, Prediction]:
        first, second = (data.prediction(r.run_id, self.zone.zone_id) for r in self.runs)
        return first, second


def explore_name(run: RunInfo) -> str:
    """Short name of a model."""
    return "CNN" if run.classifier == "cnn" else "XGBoost"


def run_label(run: RunInfo) -> str:
    """Model, when it was trained, and its accuracy."""
    accuracy = run.scores.get("test", {}).get("pixel", {}).get("accuracy")
    score = f" · accuracy {accuracy:.3f}" if accuracy is not None else ""
    return f"{explore_name(run)} · {run.created[:16].replace('T', ' ')}{score}"


def show_map(pair: Pair, *, everywhere: bool, sure: bool, opacity: float) -> None:
    """Four linked panels: declared, both models, where they agree (or how sure they are)."""
    zone, labels = pair.zone, pair.labels
    shown = np.ones(zone.grid.shape, bool) if everywhere else labels.parcel_id > 0
    table = legend.load()
    url = component.parcels_url(
        pair.dataset,
        zone.zone_id,
        lambda: maps.geojson(data.parcels(pair.dataset, zone.zone_id), table),
    )
    base = _picture(
        pair, "base", lambda: imagery.composite(_cube(pair), _cube(pair).periods[4], "true_colour")
    )
    first, second = pair.predictions
    truth = imagery.classes(np.where(labels.crop == 255, 0, labels.crop).astype(np.uint8), table)
    panels = [
        maps.Panel("Declared", base, _picture(pair, "truth", lambda: truth)),
        *(
            maps.Panel(
                f"{name}, confidence" if sure else name,
                base,
                _model_picture(pair, i, p, shown, everywhere=everywhere, sure=sure),
                labels=_tooltips(p, name),
            )
            for i, (name, p) in enumerate(zip(pair.names, (first, second), strict=True))
        ),
        maps.Panel("Agreement", base, _agreement(pair)),
    ]
    chart = maps.zone_map(zone.grid, url, panels, HEIGHT)
    selected = st.query_params.get("parcel")
    command = maps.command(
        {
            "selected": int(selected) if selected and selected.isdigit() else None,
            "opacity": opacity,
            "fill": 0,
        }
    )
    key = f"map:{pair.dataset}:{zone.zone_id}:{pair.runs[0].run_id}:{pair.runs[1].run_id}:{everywhere}:{sure}"
    component.show(chart, command, key=key, height=HEIGHT + 8)


def agreement_legend(pair: Pair) -> None:
    """What the colours of the agreement panel mean, with shares of the crop pixels."""
    codes = _codes(pair)
    counted = np.bincount(codes[codes < 255], minlength=len(imagery.AGREEMENT))
    total = max(int(counted.sum()), 1)
    words = {"first": pair.names[0], "second": pair.names[1]}
    parts = []
    for (text, _), n in zip(imagery.AGREEMENT, counted, strict=True):
        for word, name in words.items():
            text = text.replace(f"the {word}", name)
        parts.append({"Agreement": text, "Pixels": int(n), "Share": n / total})
    table = pd.DataFrame(parts)
    colours = [c for _, c in imagery.AGREEMENT]
    styled = table.style.apply(
        lambda row: [
            f"border-left: 12px solid {colours[row.name]}; background-color: {colours[row.name]}33",
            "",
            "",
        ],
        axis=1,
    ).format({"Pixels": "{:,}", "Share": "{:.1%}"})
    st.dataframe(styled, hide_index=True, width="stretch")


def class_legend(pair: Pair) -> None:
    """Classes of the zone by declared area, with what each model says."""
    labels, (first, second) = pair.labels, pair.predictions
    inside = (labels.crop > 0) & (labels.crop < 255)
    items = legend.load().classes
    counts = [
        np.bincount(a[inside], minlength=len(items)) for a in (labels.crop, first.crop, second.crop)
    ]
    order = [k for k in np.argsort(-counts[0]) if any(c[k] for c in counts)]
    table = pd.DataFrame(
        {
            "Class": [items[k].label_en for k in order],
            "Declared": [int(counts[0][k]) for k in order],
            pair.names[0]: [int(counts[1][k]) for k in order],
            pair.names[1]: [int(counts[2][k]) for k in order],
        }
    )
    colours = [items[k].colour for k in order]
    styled = table.style.apply(
        lambda row: [f"background-color: {colours[row.name]}66", "", "", ""], axis=1
    ).format("{:,}", subset=["Declared", *pair.names])
    st.dataframe(styled, hide_index=True, width="stretch", height=320)


def parcel_panel(pair: Pair, parcel: int | None) -> None:
    """What was declared, what both models say, and the parcel's series."""
    if parcel is None:
        st.info("Click a parcel to see what both models say of it.", icon=":material/touch_app:")
        return
    explore.facts(pair.dataset, pair.zone.zone_id, parcel)
    models = [(name, _top(p, parcel)) for name, p in zip(pair.names, pair.predictions, strict=True)]
    if not all(top for _, top in models):
        st.warning("This parcel is too small to hold a pixel: no model has an answer for it.")
        return
    st.markdown(f"**Most probable classes of parcel {parcel}**, mean over its pixels")
    rows = [(name, label, p) for name, top in models for label, p, _ in top]
    st.dataframe(
        pd.DataFrame(rows, columns=["Model", "Class", "Probability"]),
        column_config={
            "Probability": st.column_config.ProgressColumn(
                min_value=0.0, max_value=1.0, format="percent"
            )
        },
        hide_index=True,
        width="stretch",
    )
    explore.series_chart(pair.dataset, pair.zone.zone_id, [parcel])


def downloads(pair: Pair) -> None:
    """GeoTIFF of each model's zone, GeoPackage of the parcels with both answers."""
    columns = st.columns(3)
    for column, name, run in zip(columns, pair.names, pair.runs, strict=False):
        path = data.store().prediction_path(run.run_id, pair.zone.zone_id)
        column.download_button(
            f"{name} (GeoTIFF)",
            path.read_bytes(),
            f"{run.run_id}_{pair.zone.zone_id}.tif",
            "image/tiff",
            icon=":material/download:",
            width="stretch",
        )
    columns[2].download_button(
        "Parcels (GeoPackage)",
        lambda: _geopackage(pair),
        f"{pair.dataset}_{pair.zone.zone_id}_parcels.gpkg",
        "application/geopackage+sqlite3",
        icon=":material/download:",
        width="stretch",
        help="Declared crop, both answers with their confidence; EPSG code of the zone.",
    )


def answers(pair: Pair) -> gpd.GeoDataFrame:
    """Parcels with both models' class and confidence."""
    table = data.parcels(pair.dataset, pair.zone.zone_id)
    items = legend.load().classes
    table = table.assign(declared=[items[k].name for k in table["crop"]])
    for name, prediction in zip(("first", "second"), pair.predictions, strict=True):
        said = pd.DataFrame(
            {
                "parcel_id": prediction.parcel_ids,
                f"{name}_class": [items[k].name for k in _best(prediction)],
                f"{name}_confidence": prediction.parcel_probabilities.max(axis=1, initial=0),
            }
        )
        table = table.merge(said, on="parcel_id", how="left")
    return table


def _geopackage(pair: Pair) -> bytes:
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parcels.gpkg"
        answers(pair).to_file(path, layer="parcels", driver="GPKG")
        return path.read_bytes()


def _model_picture(
    pair: Pair, i: int, prediction: Prediction, shown: np.ndarray, *, everywhere: bool, sure: bool
) -> str:
    if sure:
        return _picture(
            pair, f"sure{i}{everywhere}", lambda: imagery.confidence(prediction.confidence, shown)
        )
    return _picture(
        pair,
        f"class{i}{everywhere}",
        lambda: imagery.classes(prediction.crop, legend.load(), shown),
    )


def _agreement(pair: Pair) -> str:
    return _picture(pair, "agreement", lambda: imagery.agreement_picture(_codes(pair)))


def _codes(pair: Pair) -> np.ndarray:
    first, second = pair.predictions
    return imagery.agreement(pair.labels.crop, first.crop, second.crop)


def _picture(pair: Pair, what: str, make: object) -> str:
    marks = [f"{r.run_id}@{r.status.finished}" for r in pair.runs]
    key = f"{pair.dataset}/{pair.zone.zone_id}/{data.fingerprint(pair.dataset)}/{marks}/{what}"
    return component.picture(key, lambda: imagery.png(make(), pair.zone.grid))  # type: ignore[operator]


def _cube(pair: Pair):  # type: ignore[no-untyped-def]
    return data.cube(pair.dataset, pair.zone.zone_id)


def _best(prediction: Prediction) -> Sequence[int]:
    best: Sequence[int] = prediction.parcel_probabilities.argmax(axis=1).tolist()
    return best


def _tooltips(prediction: Prediction, name: str) -> dict[str, str]:
    items, sure = legend.load().classes, prediction.parcel_probabilities.max(axis=1, initial=0)
    answered = zip(prediction.parcel_ids, _best(prediction), sure, strict=True)
    return {str(i): f"{name}: {items[k].label_en}, {p:.0%}" for i, k, p in answered}


def _top(prediction: Prediction, parcel: int) -> list[tuple[str, float, str]]:
    row = np.flatnonzero(prediction.parcel_ids == parcel)
    if not len(row):
        return []
    probabilities = prediction.parcel_probabilities[row[0]]
    items = legend.load().classes
    best = np.argsort(-probabilities)[:TOP]
    return [(items[k].label_en, float(probabilities[k]), items[k].colour) for k in best]
