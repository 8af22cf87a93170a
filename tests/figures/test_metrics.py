"""Charts of scores: what stands where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cropdash import i18n
from cropdash import legend as legends
from cropdash.evaluate import class_table, confusion, reliability
from cropdash.figures import palette, wording
from cropdash.figures.metrics import dumbbell, learning_curves, reliability_curve

LEGEND = legends.load()
NAMES = ("CNN", "XGBoost")
TRUTH = [8] * 10 + [30] * 10 + [17] * 10
LEFT = confusion(TRUTH, [8] * 10 + [30] * 5 + [17] * 15, LEGEND.n_classes)
RIGHT = confusion(TRUTH, [8] * 6 + [17] * 4 + [30] * 10 + [17] * 10, LEGEND.n_classes)


def epochs(**changes):
    step = np.arange(1, 9)
    table = pd.DataFrame(
        {
            "epoch": step,
            "train_loss": 1 / step,
            "validation_loss": np.abs(step - 6) + 0.5,
            "validation_accuracy": 1 - 1 / step,
            "validation_macro_f1": 0.5 - 0.5 / step,
            "learning_rate": 0.002 / step,
        }
    )
    return table.assign(**changes)


@pytest.mark.parametrize("dark", [False, True])
def test_the_dumbbell_keeps_the_order_of_its_rows(dark):
    table = class_table(LEFT, RIGHT)[::-1]
    labels = wording.group_labels(LEGEND, "class")
    figure = dumbbell(table, "f1", NAMES, labels, "F1", promised=0.9, dark=dark)
    bars, left, right = figure.data
    scored = table.dropna(subset=["left_f1", "right_f1"])
    np.testing.assert_array_equal(left.x, scored["left_f1"])
    np.testing.assert_array_equal(right.x, scored["right_f1"])
    assert (left.name, right.name) == NAMES
    assert (left.marker.color, right.marker.color) == palette.model_colours(dark)
    assert figure.layout.yaxis.ticktext == tuple(
        wording.shorten_all([labels[k] for k in scored["class_id"]])
    )
    np.testing.assert_array_equal(np.array(bars.x).reshape(-1, 3)[:, :2].T, [left.x, right.x])
    assert figure.layout.shapes[0].x0 == 0.9


def test_the_dumbbell_leaves_out_classes_without_a_score():
    only_predicted = class_table(LEFT, confusion(TRUTH, [1] * 30, LEGEND.n_classes))
    assert 1 in set(only_predicted["class_id"])
    labels = wording.group_labels(LEGEND, "class")
    assert len(dumbbell(only_predicted, "f1", NAMES, labels, "F1").data[1].x) == 3
    assert dumbbell(only_predicted.head(0), "f1", NAMES, labels, "F1").layout.annotations


def test_learning_curves_of_a_network_have_three_panels():
    figure = learning_curves(epochs())
    assert [a.text for a in figure.layout.annotations][:3] == [
        "Loss",
        "Validation<br>scores",  # so that titles of a narrow column stay apart
        "Learning rate",
    ]
    assert len(figure.data) == 5
    assert figure.layout.xaxis.title.text == "Epoch"
    assert figure.layout.shapes[0].x0 == 6  # the lowest validation loss


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_no_word_of_a_panel_s_title_is_broken(language):
    with i18n.speaking(language):
        titles = [note.text for note in learning_curves(epochs()).layout.annotations][:3]
        words = [wording.term(key) for key in ("loss", "scores", "learning_rate")]
    assert [title.replace("<br>", " ") for title in titles] == words


def test_learning_curves_of_boosting_count_trees_and_skip_its_constant_rate():
    table = epochs(learning_rate=0.25).rename(columns={"epoch": "trees"})
    figure = learning_curves(table, dark=True)
    assert figure.layout.xaxis.title.text == "Trees"
    assert len(figure.data) == 4


@pytest.mark.parametrize("n", [1, 2])
def test_learning_curves_begin_with_the_first_epoch(n):
    figure = learning_curves(epochs().head(n))
    assert all(len(curve.x) == n for curve in figure.data)
    assert all("markers" in curve.mode for curve in figure.data)


def test_learning_curves_without_validation():
    table = epochs()[["epoch", "train_loss"]].assign(validation_loss=np.nan)
    figure = learning_curves(table)
    assert len(figure.data) == 1
    assert not figure.layout.shapes


def test_the_reliability_curve_shows_full_bins_only():
    rng = np.random.default_rng(0)
    confidence = 0.5 + rng.random(200) / 2
    table = reliability(confidence, rng.random(200) < confidence)
    figure = reliability_curve(
        {"CNN": table, "XGBoost": table}, errors={"CNN": 0.01, "XGBoost": 0.2}
    )
    lines = [t for t in figure.data if t.type == "scatter"]
    assert [t.name for t in lines] == ["As sure as right", "CNN (ECE 0.010)", "XGBoost (ECE 0.200)"]
    assert len(lines[1].x) == (table["n"] > 0).sum() == 5
    assert [t.marker.color for t in figure.data if t.type == "bar"] == list(
        palette.model_colours(False)
    )


def test_empty_tables_say_so():
    nothing = class_table(*[confusion([], [], LEGEND.n_classes)] * 2)
    for figure in (
        dumbbell(nothing, "f1", NAMES, [], "F1"),
        learning_curves(pd.DataFrame()),
        learning_curves(pd.DataFrame({"epoch": [1]})),
        reliability_curve({}),
    ):
        assert "Nothing" in figure.layout.annotations[0].text
