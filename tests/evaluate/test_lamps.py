import datetime as dt

import numpy as np
import pandas as pd
import pytest

from cropdash.domain.errors import ConfigError
from cropdash.evaluate import lamps
from cropdash.evaluate.lamps import Means, Rules

MAY, JUNE, JULY = (dt.date(2023, m, 28) for m in (5, 6, 7))


def evidence(supported, *, united=True, judged=True, declared=1, **more) -> pd.DataFrame:
    """Parcels 1, 2, ... of zone a."""
    n = len(supported)
    table = pd.DataFrame(
        {
            "zone_id": "a",
            "parcel_id": np.arange(1, n + 1),
            "declared": declared,
            "supported": supported,
            "united": united,
            "judged": judged,
            "n_pixels": 50,
        }
    )
    return table.assign(**more)


def lit(by_day, rules=None) -> dict[dt.date, list[str]]:
    table = lamps.lamps(by_day, rules or Rules())
    return {day: part["lamp"].tolist() for day, part in table.groupby("as_of")}


def test_a_green_lamp_stays_green_only_where_that_is_the_rule():
    by_day = {MAY: evidence([0.9, 0.1]), JUNE: evidence([0.01, 0.01]), JULY: evidence([0.1, 0.9])}
    assert lit(by_day) == {
        MAY: ["green", "amber"], JUNE: ["green", "red"], JULY: ["green", "green"],
    }  # fmt: skip
    assert lit(by_day, Rules(stays_green=False)) == {
        MAY: ["green", "amber"], JUNE: ["red", "red"], JULY: ["amber", "green"],
    }  # fmt: skip


def test_a_class_is_not_judged_before_its_day_and_nothing_is_kept_of_it():
    rules = Rules(judged_from={2: JULY})
    by_day = {day: evidence([s, s], declared=[1, 2]) for day, s in ((JUNE, 0.9), (JULY, 0.01))}
    assert lit(by_day, rules) == {JUNE: ["green", "none"], JULY: ["green", "red"]}


@pytest.mark.parametrize(
    "unfit", [{"n_pixels": 7}, {"applicable": False}, {"seen": 0.49}], ids=lambda u: next(iter(u))
)
def test_a_parcel_that_is_not_fit_for_it_is_never_red(unfit):
    assert lit({JUNE: evidence([0.01])}) == {JUNE: ["red"]}
    assert lit({JUNE: evidence([0.01], **unfit)}) == {JUNE: ["amber"]}


def test_models_that_do_not_agree_and_classes_they_do_not_know_are_not_red():
    assert lit({JUNE: evidence([0.01], united=False)}) == {JUNE: ["amber"]}
    assert lit({JUNE: evidence([0.01], judged=False)}) == {JUNE: ["none"]}


def test_what_changed_since_the_last_list():
    table = lamps.lamps({MAY: evidence([0.1, 0.1, 0.9]), JUNE: evidence([0.9, 0.1, 0.9])}, Rules())
    assert lamps.changes(table, MAY, JUNE).to_dict("records") == [
        {"zone_id": "a", "parcel_id": 1, "before": "amber", "after": "green"}
    ]


def test_no_date_is_one_sentence():
    with pytest.raises(ConfigError, match="no date to judge by"):
        lamps.lamps({}, Rules())


