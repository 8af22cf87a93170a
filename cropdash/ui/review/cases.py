"""Every declaration of the held-out zones with what the models say of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from cropdash import evaluate, legend
from cropdash.evaluate import doubt
from cropdash.legend import Level
from cropdash.storage.store import RunInfo
from cropdash.ui import data

_CLEAR = 0.5  # share of a parcel's pixels that were seen in a month that counts as observed
_FACTS = ["zone_id", "parcel_id", "crop", "area_ha", "n_pixels"]


@dataclass(frozen=True)
class Limits:
    """Where red and amber begin: share of the probability that the declared crop usually gets."""

    red: float = 0.05
    amber: float = 0.30


def common_zones(runs: Sequence[RunInfo]) -> tuple[str, ...]:
    """Held-out zones that all of the runs have predicted, in order.

    A zone that a model learned from can be predicted too: its declarations would all be believed.
    """
    shared = set.intersection(*(set(run.zones) for run in runs))
    held_out = {zone.zone_id for zone in data.zones(runs[0].dataset) if zone.split == "test"}
    return tuple(sorted(shared & held_out))


def cases(runs: Sequence[RunInfo], level: Level) -> pd.DataFrame:
    """The evidence of every declared parcel, most doubtful first; see `doubt.evidence`.

    Beside it zone_id, parcel_id, area_ha, n_pixels, observed (months); declared and suggested are
    ids of `level`, crop and other those of the classes behind them; named_<i> and sure_<i> what
    run i names, and how probable that is. Shared between sessions: read, never change.
    """
    marks = tuple((run.run_id, run.status.finished) for run in runs)
    dataset = runs[0].dataset
    return _cases(marks, dataset, data.fingerprint(dataset), common_zones(runs), level)


def lit(found: pd.DataFrame, limits: Limits) -> pd.DataFrame:
    """The evidence with the `light` that it gives under the limits."""
    return found.assign(light=doubt.lights(found, limits.red, limits.amber))


@st.cache_resource(max_entries=8, show_spinner="Reading what the models say of every parcel")
def _cases(
    marks: tuple[tuple[str, float], ...],
    dataset: str,
    fingerprint: str,  # of the dataset: its content changes the answer
    zones: tuple[str, ...],
    level: Level,
) -> pd.DataFrame:
    ids = [run_id for run_id, _ in marks]
    parts = [_zone(dataset, zone, ids) for zone in zones]
    table = pd.concat([part for part, _ in parts], ignore_index=True)
    if not len(table):
        return table
    said = [np.concatenate([answers[i] for _, answers in parts]) for i in range(len(ids))]
    return doubt.ranked(_judged(table, said, ids, zones, level)).reset_index(drop=True)


def _zone(
    dataset: str, zone: str, ids: Sequence[str]
) -> tuple[pd.DataFrame, list[NDArray[np.float32]]]:
    """Declared parcels of a zone with observed and pixels, and each run's answers (P, K).

    pixels is 0, and the answers too, where a run has none.
    """
    parcels = data.parcels(dataset, zone)
    kept = pd.DataFrame(parcels.loc[(parcels["crop"] > 0) & (parcels["crop"] < 255), _FACTS])
    series = data.store().series(dataset, zone)
    clear = (series["clear_share"] >= _CLEAR).groupby(series["parcel_id"]).sum()
    kept["observed"] = clear.reindex(kept["parcel_id"], fill_value=0).to_numpy()
    kept["pixels"] = kept["n_pixels"]
    classes = [f"p_{k}" for k in range(legend.load().n_classes)]
    rows = []
    for run in ids:
        answers = data.store().parcel_prediction(run, zone).set_index("parcel_id")[classes]
        kept.loc[~kept["parcel_id"].isin(answers.index), "pixels"] = 0
        found = answers.reindex(kept["parcel_id"], fill_value=0)
        rows.append(found.to_numpy(np.float32))
    return kept, rows


def _judged(
    table: pd.DataFrame,
    said: list[NDArray[np.float32]],
    ids: Sequence[str],
    zones: tuple[str, ...],
    level: Level,
) -> pd.DataFrame:
    crops = table["crop"].to_numpy(np.int64)
    groups = np.asarray(legend.load().group_of(level))
    declared, answers, trained = crops, said, _trained(ids)
    thresholds = [data.store().calibrated(i).get("threshold") for i in ids]
    if level != "class":  # sets were promised for classes
        answers = [evaluate.group_probabilities(p, groups) for p in said]
        declared, thresholds = groups[crops], [None] * len(ids)
        trained = np.isin(np.arange(int(groups.max()) + 1), groups[trained])
    found = doubt.evidence(
        declared, answers, thresholds, _confused(ids, zones, level),
        trained=trained, pixels=table.pop("pixels").to_numpy(),
    )  # fmt: skip
    whole = pd.concat([table, found], axis=1)
    whole["other"] = _likeliest(said, groups, whole["suggested"].to_numpy())
    for i, answer in enumerate(answers):
        whole[f"named_{i}"] = answer.argmax(axis=1)
        whole[f"sure_{i}"] = answer.max(axis=1)
    return whole


def _trained(ids: Sequence[str]) -> NDArray[np.bool_]:
    """(K,) classes that all of the runs have learned; all of them where a run doesn't say."""
    known = np.ones(legend.load().n_classes, bool)
    for run in ids:
        learned = data.store().run(run).scores.get("trained_classes")
        if learned:
            known &= np.isin(np.arange(len(known)), learned)
    return known


def _likeliest(
    said: list[NDArray[np.float32]], groups: NDArray[np.int64], suggested: NDArray[np.int64]
) -> NDArray[np.int64]:
    """(P,) the most probable class of the group that is suggested."""
    within = np.where(groups == suggested[:, None], np.mean(said, axis=0), -1.0)  # (P, K)
    return np.asarray(within.argmax(axis=1))


def _confused(ids: Sequence[str], zones: tuple[str, ...], level: Level) -> NDArray[np.float64]:
    """(K, K) parcels of all runs by declared and predicted class."""
    k = legend.load().n_classes
    total = np.zeros((k, k))
    for run_id in ids:
        table = data.store().confusions(run_id)
        total += evaluate.from_table(table, k, unit="parcel", zones=zones).counts
    if level == "class":
        return total
    groups = np.asarray(legend.load().group_of(level))
    member = np.eye(int(groups.max()) + 1)[groups]  # (K, G)
    grouped: NDArray[np.float64] = member.T @ total @ member
    return grouped
