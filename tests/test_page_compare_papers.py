"""What a comparison gives to a paper, and what one training and one split leave open."""

from __future__ import annotations

import dataclasses
import io
import re
import zipfile
from xml.etree import ElementTree

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from cropdash.figures import printed
from cropdash.storage import layout
from cropdash.ui.compare import counting, papers, repeats
from cropdash.ui.shell import data
from tests import factory
from tests.visiting import here, show, text, world  # noqa: F401 (fixtures)

COMPARE = "pages/4_Compare.py"
NAMES = ("CNN $x$", "XGBoost_1 & co")


@pytest.fixture
def runs():
    found = data.usable_runs("demo")
    return found[0], found[1]


def counted(runs, **changed):
    usual = counting.Choice("parcel", "class", False, "supported", counting.common_zones(*runs))
    return dataclasses.replace(usual, **changed)


def opened(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def test_every_figure_comes_as_svg_and_png_of_a_set_width(runs):
    choice = counted(runs)
    found = opened(papers.figures(runs, NAMES, counting.score(*runs, choice), choice))
    stems = {"matrix_a", "matrix_b", "matrix_difference", "classes", "zones", "reliability"}
    assert set(found) == {f"{stem}.{kind}" for stem in stems for kind in ("svg", "png")}
    for name, content in found.items():
        if name.endswith("png"):
            with Image.open(io.BytesIO(content)) as image:
                width, dpi, paper = image.width, image.info["dpi"], image.convert("RGB")
            assert width / dpi[0] * 2.54 == pytest.approx(printed.WIDTH_CM, abs=0.1)
            assert paper.getpixel((2, 2)) == (255, 255, 255)  # light, whatever the reader's theme
        else:
            root = ElementTree.fromstring(content)  # noqa: S314 (our own)
            assert float(root.get("width").removesuffix("pt")) == pytest.approx(
                printed.WIDTH_CM / 2.54 * 72, abs=1
            )
            assert b"http" not in re.sub(rb'xmlns(:\w+)?="[^"]*"|<!DOCTYPE[^>]*>|<rdf.*?</metadata>', b"",
                                         content, flags=re.DOTALL)  # fmt: skip


def test_a_matrix_of_a_figure_has_the_shares_of_the_counts(runs):
    scored = counting.score(*runs, counted(runs))
    figures = printed.matrices(*scored.totals, NAMES, scored.legend, "what", top_k=None)
    image = figures["matrix_a"].axes[0].images[0].get_array()
    there = scored.totals[0].support > 0
    assert (image.filled(0).diagonal() > 0).sum() == (scored.totals[0].recall[there] > 0).sum()
    assert sorted(image.filled(0).diagonal()[image.filled(0).diagonal() > 0]) == pytest.approx(
        sorted(r for r in scored.totals[0].recall[there] if r > 0)
    )


def test_tables_come_as_markdown_and_latex_with_the_numbers_of_the_page(runs):
    choice = counted(runs)
    scored = counting.score(*runs, choice)
    found = opened(papers.texts(runs, NAMES, scored, choice))
    assert set(found) == {"tables.md", "tables.tex"}
    marked, typeset = (found[name].decode() for name in ("tables.md", "tables.tex"))
    accuracy = f"{scored.totals[0].accuracy:.3f}"
    assert accuracy in marked
    assert accuracy in typeset
    assert r"CNN \$x\$" in marked
    assert r"XGBoost\_1 \& co" in typeset
    assert typeset.count(r"\begin{tabular}") == typeset.count(r"\end{tabular}") == 3


@given(st.text(max_size=30))
def test_nothing_in_a_cell_acts(cell):
    table = pd.DataFrame({"a": [cell], "b": ["x"]})
    rows = papers.markdown(table).split("\n")
    assert len(rows) == 3 or "\r" in cell or len(cell.splitlines()) > 1
    bare = re.sub(r"\\.", "", papers.markdown(table).split("\n", 2)[2], flags=re.DOTALL)
    assert bare.count("|") == 3
    assert not set(bare) & set("*_`<>[]$")
    inner = papers._typeset(cell)
    left = re.sub(
        r"\\(textbackslash|textasciitilde|textasciicircum|textless|textgreater)\{\}", "", inner
    )
    left = re.sub(r"\$-\$|\$\\pm\$|\\,", "", left)
    assert not re.search(r"(?<!\\)[&%$#_{}~^]", left)


def test_the_page_offers_them_and_says_when_the_zones_differ(runs, monkeypatch):
    zones = counting.common_zones(*runs)
    test = dataclasses.replace(runs[1].scores.test, zones=zones[:1])
    fewer = dataclasses.replace(runs[1], scores=dataclasses.replace(runs[1].scores, test=test))
    listed = data.usable_runs
    assert not show(COMPARE).warning
    monkeypatch.setattr(
        data,
        "usable_runs",
        lambda name: [fewer if r.run_id == fewer.run_id else r for r in listed(name)],
    )
    app = show(COMPARE)
    (warning,) = app.warning
    assert "different test zones" in warning.value
    assert " 1 that both have" in warning.value
    labels = [button.proto.label for button in app.get("download_button")]
    assert "Figures (SVG and PNG, ZIP)" in labels
    assert "Tables (Markdown and LaTeX, ZIP)" in labels


def test_repeats_are_the_runs_that_differ_in_the_seed_alone(runs, world):  # noqa: F811
    cnn = next(run for run in runs if run.classifier == "cnn")
    assert [run.run_id for run in repeats.of(cnn)] == [cnn.run_id]
    app = show(COMPARE, part="chance")
    assert "train --like" in text(app)
    dataset = factory.DatasetFolder(world.data, "demo")
    again = factory.write_run(world.models, dataset, classifier="cnn", seed=7, accuracy=0.6)
    alike = {run.run_id: run for run in repeats.of(cnn)}
    assert set(alike) == {cnn.run_id, again.run_id}
    both = [run.scores.test.pixel.accuracy for run in alike.values()]
    shown = show(COMPARE, part="chance", left=cnn.run_id)
    spread = f"{pd.Series(both).mean():.3f} ± {pd.Series(both).std():.3f}"
    assert any(spread in frame.value.astype(str).to_string() for frame in shown.dataframe)


def test_splits_that_flatter_are_shown_once_measured(world):  # noqa: F811
    app = show(COMPARE, part="splits")
    assert any("optimism demo" in code.value for code in app.code)
    row = {"folds": 1, "accuracy": 0.8, "macro_f1": 0.4, "parcel_accuracy": None,
           "parcel_macro_f1": None, "learned": 9.0, "scored": 9.0, "flatters_by": 0.1234,
           "flatters_f1_by": 0.2}  # fmt: skip
    rows = [{"split": split, **row} for split in ("pixel", "zone")]
    config = {"classifier": "xgboost", "dataset": "demo"}
    layout.OPTIMISM.write(world.models, {"config": config, "splits": rows})
    try:
        (table,) = [
            f.value for f in show(COMPARE, part="splits").dataframe if "Held back" in f.value
        ]
        assert table["Held back"].tolist() == ["Single pixels", "Whole zones"]
        assert table["Flatters accuracy by"].tolist() == [0.1234, 0.1234]
        assert data.store().optimism("other") is None
    finally:
        layout.OPTIMISM.of(world.models).unlink()
