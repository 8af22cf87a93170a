"""Tables of the Compare page: classes, cells and the parcels behind them, reliability, metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd

from cropdash import evaluate
from cropdash.domain import Level
from cropdash.i18n import say
from cropdash.ui.compare.controls import group_labels
from cropdash.ui.compare.counting import (
    Choice,
    Names,
    Runs,
    Scored,
    class_bounds,
    decisions,
    figures,
    marks_of,
)
from cropdash.ui.shell import data

Cell = tuple[int, int]  # group declared, group named
BY = ("left", "right", "both")  # which run confuses a parcel


def scores_by_class(runs: Runs, scored: Scored, choice: Choice) -> pd.DataFrame:
    """`evaluate.class_table` of a level with f1_low and f1_high, trained (by both), and name."""
    table = evaluate.class_table(*scored.totals_at(choice.level))
    bounds = class_bounds(runs[0].run_id, runs[1].run_id, choice, marks_of(runs))
    table = table.merge(bounds, on="class_id", how="left")
    groups = scored.legend.group_of(choice.level)
    labels = group_labels(runs[0].dataset, choice.level)
    seen = [{int(groups[i]) for i in side} for side in scored.trained]
    table["trained"] = [all(k in side for side in seen) for k in table["class_id"]]
    table["name"] = [labels[k] for k in table["class_id"]]
    return table.sort_values("support", ascending=False, ignore_index=True)


def shown_by_class(table: pd.DataFrame, names: Names) -> pd.DataFrame:
    """The same with readable columns."""
    out = pd.DataFrame({say("Class"): table["name"], say("Support"): table["support"]})
    metrics = {"precision": say("precision"), "recall": say("recall"), "f1": "F1"}
    for metric, word in metrics.items():
        for side, name in zip(("left", "right"), names, strict=True):
            out[f"{name} {word}"] = table[f"{side}_{metric}"]
    out[say("F1 difference")] = table["f1_difference"]
    out[say("F1 low")] = table["f1_low"]
    out[say("F1 high")] = table["f1_high"]
    out[say("Trained")] = table["trained"]
    return out


def all_cells(scored: Scored, level: Level = "class") -> pd.DataFrame:
    """Every cell of both matrices that is not empty in both; see `evaluate.cell_table`."""
    return evaluate.cell_table(*scored.totals_at(level))


def named_cells(scored: Scored, level: Level) -> pd.DataFrame:
    """`all_cells` with the stable names of both classes, as for CSV."""
    names, cells = scored.legend.groups(level), all_cells(scored, level)
    return cells.assign(
        truth_name=[names[i] for i in cells["truth"]],
        predicted_name=[names[i] for i in cells["predicted"]],
    )


def confused_cells(scored: Scored, level: Level = "class") -> pd.DataFrame:
    """truth, predicted, n_left, n_right: confusions of either model, most frequent first."""
    table = all_cells(scored, level)
    table = table[table["truth"] != table["predicted"]].rename(
        columns={"left": "n_left", "right": "n_right"}
    )
    order = (table["n_left"] + table["n_right"]).sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def parcels_of_cell(
    runs: Runs, cell: Cell, zones: Sequence[str], level: Level = "class"
) -> pd.DataFrame:
    """Parcels declared as `cell[0]` that either run calls `cell[1]`, surest first.

    zone_id, parcel_id, area_ha, truth, left and right (class ids), left_confidence,
    right_confidence, by (BY), sureness (highest confidence of the runs that say so).
    """
    groups = data.legend(runs[0].dataset).group_of(level)
    left, right = (d[d["zone_id"].isin(list(zones))] for d in map(decisions, runs))
    keys = ["zone_id", "parcel_id", "truth"]
    both = left.merge(right, on=keys, suffixes=("_left", "_right"))
    both = both[groups[both["truth"].to_numpy()] == cell[0]]
    so = {s: groups[both[f"predicted_{s}"].to_numpy()] == cell[1] for s in ("left", "right")}
    sure = {s: np.where(so[s], both[f"confidence_{s}"], 0.0) for s in so}
    table = pd.DataFrame(
        {
            **{key: both[key] for key in keys},
            "left": both["predicted_left"],
            "right": both["predicted_right"],
            "left_confidence": both["confidence_left"],
            "right_confidence": both["confidence_right"],
            "by": np.where(so["left"] & so["right"], "both", np.where(so["left"], "left", "right")),
            "sureness": np.maximum(sure["left"], sure["right"]),
        }
    )[so["left"] | so["right"]]
    table = table.merge(_areas(runs[0].dataset, table), on=["zone_id", "parcel_id"], how="left")
    return pd.DataFrame(
        table.sort_values("sureness", ascending=False, kind="stable", ignore_index=True)
    )


def _areas(dataset: str, table: pd.DataFrame) -> pd.DataFrame:
    facts = data.parcel_facts(dataset)
    inside = facts["zone_id"].isin(table["zone_id"].unique())
    return pd.DataFrame(facts.loc[inside, ["zone_id", "parcel_id", "area_ha"]])


def reliability(
    runs: Runs, names: Names, zones: Sequence[str]
) -> tuple[dict[str, pd.DataFrame], dict[str, float]]:
    """Reliability table and expected calibration error of each model's parcels."""
    tables, errors = {}, {}
    for run, name in zip(runs, names, strict=True):
        table = decisions(run)
        table = table[table["zone_id"].isin(list(zones))]
        tables[name] = evaluate.reliability(table["confidence"], table["correct"])
        errors[name] = evaluate.calibration_error(table["confidence"], table["correct"])
    return tables, errors


def coverage(runs: Runs, key: Literal["class_id", "zone_id"]) -> pd.DataFrame:
    """class_id or zone_id, support, left_covered, right_covered, left_size, right_size of the class sets.

    Over all test zones of each run, as scored; empty if one of the runs has no sets.
    """
    sides = []
    for run, side in zip(runs, ("left", "right"), strict=True):
        sets = run.scores.test.sets if run.scores else None
        found = (sets.by_class if key == "class_id" else sets.by_zone) if sets else ()
        rows = pd.DataFrame(list(found))
        if rows.empty:
            return rows
        names = {"covered": f"{side}_covered", "size": f"{side}_size"}
        sides.append(rows.rename(columns=names))
    first, second = sides
    table = first.merge(second.drop(columns="support"), on=key, how="outer")
    return table.sort_values("support", ascending=False, ignore_index=True)


def metrics_table(runs: Runs, names: Names, scored: Scored, choice: Choice) -> pd.DataFrame:
    """All named numbers of both runs with run ids, unit, level and denominators, as for CSV."""
    rows = []
    for run, name, numbers in zip(runs, names, figures(scored, choice), strict=True):
        lists = {k: " ".join(map(str, v)) for k, v in numbers.items() if isinstance(v, list)}
        rows.append(
            {"model": name, "run": run.run_id, "zones": " ".join(choice.zones), **numbers, **lists}
        )
    return pd.DataFrame(rows)
