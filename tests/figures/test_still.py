"""Stills say what the charts they stand for say, and let no text through as markup."""

from __future__ import annotations

import re
from urllib.parse import unquote

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from cropdash.evaluate import Confusion
from cropdash.figures import confusion, metrics, palette, still, zone_map
from tests import worlds

EPOCHS = pd.DataFrame(
    {
        "epoch": [1, 2, 3],
        "train_loss": [2.0, 1.0, 0.5],
        "validation_loss": [2.2, 1.1, 0.6],
        "validation_accuracy": [0.2, 0.5, 0.8],
    }
)


def drawings(page: str) -> list[str]:
    """The SVG of each panel."""
    return [unquote(found) for found in re.findall(r'src="data:image/svg\+xml,([^"]*)"', page)]


def points(drawing: str, colour: str) -> list[tuple[float, float]]:
    """Where the first line of a colour goes, in shares of the panel from its lower left."""
    path = next(p for p in re.findall(r"<path [^>]*>", drawing) if f'stroke="{colour}"' in p)
    found = re.findall(r"[ML]([\d.-]+) ([\d.-]+)", path)
    return [(float(x) / 1000, 1 - float(y) / 1000) for x, y in found]


def test_lines_stand_where_their_axes_say():
    page = still.page(metrics.learning_curves(EPOCHS))
    loss, scores = drawings(page)
    line = points(scores, palette.LIGHT.left)  # its axis goes from 0 to 1
    assert [y for _, y in line] == pytest.approx([0.2, 0.5, 0.8], abs=1e-3)
    steps = [x for x, _ in line]
    assert steps[2] - steps[1] == pytest.approx(steps[1] - steps[0], abs=2e-3)
    assert 'stroke-dasharray="3 3"' in loss  # training, as in the chart
    for name in ("Loss", "Epoch", "Validation scores: Accuracy"):
        assert name in page


def test_a_matrix_has_its_cells_numbers_and_names():
    legend, n = worlds.legend(4), 5  # with the background
    counts = np.zeros((n, n))
    counts[1, 1], counts[1, 2], counts[2, 2] = 3, 1, 5
    matrix = Confusion(counts, "pixel")
    figure, _ = confusion.side_by_side(matrix, matrix, legend)
    page = still.page(figure)
    assert re.findall(r'<span class="at"[^>]*>(\d+)</span>', page) == ["75", "25", "100"]
    (drawing,) = drawings(page)
    assert palette.LIGHT.sequential[-1] in drawing  # all of a row
    assert page.count('class="down"') == page.count('class="across turned"') == 2


def test_zones_lie_north_above_south():
    zones = [worlds.zone("north", at=worlds.grid(top=5_600_000.0)), worlds.zone("south")]
    table = zone_map.places(zones).assign(state="built", note="")
    (drawing,) = drawings(still.page(zone_map.by_state(table)))
    dots = re.findall(r"M([\d.]+) ([\d.]+)h0", drawing)
    assert len(dots) == 2
    assert float(dots[0][1]) < float(dots[1][1])


def test_names_are_text():
    evil = '<img src=x onerror="1">'
    figure = go.Figure(go.Scatter(x=[0, 1], y=[0, 1], name=evil))
    figure.update_yaxes(tickvals=[0, 1], ticktext=[evil, "b"], title=evil)
    page = still.page(figure)
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_nothing_is_said_of_a_figure_without_marks():
    assert still.page(confusion.empty(dark=False)) == ""
