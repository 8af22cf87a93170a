"""How much of each class is declared and named in a zone, and how often models agree."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cropdash.domain import Level
from cropdash.figures import layers
from cropdash.ui.map.layers import agreement_codes, parcel_answers
from cropdash.ui.shell import data
from cropdash.ui.widgets.run_pair import Pair

UNITS = ("pixels", "hectares", "parcels")
SOURCES = ("declared", "first", "second")


def of_classes(pair: Pair, unit: str = "pixels") -> pd.DataFrame:
    """class_id, declared, first, second: within declared crops, most declared pixels first.

    Shared between sessions: read, never change.
    """
    return _of_classes(pair, unit, pair.mark)


def of_agreement(pair: Pair, unit: str, level: Level) -> pd.DataFrame:
    """pixels and their share, one row for each of `layers.AGREEMENT`."""
    return _of_agreement(pair, unit, level, pair.mark)


@st.cache_resource(max_entries=32, show_spinner=False)
def _of_classes(_pair: Pair, unit: str, mark: str) -> pd.DataFrame:
    pixels = _by_pixel(_pair)
    order = [k for k in np.argsort(-pixels[0], kind="stable") if pixels[:, k].any()]
    values = _by_parcel(_pair) if unit == "parcels" else pixels
    table = pd.DataFrame(values[:, order].T, columns=list(SOURCES))
    if unit == "hectares":
        table *= _pair.zone.grid.pixel_area_ha
    table.insert(0, "class_id", order)
    return table


@st.cache_resource(max_entries=32, show_spinner=False)
def _of_agreement(_pair: Pair, unit: str, level: Level, mark: str) -> pd.DataFrame:
    codes = agreement_codes(_pair, unit, level)
    counted = np.bincount(codes[codes < 255], minlength=len(layers.AGREEMENT))
    return pd.DataFrame({"pixels": counted, "share": counted / max(int(counted.sum()), 1)})


def _by_pixel(pair: Pair) -> NDArray[np.intp]:
    """(3, K) pixels within declared crops."""
    truth = pair.labels.crop
    inside = (truth > 0) & (truth < 255)
    rasters = (truth, *(p.crop for p in pair.predictions))
    return _counted(pair, [raster[inside] for raster in rasters])


def _by_parcel(pair: Pair) -> NDArray[np.intp]:
    """(3, K) parcels with a declared crop that hold a pixel."""
    rows = parcel_answers(pair)
    inside = (rows[:, 1] > 0) & (rows[:, 1] < 255)
    return _counted(pair, list(rows[inside, 1:].T))


def _counted(pair: Pair, values: Sequence[NDArray[np.integer]]) -> NDArray[np.intp]:
    k = data.legend(pair.dataset).n_classes
    return np.stack([np.bincount(v, minlength=k) for v in values])
