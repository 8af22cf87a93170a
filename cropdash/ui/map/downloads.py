"""Downloads of the Map page: rasters, parcels, and the styles that give them their colours."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import streamlit as st

from cropdash.domain import CropClass, Prediction
from cropdash.evaluate import conformal
from cropdash.figures import layers, qgis
from cropdash.files import atomic
from cropdash.i18n import say
from cropdash.ui.map.layers import MODELS, parcel_answers
from cropdash.ui.map.legends import whole_legend
from cropdash.ui.shell import data
from cropdash.ui.widgets import chart, pictures
from cropdash.ui.widgets.run_pair import Pair

RANKS = (1, 2, 3)  # answers of each model that go along
# What `layers.agreement` says, as it is written into files.
AGREEMENT = ("both_right", "first_right", "second_right", "same_error", "different_errors")


def downloads(pair: Pair) -> None:
    """GeoTIFF of each model's zone, GeoPackage of the parcels, styles, and all of it at once."""
    stem = data.stem(pair.dataset, pair.zone.zone_id)
    with st.popover(say("Download"), icon=":material/download:"):
        for i in _distinct(pair):
            chart.download(
                say("{model} (GeoTIFF)", model=pair.names[i]),
                partial(_raster, pair, i),
                f"{_raster_name(pair, i)}.tif",
                "image/tiff",
                say("Class (band 1) and confidence in per cent (band 2) of every pixel."),
            )
        chart.download(
            say("Parcels (GeoPackage)"),
            lambda: geopackage(pair),
            f"{stem}_parcels.gpkg",
            "application/geopackage+sqlite3",
            say(
                "Declared crop, both models' first three answers with their probabilities, and "
                "whether they agree; in the zone's own coordinates."
            ),
        )
        file = (pair.zone.zone_id, "legend")
        chart.button(
            say("Legend and counts (CSV)"), lambda: whole_legend(pair), pair.dataset, *file
        )
        chart.download(
            say("Colours (QGIS style)"),
            lambda: qgis.class_style(data.legend(pair.dataset)),
            "cropdash_classes.qml",
            "application/xml",
            say("For the GeoTIFF. Load it in QGIS under Layer properties, Style, Load style."),
        )
        chart.download(
            say("All for QGIS (ZIP)"),
            lambda: archive(pair),
            f"{stem}_qgis.zip",
            "application/zip",
            say("Rasters, parcels, legend, and styles named so that QGIS finds them by itself."),
        )
        pictures.years(pair.dataset, pair.zone)


def answers(pair: Pair) -> gpd.GeoDataFrame:
    """Parcels with both models' answers and whether they agree; empty where a parcel holds no pixel; the season.

    first_ and second_ (the runs): class, confidence, class_2, probability_2, class_3,
    probability_3, set (the class set: of all parcels, 9 in 10 have what was declared in theirs),
    run; dissimilarity to what was learned from (above 1: outside) and applicable.
    """
    table = data.parcels(pair.dataset, pair.zone.zone_id)
    items = data.legend(pair.dataset).classes
    table = table.assign(declared=[items[k].name for k in table["crop"]])
    for name, run, prediction in zip(MODELS, pair.runs, pair.predictions, strict=True):
        threshold = data.store().calibrated(run.run_id).get("threshold")
        said = _answers(prediction, threshold, items).assign(run=run.run_id)
        said = said.set_index("parcel_id").add_prefix(f"{name}_").reset_index()
        table = table.merge(said, on="parcel_id", how="left")
    table = table.merge(_agreement(pair), on="parcel_id", how="left")
    return table.assign(**data.description(pair.dataset).season.columns)


def geopackage(pair: Pair) -> bytes:
    """The parcels as one layer."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "parcels.gpkg"
        answers(pair).to_file(path, layer="parcels", driver="GPKG")
        return path.read_bytes()


def archive(pair: Pair) -> bytes:
    """Everything as ZIP; QGIS takes the style beside a file that has its name."""
    stem, table = data.stem(pair.dataset, pair.zone.zone_id), data.legend(pair.dataset)
    files = {
        f"{stem}_parcels.gpkg": geopackage(pair),
        f"{stem}_parcels.qml": qgis.parcel_style(table, "declared"),
        f"{stem}_legend.csv": data.csv(whole_legend(pair), pair.dataset),
    }
    for i in _distinct(pair):
        files[f"{_raster_name(pair, i)}.tif"] = _raster(pair, i)
        files[f"{_raster_name(pair, i)}.qml"] = qgis.class_style(table)
    return chart.zipped(files)


def _answers(
    prediction: Prediction, threshold: float | None, items: Sequence[CropClass]
) -> pd.DataFrame:
    """parcel_id, the first three classes with their probabilities, and the parcel's set."""
    names = np.array([item.name for item in items])
    said = prediction.parcel_probabilities
    order = np.argsort(-said, axis=1, kind="stable")  # (P, K)
    table = pd.DataFrame({"parcel_id": prediction.parcel_ids})
    for rank in RANKS:
        chosen = order[:, rank - 1]
        ending = "" if rank == 1 else f"_{rank}"
        share = "confidence" if rank == 1 else f"probability_{rank}"
        table[f"class{ending}"] = names[chosen]
        table[share] = said[np.arange(len(said)), chosen]
    if prediction.dissimilarity is not None:
        table["dissimilarity"] = prediction.dissimilarity
        table["applicable"] = prediction.dissimilarity <= 1
    if threshold is None:
        return table
    sets = conformal.class_sets(said, threshold)
    return table.assign(set=[";".join(names[row]) for row in sets])


def _agreement(pair: Pair) -> pd.DataFrame:
    """parcel_id and how the two agree with the declaration; without what is not mapped."""
    rows = parcel_answers(pair)
    codes = layers.agreement(rows[:, 1], rows[:, 2], rows[:, 3])
    mapped = codes < len(AGREEMENT)
    words = np.array(AGREEMENT)[codes[mapped]]
    return pd.DataFrame({"parcel_id": rows[mapped, 0], "agreement": words})


def _distinct(pair: Pair) -> tuple[int, ...]:
    """Places of the pair's runs, of one run alone once."""
    return (0,) if pair.runs[0].run_id == pair.runs[1].run_id else (0, 1)


def _raster(pair: Pair, i: int) -> bytes:
    path = data.store().prediction_path(pair.runs[i].run_id, pair.zone.zone_id)
    with atomic.opened(path) as file:  # as large as its zone
        return file.read()


def _raster_name(pair: Pair, i: int) -> str:
    return data.stem(pair.dataset, pair.zone.zone_id, pair.runs[i].run_id)
