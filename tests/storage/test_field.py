"""Decisions of a file: by the register's id, in either kind of file, with what contradicts."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
from shapely import Point

from cropdash.domain.errors import ConfigError
from cropdash.storage import field
from cropdash.storage.decisions import Decision, Parcel, Said

PARCELS = {"007": ("a", 1), "=cmd|x": ("a", 2), "9": ("b", 1), "10": ("b", 2)}
HELD = {
    "9": Decision(Parcel("9", "b", 1), "keep", author="anna"),
    "10": Decision(Parcel("10", "b", 2), "visit"),
}
ROWS = [
    ("007", "relabel", "maize", "seen from the road; \"é\""), ("'=cmd|x", "keep", "", ""),
    ("9", "doubtful", "", ""), ("10", "visit", "", ""), ("gone", "keep", "", ""), ("8", "", "", ""),
]  # fmt: skip


def written(folder: Path, kind: str) -> Path:
    columns = ("register_id", "decision", "crop", "note")
    path = folder / f"field.{kind}"
    frame = gpd.GeoDataFrame(
        [dict(zip(columns, row, strict=True)) for row in ROWS], geometry=[Point(0, 0)] * 6, crs=4326
    )
    if kind == "gpkg":
        frame.rename(columns={"decision": "Decision"}).to_file(path, layer="visits", driver="GPKG")
    else:
        frame.drop(columns="geometry").to_csv(path, index=False, sep=";")
    return path


@pytest.mark.parametrize("kind", ["csv", "gpkg"])
def test_what_is_new_the_same_and_against_what_holds_is_told_apart(tmp_path, kind):
    found = field.compare(field.read(written(tmp_path, kind)), HELD, PARCELS, ["maize"])
    assert found.new == (
        Said(Parcel("007", "a", 1), "relabel", 'seen from the road; "é"', "maize"),
        Said(Parcel("=cmd|x", "a", 2), "keep"),
    )
    assert found.conflicts == ((Said(Parcel("9", "b", 1), "doubtful"), HELD["9"]),)
    assert (found.same, found.unknown) == (1, ("gone",))


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([{"register_id": "9", "decision": "burn"}], "no decision"),
        ([{"register_id": "9", "decision": "relabel", "crop": "gold"}], "no class"),
        ([{"register_id": "9", "decision": "keep"}] * 2, "twice"),
    ],
)
def test_what_can_t_be_taken_in_is_one_sentence(rows, word):
    with pytest.raises(ConfigError, match=word):
        field.compare(rows, {}, PARCELS, ["maize"])


def test_a_file_without_the_columns_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("id,decision\n1,keep\n")
    with pytest.raises(ConfigError, match="register_id"):
        field.read(tmp_path / "x.csv")
