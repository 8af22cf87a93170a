"""Folds of whole zones."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from cropdash.domain import Zone
from cropdash.domain.errors import NotEnoughData
from cropdash.prepare import neighbours


def folds(parcels: pd.DataFrame, n_folds: int, seed: int = 0) -> dict[str, int]:
    """Fold (0 to n_folds - 1) of each zone; every zone is in exactly one.

    `parcels` has a row per parcel with zone_id, region and crop. Zones are dealt so that
    regions and classes spread over the folds (StratifiedGroupKFold with the zone as group).

    Raises NotEnoughData if there are fewer zones than folds.
    """
    zones = parcels["zone_id"].unique()
    if len(zones) < n_folds:
        raise NotEnoughData(
            "{a} training zones can't make {b} folds: use fewer folds or more zones.",
            a=len(zones),
            b=n_folds,
        )
    if n_folds == 1:
        return {str(zone): 0 for zone in zones}
    found = _stratified(parcels, n_folds, seed)
    if len(set(found.values())) < n_folds:  # so few parcels that some fold got no zone
        found = _dealt(parcels, n_folds, seed)
    return found


class Fold(NamedTuple):
    """Ids of whole zones, each on one side."""

    train: frozenset[str]
    validation: frozenset[str]  # to stop early by; empty where too few zones are left
    scored: frozenset[str]


def nested(
    parcels: pd.DataFrame, n_folds: int, *, inner_folds: int, inner: int = 0, seed: int = 0
) -> tuple[Fold, ...]:
    """Folds of a cross-validation: every zone is scored in one of them.

    The zones that a fold does not score are divided once more, into `inner_folds`, and the
    `inner`-th of these is its validation: what ends a training early is never what is scored.

    `parcels` as in `folds`; raises NotEnoughData as that does.
    """
    outer = folds(parcels, n_folds, seed)
    return tuple(
        _nest(
            parcels, {zone for zone, fold in outer.items() if fold == i}, inner_folds, inner, seed
        )
        for i in range(n_folds)
    )


def _nest(parcels: pd.DataFrame, scored: set[str], inner_folds: int, inner: int, seed: int) -> Fold:
    left = parcels[~parcels["zone_id"].isin(scored)]
    n = min(inner_folds, left["zone_id"].nunique())
    if n < 2:
        return Fold(frozenset(left["zone_id"].astype(str)), frozenset(), frozenset(scored))
    found = folds(left, n, seed)
    held = frozenset(zone for zone, fold in found.items() if fold == inner % n)
    return Fold(frozenset(found) - held, held, frozenset(scored))


def apart(zones: Sequence[Zone], held: Sequence[Zone]) -> tuple[Zone, ...]:
    """Those of `zones` that share no ground with any of `held`, whatever their datasets.

    Compared by their boxes in degrees, which are a little larger than the zones.
    """
    near, _ = neighbours.pairs(zones, held)
    shared = set(near.tolist())
    return tuple(zone for i, zone in enumerate(zones) if i not in shared)


def _stratified(parcels: pd.DataFrame, n_folds: int, seed: int) -> dict[str, int]:
    from sklearn.model_selection import StratifiedGroupKFold

    # Region and crop together are the stratum, so that both spread.
    stratum = parcels["region"].astype(str) + "/" + parcels["crop"].astype(str)
    if stratum.value_counts().max() < n_folds:
        return {}
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    found: dict[str, int] = {}
    with warnings.catch_warnings():
        # A class with fewer parcels than folds can't be in each of them: known, and no fault.
        warnings.filterwarnings("ignore", message="The least populated class")
        parts = splitter.split(np.zeros((len(parcels), 1)), stratum, parcels["zone_id"])
        for fold, (_, held) in enumerate(parts):
            found |= {str(zone): fold for zone in parcels["zone_id"].iloc[held].unique()}
    return found


def _dealt(parcels: pd.DataFrame, n_folds: int, seed: int) -> dict[str, int]:
    """Zones dealt like cards, region by region."""
    zones = parcels.drop_duplicates("zone_id").sample(frac=1, random_state=seed)
    ordered = zones.sort_values("region", kind="stable")["zone_id"]
    return {str(zone): i % n_folds for i, zone in enumerate(ordered)}
