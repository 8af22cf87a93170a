"""Two confusion matrices: a click on a cell, the parcels behind it, and numbers as CSV."""

import re

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from cropdash import evaluate, legend
from tests.browser.test_explore import MAP, map_frame

_MATRICES = (
    "[...document.querySelectorAll('.js-plotly-plot')]"
    ".filter(p => (p._fullData || []).some(t => t.type === 'heatmap'))"
)

# Cells that each matrix outlines; none while one of them is drawn anew.
OUTLINED = (
    f"() => {{ const m = {_MATRICES}; if (m.length !== 2) return [[]];"
    " return m.map(p => { const t = p._fullData.find(t => t.customdata);"
    " const s = p._fullLayout.shapes.filter(s => s.type === 'rect' && s.line.width > 2);"
    " return s.map(s => t.customdata[t.x.findIndex("
    " (x, k) => x === s.x0 + .5 && t.y[k] === s.y0 + .5)]); }); }"
)


def scored_runs(server):
    runs = {run.classifier: run for run in server.store.runs("demo") if run.scores}
    return runs["cnn"], runs["xgboost"]


def open_page(page: Page, server, more: str = ""):
    left, right = scored_runs(server)
    page.goto(f"{server.url}/Compare?dataset=demo&left={left.run_id}&right={right.run_id}{more}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Compare", timeout=30_000)
    page.wait_for_function(f"() => {_MATRICES}.length === 2")
    return left, right


def place_of(page: Page, matrix: int, cell: str):
    """Where a cell is in the window."""
    return page.evaluate(
        f"([n, cell]) => {{ const p = {_MATRICES}[n]; p.scrollIntoView({{block: 'center'}});"
        " const t = p._fullData.find(t => t.customdata);"
        " const k = Array.from(t.customdata).indexOf(cell), r = p.getBoundingClientRect();"
        " const x = p._fullLayout.xaxis, y = p._fullLayout.yaxis;"
        " return [r.left + x._offset + x.d2p(t.x[k]), r.top + y._offset + y.d2p(t.y[k])]; }",
        [matrix, cell],
    )


def hit_of_both(server, runs):
    """The class that both runs name rightly on most parcels: not the cell shown unasked."""
    first, second = (server.store.calibration(run.run_id) for run in runs)
    right = first[first["correct"] & second["correct"]]
    return int(right["truth"].mode()[0])


def test_matrices_side_by_side_and_metrics_as_csv(page, server):
    left, right = open_page(page, server)
    shown = page.evaluate(
        f"() => {_MATRICES}.map(p => {{ const t = p._fullData.find(t => t.type === 'heatmap');"
        " const s = p._fullLayout.coloraxis; return {rows: t.z.length, scale: [s.cmin, s.cmax]}; })"
    )
    assert shown[0] == shown[1]  # the same labels, one scale
    assert shown[0]["rows"] > 3
    page.get_by_role("button", name="Download", exact=True).first.click()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Metrics (CSV)").click()
    table = pd.read_csv(waiting.value.path())
    assert table["run"].tolist() == [left.run_id, right.run_id]
    on_disk = [run.scores.test.pixel.macro_f1 for run in (left, right)]
    assert table["macro_f1"].tolist() == pytest.approx(on_disk)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Confusion cells (CSV)").click()
    cells = pd.read_csv(waiting.value.path())
    k = legend.load().n_classes
    for side, run in (("left", left), ("right", right)):
        counted = evaluate.from_table(server.store.confusions(run.run_id), k, unit="pixel").counts
        back = np.zeros((k, k))
        back[cells["truth"], cells["predicted"]] = cells[side]
        np.testing.assert_array_equal(back, counted)


def test_a_click_on_a_cell_lists_and_maps_its_parcels_and_a_reload_keeps_it(page, server):
    left, right = scored_runs(server)
    crop = hit_of_both(server, (left, right))
    open_page(page, server, "&unit=parcel&top=all&matrix=pair")
    cell = f"{crop}-{crop}"
    place_of(page, 1, cell)
    x, y = place_of(page, 1, cell)  # once more: the page has scrolled there
    page.mouse.move(x, y)
    page.wait_for_selector(".hoverlayer .hovertext")
    page.mouse.click(x, y)
    expect(page).to_have_url(re.compile(f"cell={cell}(&|$)"))
    box = page.get_by_role("combobox", name=re.compile("Declared and named"))
    said = f"{legend.load().classes[crop].label()}, named rightly"
    expect(box).to_have_value(re.compile(re.escape(said)))

    tables = [server.store.calibration(run.run_id) for run in (left, right)]
    hits = [t[(t["truth"] == crop) & (t["predicted"] == crop)] for t in tables]
    ids = {(z, p) for t in hits for z, p in zip(t["zone_id"], t["parcel_id"], strict=True)}
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Parcels (CSV)").click()
    home = pd.read_csv(waiting.value.path())
    assert set(zip(home["zone_id"], home["parcel_id"], strict=True)) == ids

    map_frame(page)
    place = place_of(page, 1, cell)
    page.mouse.click(*place)  # once more: the cell stays chosen and outlined
    page.wait_for_function(f"cell => ({OUTLINED})().every(m => m.includes(cell))", arg=cell)
    assert f"cell={cell}" in page.url
    page.reload()
    expect(box).to_have_value(re.compile(re.escape(said)))
    page.wait_for_selector(MAP)
    page.wait_for_function(f"cell => ({OUTLINED})().every(m => m.includes(cell))", arg=cell)
