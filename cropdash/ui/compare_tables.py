"""Tables of the Compare page: classes, cells and the parcels behind them, reliability, metrics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cropdash import evaluate
from cropdash.legend import Level
from cropdash.storage.store import RunInfo
from cropdash.ui import data
from cropdash.ui.comparison import (
    DRAWS,
    MIN_ZONES,
    Choice,
    Scored,
    decisions,
    figures,
    group_labels,
)


def class_table(scored: Scored, choice: Choice, names: tuple[str, str]) -> pd.DataFrame:
    """Support, precision, recall and F1 of both, by class or group, with readable columns."""
    a, b = scored.totals_at(choice.level)
    table = evaluate.class_table(a, b)
    labels = group_labels(choice.level)
    out = pd.DataFrame(
        {"Class": [labels[i] for i in table["class_id"]], "Support": table["support"]}
    )
    for side, name in zip(("left", "right"), names, strict=True):
        for metric in ("precision", "recall", "f1"):
            out[f"{name} {metric if metric != 'f1' else 'F1'}"] = table[f"{side}_{metric}"]
    out["F1 difference"] = table["f1_difference"]
    out[["F1 low", "F1 high"]] = _f1_bounds(scored, choice, list(table["class_id"]))
    return out.sort_values("Support", ascending=False, ignore_index=True)


def _f1_bounds(scored: Scored, choice: Choice, ids: list[int]) -> NDArray[np.float64]:
    """(n, 2) 95 % interval of the F1 difference; NaN where zones are too few to draw from."""
    if len(choice.zones) < MIN_ZONES:
        return np.full((len(ids), 2), np.nan)
    rng = np.random.default_rng(0)
    bounds = evaluate.class_f1_intervals(*scored.at(choice.level), rng=rng, draws=DRAWS)
    return bounds.set_index("class_id").loc[ids, ["f1_low", "f1_high"]].to_numpy()


def dumbbell_table(scored: Scored, level: Level) -> pd.DataFrame:
    """What the F1 chart is drawn from: the library's own table at a level."""
    a, b = scored.totals_at(level)
    return evaluate.class_table(a, b)


def all_cells(scored: Scored) -> pd.DataFrame:
    """Every cell of both matrices that is not empty in both; see `evaluate.cell_table`."""
    return evaluate.cell_table(*scored.totals)


def confused_cells(scored: Scored) -> pd.DataFrame:
    """truth, predicted, n_left, n_right: confusions of either model, most frequent first."""
    a, b = scored.totals
    table = evaluate.cell_table(a, b)
    table = table[table["truth"] != table["predicted"]].rename(
        columns={"left": "n_left", "right": "n_right"}
    )
    order = (table["n_left"] + table["n_right"]).sort_values(ascending=False).index
    return table.loc[order].reset_index(drop=True)


def parcels_of_cell(
    runs: tuple[RunInfo, RunInfo],
    names: tuple[str, str],
    cell: tuple[int, int],
    zones: Sequence[str],
) -> pd.DataFrame:
    """Parcels declared as `cell[0]` that either model calls `cell[1]`, with a link to each."""
    rows = []
    for run, name in zip(runs, names, strict=True):
        table = decisions(run)
        hit = (table["truth"] == cell[0]) & (table["predicted"] == cell[1])
        rows.append(table[hit & table["zone_id"].isin(zones)].assign(model=name))
    table = pd.concat(rows, ignore_index=True)
    dataset = runs[0].dataset
    areas = [data.parcels(dataset, z)[["zone_id", "parcel_id", "area_ha"]] for z in zones]
    table = table.merge(pd.concat(areas), on=["zone_id", "parcel_id"], how="left")
    links = [
        f"/Explore?dataset={dataset}&zone={z}&parcel={p}"
        for z, p in zip(table["zone_id"], table["parcel_id"], strict=True)
    ]
    shown = pd.DataFrame(
        {
            "Model": table["model"],
            "Zone": table["zone_id"],
            "Parcel": table["parcel_id"],
            "Area": table["area_ha"],
            "Confidence": table["confidence"],
            "Open": links,
        }
    )
    return shown.sort_values("Confidence", ascending=False, ignore_index=True)


def reliability(
    runs: tuple[RunInfo, RunInfo], names: tuple[str, str], zones: Sequence[str]
) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """Reliability table and expected calibration error of each model's parcels."""
    tables, errors = {}, {}
    for run, name in zip(runs, names, strict=True):
        table = decisions(run)
        table = table[table["zone_id"].isin(zones)]
        tables[name] = evaluate.reliability(table["confidence"], table["correct"])
        errors[name] = evaluate.calibration_error(table["confidence"], table["correct"])
    return tables, errors


def metrics_table(
    runs: tuple[RunInfo, RunInfo], names: tuple[str, str], scored: Scored, choice: Choice
) -> pd.DataFrame:
    """All named numbers of both runs with run ids, unit, level and denominators, as for CSV."""
    rows = []
    for run, name, numbers in zip(runs, names, figures(scored, choice), strict=True):
        lists = {k: " ".join(map(str, v)) for k, v in numbers.items() if isinstance(v, list)}
        rows.append(
            {"model": name, "run": run.run_id, "zones": " ".join(choice.zones), **numbers, **lists}
        )
    return pd.DataFrame(rows)
