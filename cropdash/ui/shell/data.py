"""Cached reads of the Store; what pages call instead of files.

Caches are keyed by the dataset's fingerprint or the time a run finished, so that a rebuilt
dataset or a repeated prediction is never shown stale.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import wraps
from typing import Any, TypeVar, cast

import geopandas as gpd
import pandas as pd
import streamlit as st

from cropdash import i18n
from cropdash.domain import Cube, Labels, Legend, Prediction, Zone
from cropdash.domain.errors import CropdashError, InvalidRun
from cropdash.files import tables
from cropdash.i18n import label, number, say, sentence
from cropdash.prepare import as_of
from cropdash.prepare.series import parcel_series
from cropdash.settings.folders import folders
from cropdash.storage.store import Description, RunInfo, Store

# Parcels in a select box, which is sent anew with each click: all 10,000 of a zone would be 430 kB.
_LISTED = 300
Reads = TypeVar("Reads", bound=Callable[..., Any])


@st.cache_resource
def store() -> Store:
    """The one read-only view of datasets and runs."""
    where = folders()
    return Store(where.data, where.models)


def datasets() -> tuple[str, ...]:
    """Names of datasets with at least one built zone."""
    found = []
    for name in store().dataset_names():
        with suppress(CropdashError):  # it was damaged this very moment
            found += [name] if store().has_zones(name) else []
    return tuple(found)


@st.cache_data(ttl=2, max_entries=16, show_spinner=False)
def fingerprint(dataset: str) -> str:
    """Changes with the dataset's content; read again every two seconds."""
    return store().fingerprint(dataset)


def _kept(entries: int, stage: str = "") -> Callable[[Reads], Reads]:
    """Keep what `read(dataset, ...)` gave until the dataset or the language changes.

    It is shared between sessions: read, never change.
    """

    def keep(read: Reads) -> Reads:
        @st.cache_resource(max_entries=entries, show_spinner=False)
        @wraps(read)  # by whose name and source the cache knows it
        def remembered(dataset: str, *rest: Any, mark: tuple[str, str]) -> Any:
            return read(dataset, *rest)

        @wraps(read)
        def current(dataset: str, *rest: Any) -> Any:
            mark = (fingerprint(dataset), i18n.current())
            with (
                st.spinner(say(stage)) if stage else nullcontext()
            ):  # shown after a tenth of a second
                return remembered(dataset, *rest, mark=mark)

        return cast("Reads", current)

    return keep


@_kept(32)
def zones(dataset: str) -> tuple[Zone, ...]:
    """Every zone of the dataset, built or not."""
    return store().zones(dataset)


@_kept(32)
def legend(dataset: str) -> Legend:
    """Classes, groups, families, colours and codes of the dataset."""
    return store().legend(dataset)


@_kept(6)
def cube(dataset: str, zone: str, around: bool = False) -> Cube:
    """The season's composites of a zone, with its margin if `around`."""
    return store().cube(dataset, zone, around=around)


@_kept(12)
def labels(dataset: str, zone: str, around: bool = False) -> Labels:
    """What was declared in a zone, pixel by pixel."""
    return store().labels(dataset, zone, around=around)


@_kept(12)
def parcels(dataset: str, zone: str) -> gpd.GeoDataFrame:
    """The zone's parcels; see `DatasetFolder.parcels`."""
    return store().parcels(dataset, zone)


@_kept(12)
def series(dataset: str, zone: str) -> pd.DataFrame:
    """Indexed by parcel_id."""
    return store().series(dataset, zone).set_index("parcel_id", drop=False)


@_kept(12)
def parcel_names(dataset: str, zone: str) -> dict[int, str]:
    """Parcel id to what a list shows of it: the register's id, class and area."""
    table, classes = parcels(dataset, zone), legend(dataset).classes
    columns = (table[name] for name in ("parcel_id", "register_id", "crop", "area_ha"))
    return {
        int(i): f"{own} · {label(classes[crop])} · {number(area, ',.2f')} ha"
        for i, own, crop, area in zip(*columns, strict=True)
    }


@_kept(12)
def listed_parcels(dataset: str, zone: str) -> tuple[int, ...]:
    """The largest parcels of a zone, as many as a list can show."""
    return tuple(parcels(dataset, zone).nlargest(_LISTED, "area_ha")["parcel_id"].tolist())


@_kept(8, sentence("Reading the dataset"))
def class_counts(dataset: str) -> pd.DataFrame:
    """Parcels and hectares of each class, by zone."""
    return store().class_counts(dataset)


@_kept(8, sentence("Reading the dates of all zones"))
def clear_dates(dataset: str) -> pd.DataFrame:
    """Clear dates by zone and period."""
    return store().clear_dates(dataset)


