"""Cached reads of the Store; what pages call instead of files.

Caches are keyed by the dataset's fingerprint or the time a run finished, so that a rebuilt
dataset or a repeated prediction is never shown stale.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import pandas as pd
import streamlit as st

from cropdash import i18n
from cropdash.domain import Cube, Labels, Legend, Prediction, Zone
from cropdash.domain.errors import InvalidRun
from cropdash.i18n import label, number
from cropdash.settings.folders import folders
from cropdash.storage.store import Description, RunInfo, Store

# Parcels in a select box, which is sent anew with each click: all 10,000 of a zone would be 430 kB.
_LISTED = 300
# How a spreadsheet knows a formula, in full width too, and numbers that are none.
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?", re.IGNORECASE)


@st.cache_resource
def store() -> Store:
    """The one read-only view of datasets and runs."""
    where = folders()
    return Store(where.data, where.models)


def datasets() -> tuple[str, ...]:
    """Names of datasets with at least one built zone."""
    return tuple(name for name in store().dataset_names() if store().zones(name))


@st.cache_data(ttl=2, max_entries=16, show_spinner=False)
def fingerprint(dataset: str) -> str:
    """Changes with the dataset's content; read again every two seconds."""
    return store().fingerprint(dataset)


@st.cache_resource(max_entries=16, show_spinner=False)
def _zones(dataset: str, key: str) -> tuple[Zone, ...]:
    return store().zones(dataset)


@st.cache_resource(max_entries=16, show_spinner=False)
def _legend(dataset: str, key: str) -> Legend:
    return store().legend(dataset)


@st.cache_resource(max_entries=6, show_spinner=False)
def _cube(dataset: str, zone: str, key: str) -> Cube:
    return store().cube(dataset, zone)


@st.cache_resource(max_entries=12, show_spinner=False)
def _labels(dataset: str, zone: str, key: str) -> Labels:
    return store().labels(dataset, zone)


@st.cache_resource(max_entries=12, show_spinner=False)
def _parcels(dataset: str, zone: str, key: str) -> gpd.GeoDataFrame:
    return store().parcels(dataset, zone)


@st.cache_resource(max_entries=12, show_spinner=False)
def _series(dataset: str, zone: str, key: str) -> pd.DataFrame:
    return store().series(dataset, zone).set_index("parcel_id", drop=False)


@st.cache_resource(max_entries=12, show_spinner=False)
def _parcel_names(dataset: str, zone: str, key: str, spoken: str) -> dict[int, str]:
    table, classes = _parcels(dataset, zone, key), _legend(dataset, key).classes
    rows = zip(table["parcel_id"].tolist(), table["crop"], table["area_ha"], strict=True)
    return {
        i: f"{i} · {label(classes[crop])} · {number(area, ',.2f')} ha" for i, crop, area in rows
    }


@st.cache_resource(max_entries=12, show_spinner=False)
def _listed_parcels(dataset: str, zone: str, key: str) -> tuple[int, ...]:
    largest = _parcels(dataset, zone, key).nlargest(_LISTED, "area_ha")["parcel_id"]
    return tuple(largest.tolist())


@st.cache_resource(max_entries=8, show_spinner="Reading the dataset")
def _class_counts(dataset: str, key: str) -> pd.DataFrame:
    return store().class_counts(dataset)


@st.cache_resource(max_entries=8, show_spinner="Reading the dates of all zones")
def _clear_dates(dataset: str, key: str) -> pd.DataFrame:
    return store().clear_dates(dataset)


@st.cache_resource(max_entries=16, show_spinner=False)
def _imagery(
    dataset: str,
    zone: str,
    periods: tuple[str, ...],
    bands: tuple[str, ...] | None,
    side: int | None,
    key: str,
) -> Cube:
    return store().imagery(dataset, zone, periods, bands, side)


@st.cache_resource(max_entries=8, show_spinner="Reading the parcels of all zones")
def _parcel_facts(dataset: str, key: str) -> pd.DataFrame:
    return store().parcel_facts(dataset)


@st.cache_resource(max_entries=24, show_spinner="Reading the series of all zones")
def _seasons(dataset: str, value: str, region: str | None, key: str) -> pd.DataFrame:
    return store().seasons(dataset, value, region)


@st.cache_resource(max_entries=12, show_spinner="Reading one period of all zones")
def _parcel_means(dataset: str, period: str, names: tuple[str, ...], key: str) -> pd.DataFrame:
    return store().parcel_means(dataset, period, names)


@st.cache_resource(max_entries=8, show_spinner=False)
def _description(dataset: str, key: str) -> Description:
    return store().dataset(dataset).description


@st.cache_resource(max_entries=8, show_spinner=False)
def _values(dataset: str, key: str) -> tuple[str, ...]:
    return store().values(dataset)


@st.cache_resource(max_entries=16, show_spinner=False)
def _prediction(run: str, zone: str, key: float) -> Prediction:
    return store().prediction(run, zone)


