import time

import pytest

from cropdash.storage import events, layout, zone_states
from cropdash.storage.status import Status
from cropdash.storage.zone_states import Teller
from tests import fetching
from tests.fetching import FetchingSource

AT_WORK = Status("running")


def states(folder, status=None):
    return zone_states.table(folder, status).set_index("zone_id")


@pytest.fixture
def folder(tmp_path):
    """A dataset of four zones of which the first is built."""
    stop = iter([False, True, True, True, True]).__next__
    return fetching.run(FetchingSource(tmp_path / "log"), tmp_path, should_stop=stop)[0]


def test_each_state_is_told_from_the_others(folder):
    for zone in ("z1", "z2"):
        Teller(folder.path, zone).step("composite")
    failing = Teller(folder.path, "z2")
    failing.step("reading")
    failing.failed("No parcel.")
    table = states(folder, AT_WORK)
    assert table["state"].to_dict() == {
        "z0": "built", "z1": "building", "z2": "failed", "z3": "missing",
    }  # fmt: skip
    assert table.loc["z1", "step"] == "composite"
    assert table.loc["z2", ["step", "reason"]].tolist() == ["reading", "No parcel."]
    assert table.loc["z0", "seconds"] > 0
    assert table["seconds"].isna().to_dict()["z3"]
    assert list(table["split"]) == ["test", "train", "train", "train"]


@pytest.mark.parametrize("status", [None, Status("lost"), Status("stopped")])
def test_a_zone_that_nobody_is_at_is_missing(folder, status):
    Teller(folder.path, "z1").step("fill")
    table = states(folder, status)
    assert table.loc["z1", "state"] == "missing"
    assert "fill" in table.loc["z1", "reason"]


def test_files_have_the_last_word(folder):
    Teller(folder.path, "z0").failed("Old news.")
    assert states(folder).loc["z0", ["state", "reason"]].tolist() == ["built", ""]
    folder.forget_zone("z0")
    assert states(folder).loc["z0", "state"] == "missing"
    Teller(folder.path, "z0").failed("News.")
    assert states(folder).loc["z0", ["state", "reason"]].tolist() == ["failed", "News."]
    Teller(folder.path, "z0").built()  # said, but the files are not there
    assert states(folder).loc["z0", "state"] == "missing"


DAMAGES = {
    "empty": b"",
    "cut": b"{",
    "list": b"[]",
    "another key": b'{"zone":"z0","state":"built","colour":1}',
    "no text": b"\xff\x00" * 40,
    "past 64 bits": b'{"zone":"z0","state":"built","seconds":' + b"9" * 30 + b"}\n",
    "deep": b'{"zone":"z0","files":' + b"[" * 400 + b"]" * 400 + b"}\n",
}


@pytest.mark.parametrize("content", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_catalogue_is_made_anew_from_the_folders(folder, content):
    before, mark = states(folder), folder.fingerprint()
    Teller(folder.path, "z1").step("fill")
    catalogue = folder.path / layout.CATALOGUE
    catalogue.write_bytes(content)
    found = states(folder)
    assert found["state"].to_dict() == before["state"].to_dict() | {"z1": "missing"}
    assert folder.fingerprint() == mark
    assert b'"zone":"z0"' in catalogue.read_bytes()  # so that the next one finds it there


def test_time_goes_on_while_a_zone_is_built(folder):
    teller = Teller(folder.path, "z1")
    teller._started = time.time() - 5
    teller.step("writing")
    assert 5 <= states(folder, AT_WORK).loc["z1", "seconds"] < 60


def test_a_reason_that_was_told_is_not_replaced_by_that_of_a_killed_process(folder):
    Teller(folder.path, "z1").failed("No parcel.")
    Teller.of_lost(folder.path, "z1", "killed")
    assert states(folder).loc["z1", "reason"] == "No parcel."


def test_rows_before_and_after_one_without_end_are_read(tmp_path):
    path = tmp_path / "rows.jsonl"
    events.append(path, "a", {"n": 1})
    with path.open("ab") as file:
        file.write(b"x" * (2**24 + 7))  # more than is read at once
    events.append(path, "b", {"n": 2})
    assert {zone: row["n"] for zone, row in events.last(path).items()} == {"a": 1, "b": 2}
