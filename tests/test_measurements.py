"""docs/measurements.md is written from what the benches said, figure by figure."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from bench import report

KEPT = sorted(report.RESULTS.glob("*.json"))


def figures(text: str) -> list[str]:
    return report.FIGURE.findall(report.CODE.sub(" ", text))


def test_the_page_is_what_the_report_writes() -> None:
    assert report.PAGE.read_text(encoding="utf-8") == report.page(), "run python -m bench.report"


def test_no_figure_is_typed_by_hand() -> None:
    lines = report.TEMPLATE.read_text(encoding="utf-8").splitlines()
    assert not [line for line in lines if not line.startswith("#") and figures(line)]


def test_every_figure_of_the_page_is_in_a_file_of_results() -> None:
    held: set[str] = set()
    for path in KEPT:
        held |= set(figures(" ".join(json.loads(path.read_text(encoding="utf-8"))["output"])))
        held |= set(figures(report._output(path.stem)))
    page = report.PAGE.read_text(encoding="utf-8").splitlines()
    found = [f for line in page if not line.startswith("#") for f in figures(line)]
    assert len(found) > 500
    assert not set(found) - held


def test_every_result_stands_once_on_the_page_and_says_where_it_was_made() -> None:
    template = report.TEMPLATE.read_text(encoding="utf-8")
    assert sorted(report.PLACE.findall(template)) == [path.stem for path in KEPT]
    for path in KEPT:
        held = json.loads(path.read_text(encoding="utf-8"))
        python, flag, module = held["command"].split()[:3]
        assert (python, flag) == ("python", "-m")
        if module != "cropdash":
            assert module.startswith("bench.")
            assert (report.ROOT / module.replace(".", "/")).with_suffix(".py").exists()
        assert held["machine"]
        assert held["cores"] > 0
        assert held["output"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", held["date"])


def test_a_command_is_run_and_its_output_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "bench" / "results"
    results.mkdir(parents=True)
    code = "import sys; print('| a |\\n| --- |\\n| 7.25 |\\na    b\\n', *sys.argv[1:])"
    (tmp_path / "bench" / "tiny.py").write_text(code)
    template = tmp_path / "bench" / "measurements.md"
    template.write_text("So:\n\n{{output tiny}}\n\n{{output other}}\n")
    monkeypatch.setattr(report, "ROOT", tmp_path)
    monkeypatch.setattr(report, "RESULTS", results)
    monkeypatch.setattr(report, "TEMPLATE", template)
    report.run("tiny", "idle")
    report.run('other=tiny --of "two words"')
    lines = report.page().splitlines()
    table, aligned = ["| a |", "| --- |", "| 7.25 |"], ["```text", "a    b"]
    assert lines[:6] == ["So:", "", *table, ""]
    assert lines[6:8] == aligned  # as it stood, in a block of its own
    assert lines.count("```") == 2
    told = [line for line in lines if line.startswith("`python -m bench.tiny")]
    assert [line.partition(". Machine: ")[0] for line in told] == [
        "`python -m bench.tiny`",
        "`python -m bench.tiny --of 'two words'`",
    ]
    assert "idle" in told[0]
    shutil.rmtree(tmp_path)
