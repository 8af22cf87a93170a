"""Documents on disk: their version, and what becomes of other things under their name."""

import json
import math
import os
from dataclasses import asdict, replace

import pytest

from cropdash.domain.errors import DamagedFile, UnknownFormat
from cropdash.files import records
from cropdash.files.records import Form
from cropdash.storage import layout, run_record, runs
from tests import factory

FORM = Form("thing.json", 3)


def test_a_document_comes_back_as_it_was_written(tmp_path):
    FORM.write(tmp_path, {"a": [1, None, "é"], "format_of": {"b": 0.1}})
    assert FORM.read(tmp_path) == {"a": [1, None, "é"], "format_of": {"b": 0.1}}
    assert json.loads((tmp_path / "thing.json").read_text())["format"] == 3


@pytest.mark.parametrize("version", [None, 2, 4, "3", [3], {"x": 1}])
def test_another_version_is_one_sentence(tmp_path, version):
    (tmp_path / "thing.json").write_text(json.dumps({"format": version, "a": 1}))
    with pytest.raises(UnknownFormat, match=r"thing\.json in .* has format .*\(it reads 3\)"):
        FORM.read(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"3",
        b'"text"',
        b"\xff\xfe{}",
        b"null",
        b"[" * 100_000,
        b'{"format": 3, "a": ' + b"[" * 400 + b"]" * 400 + b"}",
        b'{"format": 3, "a": NaN}',
        b'{"format": 3, "a": 1e999}',
        b'{"format": 3, "a": [-9223372036854775809]}',
        b'{"format": 3, "a": "\\ud800"}',
    ],
    ids=[
        "empty",
        "cut",
        "list",
        "number",
        "text",
        "not UTF-8",
        "null",
        "deep",
        "deeper than can be walked",
        "NaN",
        "far",
        "past 64 bits",
        "half",
    ],
)
def test_what_is_no_document_is_damaged(tmp_path, content):
    (tmp_path / "thing.json").write_bytes(content)
    with pytest.raises(DamagedFile, match=r"thing\.json"):
        FORM.read(tmp_path)


@pytest.mark.parametrize("what", ["pipe", "huge"])
def test_what_would_not_end_is_not_begun(tmp_path, what):
    path = tmp_path / "thing.json"
    os.mkfifo(path) if what == "pipe" else path.touch()
    if what == "huge":
        os.truncate(path, 2**33)
    with pytest.raises(DamagedFile, match=r"thing\.json"):
        FORM.read(tmp_path)


def test_a_folder_in_its_place_is_damaged_and_nothing_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        FORM.read(tmp_path)
    assert FORM.find(tmp_path) == {}
    (tmp_path / "thing.json").mkdir()
    with pytest.raises(DamagedFile):
        FORM.read(tmp_path)


def test_no_number_that_json_lacks_is_written(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        FORM.write(tmp_path, {"a": math.nan})
    assert not (tmp_path / "thing.json").exists()


def test_scores_of_a_run_come_back_typed(tmp_path):
    run = runs.create(tmp_path, {"classifier": "cnn", "dataset": "d"}, {})
    assert run.scores() is None
    found = factory.scores(("z",), 2, accuracy=0.5, n_scored=7.0)
    layout.SCORES.write(run.path / layout.SCORES_FOLDER, asdict(found))
    assert run.scores() == found
    assert run.scores().test.of("pixel").n_classes_averaged == 2


@pytest.mark.parametrize(
    "spoiled",
    [
        {"test": None},
        {"test": {"zones": "z"}},
        {"seconds": {"train": "long"}},
        {"trained_classes": [1, "maize"]},
    ],
)
def test_scores_that_hold_something_else_are_damaged(tmp_path, spoiled):
    run = runs.create(tmp_path, {"classifier": "cnn", "dataset": "d"}, {})
    values = asdict(replace(factory.scores(accuracy=0.5), trained_classes=(1,)))
    layout.SCORES.write(run.path / layout.SCORES_FOLDER, {**values, **spoiled})
    with pytest.raises(DamagedFile, match=run.run_id):
        run.scores()


def test_the_name_of_what_is_wrong_is_said():
    with pytest.raises(DamagedFile, match=r"scores\.json holds something else at created"):
        records.typed(run_record.RunRecord, {"config": {}, "created": []}, "scores.json")


@pytest.mark.parametrize("number", ["many", "0.25", [0.25], None, True])
def test_a_number_that_is_none_is_damage_even_where_it_reads_as_one(tmp_path, number):
    row = {"period": "2023-05", "accuracy": 0.5, "lost": 0.25, "lost_low": 0.0, "lost_high": 1}
    of = {"weights": "a", "data": "b"}
    layout.WITHOUT.write(tmp_path, {**of, "periods": [row]})
    assert layout.WITHOUT.read(tmp_path)["periods"] == [row]
    layout.WITHOUT.write(tmp_path, {**of, "periods": [row, {**row, "lost_low": number}]})
    with pytest.raises(DamagedFile, match=r"periods\.1\.lost_low"):
        layout.WITHOUT.read(tmp_path)


@pytest.mark.parametrize("created", ["1700000000", "2026-11-30t10:00:00z", "soon", "", 1.5])
def test_a_run_made_at_no_time_that_pages_can_write_is_damaged(tmp_path, created):
    values = {"config": {"dataset": "d", "classifier": "c"}, "created": "2026-11-30T10:00:00+00:00"}
    layout.RUN.write(tmp_path, values)
    assert layout.RUN.read(tmp_path) == values
    layout.RUN.write(tmp_path, values | {"created": created})
    with pytest.raises(DamagedFile, match="created"):
        layout.RUN.read(tmp_path)
