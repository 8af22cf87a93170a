"""docs/measurements.md is written from what the benches said, figure by figure."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from bench import report

BENCHES = sorted(set(report.RESULTS.glob("*.json")) - {report.TRANSCRIBED})


def figures(text: str) -> list[str]:
    return report.FIGURE.findall(report.CODE.sub(" ", text))


def test_the_page_is_what_the_report_writes() -> None:
    assert report.PAGE.read_text(encoding="utf-8") == report.page(), "run python -m bench.report"


def test_no_figure_is_typed_by_hand() -> None:
    lines = report.TEMPLATE.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if not line.startswith("#") and figures(line)]


def test_every_figure_of_the_page_is_in_a_file_of_results() -> None:
    held = set(report.transcribed().values())
    for path in BENCHES:
        held |= set(figures(" ".join(json.loads(path.read_text(encoding="utf-8"))["output"])))
        held |= set(figures(report._output(path.stem)))
    page = report.PAGE.read_text(encoding="utf-8").splitlines()
    found = [f for line in page if not line.startswith("#") for f in figures(line)]
    assert len(found) > 500
    assert not set(found) - held


def test_every_result_stands_on_the_page_and_says_where_it_was_made() -> None:
    template = report.TEMPLATE.read_text(encoding="utf-8")
    places = [place[2] for place in report.PLACE.finditer(template) if not place[1]]
    assert sorted(places) == sorted(report.transcribed())  # each once
    assert BENCHES
    for path in BENCHES:
        held = json.loads(path.read_text(encoding="utf-8"))
        assert f"{{{{output {path.stem}}}}}" in template
        python, flag, module = held["command"].split()[:3]
        assert (python, flag) == ("python", "-m")
        assert module.startswith("bench.")
        assert (report.ROOT / module.replace(".", "/")).with_suffix(".py").exists()
        assert held["machine"]
        assert held["cores"] > 0
        assert held["output"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", held["date"])


def test_a_bench_is_run_and_its_output_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "bench" / "results"
    results.mkdir(parents=True)
    (tmp_path / "bench" / "tiny.py").write_text("print('| a |\\n| --- |\\n| 7.25 |')")
    template, transcribed = tmp_path / "bench" / "measurements.md", results / "transcribed.json"
    template.write_text("So {{old_1}}:\n\n{{output tiny}}\n")
    transcribed.write_text('{"figures": {"old_1": "3"}}')
    monkeypatch.setattr(report, "ROOT", tmp_path)
    monkeypatch.setattr(report, "RESULTS", results)
    monkeypatch.setattr(report, "TEMPLATE", template)
    monkeypatch.setattr(report, "TRANSCRIBED", transcribed)
    report.run("tiny", "idle")
    lines = report.page().splitlines()
    assert lines[:5] == ["So 3:", "", "| a |", "| --- |", "| 7.25 |"]
    assert lines[-1].startswith("`python -m bench.tiny`. Machine: ")
    assert "idle" in lines[-1]
    shutil.rmtree(tmp_path)
