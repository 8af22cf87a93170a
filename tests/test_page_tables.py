"""Tables of all pages: numbers in the reader's language, which still sort as numbers."""

from __future__ import annotations

import ast
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from cropdash import i18n
from cropdash.evaluate import suspicion
from cropdash.ui.widgets import table
from tests.visiting import here, show, world  # noqa: F401 (fixtures)

ROOT = Path(__file__).resolve().parents[1]
PLACES = [
    ("pages/2_Train.py", {}),
    ("pages/4_Compare.py", {"unit": "hectare"}),
    ("pages/4_Compare.py", {"unit": "pixel", "background": "1", "over": "all"}),
    ("pages/5_Review.py", {"lights": ",".join(suspicion.LIGHTS)}),
    ("pages/6_Data.py", {}),
]


def written(proto) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The values of a table, and the texts that the reader sees in their place."""
    frames = [proto.arrow_data.data, proto.arrow_data.styler.display_values]
    values, shown = (pa.ipc.open_stream(io.BytesIO(f)).read_pandas() for f in frames)
    return values, shown


@pytest.mark.parametrize(("page", "query"), PLACES)
def test_numbers_of_every_table_are_french_on_a_french_page(page, query):
    app = show(page, lang="fr", dataset="demo", **query)
    assert len(app.dataframe) >= 1
    numbers = 0
    for element in app.dataframe:
        values, shown = written(element.proto)
        columns = json.loads(element.proto.columns or "{}")
        for at, name in enumerate(values.select_dtypes("number").columns):
            config = columns.get(str(name), {}).get("type_config") or {}
            assert not config.get("format"), f"{name} is written by the browser's language"
            known = values[name].notna().to_numpy()
            texts = shown[name][known] if name in shown else shown.iloc[known, at]
            for value, text in zip(values[name][known], texts, strict=True):
                assert "." not in text, (name, text)
                assert text != str(value) or value == round(value), (name, text)
            numbers += int(known.sum())
    assert numbers


def test_a_table_keeps_its_numbers_and_writes_them_as_told():
    def page() -> None:
        import pandas as pd

        from cropdash import i18n
        from cropdash.ui.widgets import table

        rows = pd.DataFrame(
            {"n": [12345, 7], "share": [0.004, 0.52], "id": [12345, 2], "gap": [1234.5, None]}
        )
        with i18n.speaking("fr"):
            table.show(rows, {"share": i18n.probability, "id": table.PLAIN})

    app = AppTest.from_function(page).run()
    assert not app.exception
    values, shown = written(app.dataframe[0].proto)
    assert values["n"].tolist() == [12345, 7]
    assert values["share"].tolist() == [0.004, 0.52]
    assert shown["n"].tolist() == ["12\u202f345", "7"]
    assert shown["share"].tolist() == ["< 1\xa0%", "52\xa0%"]
    assert shown["id"].tolist() == ["12345", "2"]
    assert shown["gap"].tolist() == ["1\u202f234,50", "–"]


def test_the_browser_writes_the_numbers_of_a_table_too_large_to_be_styled():
    def page() -> None:
        import numpy as np
        import pandas as pd
        import streamlit as st

        from cropdash.ui.widgets import table

        rows = pd.DataFrame(np.zeros((3_000, 9)), columns=list("abcdefghi")).assign(a="zone")
        forms = {"b": ".1%", "c": table.PLAIN}
        table.show(rows, forms, columns={"b": st.column_config.Column("Share", help="of all")})

    app = AppTest.from_function(page).run()
    assert not app.exception
    assert app.dataframe[0].value.shape == (3_000, 9)
    told = json.loads(app.dataframe[0].proto.columns)
    assert {name: told[name]["type_config"]["format"] for name in "bcd"} == {
        "b": "percent", "c": "plain", "d": "localized",
    }  # fmt: skip
    assert (told["b"]["label"], told["b"]["help"]) == ("Share", "of all")
    assert "a" not in told


def test_tables_are_shown_by_their_widget_alone():
    for path in [*(ROOT / "cropdash" / "ui").rglob("*.py"), *(ROOT / "pages").glob("*.py")]:
        calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
        for call in calls:
            said = ast.unparse(call.func)
            if path.name != Path(table.__file__).name:
                assert said not in ("st.dataframe", "st.table"), f"{path}: use widgets.table"
                if said.endswith("NumberColumn"):
                    assert "format" not in {k.arg for k in call.keywords}, f"{path}: {said}"


def test_titles_of_simulated_datasets_are_said_in_french():
    from cropdash.simulate.kind import KIND
    from cropdash.storage.store import Description
    from cropdash.ui.widgets.names import dataset_title

    source = KIND.open(KIND.settings(dataset="x", size=32))
    title = KIND.title(None, source)
    assert title == f"Simulated landscape {source.season.text}"
    description = Description.__new__(Description)
    object.__setattr__(description, "title", title)
    object.__setattr__(description, "season", source.season)
    with i18n.speaking("fr"):
        assert dataset_title(description) == "Paysage simulé 2023"
    assert np.all(dataset_title(description) == title)
