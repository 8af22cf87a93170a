"""Two confusion matrices side by side, and the numbers taken home as CSV."""

import pandas as pd
import pytest
from playwright.sync_api import expect


def test_matrices_side_by_side_and_metrics_as_csv(page, server):
    runs = {run.classifier: run for run in server.store.runs("demo") if run.scores}
    left, right = runs["cnn"], runs["xgboost"]
    page.goto(f"{server.url}/Compare?dataset=demo&left={left.run_id}&right={right.run_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare")
    heat = page.wait_for_function(
        "() => { for (const plot of document.querySelectorAll('.js-plotly-plot')) {"
        " const maps = (plot._fullData || []).filter(t => t.type === 'heatmap');"
        " if (maps.length === 2) return maps.map(t => ({name: t.name, rows: t.z.length,"
        " axis: t.coloraxis})); } return null; }"
    ).json_value()
    assert [h["name"] for h in heat] == ["CNN", "XGBoost"]
    assert heat[0]["rows"] == heat[1]["rows"] > 3
    assert heat[0]["axis"] == heat[1]["axis"] == "coloraxis"  # one scale
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Metrics (CSV)").click()
    table = pd.read_csv(waiting.value.path())
    assert table["run"].tolist() == [left.run_id, right.run_id]
    on_disk = [run.scores["test"]["pixel"]["macro_f1"] for run in (left, right)]
    assert table["macro_f1"].tolist() == pytest.approx(on_disk)
