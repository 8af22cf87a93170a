"""How good a map is before its season is over: scores by date, and from when each class is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from cropdash.domain.errors import NotEnoughData
from cropdash.domain.scores import RunScores
from cropdash.evaluate import uncertainty
from cropdash.evaluate.matrix import Unit
from cropdash.evaluate.tables import per_zone

NAMED = 0.9  # share of its figure at the season's end from which on a class counts as named
_DRAWS = 1000  # of zones, for an interval


def by_date(
    scores: Mapping[dt.date, RunScores],
    confusions: Mapping[dt.date, pd.DataFrame],
    decided: Mapping[dt.date, pd.DataFrame],
    n_classes: int,
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """Scores of each date by unit: pixel, parcel, hectare.

    as_of, unit, n_scored, accuracy with accuracy_low and accuracy_high (95 % over zones), macro_f1,
    of_last: accuracy as a share of the last date's; of parcels also ece, and promised, covered and
    set_size of the sets of classes. What is undefined is NaN. `confusions` and `decided` are as
    `RunFolder.confusions` and `RunFolder.calibration` give them.
    """
    rows = []
    for day in sorted(scores):
        test = scores[day].test
        for unit in ("pixel", "parcel", "hectare"):
            found = test.of(unit)
            row = {
                "as_of": day.isoformat(),
                "unit": unit,
                "n_scored": found.n_scored,
                "accuracy": found.accuracy,
                **_between(confusions[day], n_classes, unit, test.zones, seed),
                "macro_f1": found.macro_f1,
            }
            if unit == "parcel" and len(decided[day]):
                sure = decided[day]
                row["ece"] = uncertainty.calibration_error(sure["confidence"], sure["correct"])
            if unit == "parcel" and test.sets is not None:
                sets = test.sets
                row |= {"promised": sets.promised, "covered": sets.covered, "set_size": sets.size}
            rows.append(row)
    table = pd.DataFrame(rows)
    last = table.groupby("unit")["accuracy"].transform("last")
    table.insert(6, "of_last", table["accuracy"] / last)
    return table


def _between(
    confusions: pd.DataFrame, n_classes: int, unit: Unit, zones: tuple[str, ...], seed: int
) -> dict[str, float]:
    """Ends of the accuracy's interval; NaN where there are too few zones to draw."""
    matrices = per_zone(confusions, n_classes, unit=unit, zones=zones)
    rng = np.random.default_rng(seed)
    try:
        found = uncertainty.intervals(matrices, rng=rng, draws=_DRAWS)["accuracy"]
    except NotEnoughData:
        return {"accuracy_low": np.nan, "accuracy_high": np.nan}
    return {"accuracy_low": found.low, "accuracy_high": found.high}


def first_named(decided: Mapping[dt.date, pd.DataFrame], share: float = NAMED) -> pd.DataFrame:
    """From when on each class is named: class_id, parcels, at_last, named_from.

    at_last: share of the parcels declared so that are named right at the last date. named_from: the
    first date from which on that share never falls below `share` of at_last; NaT for a class of
    which nothing is right at the last.
    """
    days = sorted(decided)
    right = pd.concat(
        [decided[day].groupby("truth")["correct"].mean().rename(day) for day in days], axis=1
    )
    enough = right.ge(share * right[days[-1]], axis=0).to_numpy(bool)
    holds = np.flip(np.cumprod(np.flip(enough, axis=1), axis=1), axis=1).astype(bool)
    first = holds.argmax(axis=1)
    last = decided[days[-1]].groupby("truth")["correct"]
    table = pd.DataFrame({"parcels": last.size(), "at_last": last.mean()})
    moments = pd.to_datetime([days[i] for i in first])
    table["named_from"] = pd.Series(moments, index=right.index).where(right[days[-1]] > 0)
    return table.rename_axis("class_id").reset_index()


def by_clear_dates(
    decided: pd.DataFrame, clear: pd.Series, edges: tuple[int, ...] = (0, 3, 6, 9, 13)
) -> pd.DataFrame:
    """What clouds cost: low, high, parcels, accuracy, by the number of clear dates of a parcel.

    `clear` gives it by (zone_id, parcel_id); high is the last number of its class, and of the last
    class the largest there is.
    """
    many = decided.set_index(["zone_id", "parcel_id"]).join(clear.rename("clear"))["clear"]
    at = np.clip(np.searchsorted(edges, many.to_numpy(), side="right") - 1, 0, None)
    grouped = pd.DataFrame({"at": at, "correct": decided["correct"].to_numpy()}).groupby("at")
    table = grouped["correct"].agg(parcels="size", accuracy="mean").reset_index()
    ends = [*(edge - 1 for edge in edges[1:]), int(np.ceil(many.max()))]
    table.insert(0, "low", [edges[i] for i in table["at"]])
    table.insert(1, "high", [ends[i] for i in table["at"]])
    return table.drop(columns="at")
