"""What a column of a table of ours must hold."""

import pandas as pd
import pytest

from cropdash.files import parquet

COLUMNS = [
    ["a", "b"], ["a", None], ["a", 3], [], [1, 2], [None, None], [b"x", b"y"], [True, False],
    [["x"], ["y"]], ["a", float("nan")], ["a", ["b"]], [pd.Timestamp("2023-01-01")],
]  # fmt: skip


@pytest.mark.parametrize("kind", [None, object, "category"])
@pytest.mark.parametrize("values", COLUMNS, ids=str)
def test_a_column_holds_texts_if_each_of_its_cells_is_one(values, kind):
    hashable = kind != "category" or not any(isinstance(cell, list) for cell in values)
    column = pd.Series(values, dtype=kind if hashable else object)
    asked = all(isinstance(cell, str) for cell in column)
    assert parquet.KINDS["text"](column) == asked
