"""The one engine that asks again: attempts, pauses and what a service says of them."""

from __future__ import annotations

import datetime as dt
import email.utils
import pickle
import threading

import pytest

from cropdash.files.retry import GaveUp, Retry, Transient, may_pass, retry_after


class Clock:
    """Time that only waiting moves."""

    def __init__(self):
        self.now, self.pauses = 0.0, []

    def wait(self, stop, seconds):
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def patient(clock):
    def make(**bounds):
        return Retry(**{
            "clock": lambda: clock.now, "wait": clock.wait, "draw": lambda: 1.0, **bounds
        })  # fmt: skip

    return make


def failing(times, retry_after=0.0, result="done"):
    """A task that fails so often, and how often it was tried."""
    tried = []

    def task():
        tried.append(None)
        if len(tried) <= times:
            raise Transient(f"fault {len(tried)}", retry_after)
        return result

    return task, tried


def test_what_passes_is_asked_again_after_pauses_that_double(clock, patient):
    task, tried = failing(6)
    assert patient(attempts=7, base=1.0, cap=10.0).run(task) == "done"
    assert (len(tried), clock.pauses) == (7, [1, 2, 4, 8, 10, 10])


def test_attempts_end_and_say_what_went_wrong_last(clock, patient):
    task, tried = failing(9)
    with pytest.raises(GaveUp, match="fault 3") as raised:
        patient(attempts=3).run(task)
    assert (len(tried), len(clock.pauses)) == (3, 2)
    # The faults may hold addresses with tokens.
    assert raised.value.__cause__ is raised.value.__context__ is None


def test_a_wait_that_would_pass_the_deadline_is_not_begun(clock, patient):
    task, tried = failing(9, retry_after=40.0)
    with pytest.raises(GaveUp, match="fault 3"):
        patient(deadline=100.0, base=1.0).run(task)
    assert (len(tried), clock.pauses) == (3, [41.0, 41.0])


@pytest.mark.parametrize("drawn", [0.0, 0.3, 1.0])
def test_a_service_is_never_asked_before_it_wants_to_be(clock, patient, drawn):
    task, _ = failing(1, retry_after=7.0)
    patient(base=2.0, draw=lambda: drawn).run(task)
    assert clock.pauses == [7.0 + 2.0 * drawn]


def test_pauses_are_drawn_between_nothing_and_their_ceiling(clock, patient):
    draws = iter([0.5, 0.0, 0.25])
    task, _ = failing(3)
    patient(base=2.0, draw=lambda: next(draws)).run(task)
    assert clock.pauses == [1.0, 0.0, 2.0]


def test_every_other_fault_passes_at_once(clock, patient):
    with pytest.raises(ZeroDivisionError):
        patient().run(lambda: 1 / 0)
    assert clock.pauses == []


def test_a_stop_ends_the_attempts(patient):
    stop = threading.Event()
    task, tried = failing(9)
    with pytest.raises(GaveUp, match="stopped"):
        patient(wait=lambda event, seconds: event.set()).run(task, stop)
    assert len(tried) == 1


def test_a_stop_ends_a_pause_that_is_under_way():
    """With the real clock: the pause would last a minute."""
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    task, tried = failing(9, retry_after=60.0)
    with pytest.raises(GaveUp, match="stopped"):
        Retry().run(task, stop)
    assert len(tried) == 1


def test_copies_do_not_wait_in_step():
    """Processes that each got a copy must not come back to a busy service together."""
    copies = [pickle.loads(pickle.dumps(Retry())) for _ in range(2)]  # noqa: S301
    drawn = [[copy.draw() for _ in range(4)] for copy in copies]
    assert drawn[0] != drawn[1]


def test_which_statuses_may_pass():
    assert {s for s in range(100, 600) if may_pass(s)} == {408, 425, 429, *range(500, 600)}


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("7", 7), ("", 0), ("soon", 0), ("-3", 0), ("²", 0), ("1.5", 0), (" 12 ", 12),
     ("Fri, 31 Dec 1999 23:59:59 GMT", 0)],
)  # fmt: skip
def test_retry_after_is_read_leniently(value, seconds):
    assert retry_after({"Retry-After": value}) == seconds


def test_retry_after_may_be_a_date_or_absent():
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=100)
    for stamp in (
        email.utils.format_datetime(until, usegmt=True),
        email.utils.format_datetime(until.replace(tzinfo=None)),
    ):
        assert 90 <= retry_after({"Retry-After": stamp}) <= 100
    assert retry_after({}) == 0
