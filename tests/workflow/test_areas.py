"""Areas by points that were drawn at random and checked."""

from __future__ import annotations

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from pyproj import Transformer
from rich.console import Console

from cropdash.cli import terminal
from cropdash.domain import Grid
from cropdash.domain.errors import ConfigError
from cropdash.evaluate.area import estimate_area
from cropdash.legend import load
from cropdash.workflow import score

WHEAT, MAIZE = 8, 30  # ids of the legend
GRIDS = {
    "a": Grid("EPSG:32631", 4e5, 5.4e6, 10.0, (20, 50)),
    "b": Grid("EPSG:32632", 5e5, 5.2e6, 20.0, (30, 12)),
}
MAPS = {
    zone: np.where(np.arange(grid.shape[1]) < 6, WHEAT, MAIZE) + np.zeros(grid.shape, int)
    for zone, grid in GRIDS.items()
}
RUN = SimpleNamespace(
    predicted_zones=lambda: list(GRIDS),
    prediction=lambda zone: SimpleNamespace(grid=GRIDS[zone], crop=MAPS[zone].astype(np.uint8)),
)
DATASET = SimpleNamespace(legend=load)


def points(zone: str, n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Points in the middle of random pixels and what the map says there."""
    grid, rng = GRIDS[zone], np.random.default_rng(seed)
    rows, columns = (rng.integers(0, side, n) for side in grid.shape)
    to_degrees = Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    lon, lat = to_degrees.transform(
        grid.left + (columns + 0.5) * grid.pixel_size, grid.top - (rows + 0.5) * grid.pixel_size
    )
    return pd.DataFrame({"lon": lon, "lat": lat}), MAPS[zone][rows, columns]


def test_points_are_counted_where_they_lie_and_areas_are_those_of_the_estimator() -> None:
    counts, tables, rng = np.zeros((50, 50)), [], np.random.default_rng(4)
    for zone, n in (("a", 60), ("b", 41)):
        table, mapped = points(zone, n, seed=n)
        truth = np.where(rng.random(n) < 0.8, mapped, WHEAT)
        np.add.at(counts, (truth, mapped), 1)
        names = load().classes
        tables.append(table.assign(**{"class": [names[k].name for k in truth]}))
    tables.append(pd.DataFrame({"lon": [0.0], "lat": [0.0], "class": [str(MAIZE)]}))  # elsewhere
    found = score.checked_areas(RUN, DATASET, pd.concat(tables))
    hectares = np.zeros(50)
    hectares[[WHEAT, MAIZE]] = 120 * 0.01 + 180 * 0.04, 880 * 0.01 + 180 * 0.04
    pd.testing.assert_frame_equal(found, estimate_area(counts, hectares))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"lon": [1.0], "lat": [2.0]}, "lack class"),
        ({"lon": [1.0], "lat": [2.0], "class": ["Tulip"]}, "'Tulip' of the checked points"),
        ({"lon": [1.0], "lat": [2.0], "class": ["8"]}, "No checked point lies"),
    ],
)
def test_points_that_say_nothing_are_refused(columns, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        score.checked_areas(RUN, DATASET, pd.DataFrame(columns))


def test_a_table_of_areas_is_shown_largest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    monkeypatch.setattr(terminal, "console", console)
    areas = estimate_area(np.diag([3.0, 20, 9]), [5.0, 90.0, 65.0])
    terminal.print_areas(areas, load())
    text = console.export_text()
    assert text.index("90.0") < text.index("65.0") < text.index("5.0 ")
