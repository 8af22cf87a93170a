"""Both matrices in one picture: what is drawn, in what order, in whose colour."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash import legend as legends
from cropdash.errors import ConfigError
from cropdash.evaluate import Confusion, confusion
from cropdash.figures import palette
from cropdash.figures.arrangement import arrange
from cropdash.figures.confusion import NUMBERS_UP_TO, difference, side_by_side
from cropdash.language import LANGUAGES, speaking

LEGEND = legends.load()
K = LEGEND.n_classes
NAMES = ("CNN", "XGBoost")


def matrix(seed, right=0.6, classes=range(1, K), unit="pixel"):
    """Declarations don't depend on `seed`: the same ground for every model."""
    truth = np.repeat(list(classes), np.arange(len(classes)) + 3)
    rng = np.random.default_rng(seed)
    predicted = np.where(
        rng.random(truth.size) < right, truth, rng.choice(list(classes), truth.size)
    )
    return confusion(truth, predicted, K, unit=unit)


LEFT, RIGHT = matrix(1), matrix(2, 0.4)


def test_all_classes_stand_by_family():
    labels = arrange(LEFT, RIGHT, LEGEND, top_k=None)
    assert [k for (k,) in labels.classes] == [c.id for c in LEGEND.ordered() if c.id]
    assert not labels.has_other
    families = [LEGEND.classes[k].level_2 for (k,) in labels.classes]
    changes = [i + 0.5 for i in range(len(families) - 1) if families[i] != families[i + 1]]
    assert labels.breaks == tuple(changes)
    assert len(changes) == len(set(families)) - 1  # each family is one block


def test_the_largest_are_shown_and_the_rest_is_other():
    labels = arrange(LEFT, RIGHT, LEGEND, top_k=5)
    assert {k for (k,) in labels.classes[:-1]} == set(range(K - 5, K))
    assert labels.has_other
    assert set(labels.classes[-1]) == set(range(1, K - 5))
    assert labels.names[-1] == f"Other: {K - 6} more"
    assert labels.breaks[-1] == len(labels.names) - 1.5  # a line sets the rest apart


def test_a_searched_class_is_shown_whatever_its_support():
    labels = arrange(LEFT, RIGHT, LEGEND, top_k=5, always=[1])
    assert (1,) in labels.classes
    assert 1 not in labels.classes[-1]


def test_classes_that_no_model_and_no_parcel_names_are_left_out():
    labels = arrange(confusion([8], [8], K), confusion([8], [30], K), LEGEND)
    assert set(labels.classes) == {(8,), (30,)}


@pytest.mark.parametrize("top_k", [None, 7])
@pytest.mark.parametrize("level", legends.LEVELS)
def test_both_panels_hold_all_that_was_counted_on_one_scale(level, top_k):
    figure = side_by_side(LEFT, RIGHT, NAMES, LEGEND, level=level, top_k=top_k)
    labels = arrange(LEFT, RIGHT, LEGEND, level=level, top_k=top_k)
    heats = figure.data
    assert [h.coloraxis for h in heats] == ["coloraxis", "coloraxis"]
    assert (figure.layout.coloraxis.cmin, figure.layout.coloraxis.cmax) == (0, 1)
    for heat in heats:
        z = np.array(heat.z, float)
        assert z.shape == (len(labels.names),) * 2
        sums = np.nansum(z, axis=1)
        np.testing.assert_allclose(sums, 1)
        assert not (z == 0).any()  # zero cells are blank
    assert figure.layout.xaxis.ticktext == figure.layout.xaxis2.ticktext


def test_hits_of_a_level_are_those_of_its_groups():
    figure = side_by_side(LEFT, RIGHT, NAMES, LEGEND, level="level_1", top_k=None)
    grouped = LEFT.at_level(LEGEND.group_of("level_1"))
    got = sorted(np.diagonal(np.array(figure.data[0].z, float)))
    np.testing.assert_allclose(got, sorted(grouped.recall[~np.isnan(grouped.recall)]))


def test_numbers_stand_in_cells_only_while_they_can_be_read():
    few = side_by_side(LEFT, RIGHT, NAMES, LEGEND, top_k=NUMBERS_UP_TO - 1)
    many = side_by_side(LEFT, RIGHT, NAMES, LEGEND, top_k=NUMBERS_UP_TO)
    assert few.data[0].texttemplate
    assert many.data[0].texttemplate is None


def test_hover_tells_share_count_and_unit():
    one = confusion([8] * 1500 + [30], [8] * 1200 + [30] * 301, K, unit="parcel")
    figure = side_by_side(one, one, NAMES, LEGEND)
    labels = arrange(one, one, LEGEND)
    i, j = labels.index_of_class[8], labels.index_of_class[30]
    text = figure.data[0].hovertext[i][j]
    assert "Winter soft wheat" in text
    assert "Maize" in text
    assert "20.0 %" in text
    assert "300 of 1,500 parcels" in text
    assert figure.data[0].hovertext[j][i] == ""


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
    # Written upwards beside the bar: the last word stands at the positive end.
    assert axis.colorbar.title.text.index("XGBoost") < axis.colorbar.title.text.index("CNN")


def test_the_mixed_cell_of_the_rest_takes_no_side():
    z = np.array(difference(LEFT, RIGHT, NAMES, LEGEND, top_k=5).data[0].z, float)
    assert np.isnan(z[-1, -1])


@pytest.mark.parametrize("dark", [False, True])
def test_themes_bring_their_own_scale(dark):
    scale = [list(stop) for stop in palette.sequential(dark)]
    figure = side_by_side(LEFT, RIGHT, NAMES, LEGEND, dark=dark)
    assert [list(stop) for stop in figure.layout.coloraxis.colorscale] == scale
    assert figure.layout.font.color == palette.of_theme(dark).text


def test_french_labels():
    with speaking("fr"):
        figure = side_by_side(LEFT, RIGHT, NAMES, LEGEND, top_k=5)
    assert "Trèfle" in figure.layout.yaxis.ticktext
    assert figure.layout.yaxis.title.text == "Déclaré"


def test_labels_of_an_axis_are_all_different():
    for language in LANGUAGES:
        with speaking(language):
            ticks = side_by_side(LEFT, RIGHT, NAMES, LEGEND, top_k=None)
        assert len(set(ticks.layout.yaxis.ticktext)) == K - 1


def test_nothing_counted_says_so():
    nothing = confusion([], [], K)
    for draw in (side_by_side, difference):
        figure = draw(nothing, nothing, NAMES, LEGEND)
        assert "Nothing" in figure.layout.annotations[0].text


def test_matrices_of_another_legend_or_level_are_refused():
    small = Confusion(np.eye(3, dtype=np.int64))
    with pytest.raises(ConfigError, match="class level"):
        side_by_side(small, small, NAMES, LEGEND)
    with pytest.raises(ConfigError, match="top_k"):
        difference(LEFT, RIGHT, NAMES, LEGEND, top_k=0)