def random_season(seed: int, n: int = 300):
    rng = np.random.default_rng(seed)
    wrong = pd.Series(
        rng.random(n) < 0.05, pd.MultiIndex.from_product([["a"], range(1, n + 1)], names=lamps.KEYS)
    )
    by_day = {}
    for i, day in enumerate((MAY, JUNE, JULY)):
        support = np.where(wrong, rng.beta(1, 20 + 10 * i, n), rng.beta(4 + i, 2, n))
        by_day[day] = evidence(support, united=rng.random(n) < 0.8, n_pixels=rng.integers(2, 90, n))
    return by_day, wrong


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("capacity", [0, 3, 1000])
def test_the_campaign_counts_as_one_walks_through_it_parcel_by_parcel(seed, capacity):
    by_day, wrong = random_season(seed)
    table = lamps.lamps(by_day, Rules())
    found = lamps.campaign(table, by_day, wrong, Means(capacity, photograph=2, visit=50))
    photographed, visited = set(), []
    for row in found.to_dict("records"):
        now = {
            (r.zone_id, r.parcel_id): r.lamp for r in table.itertuples() if r.as_of == row["as_of"]
        }
        support = {(r.zone_id, r.parcel_id): r.supported for r in by_day[row["as_of"]].itertuples()}
        new = {p for p, lamp in now.items() if lamp in ("red", "amber")} - photographed
        photographed |= new
        queue = sorted(
            (p for p, lamp in now.items() if lamp == "red" and p not in visited), key=support.get
        )
        visited += queue[:capacity]
        caught = sum(bool(wrong[p]) for p in visited)
        assert row["photographs"] == len(new)
        assert (row["visits"], row["waiting"]) == (len(queue[:capacity]), len(queue[capacity:]))
        assert row["cost"] == 2 * len(new) + 50 * len(queue[:capacity])
        assert row["caught"] == caught
        assert row["of_wrong"] == pytest.approx(caught / wrong.sum())
        assert row["false_per_1000"] == pytest.approx(1000 * (len(visited) - caught) / len(now))
        assert sum(row[name] for name in ("green", "amber", "red", "none")) == len(now)


def test_a_visit_of_which_nothing_is_known_is_no_false_alarm():
    by_day, wrong = random_season(1)
    lit = lamps.lamps(by_day, Rules(red=0.5, amber=0.6, least_pixels=0))
    few = wrong[::3]
    found = lamps.campaign(lit, by_day, few, Means(1000)).iloc[-1]
    visited = {(r.zone_id, r.parcel_id) for r in lit.itertuples() if r.lamp == "red"}
    known = [bool(few[p]) for p in visited if p in few.index]
    assert 0 < len(known) < len(visited)
    today = (lit["as_of"] == lit["as_of"].max()).sum()
    assert found["caught"] == sum(known)
    assert found["false_per_1000"] == pytest.approx(1000 * (len(known) - sum(known)) / today)


def test_the_curve_counts_what_is_found_and_takes_no_side_among_equals():
    doubt = np.array([0.9, 0.8, 0.8, 0.1])
    wrong = np.array([True, False, True, False])
    found = lamps.curve(doubt, wrong)
    np.testing.assert_allclose(found["visited"], [0, 0.25, 0.5, 0.75, 1])
    np.testing.assert_allclose(found["caught"], [0, 0.5, 0.75, 1, 1])
    flat = lamps.curve(np.zeros(4), wrong)
    np.testing.assert_allclose(flat["caught"], flat["visited"])


def test_the_two_kinds_of_error():
    lamp = pd.Series(["red", "green", "amber", "green", "green", "none"])
    wrong = pd.Series([True, True, False, False, False, True])
    by = pd.Series(["wheat"] * 6)
    (found,) = lamps.errors(lamp, wrong, by).to_dict("records")
    ends = {
        f"{name}_{end}": found.pop(f"{name}_{end}")
        for name in ("opposed", "missed")
        for end in ("low", "high")
    }
    assert found == {"by": "wheat", "parcels": 5, "opposed": pytest.approx(1 / 3), "missed": 0.5}
    assert 0 < ends["opposed_low"] < 1 / 3 < ends["opposed_high"] < 1
    assert ends["missed_low"] == pytest.approx(0.0945, abs=1e-4)  # Wilson of 1 in 2
    assert ends["missed_high"] == pytest.approx(0.9055, abs=1e-4)
    none = lamps.errors(lamp, ~wrong & False, by).to_dict("records")[0]
    assert np.isnan(none["missed"])
