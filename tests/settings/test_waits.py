"""How long work still takes: by what was measured, whatever was done before the measuring began."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash import i18n
from cropdash.settings import waits
from cropdash.settings.waits import Expected, Past


def measured(times, done) -> tuple[waits.Mark, ...]:
    found: tuple[waits.Mark, ...] = ()
    for when in times:
        found = waits.keep(found, (when, done(when)))
    return found


@given(st.floats(20, 1e5), st.integers(5, 400), st.floats(0.3, 0.95), st.floats(0, 0.6))
def test_of_even_work_it_is_exact_however_often_it_is_told(whole, often, share, before):
    """`before` was done by an earlier worker, at once as this one tells."""
    spent = whole * (1 - before) * share
    marks = measured(
        [spent * k / often for k in range(often + 1)], lambda when: before + when / whole
    )
    assert len(marks) <= 32
    left = waits.remaining(marks, spent)
    if left is None:
        assert marks[-1][1] - marks[0][1] < 0.03 or spent < 7
    else:
        assert left == pytest.approx(whole * (1 - before) - spent, rel=1e-6)


def test_the_later_half_counts_and_a_standstill_is_seen():
    slow_start = measured(
        range(101), lambda when: 0.001 * when if when < 50 else 0.05 + (when - 50) / 100
    )
    assert waits.remaining(slow_start, 100) == pytest.approx(45, rel=0.1)
    stands = [waits.remaining(slow_start, now) for now in (100, 130, 400, 4000)]
    assert stands[1] < stands[0] < stands[2] < stands[3]


@pytest.mark.parametrize(
    "marks", [(), ((0.0, 0.0),), ((0.0, 0.0), (1.0, 0.5)), ((0.0, 0.2), (50.0, 0.2001))]
)
def test_too_little_says_nothing(marks):
    assert waits.remaining(marks, 1.5 if len(marks) < 2 or marks[1][0] == 1 else 50.0) is None


def test_jobs_of_the_same_settings_go_first_then_those_alike_then_the_demo():
    own = {"classifier": "a", "dataset": "d", "depth": 3, "seed": 1}
    past = [
        Past(own | {"seed": 2}, 100), Past(own | {"seed": 5}, 140), Past(own | {"depth": 9}, 900),
        Past(own | {"dataset": "e"}, 1), Past(own | {"classifier": "b"}, 1),
    ]  # fmt: skip
    alike = ("classifier", "dataset")
    assert waits.expected(past, own, alike=alike, rough=7) == Expected(120, 140, 2)
    assert waits.expected(past, own | {"depth": 4}, alike=alike, rough=7) == Expected(140, 900, 3)
    none = own | {"dataset": "f"}
    assert waits.expected(past, none, alike=alike, rough=7) == Expected(7, 28, 0)
    assert waits.expected(past, none, alike=alike) is None
    half = [Past(own, 100, work=50)]
    assert waits.expected(half, own, alike=alike, work=25) == Expected(50, 50, 1)


def test_estimates_are_said_no_finer_than_they_are():
    assert [waits.about(s) for s in (1, 43, 61, 200, 3000, 20000)] == [
        "5 s", "45 s", "1:00 min", "3:30 min", "50:00 min", "5:35 h",
    ]  # fmt: skip
    assert waits.left_told(None) == ""
    with i18n.speaking("fr"):
        assert waits.left_told(44) == "encore 45 s environ"
        assert "vieil ordinateur" in waits.told(Expected(30, 120, 0))
    assert "2 of its kind" in waits.told(Expected(30, 120, 2))
    assert "not known" in waits.told(None)
