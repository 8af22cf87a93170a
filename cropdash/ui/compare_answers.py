"""What stands beside the panels of the Map page: legends, one parcel's answers, downloads."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cropdash import legend
from cropdash.domain import Float, Prediction
from cropdash.evaluate import conformal
from cropdash.figures import imagery, probabilities, qgis
from cropdash.language import label, number, say
from cropdash.ui import data, explore, frame, map_layers
from cropdash.ui.compare_maps import Pair, best


def agreement_legend(pair: Pair) -> None:
    """What the colours of the agreement panel mean, with shares of the crop pixels."""
    codes = map_layers.agreement_codes(pair)
    counted = np.bincount(codes[codes < 255], minlength=len(imagery.AGREEMENT))
    shares = counted / max(int(counted.sum()), 1)
    named = {say("Agreement"): map_layers.agreement_names(pair), say("Pixels"): counted}
    table = pd.DataFrame(named | {say("Share"): shares})
    formats = {say("Pixels"): number, say("Share"): lambda share: number(share, ".1%")}
    _coloured(table, [c for _, c in imagery.AGREEMENT], formats)


def class_counts(pair: Pair) -> pd.DataFrame:
    """class_id, declared, first, second [pixels inside declared crops]; most declared first."""
    labels, (first, second) = pair.labels, pair.predictions
    inside = (labels.crop > 0) & (labels.crop < 255)
    counts = [
        np.bincount(a[inside], minlength=legend.load().n_classes)
        for a in (labels.crop, first.crop, second.crop)
    ]
    order = [k for k in np.argsort(-counts[0], kind="stable") if any(c[k] for c in counts)]
    named = zip(("declared", "first", "second"), counts, strict=True)
    return pd.DataFrame({"class_id": order} | {name: count[order] for name, count in named})


def class_legend(pair: Pair, only: Sequence[int]) -> None:
    """Classes of the zone by declared area, with what each model says; also as CSV."""
    table, items = class_counts(pair), legend.load().classes
    if only:
        table = table[table["class_id"].isin(only)].reset_index(drop=True)
    words = (say("Declared"), *pair.names)
    shown = pd.DataFrame({say("Class"): [label(items[k]) for k in table["class_id"]]})
    for word, name in zip(words, ("declared", "first", "second"), strict=True):
        shown[word] = table[name].to_numpy()
    colours = [items[k].colour for k in table["class_id"]]
    _coloured(shown, colours, dict.fromkeys(words, number), height=320)
    st.download_button(
        say("Classes (CSV)"),
        lambda: data.csv(shown),
        f"{pair.dataset}_{pair.zone.zone_id}_classes.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )


def parcel_panel(pair: Pair, parcel: int | None) -> None:
    """What was declared, what both models say, and the parcel's series."""
    if parcel is None:
        sentence = say("Click a parcel to see what both models say of it.")
        st.info(sentence, icon=":material/touch_app:")
        return
    explore.facts(pair.dataset, pair.zone.zone_id, parcel)
    if probabilities_chart(pair, parcel):
        verdicts(pair, parcel)
        explore.series_chart(pair.dataset, pair.zone.zone_id, [parcel])
    where = {"dataset": pair.dataset, "zone": pair.zone.zone_id, "parcel": str(parcel)}
    if (spoken := st.query_params.get("lang")) is not None:
        where["lang"] = spoken
    with st.container(horizontal=True):
        for path, word, icon in (
            ("pages/1_Explore.py", say("Explore"), ":material/travel_explore:"),
            ("pages/5_Review.py", say("Review"), ":material/fact_check:"),
        ):
            st.page_link(path, label=word, icon=icon, query_params=where)


def probabilities_chart(pair: Pair, parcel: int) -> bool:
    """Both models' most probable classes; False where the parcel holds no pixel."""
    first, second = (_answer(p, parcel) for p in pair.predictions)
    if first is None or second is None:
        st.warning(say("This parcel is too small to hold a pixel: no model has an answer for it."))
        return False
    declared = data.parcels(pair.dataset, pair.zone.zone_id).set_index("parcel_id")["crop"]
    rows = probabilities.table(
        pair.names, (first, second), int(declared.loc[parcel]), legend.load()
    )
    said = say("Most probable classes of parcel {id}, mean over its pixels", id=parcel)
    st.markdown(f"**{said}**")
    figure = probabilities.bars(rows, pair.names, dark=frame.is_dark())
    st.plotly_chart(figure, theme=None, width="stretch", key="probabilities", alt=said)
    st.download_button(
        say("Probabilities (CSV)"),
        data.csv(rows),
        f"{pair.dataset}_{pair.zone.zone_id}_parcel_{parcel}_probabilities.csv",
        "text/csv",
        icon=":material/download:",
        on_click="ignore",
    )
    return True


