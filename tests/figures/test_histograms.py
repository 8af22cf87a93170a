"""Histograms of bands."""

import numpy as np
import pytest

from cropdash.figures import histograms


def world(seed: int = 0):
    rng = np.random.default_rng(seed)
    crop = rng.integers(0, 3, 500)
    values = {"B4": rng.uniform(0, 0.2, 500), "B8": rng.uniform(0.2, 0.5, 500)}
    values = {b: v.astype(np.float32) for b, v in values.items()}
    values["B4"][:40] = np.nan
    return values, {"All": crop > 0, "Maize": crop == 2}


def test_shares_of_a_group_add_up_to_one_in_each_band():
    values, groups = world()
    table = histograms.of_bands(values, groups)
    np.testing.assert_allclose(table.groupby(["band", "name"])["share"].sum(), 1)


def test_bins_are_the_same_for_all_groups_of_a_band_and_differ_between_bands():
    table = histograms.of_bands(*world())
    edges = table.groupby(["band", "name"])["from"].agg(tuple)
    assert edges["B4", "All"] == edges["B4", "Maize"]
    assert edges["B4", "All"] != edges["B8", "All"]


def test_missing_values_count_nowhere():
    values, groups = world()
    whole = histograms.of_bands(values, groups)
    kept = ~np.isnan(values["B4"])
    part = histograms.of_bands({"B4": values["B4"][kept]}, {n: g[kept] for n, g in groups.items()})
    mine = whole[whole["band"] == "B4"].reset_index(drop=True)
    np.testing.assert_allclose(mine["share"], part["share"])


def test_the_middle_of_a_histogram_is_where_its_values_are():
    values, groups = world()
    table = histograms.of_bands(values, groups)
    for band in values:
        rows = table[(table["band"] == band) & (table["name"] == "Maize")]
        mean = ((rows["from"] + rows["to"]) / 2 * rows["share"]).sum()
        assert mean == pytest.approx(np.nanmean(values[band][groups["Maize"]]), abs=0.01)


def test_a_group_without_members_is_flat_and_all_missing_is_no_error():
    values, groups = world()
    table = histograms.of_bands(values, groups | {"None": np.zeros(500, bool)})
    assert (table.loc[table["name"] == "None", "share"] == 0).all()
    empty = histograms.of_bands({"B4": np.full(500, np.nan, np.float32)}, groups)
    assert (empty["share"] == 0).all()


def test_each_value_has_a_panel_with_its_own_axis_and_lines_differ_by_more_than_colour():
    table = histograms.of_bands(*world())
    figure = histograms.curves(table, {"All": "#555555", "Maize": "#aa5500"}, True)
    titles = {figure.layout.xaxis.title.text, figure.layout.xaxis2.title.text}
    assert titles == {"Reflectance B4", "Reflectance B8"}
    assert figure.layout.yaxis.title.text == "Share of parcels [%]"
    assert len({line.line.dash for line in figure.data}) == 2
    assert [line.name for line in figure.data if line.showlegend] == ["All", "Maize"]
