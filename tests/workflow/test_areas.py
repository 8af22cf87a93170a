"""Hectares of each class that are kept with a run's scores, and shown."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from cropdash.cli import terminal
from cropdash.domain import BACKGROUND
from cropdash.evaluate import Confusion, confusion_table
from cropdash.legend import load
from cropdash.workflow import score

WHEAT, MAIZE = 8, 30  # ids of the legend


def counted(*zones: dict[tuple[int, int], float]) -> pd.DataFrame:
    """Confusions by hectare of zones given as {(truth, predicted): hectares}."""
    tables = []
    for i, cells in enumerate(zones):
        counts = np.zeros((load().n_classes,) * 2)
        for cell, hectares in cells.items():
            counts[cell] = hectares
        tables.append(confusion_table(f"zone_{i}", "hectare", Confusion(counts, "hectare", True)))
    return pd.concat(tables, ignore_index=True)


ZONES = (
    {(WHEAT, WHEAT): 50.0, (MAIZE, WHEAT): 5.0, (MAIZE, MAIZE): 20.0},
    {(WHEAT, WHEAT): 30.0, (WHEAT, MAIZE): 10.0, (BACKGROUND, MAIZE): 4.0},
    {(MAIZE, MAIZE): 40.0, (BACKGROUND, WHEAT): 1.0},
)


def test_what_is_corrected_is_what_was_declared_and_land_without_a_crop_is_counted() -> None:
    table = score.areas(counted(*ZONES), load().n_classes).set_index("class_id")
    assert table["mapped_ha"].to_dict() == pytest.approx({BACKGROUND: 0, WHEAT: 86, MAIZE: 74})
    assert table["estimated_ha"].to_dict() == pytest.approx({BACKGROUND: 5, WHEAT: 90, MAIZE: 65})
    assert (table["low_ha"] <= table["estimated_ha"]).all()
    assert (table["high_ha"] > table["estimated_ha"]).all()
    assert table.loc[WHEAT, "users_accuracy"] == pytest.approx(80 / 86)
    assert table.loc[WHEAT, "producers_accuracy"] == pytest.approx(80 / 90)


def test_a_table_of_areas_is_shown_largest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    console = Console(width=120, record=True, file=io.StringIO())
    monkeypatch.setattr(terminal, "console", console)
    terminal.print_areas(score.areas(counted(*ZONES), load().n_classes), load())
    terminal.print_areas(score.areas(counted(ZONES[0]), load().n_classes), load())
    first, second = console.export_text().split("Area of the scored parcels")[1:]
    assert first.index("90.0") < first.index("65.0") < first.index("5.0 ")
    assert "nan" not in second
    assert "–" in second
