"""Which two runs Map, Compare and Review open with, whatever kinds of model there are."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from cropdash.settings import folders
from cropdash.settings.folders import Folders
from cropdash.storage.datasets import DatasetFolder
from cropdash.ui.shell import data
from cropdash.ui.widgets import cases, run_pair
from tests import factory
from tests.visiting import address, box, checked, text

MAP, COMPARE, REVIEW = "pages/3_Map.py", "pages/4_Compare.py", "pages/5_Review.py"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> DatasetFolder:
    return factory.write_dataset(tmp_path_factory.mktemp("world") / "data", zones=4, size=48)


@pytest.fixture
def with_runs(dataset: DatasetFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes runs of these kinds, the oldest first; gives their ids, the newest first."""

    def write(*kinds: str) -> list[str]:
        where = Folders(dataset.path.parent, tmp_path / "models")
        monkeypatch.setattr(data, "folders", lambda: where)
        for cached in (data.store, cases._cases):
            cached.clear()
        made = [
            factory.write_run(where.models, dataset, classifier=kind, seed=seed, accuracy=0.7)
            for seed, kind in enumerate(kinds)
        ]
        return [run.run_id for run in reversed(made)]

    yield write
    data.store.clear()


def show(page: str, **query: str) -> AppTest:
    app = AppTest.from_file(str(folders.PROJECT / "app.py"), default_timeout=60).run()
    app.switch_page(page)
    for name, value in query.items():
        app.query_params[name] = value
    app = checked(app.run())
    assert not app.error, app.error
    return app


def chosen(app: AppTest) -> tuple[str, str]:
    return box(app, "Run A").value, box(app, "Run B").value


@pytest.mark.parametrize("page", [MAP, COMPARE, REVIEW])
@pytest.mark.parametrize("kind", ["cnn", "xgboost"])
def test_two_runs_of_one_kind_are_set_side_by_side(page: str, kind: str, with_runs) -> None:
    newest, older = with_runs(kind, kind)
    app = show(page, dataset="demo")
    assert chosen(app) == (newest, older)
    assert (address(app, "left"), address(app, "right")) == (newest, older)
    # More than the sentence of an empty page; Review's list may be empty, its judgement is named.
    named = any("Judged are the held-out zones" in caption.value for caption in app.caption)
    assert app.header or app.get("component_instance") or named


@pytest.mark.parametrize("page", [MAP, COMPARE, REVIEW])
def test_the_newest_of_another_kind_comes_before_a_newer_one_of_the_same(
    page: str, with_runs
) -> None:
    newest, _, other, _ = with_runs("cnn", "cnn", "xgboost", "xgboost")
    assert chosen(show(page, dataset="demo")) == (newest, other)


@pytest.mark.parametrize("page", [MAP, COMPARE])
def test_an_address_that_names_one_run_twice_still_shows_two(page: str, with_runs) -> None:
    """Map, with one run on the zone, then Compare: the address goes along."""
    _, older = with_runs("cnn", "cnn")
    first, second = chosen(show(page, dataset="demo", left=older, right=older))
    assert first == older
    assert second != older


@pytest.mark.parametrize("page", [MAP, COMPARE, REVIEW])
def test_choosing_the_second_run_as_the_first_moves_the_other_aside(page: str, with_runs) -> None:
    newest, older = with_runs("xgboost", "cnn")
    app = show(page, dataset="demo")
    checked(box(app, "Run A").set_value(older).run())
    assert chosen(app) == (older, newest)


@pytest.mark.parametrize(
    ("page", "words"), [(MAP, "Only one run has predicted"), (COMPARE, "only one scored run")]
)
def test_one_run_alone_says_to_train_another(page: str, words: str, with_runs) -> None:
    with_runs("xgboost")
    assert words in text(show(page, dataset="demo"))


def test_review_can_do_without_a_second_run(with_runs) -> None:
    (only,) = with_runs("cnn")
    assert chosen(show(REVIEW, dataset="demo")) == (only, "none")


def test_review_leaves_the_second_run_out_where_the_address_says_so(with_runs) -> None:
    newest, _ = with_runs("cnn", "cnn")
    assert chosen(show(REVIEW, dataset="demo", right="none")) == (newest, "none")


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=7), st.data())
def test_the_partner_is_the_newest_of_another_kind_or_else_the_newest_other(
    kinds: Sequence[str], draw: st.DataObject
) -> None:
    runs = [SimpleNamespace(run_id=str(n), classifier=kind) for n, kind in enumerate(kinds)]
    first = draw.draw(st.sampled_from(runs))
    found = run_pair.partner(first, runs)
    ranked = sorted(
        (r.classifier == first.classifier, int(r.run_id)) for r in runs if r is not first
    )
    if not ranked:
        assert found is None
    else:
        assert (found.classifier == first.classifier, int(found.run_id)) == ranked[0]
