"""Every way in which an answer can go wrong: no month is wrong, none is lost, none is hidden."""

from __future__ import annotations

import datetime as dt
import email.utils
import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cropdash.domain import Period, Season, Zone
from cropdash.domain.errors import CropdashError, SourceUnavailable
from cropdash.files import retry
from cropdash.ingest import http
from cropdash.ingest.earthengine import connect, periods
from cropdash.ingest.earthengine.source import EarthEngineSource
from tests.ingest.earthengine import worlds
from tests.ingest.earthengine.service import Fault
from tests.ingest.earthengine.spoiling import AGAIN, BROKEN, CHANGES, a_page, half, nothing
from tests.ingest.earthengine.test_composite import Kept, differ

ZONE = Zone("z", "north", "train", worlds.GRID)
FOR_GOOD = {400: "update the program", 401: "renew the login", 403: "register the Cloud project",
            404: "check the name of the Cloud project"}  # fmt: skip
MARCH = Period.of("2023-03")
CONNECTING = ("token", "discovery", "algorithms")


@pytest.fixture
def world(google):
    google.assets, days = worlds.served()
    return days


@pytest.fixture
def source(service):
    return EarthEngineSource(
        "my-project", Path("no.gpkg"), (ZONE,), Season.of(2023), service=service
    )


@pytest.fixture
def march(world, service):
    """A function that fetches March; largest difference [DN] from the reference."""

    def fetch(service=service):
        client = connect.Client("my-project", service)
        made = periods.fetch(client, worlds.GRID, MARCH, worlds.FINE, "March")
        median, count = worlds.composite(world[MARCH.id], made.numbers.shape)
        np.testing.assert_array_equal(made.clear_dates, count)
        np.testing.assert_array_equal(np.isnan(made.reflectance), np.isnan(median))
        return np.nanmax(np.abs(made.reflectance * 10_000.0 - median))

    return fetch


def at(kind, number, fault):
    """The fault at one request of a kind, the first being 0."""
    return lambda ask, n: fault if (ask.kind, n) == (kind, number) else None


def always(kind, fault):
    return lambda ask, n: fault if ask.kind == kind else None


@pytest.fixture
def hasty(google, march, service):
    """A service that is given little time for one answer; the answer is ready."""
    march()
    google.log.clear()
    return replace(service, silence_s=0.5, answer_s=1.0)


@pytest.mark.parametrize("status", AGAIN)
def test_a_status_that_passes_is_asked_again(google, march, time, status):
    google.fault = at("pixels", 0, Fault(status, html=status == 502))
    assert march() <= 1
    assert google.asked("pixels") == 2
    assert len(time.pauses) == 1
    assert time.pauses[0] <= 2.0


@pytest.mark.parametrize("fault", BROKEN, ids=lambda fault: fault.name)
def test_a_broken_connection_is_asked_again(google, march, hasty, time, fault):
    google.fault = at("pixels", 0, fault)
    assert march(hasty) <= 1
    assert google.asked("pixels") == 2
    assert len(time.pauses) == 1


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("kind", CONNECTING)
def test_the_connection_is_asked_for_again(google, march, service, time, kind):
    """Whatever goes wrong once, on the way to the first pixel."""
    faults_once = [Fault(status, html=status == 502) for status in (429, 502, 503)]
    faults_once += [Fault(how="drop"), Fault(how="cut")]
    faults_once += [Fault(how="change", change=change) for change in (half, nothing, a_page)]
    for fault in faults_once:
        connect.close()
        google.log.clear()
        time.pauses.clear()
        google.fault = at(kind, 0, fault)
        connect.Client("my-project", service).open()
        # A TypeError over a token makes `ee` build its client once more at once.
        at_least = 0 if kind == "token" and fault.how == "change" else 1
        assert at_least <= len(time.pauses) <= 1, fault.name
    assert sum(google.faults.values()) == len(faults_once)
    assert march() <= 1


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("kind", CONNECTING)
def test_a_connection_that_hangs_is_given_up(google, service, time, kind):
    google.fault = at(kind, 0, Fault(how="slow", seconds=2.0))
    connect.Client("my-project", replace(service, silence_s=0.4)).open()
    assert len(time.pauses) >= 1


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_an_answer_that_is_not_what_was_asked_for_is_asked_again(google, march, time, change):
    google.fault = at("pixels", 0, Fault(how="change", change=change))
    assert march() <= 1
    assert len(time.pauses) == 1


