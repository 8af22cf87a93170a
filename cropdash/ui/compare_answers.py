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

from cropdash import legend
from cropdash.domain import Float, Prediction
from cropdash.figures import imagery, probabilities, qgis
from cropdash.language import say
from cropdash.ui import data, explore, frame
from cropdash.ui.compare_maps import Pair, agreement_codes, best


def agreement_legend(pair: Pair) -> None:
    """What the colours of the agreement panel mean, with shares of the crop pixels."""
    codes = agreement_codes(pair)
    counted = np.bincount(codes[codes < 255], minlength=len(imagery.AGREEMENT))
    first, second = pair.names
    texts = [
        text.replace("the first", first).replace("the second", second)
        for text, _ in imagery.AGREEMENT
    ]
    shares = counted / max(int(counted.sum()), 1)
    table = pd.DataFrame({"Agreement": texts, "Pixels": counted, "Share": shares})
    _coloured(table, [c for _, c in imagery.AGREEMENT], {"Pixels": "{:,}", "Share": "{:.1%}"})


def class_legend(pair: Pair) -> None:
    """Classes of the zone by declared area, with what each model says."""
    labels, (first, second) = pair.labels, pair.predictions
    inside = (labels.crop > 0) & (labels.crop < 255)
    items = legend.load().classes
    counts = [
        np.bincount(a[inside], minlength=len(items)) for a in (labels.crop, first.crop, second.crop)
    ]
    order = [k for k in np.argsort(-counts[0], kind="stable") if any(c[k] for c in counts)]
    table = pd.DataFrame({"Class": [items[k].label_en for k in order]})
    numbers = ("Declared", *pair.names)
    for name, count in zip(numbers, counts, strict=True):
        table[name] = [int(count[k]) for k in order]
    _coloured(table, [items[k].colour for k in order], dict.fromkeys(numbers, "{:,}"), height=320)


def parcel_panel(pair: Pair, parcel: int | None) -> None:
    """What was declared, what both models say, and the parcel's series."""
    if parcel is None:
        st.info("Click a parcel to see what both models say of it.", icon=":material/touch_app:")
        return
    explore.facts(pair.dataset, pair.zone.zone_id, parcel)
    if probabilities_chart(pair, parcel):
        explore.series_chart(pair.dataset, pair.zone.zone_id, [parcel])


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
    st.markdown(f"**Most probable classes of parcel {parcel}**, mean over its pixels")
    figure = probabilities.bars(rows, pair.names, dark=frame.is_dark())
    said = f"Probabilities that {pair.names[0]} and {pair.names[1]} give parcel {parcel}"
    st.plotly_chart(figure, theme=None, width="stretch", key="probabilities", alt=said)
    st.download_button(
        "Probabilities (CSV)",
        data.csv(rows),
        f"{pair.dataset}_{pair.zone.zone_id}_parcel_{parcel}_probabilities.csv",
        "text/csv",
        icon=":material/download:",
    )
    return True


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
            help="Class and confidence of every pixel, for QGIS.",
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
    columns[3].download_button(
        "Colours (QGIS style)",
        qgis.class_style(legend.load()),
        "cropdash_classes.qml",
        "application/xml",
        icon=":material/download:",
        width="stretch",
        help="Load it in QGIS under Layer properties, Style, Load style.",
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
        table = table.merge(said, on="parcel_id", how="left")
    return table


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
