"""Every declaration of the held-out zones with what the models say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cropdash import evaluate
from cropdash.domain import IGNORE, M2_PER_HA, Legend, Level
from cropdash.domain.errors import RunNotFound
from cropdash.domain.source import CARRIED
from cropdash.evaluate import learning, suspicion
from cropdash.storage.store import RunInfo
from cropdash.ui.shell import data

_CLASSES = r"^p_\d+$"


_COLUMNS = (
    "register_id", "zone_id", "parcel_id", "code", "crop", "area_ha", "n_pixels", "share_in_zone",
)  # fmt: skip


@dataclass(frozen=True)
class Limits:
    """Where red and amber begin: probability of what was declared."""

    red: float = suspicion.RED_BELOW
    amber: float = suspicion.AMBER_BELOW


def common_zones(runs: Sequence[RunInfo]) -> tuple[str, ...]:
    """Zones that all of the runs have predicted, in order."""
    return tuple(sorted(set.intersection(*(set(run.zones) for run in runs))))


def cases(runs: Sequence[RunInfo], level: Level) -> pd.DataFrame:
    """The evidence of every declared parcel, most doubtful first; see `doubt.evidence`.

    Beside it register_id, zone_id, parcel_id, code, area_ha, n_pixels, share_in_zone; declared and suggested are ids of `level`.
    applicable (to what all models learned from); declared and suggested are ids of `level`.
    Shared between sessions: read, never change.
    """
    data.shared_legend(runs)
    marks = tuple((run.run_id, run.status.finished) for run in runs)
    return _cases(marks, runs[0].dataset, common_zones(runs), level)


def judged(runs: Sequence[RunInfo], level: Level, limits: Limits) -> pd.DataFrame:
    """`cases` with its lights; shared between sessions: read, never change."""
    cases(runs, level)
    marks = tuple((run.run_id, run.status.finished) for run in runs)
    return _lit(marks, runs[0].dataset, common_zones(runs), level, limits)


@st.cache_resource(max_entries=4, show_spinner=False)
def _lit(
    marks: tuple[tuple[str, float], ...],
    dataset: str,
    zones: tuple[str, ...],
    level: Level,
    limits: Limits,
) -> pd.DataFrame:
    return lit(_cases(marks, dataset, zones, level), limits)


def lit(found: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """The evidence with the `light` that it gives under the limits."""
    told = suspicion.lights(found, limits.red, limits.amber)
    light = pd.Categorical(told, categories=suspicion.LIGHTS)
    return found.assign(light=light, red_below=limits.red, amber_below=limits.amber)


@st.cache_resource(max_entries=4, show_spinner=False)
def _cases(
    marks: tuple[tuple[str, float], ...], dataset: str, zones: tuple[str, ...], level: Level
) -> pd.DataFrame:
    ids, places = [run_id for run_id, _ in marks], {z.zone_id: z for z in data.zones(dataset)}
    table = data.store().parcel_facts(dataset, None)
    mapped = table["crop"].between(1, IGNORE - 1)
    table = table[mapped & table["zone_id"].isin(zones)]
    found = [data.store().answers(run_id, tuple(places), table) for run_id in ids]
    both = np.all([has for _, has in found], axis=0)
    answers = [answer[both[has]] for answer, has in found]
    carried = [name for name in table if str(name).startswith(CARRIED)]
    told = table.loc[both, [*_COLUMNS, *carried]].reset_index(drop=True)
    if not len(told):
        return told
    size = {zone_id: zone.grid.pixel_size for zone_id, zone in places.items()}
    area = told["zone_id"].map(size) ** 2  # [m2] of a pixel
    told["seen"] = (told["n_pixels"] * area / (told["area_ha"] * M2_PER_HA)).clip(upper=1)
    known = [
        a["applicable"].fillna(value=True).to_numpy(bool) for a in answers if "applicable" in a
    ]
    told["applicable"] = np.all(known, axis=0) if known else True
    said = [a.filter(regex=_CLASSES).to_numpy(np.float32) for a in answers]
    judged = _judged(told, said, ids, data.legend(dataset), zones, level)
    return suspicion.ranked(judged).reset_index(drop=True)


def _judged(
    table: pd.DataFrame,
    said: list[NDArray[np.float32]],
    ids: Sequence[str],
    legend: Legend,
    zones: tuple[str, ...],
    level: Level,
) -> pd.DataFrame:
    declared = table["crop"].to_numpy(np.int64)
    groups = legend.group_of(level)
    thresholds = [data.store().calibrated(i).get("threshold") for i in ids]
    if level != "class":  # sets were promised for classes
        said = [evaluate.group_probabilities(p, groups) for p in said]
        declared, thresholds = groups[declared], [None] * len(ids)
    found = suspicion.evidence(declared, said, thresholds, _confused(ids, legend, zones, level))
    whole = pd.concat([table.drop(columns="crop").reset_index(drop=True), found], axis=1)
    mean = np.mean(said, axis=0)
    whole["unsure"], whole["named"] = learning.uncertainty(mean), mean.argmax(axis=1)
    for i, answers in enumerate(said):
        whole[f"named_{i}"] = answers.argmax(axis=1)
        whole[f"sure_{i}"] = answers.max(axis=1)
    return whole


def _confused(
    ids: Sequence[str], legend: Legend, zones: tuple[str, ...], level: Level
) -> NDArray[np.float64]:
    """(K, K) parcels of all runs by declared and predicted class."""
    k = legend.n_classes
    total = np.zeros((k, k))
    for run_id in ids:
        try:
            table = data.store().confusions(run_id)
        except RunNotFound:  # it was not scored, as where nothing is to be
            continue
        total += evaluate.from_table(table, k, unit="parcel", zones=zones).counts
    if level == "class":
        return total
    groups = legend.group_of(level)
    member = np.eye(int(groups.max()) + 1)[groups]  # (K, G)
    grouped: NDArray[np.float64] = member.T @ total @ member
    return grouped