def test_what_is_packed_is_whole_or_asked_for_again():
    """A cut that HTTP can't see, as the length announced was that of what is left."""
    whole = gzip.compress(bytes(range(256)) * 100)
    assert http.unpacked(whole, 2**20) == bytes(range(256)) * 100
    for cut in (0, 5, len(whole) // 2, len(whole) - 1):
        with pytest.raises(retry.Transient):
            http.unpacked(whole[:cut], 2**20)
    with pytest.raises(retry.Transient):
        http.unpacked(b"<html>", 2**20)


def test_an_answer_that_drips_is_ended_in_time(google, march, hasty, time):
    google.fault = at("pixels", 0, Fault(how="drip", seconds=1.6))
    assert march(hasty) <= 1
    assert len(time.pauses) == 1


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize("kind", [*CONNECTING, "pixels"])
@pytest.mark.parametrize("status", FOR_GOOD)
def test_what_will_not_pass_fails_at_once_with_a_way_out(google, world, source, time, kind, status):
    google.fault = always(kind, Fault(status))
    with pytest.raises(SourceUnavailable) as raised:
        source.composites(ZONE)
    sentence = str(raised.value)
    assert time.pauses == []
    assert "Earth Engine" in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    expected = FOR_GOOD[401 if kind == "token" else status]
    assert expected in sentence
    assert google.asked("pixels") <= 8 * 3  # those under way, and new tokens for them


def test_a_token_that_the_service_forgot_is_renewed(google, march, time):
    march()
    google.log.clear()
    google.tokens.clear()
    assert march() <= 1
    assert google.asked("token") == 1
    assert time.pauses == []


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_honoured(google, march, time, status, as_date):
    until = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=100)
    value = email.utils.format_datetime(until, usegmt=True) if as_date else "100"
    google.fault = at("pixels", 0, Fault(status, retry_after=value))
    assert march() <= 1
    assert len(time.pauses) == 1
    assert (60 if as_date else 100) <= time.pauses[0] <= 102


def test_attempts_end_and_say_so(google, world, source, time):
    google.fault = always("pixels", Fault(503))
    one = replace(source, at_once=1)
    with pytest.raises(
        SourceUnavailable, match=r"did not give 2023-01 of z \(status 503\): try ag"
    ):
        one.composites(ZONE)
    assert google.asked("pixels") == 10
    assert len(time.pauses) == 9
    ceilings = [min(60, 2 * 2**i) for i in range(9)]
    assert all(0 <= p <= c for p, c in zip(time.pauses, ceilings, strict=True))


def test_a_deadline_ends_the_attempts(google, world, source, time):
    google.fault = always("pixels", Fault(429, retry_after="1000"))
    with pytest.raises(SourceUnavailable, match="status 429"):
        replace(source, at_once=1).composites(ZONE)
    assert google.asked("pixels") == 2
    assert sum(time.pauses) <= 1800


@pytest.mark.parametrize(
    "message", ["Total request size (9 bytes) must be less than or equal to 8 bytes.",
                "User memory limit exceeded.", "Computation timed out."],
)  # fmt: skip
@pytest.mark.parametrize("status", [400, 429, 503, 504])
def test_too_much_is_split_at_once_whatever_its_status(google, march, time, message, status):
    google.fault = at("pixels", 0, Fault(status, message=message))
    assert march() <= 1
    assert google.asked("pixels") == 1 + 2
    assert time.pauses == []


@pytest.mark.usefixtures("fresh")
def test_a_timeout_while_connecting_can_only_be_asked_again(google, march, time):
    google.fault = at("algorithms", 0, Fault(503, message="Computation timed out."))
    assert march() <= 1
    assert len(time.pauses) == 1


def test_months_under_way_when_another_fails_are_kept(google, world, source):
    """What had been asked for is not thrown away, so the next run need not ask for it again."""
    store = Kept()
    google.fault = at("pixels", 0, Fault(403))
    with pytest.raises(SourceUnavailable, match="403"):
        source.composites(ZONE, kept=store)
    served = google.asked("pixels") - 1
    assert len(store) == served
    google.fault = lambda ask, n: None
    google.log.clear()
    assert differ(source.composites(ZONE, kept=store), world) <= 1
    assert google.asked("pixels") == 12 - served


def test_every_fault_is_a_sentence_of_ours(google, march):
    """Whatever happens, what comes out is a CropdashError or the months."""
    for status in (402, 405, 409, 410, 418, 451, 501, 505):
        google.fault = always("pixels", Fault(status))
        with pytest.raises(CropdashError, match=str(status)):
            march()
