"""Tables that are joined: what a killed writer left is cleared, what one is at is spared."""

import os
import time

import pyarrow as pa

from cropdash.files import joined


def test_parts_of_a_killed_writer_are_cleared_by_the_next_reader(tmp_path):
    file = tmp_path / "a.parquet"
    file.write_bytes(b"x")
    place = tmp_path / "joined"
    place.mkdir()
    old, new = place / ".answers-0000-a.0.part.parquet", place / ".answers-0000-a.1.part.parquet"
    for part in (old, new):
        part.write_bytes(b"half")
    os.utime(old, (time.time() - 7_200,) * 2)
    for _ in range(2):
        told = joined.read(place, "answers", [file], lambda _: pa.table({"n": [1, 2]}))
        assert told["n"].tolist() == [1, 2]
        assert not old.exists()
        assert new.exists()