def verdicts(pair: Pair, parcel: int) -> None:
    """Whether each model names what was declared, and the classes that hold the truth."""
    table = data.parcels(pair.dataset, pair.zone.zone_id).set_index("parcel_id")
    declared, items = int(table.loc[parcel, "crop"]), legend.load().classes
    for name, run, prediction in zip(pair.names, pair.runs, pair.predictions, strict=True):
        answer = _answer(prediction, parcel)
        if answer is None:
            continue
        best = int(answer.argmax())
        agrees = best == declared
        words = say("as declared") if agrees else say("not as declared")
        icon = ":green[:material/check:]" if agrees else ":red[:material/close:]"
        line = f"{icon} **{name}**: {label(items[best])}, {words}."
        threshold = data.store().calibrated(run.run_id).get("threshold")
        if threshold is not None:
            inside = np.flatnonzero(conformal.class_sets(answer[None], threshold)[0])
            ordered = inside[np.argsort(-answer[inside])]
            named = ", ".join(label(items[int(k)]).split(" (")[0] for k in ordered)
            line += " " + say("9 times in 10 the truth is among: {classes}.", classes=named)
        st.markdown(line)


def downloads(pair: Pair) -> None:
    """GeoTIFF of each model's zone, GeoPackage of the parcels with both answers, colours."""
    columns = st.columns(4)
    for i, (name, run) in enumerate(zip(pair.names, pair.runs, strict=True)):
        columns[i].download_button(
            f"{name} (GeoTIFF)",
            data.store().prediction_path(run.run_id, pair.zone.zone_id).read_bytes,
            f"{run.run_id}_{pair.zone.zone_id}.tif",
            "image/tiff",
            key=f"geotiff{i}",
            icon=":material/download:",
            width="stretch",
            on_click="ignore",
            help=say("Class and confidence of every pixel, for QGIS."),
        )
    columns[2].download_button(
        say("Parcels (GeoPackage)"),
        lambda: _geopackage(pair),
        f"{pair.dataset}_{pair.zone.zone_id}_parcels.gpkg",
        "application/geopackage+sqlite3",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
        help=say("Declared crop, both models' first three answers; EPSG code of the zone."),
    )
    columns[3].download_button(
        say("Colours (QGIS style)"),
        qgis.class_style(legend.load()),
        "cropdash_classes.qml",
        "application/xml",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
        help=say("Load it in QGIS under Layer properties, Style, Load style."),
    )


def answers(pair: Pair) -> gpd.GeoDataFrame:
    """Parcels with both models' class and confidence; empty where a parcel holds no pixel."""
    table = data.parcels(pair.dataset, pair.zone.zone_id)
    items = legend.load().classes
    table = table.assign(declared=[items[k].name for k in table["crop"]])
    for name, run, prediction in zip(("first", "second"), pair.runs, pair.predictions, strict=True):
        said = pd.DataFrame(
            {
                "parcel_id": prediction.parcel_ids,
                f"{name}_class": [items[k].name for k in best(prediction)],
                f"{name}_confidence": prediction.parcel_probabilities.max(axis=1, initial=0),
                f"{name}_run": run.run_id,
            }
        )
        said = said.assign(**_more_answers(prediction, name))
        table = table.merge(said, on="parcel_id", how="left")
    return table


def _more_answers(prediction: Prediction, name: str) -> dict[str, list[str] | NDArray[np.float32]]:
    """The second and third class of each parcel with their probabilities."""
    items, said = legend.load().classes, prediction.parcel_probabilities
    order = np.argsort(-said, axis=1, kind="stable")  # (P, K)
    columns: dict[str, list[str] | NDArray[np.float32]] = {}
    for rank in (2, 3):
        chosen = order[:, rank - 1]
        columns[f"{name}_class_{rank}"] = [items[k].name for k in chosen]
        columns[f"{name}_probability_{rank}"] = said[np.arange(len(said)), chosen]
    return columns


def _coloured(
    table: pd.DataFrame,
    colours: Sequence[str],
    formats: Mapping[Any, Any],
    height: int | Literal["auto"] = "auto",
) -> None:
    """A table whose first cells carry the colours of the map."""
    plain = [""] * (len(table.columns) - 1)
    styled = table.style.apply(
        lambda row: [f"background-color: {colours[row.name]}66", *plain], axis=1
    ).format(dict(formats))
    st.dataframe(styled, hide_index=True, width="stretch", height=height)


def _answer(prediction: Prediction, parcel: int) -> Float | None:
    """(K,) probabilities of the parcel, None if it holds no pixel."""
    row = np.flatnonzero(prediction.parcel_ids == parcel)
    return prediction.parcel_probabilities[row[0]] if len(row) else None


def _geopackage(pair: Pair) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parcels.gpkg"
        answers(pair).to_file(path, layer="parcels", driver="GPKG")
        return path.read_bytes()