@_kept(4)
def clear_by_parcel(
    dataset: str, zones: tuple[str, ...], since: dt.date, until: dt.date
) -> pd.DataFrame:
    """Clear dates of the parcels of some zones in the periods between two days."""
    return store().clear_by_parcel(dataset, zones, since, until)


@_kept(16)
def imagery(
    dataset: str,
    zone: str,
    periods: tuple[str, ...],
    bands: tuple[str, ...] | None = None,
    side: int | None = None,
) -> Cube:
    """Some periods and bands of a zone, coarser than `side` if wanted: faster than the whole cube."""
    return store().imagery(dataset, zone, periods, bands, side)


@_kept(8)
def description(dataset: str) -> Description:
    """Title, season, bands and zones."""
    return store().dataset(dataset).description


@_kept(8)
def values(dataset: str) -> tuple[str, ...]:
    """Indices, bands and layers that the parcels' series hold."""
    return store().values(dataset)


@_kept(8, sentence("Reading the parcels of all zones"))
def parcel_facts(dataset: str) -> pd.DataFrame:
    """Parcels of all zones without their outlines."""
    return store().parcel_facts(dataset)


@_kept(6)
def cube_by(dataset: str, zone: str, day: dt.date) -> Cube:
    """The zone as it could be seen on a day: later periods are NaN, and nothing is filled from them."""
    return as_of.known_by(store().cube(dataset, zone), day)


@_kept(12)
def series_by(dataset: str, zone: str, day: dt.date) -> pd.DataFrame:
    """As `series`, of the periods that were over by the day, by what was known then."""
    known = as_of.known_by(store().cube(dataset, zone, around=True), day)
    table = parcel_series(known, labels(dataset, zone, True)).set_index("parcel_id", drop=False)
    over = [period.id for period in known.periods if period.end <= day]
    return pd.DataFrame(table[table["period"].isin(over)])


@_kept(4, sentence("Reading the series of all zones"))
def seasons_seen(dataset: str) -> pd.DataFrame:
    """As `seasons` of NDVI, of parcels wholly seen: what is said of a period was seen in it."""
    return store().seasons(dataset, seen=True)


@_kept(24, sentence("Reading the series of all zones"))
def seasons(dataset: str, value: str = "NDVI", region: str | None = None) -> pd.DataFrame:
    """A value's season of the parcels of each class, by region."""
    return store().seasons(dataset, value, region)


@_kept(12, sentence("Reading one period of all zones"))
def parcel_means(dataset: str, period: str, names: tuple[str, ...]) -> pd.DataFrame:
    """Means of some values in one period, by parcel of all zones."""
    return store().parcel_means(dataset, period, names)


@st.cache_resource(max_entries=16, show_spinner=False)
def _prediction(run: str, zone: str, key: float) -> Prediction:
    return store().prediction(run, zone)


def prediction(run: str, zone: str) -> Prediction:
    """What a run says of a zone; read again once the run has finished anew."""
    return _prediction(run, zone, finished(run))


def shared_legend(runs: Sequence[RunInfo]) -> Legend:
    """The legend of the first run's dataset. Raises InvalidRun unless all runs name its classes."""
    shared = legend(runs[0].dataset)
    for run in runs:
        if run.legend_hash != shared.hash:
            raise InvalidRun(
                "Run {a} names classes of another legend than that of dataset {b}: train it"
                " again, or choose another run.",
                a=run.run_id,
                b=runs[0].dataset,
            )
    return shared


def periods(dataset: str) -> tuple[str, ...]:
    """Ids of the dataset's periods that are over, in order, e.g. "2023-05"."""
    return tuple(period.id for period in description(dataset).periods)


def finished(run: str) -> float:
    """When the run's last work ended [s since 1970]."""
    return store().run(run).status.finished


def usable_runs(dataset: str) -> tuple[RunInfo, ...]:
    """Runs with predictions, newest first."""
    return tuple(run for run in store().runs(dataset) if run.zones)


def reviewable_runs(dataset: str) -> tuple[RunInfo, ...]:
    """Those that were scored, or asked about land that is not theirs, where nothing may be."""
    return tuple(run for run in usable_runs(dataset) if run.scores or run.on)


def csv(table: pd.DataFrame, dataset: str | None = None) -> bytes:
    """What a download button of a table gives; of a dataset's table each row says the season.

    Texts that a spreadsheet would take for formulas begin with an apostrophe, as it writes them.
    """
    told = table if dataset is None else table.assign(**description(dataset).season.columns)
    return tables.to_csv(told)


def stem(dataset: str, *parts: object) -> str:
    """Name of a file that is downloaded, without its suffix: dataset, season, what it holds."""
    season = description(dataset).season.text.replace("..", "_")
    return "_".join(map(str, (dataset, season, *parts)))
