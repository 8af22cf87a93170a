"""Matrices on disk and back."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain.errors import ConfigError, InvalidRun
from cropdash.evaluate import confusion
from cropdash.evaluate.tables import COLUMNS, confusion_table, from_table, per_zone

K = 6
ZONES = ("b_1", "a_1", "c_2")


def matrices(seed, unit="pixel", include_background=True):
    rng = np.random.default_rng(seed)
    weights = rng.random((4, 9)) if unit == "hectare" else None
    return {
        zone: confusion(
            rng.integers(0, K, (4, 9)),
            rng.integers(1, K, (4, 9)),
            K,
            weights,
            include_background=include_background,
            unit=unit,
        )
        for zone in ZONES
    }


def table_of(by_zone, unit):
    return pd.concat([confusion_table(zone, unit, m) for zone, m in by_zone.items()])


@given(st.integers(0, 999), st.sampled_from(["pixel", "parcel", "hectare"]), st.booleans())
def test_a_matrix_survives_the_table(seed, unit, include_background):
    table = table_of(matrices(seed, unit), unit)
    assert tuple(table) == COLUMNS
    assert (table["value"] > 0).all()
    expected = matrices(seed, unit, include_background)
    got = per_zone(table, K, unit=unit, zones=ZONES, include_background=include_background)
    assert list(got) == list(ZONES)
    for zone, matrix in got.items():
        assert matrix.unit == unit
        assert matrix.includes_background is include_background
        assert matrix.counts.dtype == expected[zone].counts.dtype
        np.testing.assert_allclose(matrix.counts, expected[zone].counts)
    total = from_table(table, K, unit=unit, include_background=include_background)
    np.testing.assert_allclose(total.counts, sum(m.counts for m in got.values()))


def test_units_and_zones_are_kept_apart():
    pixels, parcels = matrices(1), matrices(2, "parcel")
    both = pd.concat([table_of(pixels, "pixel"), table_of(parcels, "parcel")])
    got = from_table(both, K, unit="parcel", zones=["a_1"], include_background=True)
    np.testing.assert_array_equal(got.counts, parcels["a_1"].counts)


def test_a_zone_without_rows_is_an_empty_matrix():
    got = per_zone(table_of(matrices(1), "pixel"), K, unit="pixel", zones=["a_1", "d_9"])
    assert got["d_9"].n_scored == 0
    assert got["a_1"].n_scored > 0


def test_without_zones_they_come_sorted():
    assert list(per_zone(table_of(matrices(1), "pixel"), K, unit="pixel")) == sorted(ZONES)


def test_the_table_survives_parquet(tmp_path):
    path = tmp_path / "confusions.parquet"
    table = table_of(matrices(3), "pixel")
    table.to_parquet(path)
    got = from_table(pd.read_parquet(path), K, unit="pixel")
    np.testing.assert_array_equal(got.counts, from_table(table, K, unit="pixel").counts)


def test_an_empty_matrix_is_an_empty_table():
    table = confusion_table("a_1", "parcel", confusion([], [], K, unit="parcel"))
    assert table.empty
    assert from_table(table, K, unit="parcel").n_scored == 0


def test_a_damaged_or_foreign_table_is_refused():
    table = table_of(matrices(1), "pixel")
    with pytest.raises(InvalidRun, match="value"):
        from_table(table.drop(columns="value"), K, unit="pixel")
    for fewer in (3, K - 1):
        with pytest.raises(InvalidRun, match="beyond the legend"):
            from_table(table, fewer, unit="pixel")
    with pytest.raises(ConfigError, match="acre"):
        from_table(table, K, unit="acre")
