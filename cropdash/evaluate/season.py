"""How good a map is before its season is over: scores by date, and from when each class is named."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pyproj import Transformer

from cropdash.domain import Grid, Season
from cropdash.domain.errors import NotEnoughData
from cropdash.domain.scores import RunScores
from cropdash.evaluate import uncertainty
from cropdash.evaluate.matrix import Unit
from cropdash.evaluate.tables import per_zone

NAMED = 0.9  # share of its figure at the season's end from which on a class counts as named
_SPRING = {False: 3, True: 9}  # its first month; True: south of the equator
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
    of_last: accuracy as a share of the last date's; of parcels also ece with what
    chance alone makes of it, ece_by_chance, and promised, covered and set_size of the sets of classes. What is undefined is NaN. `confusions` and `decided` are as
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
                row["ece_by_chance"] = uncertainty.error_by_chance(sure["confidence"])
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


def first_named(
    decided: Mapping[dt.date, pd.DataFrame], share: float = NAMED, *, seed: int = 0
) -> pd.DataFrame:
    """From when on each class is named: class_id, parcels, at_last, named_from with its interval.

    at_last: share of the parcels declared so that are named right at the last date. named_from: the
    first date from which on that share never falls below `share` of at_last; NaT for a class of
    which nothing is right at the last. named_low, named_high: 95 % of it over the zones, drawn anew.
    """
    days = sorted(decided)
    zones = pd.Index(sorted(set().union(*(set(table["zone_id"]) for table in decided.values()))))
    classes = pd.Index(sorted(set().union(*(set(table["truth"]) for table in decided.values()))))
    right, count = np.zeros((2, len(zones), len(classes), len(days)))
    for d, day in enumerate(days):
        table = decided[day]
        at = zones.get_indexer(table["zone_id"]), classes.get_indexer(table["truth"]), d
        np.add.at(right, at, table["correct"].to_numpy(float))
        np.add.at(count, at, 1)
    drawn = np.random.default_rng(seed).multinomial(
        len(zones), np.full(len(zones), 1 / len(zones)), _DRAWS
    )
    first, at_last = _first(right.sum(axis=0), count.sum(axis=0), share)
    again, _ = _first(np.tensordot(drawn, right, 1), np.tensordot(drawn, count, 1), share)  # (N, K)
    ends = np.full((2, len(classes)), np.nan)
    for k in range(len(classes)):
        if len(known := again[again[:, k] >= 0, k]):
            ends[:, k] = np.quantile(known, [0.025, 0.975], method="nearest")

    def moments(at: NDArray[np.floating]) -> pd.DatetimeIndex:
        whole = np.nan_to_num(at, nan=-1).astype(int)
        return pd.DatetimeIndex([pd.Timestamp(days[i]) if i >= 0 else pd.NaT for i in whole])

    return pd.DataFrame(
        {
            "class_id": classes, "parcels": count[..., -1].sum(axis=0).astype(int),
            "at_last": at_last, "named_from": moments(first),
            "named_low": moments(ends[0]), "named_high": moments(ends[1]),
        }
    )  # fmt: skip


def _first(
    right: NDArray[np.floating], count: NDArray[np.floating], share: float
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """(..., K) number of the first date from which on enough is right, -1 for never, and the last
    share; of (..., K, D) parcels that are right, and all."""
    rate = np.divide(right, count, out=np.full(right.shape, np.nan), where=count > 0)
    enough = rate >= share * rate[..., -1:]
    holds = np.flip(np.cumprod(np.flip(enough, axis=-1), axis=-1), axis=-1)
    first = np.where(rate[..., -1] > 0, holds.argmax(axis=-1), -1)
    return first.astype(float), rate[..., -1]


def counted_from(season: Season, day: dt.date, grid: Grid) -> dt.date:
    """The day from which on clear dates are counted, of those until another.

    The spring's first day, 1 March or 1 September south of the equator; where no period lies between
    the two, the season's own first day.
    """
    left, bottom, right, top = grid.bounds
    to_degrees = Transformer.from_crs(grid.crs, "OGC:CRS84", always_xy=True)
    _, latitude = to_degrees.transform((left + right) / 2, (bottom + top) / 2)
    month = _SPRING[latitude < 0]
    springs = [dt.date(year, month, 1) for year in (season.end.year, season.start.year)]
    return next(
        (
            spring
            for spring in springs
            if spring >= season.start
            and any(spring <= period.start and period.end <= day for period in season.periods)
        ),
        season.start,
    )


def by_clear_dates(
    decided: pd.DataFrame, clear: pd.Series, edges: tuple[int, ...] | None = None
) -> pd.DataFrame:
    """What clouds cost: low, high, parcels, accuracy, by the number of clear dates of a parcel.

    `clear` gives it by (zone_id, parcel_id); `edges` are the least numbers of the parts, by default
    such that each holds about a fifth of the parcels. high is the last number of its part, and of
    the last part the largest there is. Parcels of which it is not given are left out.
    """
    known = decided.set_index(["zone_id", "parcel_id"])[["correct"]].join(
        clear.rename("clear"), how="inner"
    )
    if known.empty:
        return pd.DataFrame(columns=["low", "high", "parcels", "accuracy"])
    many = known["clear"]
    if edges is None:
        fifths = np.floor(many.quantile([0, 0.2, 0.4, 0.6, 0.8])).astype(int)
        edges = tuple(dict.fromkeys(fifths.tolist()))
    at = np.clip(np.searchsorted(edges, many.to_numpy(), side="right") - 1, 0, None)
    grouped = pd.DataFrame({"at": at, "correct": known["correct"].to_numpy()}).groupby("at")
    table = grouped["correct"].agg(parcels="size", accuracy="mean").reset_index()
    ends = [*(edge - 1 for edge in edges[1:]), int(np.ceil(many.max()))]
    table.insert(0, "low", [edges[i] for i in table["at"]])
    table.insert(1, "high", [ends[i] for i in table["at"]])
    return table.drop(columns="at")


def lost_without(
    whole: pd.DataFrame, without: Mapping[str, pd.DataFrame], *, seed: int = 0
) -> pd.DataFrame:
    """Which period decides: period, accuracy, lost with lost_low and lost_high.

    `whole` and each of `without` say which parcels are named right (zone_id, parcel_id, correct),
    with all periods and with one under cloud. lost: by how much the share falls; its 95 % over the
    zones, drawn anew, each with the same parcels on both sides.
    """
    keys, rng = ["zone_id", "parcel_id"], np.random.default_rng(seed)
    rows = []
    for period, table in without.items():
        both = whole[[*keys, "correct"]].merge(table[[*keys, "correct"]], on=keys)
        both["lost"] = both["correct_x"].astype(float) - both["correct_y"].astype(float)
        sums = both.groupby("zone_id")["lost"].agg(["sum", "size"]).to_numpy(float)
        n = len(sums)
        drawn = rng.multinomial(n, np.full(n, 1 / n), _DRAWS) @ sums  # (N, 2)
        low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
        rows.append((period, both["correct_y"].mean(), both["lost"].mean(), low, high))
    names = ["period", "accuracy", "lost", "lost_low", "lost_high"]
    return pd.DataFrame(rows, columns=names)
