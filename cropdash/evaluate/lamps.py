"""Lamps of a season: what each declaration looked like by each date, under rules that are set.

A paying agency does not wait for the harvest: it judges winter crops in June and maize in August,
keeps what was once confirmed, and sends people only where the evidence is fit for it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from cropdash.domain.errors import ConfigError
from cropdash.evaluate import suspicion
from cropdash.evaluate.suspicion import AMBER, GREEN, NONE, RED

KEYS = ["zone_id", "parcel_id"]


@dataclass(frozen=True)
class Rules:
    """When a lamp is lit, and in which colour."""

    red: float = 0.05  # probability of the declared class below which a parcel may be red
    amber: float = 0.20  # and below which it is amber
    judged_from: Mapping[int, dt.date] = field(default_factory=dict)  # by class; others: at once
    stays_green: bool = True
    least_pixels: int = 8  # a parcel with fewer is never red
    least_seen: float = 0.5  # share of its area that the zone holds; below it is never red


def lamps(evidence: Mapping[dt.date, pd.DataFrame], rules: Rules) -> pd.DataFrame:
    """zone_id, parcel_id, as_of, lamp of each parcel and date, in order of date.

    `evidence` is `suspicion.evidence` of each date with zone_id, parcel_id and n_pixels, and where
    it is known applicable (may the model be believed here) and seen (share of the parcel). A lamp
    is none while the class is not judged yet. Raises ConfigError for rules that contradict.
    """
    kept: pd.Series | None = None
    parts = []
    for day in sorted(evidence):
        found = evidence[day]
        lamp = pd.Series(_of_day(found, day, rules), pd.MultiIndex.from_frame(found[KEYS]))
        if rules.stays_green and kept is not None:
            was = kept.reindex(lamp.index)
            lamp = lamp.mask((was == GREEN) & (lamp != NONE), GREEN)
        kept = lamp if kept is None else lamp.combine_first(kept)
        parts.append(lamp.rename("lamp").reset_index().assign(as_of=day))
    if not parts:
        raise ConfigError("There is no date to judge by: score the run by date first.")
    return pd.concat(parts, ignore_index=True)[[*KEYS, "as_of", "lamp"]]


def _of_day(found: pd.DataFrame, day: dt.date, rules: Rules) -> NDArray[np.str_]:
    """(P,) lamps by the evidence of one day alone."""
    lamp = suspicion.lights(found, rules.red, rules.amber)
    fit = (found["n_pixels"] >= rules.least_pixels).to_numpy(bool)
    if "applicable" in found:
        fit = fit & found["applicable"].to_numpy(bool)
    if "seen" in found:
        fit = fit & (found["seen"] >= rules.least_seen).to_numpy(bool)
    lamp = np.where((lamp == RED) & ~fit, AMBER, lamp)
    begins = found["declared"].map(rules.judged_from)
    early = pd.to_datetime(begins) > pd.Timestamp(day)
    return np.where(early.to_numpy(bool), NONE, lamp)


def changes(lit: pd.DataFrame, before: dt.date, after: dt.date) -> pd.DataFrame:
    """zone_id, parcel_id, before, after: the parcels whose lamp is another one by the later date."""
    one, other = (lit[lit["as_of"] == day].set_index(KEYS)["lamp"] for day in (before, after))
    both = pd.concat([one.rename("before"), other.rename("after")], axis=1).fillna(NONE)
    return both[both["before"] != both["after"]].reset_index()


@dataclass(frozen=True)
class Means:
    """What an agency can do in a month, and what it costs."""

    visits: int  # a month; the rest waits
    photograph: float = 0.0  # cost of one
    visit: float = 0.0


def campaign(
    lit: pd.DataFrame,
    evidence: Mapping[dt.date, pd.DataFrame],
    wrong: pd.Series,
    means: Means,
) -> pd.DataFrame:
    """What the rules would have meant, date by date.

    A parcel that turns amber or red is photographed once; one that is red is visited once, the
    least supported first and no more than `means.visits` a date. `wrong` tells by (zone_id,
    parcel_id) which declarations are wrong: a simulated landscape's truth, or decisions taken.

    Columns: as_of, green, amber, red, none (parcels), photographs, visits, waiting, cost, caught
    (wrong declarations visited so far), of_wrong (as a share of all), false_per_1000 (right ones
    visited so far, of 1,000 parcels); one of which `wrong` tells nothing is neither.
    """
    wrong = wrong[~wrong.index.duplicated()].astype(bool)
    photographed, visited = pd.Index([]), pd.Index([])
    rows = []
    for day in sorted(evidence):
        today = lit[lit["as_of"] == day].set_index(KEYS)["lamp"]
        supported = evidence[day].set_index(KEYS)["supported"]
        raised = today.index[today.isin([AMBER, RED])].difference(photographed)
        photographed = photographed.union(raised)
        queue = today.index[today == RED].difference(visited)
        queue = supported.loc[queue].sort_values(kind="stable").index
        now = queue[: means.visits]
        visited = visited.union(now)
        caught = wrong.reindex(visited).dropna().astype(bool)  # of others nothing is known
        rows.append(
            {
                "as_of": day,
                **{name: int((today == name).sum()) for name in (GREEN, AMBER, RED, NONE)},
                "photographs": len(raised),
                "visits": len(now),
                "waiting": len(queue) - len(now),
                "cost": len(raised) * means.photograph + len(now) * means.visit,
                "caught": int(caught.sum()),
                "of_wrong": float(caught.sum() / wrong.sum()) if wrong.any() else np.nan,
                "false_per_1000": 1000 * float((~caught).sum()) / max(len(today), 1),
            }
        )
    return pd.DataFrame(rows)


def curve(doubt: NDArray[np.floating], wrong: NDArray[np.bool_]) -> pd.DataFrame:
    """Caught against visited, the most doubtful parcel first: visited, caught, as shares of all.

    One row for each parcel that is visited, after one for none. Parcels in equal doubt come in any
    order, so between them the curve is the straight line that they give on average.
    """
    order = np.argsort(-doubt, kind="stable")
    found = np.cumsum(wrong[order])
    n, total = len(doubt), max(int(wrong.sum()), 1)
    last = np.append(np.flatnonzero(np.diff(doubt[order])), n - 1)  # of each run of equals
    visited = np.concatenate([[0], last + 1])
    caught = np.concatenate([[0], found[last]]) if n else np.zeros(1)
    every = np.arange(n + 1)
    return pd.DataFrame(
        {
            "visited": every / max(n, 1),
            "caught": np.interp(every, visited[: len(caught)], caught) / total,
        }
    )


def errors(lamp: pd.Series, wrong: pd.Series, by: pd.Series) -> pd.DataFrame:
    """The farmer's and the agency's errors, by what `by` tells of each parcel.

    by, parcels, opposed: share of the right declarations that are amber or red (the farmer's);
    missed: share of the wrong ones that are green (the agency's); both with their 95 % (Wilson) as
    _low and _high. NaN where there are none.
    """
    table = pd.DataFrame({"by": by, "lamp": lamp, "wrong": wrong.astype(bool)})
    table = table[table["lamp"] != NONE]
    right, bad = table[~table["wrong"]], table[table["wrong"]]
    found = pd.DataFrame({"parcels": table.groupby("by", observed=True).size()})
    sides = {"opposed": right.assign(hit=right["lamp"].isin([AMBER, RED])),
             "missed": bad.assign(hit=bad["lamp"] == GREEN)}  # fmt: skip
    for name, side in sides.items():
        counted = side.groupby("by", observed=True)["hit"].agg(["sum", "size"])
        counts = counted.reindex(found.index, fill_value=0).to_numpy(int)
        ends = [share(*row) for row in counts.tolist()]
        found[[name, f"{name}_low", f"{name}_high"]] = np.reshape(ends, (-1, 3))
    return found.rename_axis("by").reset_index()


def share(hits: int, n: int) -> tuple[float, float, float]:
    """hits / n with the ends of its 95 % (Wilson); NaN for none."""
    if not n:
        return (np.nan,) * 3
    ends = stats.binomtest(hits, n).proportion_ci(method="wilson")
    return hits / n, float(ends.low), float(ends.high)