def zones(dataset: str) -> tuple[Zone, ...]:
    return _zones(dataset, fingerprint(dataset))


def legend(dataset: str) -> Legend:
    """Classes, groups, families, colours and codes of the dataset."""
    return _legend(dataset, fingerprint(dataset))


def shared_legend(runs: Sequence[RunInfo]) -> Legend:
    """The legend of the first run's dataset. Raises InvalidRun unless all runs name its classes."""
    shared = legend(runs[0].dataset)
    for run in runs:
        if run.legend_hash != shared.hash:
            raise InvalidRun(
                f"Run {run.run_id} names classes of another legend than that of dataset"
                f" {runs[0].dataset}: train it again, or choose another run."
            )
    return shared


def cube(dataset: str, zone: str) -> Cube:
    return _cube(dataset, zone, fingerprint(dataset))


def labels(dataset: str, zone: str) -> Labels:
    return _labels(dataset, zone, fingerprint(dataset))


def parcels(dataset: str, zone: str) -> gpd.GeoDataFrame:
    """Shared between sessions: read, never change."""
    return _parcels(dataset, zone, fingerprint(dataset))


def series(dataset: str, zone: str) -> pd.DataFrame:
    """Indexed by parcel_id; shared between sessions: read, never change."""
    return _series(dataset, zone, fingerprint(dataset))


def class_counts(dataset: str) -> pd.DataFrame:
    return _class_counts(dataset, fingerprint(dataset))


def clear_dates(dataset: str) -> pd.DataFrame:
    return _clear_dates(dataset, fingerprint(dataset))


def imagery(
    dataset: str,
    zone: str,
    periods: Sequence[str],
    bands: Sequence[str] | None = None,
    side: int | None = None,
) -> Cube:
    """Some periods and bands of a zone, coarser than `side` if wanted: faster than the whole cube."""
    chosen = None if bands is None else tuple(bands)
    return _imagery(dataset, zone, tuple(periods), chosen, side, fingerprint(dataset))


def description(dataset: str) -> Description:
    """Title, season, bands and zones."""
    return _description(dataset, fingerprint(dataset))


def periods(dataset: str) -> tuple[str, ...]:
    """Ids of the dataset's periods, in order, e.g. "2023-05"."""
    return tuple(period.id for period in description(dataset).season.periods)


def values(dataset: str) -> tuple[str, ...]:
    """Indices, bands and layers that the parcels' series hold."""
    return _values(dataset, fingerprint(dataset))


def parcel_facts(dataset: str) -> pd.DataFrame:
    """Shared between sessions: read, never change."""
    return _parcel_facts(dataset, fingerprint(dataset))


def seasons(dataset: str, value: str = "NDVI", region: str | None = None) -> pd.DataFrame:
    return _seasons(dataset, value, region, fingerprint(dataset))


def parcel_means(dataset: str, period: str, names: Sequence[str]) -> pd.DataFrame:
    return _parcel_means(dataset, period, tuple(names), fingerprint(dataset))


def prediction(run: str, zone: str) -> Prediction:
    return _prediction(run, zone, finished(run))


def parcel_names(dataset: str, zone: str) -> dict[int, str]:
    """Parcel id to what a list shows of it; shared between sessions: read, never change."""
    return _parcel_names(dataset, zone, fingerprint(dataset), i18n.current())


def listed_parcels(dataset: str, zone: str) -> tuple[int, ...]:
    """The largest parcels of a zone, as many as a list can show."""
    return _listed_parcels(dataset, zone, fingerprint(dataset))


def finished(run: str) -> float:
    """When the run's last work ended [s since 1970]."""
    return store().run(run).status.finished


def usable_runs(dataset: str) -> tuple[RunInfo, ...]:
    """Runs with predictions, newest first."""
    return tuple(run for run in store().runs(dataset) if run.zones)


def csv(table: pd.DataFrame, dataset: str | None = None) -> bytes:
    """What a download button of a table gives; of a dataset's table each row says the season.

    Texts that a spreadsheet would take for formulas begin with an apostrophe, as it writes them.
    """
    told = table if dataset is None else table.assign(**description(dataset).season.columns)
    texts = {str(name): told[name].map(_inert) for name in told.select_dtypes(exclude="number")}
    text: str = told.assign(**texts).rename(columns=_inert).to_csv(index=False)
    return text.encode()


def _inert(cell: Any) -> Any:
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\r\n", "\n").replace(
        "\r", "\n"
    )  # of which not every writer puts quotes around
    is_formula = _FORMULA.match(text) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula else text


def stem(dataset: str, *parts: object) -> str:
    """Name of a file that is taken home, without its suffix: dataset, season, what it holds."""
    season = description(dataset).season.text.replace("..", "_")
    return "_".join(map(str, (dataset, season, *parts)))
