"""legend.json: what a dataset keeps of its legend."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cropdash import legend
from cropdash.domain.errors import CorruptDataset, UnknownFormat
from cropdash.storage import layout, legends
from tests import worlds


@pytest.mark.parametrize("table", [legend.load(), worlds.legend(254)])
def test_what_is_kept_is_the_whole_legend(tmp_path, table):
    legends.keep(tmp_path, table)
    back = legends.read(tmp_path, table.hash)
    assert back == table  # labels and colours too
    assert back.codes == table.codes


def test_a_legend_that_was_changed_by_hand_is_refused_but_for_words_and_colours(tmp_path):
    table = legend.load()
    legends.keep(tmp_path, table)
    path = tmp_path / layout.LEGEND.file
    values = json.loads(path.read_text())
    values["classes"][8] |= {"labels": {"en": "Wheat"}, "colour": "#123456"}
    path.write_text(json.dumps(values))
    assert legends.read(tmp_path, table.hash).classes[8].label() == "Wheat"
    values["codes"][0]["crop"] = 9
    path.write_text(json.dumps(values))
    with pytest.raises(CorruptDataset, match="not the one it was built with"):
        legends.read(tmp_path, table.hash)
    legends.keep(tmp_path, replace(table, classes=table.classes[:3], codes={}))
    with pytest.raises(CorruptDataset, match="not the one it was built with"):
        legends.read(tmp_path, table.hash)


@pytest.mark.parametrize(
    "text",
    ["{}", '{"format": 1, "classes": [{}], "codes": []}',
     '{"format": 1, "classes": [1], "codes": []}', None],
)  # fmt: skip
def test_a_damaged_legend_is_one_sentence(tmp_path, text):
    if text is not None:
        (tmp_path / layout.LEGEND.file).write_text(text)
    with pytest.raises((CorruptDataset, UnknownFormat), match=r"legend\.json (of|in)"):
        legends.read(tmp_path, "0")
