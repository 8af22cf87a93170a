"""Ranks of known confusions, against counts whose order is plain."""

import numpy as np
import pandas as pd
import pytest

from bench import confusions
from cropdash.legend import load

WHEAT, RYE, BARLEY, MEADOW, CLOVER = 8, 15, 36, 6, 46


@pytest.fixture
def counts() -> np.ndarray:
    out = np.diag(np.full(load().n_classes, 1000.0))
    out[WHEAT, BARLEY], out[BARLEY, WHEAT] = 90, 40
    out[30, 41] = 100  # the largest one way, not both ways together
    out[RYE] = 0
    out[RYE, WHEAT] = 9  # few pixels, but all there is of rye
    out[CLOVER, MEADOW], out[CLOVER, 28] = 5, 6
    return out


def test_each_reading_ranks_by_its_own_measure(counts):
    found = confusions.ranks(counts)
    assert found.loc["wheat and barley", ["pixels", "both", "row"]].tolist() == [2, 1, 1]
    assert found.loc["wheat and rye", ["pixels", "both", "shares"]].tolist() == [4, 3, 1]
    assert found.loc["meadow and clover", "row"] == 2
    assert found.loc["wheat and rye", "support"] == 9


def test_a_pair_that_is_never_confused_has_no_rank(counts):
    row = confusions.ranks(counts).loc["wheat and triticale"]
    assert row[["pixels", "both", "shares", "row"]].isna().all()


def test_reading_is_of_scored_crop_pixels_of_all_zones():
    rows = [
        ("a", "pixel", WHEAT, BARLEY, 3.0), ("b", "pixel", WHEAT, BARLEY, 4.0),
        ("a", "parcel", WHEAT, BARLEY, 50.0), ("a", "pixel", 0, WHEAT, 60.0),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["zone_id", "unit", "truth", "predicted", "value"])
    found = confusions.read(table)
    assert found[WHEAT, BARLEY] == 7
    assert found.sum() == 7


def test_larger_pairs_of_other_crops_push_a_pair_down(counts):
    before = confusions.ranks(counts).loc["wheat and barley", "both"]
    counts[9, 17] = 1e6
    assert confusions.ranks(counts).loc["wheat and barley", "both"] == before + 1


def test_crops_taken_as_one_keep_every_pixel_and_stand_where_the_first_did(counts):
    counts[WHEAT, RYE], counts[48, BARLEY] = 7, 3
    joined = confusions.join(counts)
    assert joined.sum() == counts.sum()
    assert joined[WHEAT, BARLEY] == 90 + 7
    assert joined[BARLEY, WHEAT] == 40 + 9
    assert joined[BARLEY, BARLEY] == 1000 + 1000 + 3  # barley, triticale, one called the other
    assert not joined[RYE].any()
    assert not joined[:, CLOVER].any()
    ranks = confusions.ranks(joined, confusions.GROUPED)
    assert ranks.loc["meadow and alfalfa, clover", "support"] == 1000 + 1000 + 11
