"""What is decided on a parcel stays, whoever else decides, and is never lost to a fault."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from cropdash.domain.errors import DamagedFile, NotKept
from cropdash.files import atomic
from cropdash.storage import decisions, layout


def test_what_is_written_is_read_and_what_is_taken_back_is_gone(tmp_path: Path) -> None:
    decisions.write(tmp_path, "b", 7, "visit", 'Hedge, "wet"\nsince May')
    decisions.write(tmp_path, "a", 7, "", "only a note")
    decisions.write(tmp_path, "b", 7, "keep", "é")
    known = decisions.read(tmp_path)
    assert {k: (d.decision, d.note) for k, d in known.items()} == {
        ("a", 7): ("", "only a note"),
        ("b", 7): ("keep", "é"),
    }
    decisions.write(tmp_path, "b", 7, "")
    assert set(decisions.read(tmp_path)) == {("a", 7)}


def test_readers_who_decide_at_once_all_keep_theirs(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: decisions.write(tmp_path, "a", i, "keep"), range(24)))
    assert {parcel for _, parcel in decisions.read(tmp_path)} == set(range(24))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 1, "decisions": [{}]}', '{"decisions": [{"zone_id": 1']
)
def test_a_damaged_file_is_said_and_not_written_over(tmp_path: Path, text: str) -> None:
    (tmp_path / layout.DECISIONS.file).write_text(text)
    with pytest.raises(DamagedFile, match=tmp_path.name):
        decisions.read(tmp_path)
    with pytest.raises(DamagedFile):
        decisions.write(tmp_path, "a", 1, "keep")
    assert (tmp_path / layout.DECISIONS.file).read_text() == text


def test_what_cannot_be_written_is_said_and_the_rest_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decisions.write(tmp_path, "a", 1, "keep")

    def refuse(*_: object) -> None:
        raise PermissionError(13, "read-only")

    monkeypatch.setattr(atomic, "write_text", refuse)
    with pytest.raises(NotKept, match="parcel 2"):
        decisions.write(tmp_path, "a", 2, "visit")
    assert set(decisions.read(tmp_path)) == {("a", 1)}
