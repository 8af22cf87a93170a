"""Both matrices in one picture: what is drawn, in what order, in whose colour."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash import legend as legends
from cropdash.domain import LEVELS
from cropdash.domain.errors import ConfigError
from cropdash.evaluate import Confusion, confusion
from cropdash.figures import palette
from cropdash.figures.arrangement import arrange, positions
from cropdash.figures.confusion import NUMBERS_UP_TO, difference, side_by_side
from cropdash.i18n import LANGUAGES, speaking

LEGEND = legends.load()
K = LEGEND.n_classes
NAMES = ("CNN", "XGBoost")


def cells_of(figure):
    """The points that are clicked."""
    (points,) = [t for t in figure.data if t.type == "scatter"]
    return points


def heats_of(figures):
    return [t for f in figures for t in f.data if t.type == "heatmap"]


def matrix(seed, right=0.6, classes=range(1, K), unit="pixel"):
    """Declarations don't depend on `seed`: the same ground for every model."""
    truth = np.repeat(list(classes), np.arange(len(classes)) + 3)
    rng = np.random.default_rng(seed)
    predicted = np.where(
        rng.random(truth.size) < right, truth, rng.choice(list(classes), truth.size)
    )
    return confusion(truth, predicted, K, unit=unit)


LEFT, RIGHT = matrix(1), matrix(2, 0.4)


def test_all_classes_stand_by_group():
    labels = arrange(LEFT, RIGHT, LEGEND, top_k=None)
    assert [k for (k,) in labels.classes] == [c.id for c in LEGEND.ordered() if c.id]
    assert not labels.has_other
    groups = [LEGEND.classes[k].group for (k,) in labels.classes]
    changes = [i + 0.5 for i in range(len(groups) - 1) if groups[i] != groups[i + 1]]
    assert labels.breaks == tuple(changes)
    assert len(changes) == len(set(groups)) - 1  # each group is one block


def test_the_largest_are_shown_and_the_rest_is_other():
    labels = arrange(LEFT, RIGHT, LEGEND, top_k=5)
    assert {k for (k,) in labels.classes[:-1]} == set(range(K - 5, K))
    assert labels.has_other
    assert set(labels.classes[-1]) == set(range(1, K - 5))
    assert labels.names[-1] == f"Other: {K - 6} more"
    assert labels.breaks[-1] == len(labels.names) - 1.5  # a line sets the rest apart


def test_a_folded_group_is_one_row_that_counts_all_of_its_classes():
    open_, group = arrange(LEFT, RIGHT, LEGEND, top_k=None), LEGEND.classes[8].group
    folded = arrange(LEFT, RIGHT, LEGEND, top_k=None, fold=[group])
    members = [c.id for c in LEGEND.ordered() if c.group == group]
    assert len(members) > 1
    assert len(folded.names) == len(open_.names) - len(members) + 1
    row = folded.classes.index(tuple(sorted(members, key=members.index)))
    assert folded.groups[row] is None  # no class of its own that a click could open
    assert sorted(sum(folded.classes, ())) == sorted(sum(open_.classes, ()))
    drawn = LEFT.at_level(positions(folded, LEGEND)).counts
    assert drawn.sum() == LEFT.counts.sum()
    assert drawn[row, row] == LEFT.counts[np.ix_(members, members)].sum()
    assert folded.names[row] != open_.names[open_.classes.index((members[0],))]
    assert all(not (a <= row <= b) for _, a, b in folded.blocks)


def test_searched_classes_alone_are_shown_whatever_their_support():
    labels = arrange(LEFT, RIGHT, LEGEND, top_k=5, only=[1, K - 1])
    assert set(labels.classes[:-1]) == {(1,), (K - 1,)}
    assert len(labels.classes[-1]) == K - 3


def test_a_search_that_finds_nothing_shows_the_largest():
    few = confusion([8, 8, 30], [8, 30, 30], K)
    assert arrange(few, few, LEGEND, only=[1]) == arrange(few, few, LEGEND)


def test_groups_of_several_are_framed_where_their_rows_stand():
    labels = arrange(LEFT, RIGHT, LEGEND, top_k=None)
    groups = [LEGEND.classes[k].group for (k,) in labels.classes]
    for _, first, last in labels.blocks:
        assert len(set(groups[first : last + 1])) == 1
        assert groups.count(groups[first]) == last - first + 1 > 1
    single = {g for g in groups if groups.count(g) == 1}
    assert len(labels.blocks) == len(set(groups) - single)


@pytest.mark.parametrize("level", LEVELS)
def test_the_point_of_a_cell_carries_its_groups(level):
    groups = LEGEND.group_of(level)
    figure, _ = side_by_side(LEFT, RIGHT, LEGEND, level=level, top_k=6, mark="1-1")
    labels = arrange(LEFT, RIGHT, LEGEND, level=level, top_k=6)
    points = cells_of(figure)
    counts = LEFT.at_level(groups).counts
    for x, y, cell in zip(points.x, points.y, points.customdata, strict=True):
        if cell:
            truth, predicted = map(int, cell.split("-"))
            assert {int(groups[k]) for k in labels.classes[y]} == {truth}
            assert {int(groups[k]) for k in labels.classes[x]} == {predicted}
            assert counts[truth, predicted] > 0
        else:
            assert labels.has_other
            assert len(labels.names) - 1 in (x, y)
    frames = [s for s in figure.layout.shapes if s.type == "rect" and s.line.width > 2]
    marked = [((s.x0 + s.x1) / 2, (s.y0 + s.y1) / 2) for s in frames]
    cells = dict(zip(points.customdata, zip(points.x, points.y, strict=True), strict=True))
    assert marked == ([cells["1-1"]] if "1-1" in cells else [])


def test_classes_that_no_model_and_no_parcel_names_are_left_out():
    labels = arrange(confusion([8], [8], K), confusion([8], [30], K), LEGEND)
    assert set(labels.classes) == {(8,), (30,)}


@pytest.mark.parametrize("top_k", [None, 7])
@pytest.mark.parametrize("level", LEVELS)
def test_both_panels_hold_all_that_was_counted_on_one_scale(level, top_k):
    figures = side_by_side(LEFT, RIGHT, LEGEND, level=level, top_k=top_k)
    labels = arrange(LEFT, RIGHT, LEGEND, level=level, top_k=top_k)
    scales = [f.layout.coloraxis for f in figures]
    assert scales[0] == scales[1]
    assert (scales[0].cmin, scales[0].cmax) == (0, 1)
    for heat in heats_of(figures):
        z = np.array(heat.z, float)
        assert z.shape == (len(labels.names),) * 2
        sums = np.nansum(z, axis=1)
        np.testing.assert_allclose(sums, 1)
        assert not (z == 0).any()  # zero cells are blank
    first, second = (f.layout for f in figures)
    assert first.xaxis.ticktext == second.xaxis.ticktext == first.yaxis.ticktext
    assert first.height == second.height


def test_hits_of_a_level_are_those_of_its_groups():
    figures = side_by_side(LEFT, RIGHT, LEGEND, level="family", top_k=None)
    grouped = LEFT.at_level(LEGEND.group_of("family"))
    got = sorted(np.diagonal(np.array(heats_of(figures)[0].z, float)))
    np.testing.assert_allclose(got, sorted(grouped.recall[~np.isnan(grouped.recall)]))


def test_numbers_stand_in_cells_only_while_they_can_be_read():
    few = side_by_side(LEFT, RIGHT, LEGEND, top_k=NUMBERS_UP_TO - 1)
    many = side_by_side(LEFT, RIGHT, LEGEND, top_k=NUMBERS_UP_TO)
    assert heats_of(few)[0].texttemplate
    assert heats_of(many)[0].texttemplate is None
    assert not few[0].layout.annotations
    assert many[0].layout.annotations  # groups are named where no numbers stand


def test_hover_tells_share_count_and_unit():
    one = confusion([8] * 1500 + [30], [8] * 1200 + [30] * 301, K, unit="parcel")
    points = cells_of(side_by_side(one, one, LEGEND)[0])
    said = dict(zip(points.customdata, points.hovertext, strict=True))
    assert "Winter soft wheat" in said["8-30"]
    assert "Maize" in said["8-30"]
    assert "20.0 %" in said["8-30"]
    assert "300 of 1,500 parcels" in said["8-30"]
    assert "30-8" not in said  # a blank cell stays mute


def test_one_colour_means_the_left_is_better_on_and_off_the_diagonal():
    better = confusion([8] * 10 + [30], [8] * 9 + [30] * 2, K)
    worse = confusion([8] * 10 + [30], [8] * 6 + [30] * 5, K)
    figure = difference(better, worse, NAMES, LEGEND)
    labels = arrange(better, worse, LEGEND)
    i, j = labels.index_of_class[8], labels.index_of_class[30]
    z = np.array(figure.data[0].z, float)
    assert z[i, i] == pytest.approx(0.3)
    assert z[i, j] == pytest.approx(0.3)
    swapped = difference(worse, better, NAMES, LEGEND)
    np.testing.assert_allclose(np.array(swapped.data[0].z, float), -z)
    axis = figure.layout.coloraxis
    assert (axis.cmin, axis.cmax) == (-1, 1)
    # The last word stands at the positive end.
    assert axis.colorbar.title.text.index("XGBoost") < axis.colorbar.title.text.index("CNN")


def test_the_mixed_cell_of_the_rest_takes_no_side():
    z = np.array(difference(LEFT, RIGHT, NAMES, LEGEND, top_k=5).data[0].z, float)
    assert np.isnan(z[-1, -1])


@pytest.mark.parametrize("dark", [False, True])
def test_themes_bring_their_own_scale(dark):
    scale = [list(stop) for stop in palette.sequential(dark)]
    figure = side_by_side(LEFT, RIGHT, LEGEND, dark=dark)[0]
    assert [list(stop) for stop in figure.layout.coloraxis.colorscale] == scale
    assert figure.layout.font.color == palette.of_theme(dark).text


def test_french_labels():
    with speaking("fr"):
        figure, _ = side_by_side(LEFT, RIGHT, LEGEND, top_k=5)
    assert "Trèfle" in figure.layout.yaxis.ticktext
    assert figure.layout.yaxis.title.text == "Déclaré"


def test_labels_of_an_axis_are_all_different():
    for language in LANGUAGES:
        with speaking(language):
            ticks, _ = side_by_side(LEFT, RIGHT, LEGEND, top_k=None)
        assert len(set(ticks.layout.yaxis.ticktext)) == K - 1


def test_nothing_counted_says_so():
    nothing = confusion([], [], K)
    both = difference(nothing, nothing, NAMES, LEGEND)
    for figure in (*side_by_side(nothing, nothing, LEGEND), both):
        assert "Nothing" in figure.layout.annotations[0].text


def test_matrices_of_another_legend_or_level_are_refused():
    small = Confusion(np.eye(3, dtype=np.int64))
    with pytest.raises(ConfigError, match="class level"):
        side_by_side(small, small, LEGEND)
    with pytest.raises(ConfigError, match="top_k"):
        difference(LEFT, RIGHT, NAMES, LEGEND, top_k=0)
