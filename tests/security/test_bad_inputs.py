"""Bad inputs at the command line: each is one sentence and exit code 2, or is taken."""

from __future__ import annotations

import ast
import io
import os
import signal
import sys
import traceback
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout

import geopandas as gpd
import pytest

from cropdash.cli import app as command_line
from cropdash.cli import terminal
from cropdash.domain import check_name
from cropdash.domain.errors import ConfigError, InvalidRegister
from cropdash.ingest import zones
from cropdash.settings import folders as settings
from cropdash.settings.build import check_layer
from cropdash.storage import layout
from tests import factory
from tests.security import bad_inputs

SEEDS = int(os.environ.get("INPUTS", "400"))
LONGEST_S = 10  # [s] of work; on a busy machine the clock may show six times as much


@pytest.fixture(scope="module")
def where(tmp_path_factory):
    """A data folder with a tiny dataset and a run of it, and the damaged files."""
    folder = tmp_path_factory.mktemp("typed")
    dataset = factory.write_dataset(folder / "data", zones=2, size=32)
    run = factory.write_run(folder / "models", dataset, classifier="xgboost")
    run.path.rename(folder / "models" / "good")
    return settings.Folders(folder / "data", folder / "models"), bad_inputs.files(folder / "files")


def taken(*_args, **_more):
    """In place of the work that begins once everything typed was taken."""
    raise SystemExit(0)


@pytest.fixture
def typed(where, monkeypatch, tmp_path):
    """Type words; exit code and what was printed."""
    from cropdash.workflow import crossvalidate, optimism, search, train

    monkeypatch.setattr(settings, "folders", lambda: where[0])
    monkeypatch.setattr(train, "train_run", taken)
    monkeypatch.setattr(search, "search", taken)
    monkeypatch.setattr(crossvalidate, "crossvalidate", taken)
    monkeypatch.setattr(optimism, "measure", taken)
    monkeypatch.delenv("CROPDASH_SCHEDULER", raising=False)
    monkeypatch.delenv("CROPDASH_ALLOW_PLAIN_SCHEDULER", raising=False)
    monkeypatch.chdir(tmp_path)

    def type_(words: list[str]) -> tuple[int, str]:
        out = io.StringIO()
        for mine in (terminal.console, terminal.errors):
            monkeypatch.setattr(mine, "_file", out)
        monkeypatch.setattr(sys, "argv", ["cropdash", *words])
        with redirect_stdout(out), redirect_stderr(out), pytest.raises(SystemExit) as end:
            command_line.main()
        return int(end.value.code or 0), out.getvalue()

    return type_


def late(*_):
    raise TimeoutError("It took too long.")


def test_every_bad_input_is_refused_in_a_sentence_or_taken(where, typed, tmp_path):
    (tmp_path / "out").mkdir()
    faults, ends = [], Counter()
    before = [(kind, signal.signal(kind, late)) for kind in (signal.SIGALRM, signal.SIGPROF)]
    try:
        for words in bad_inputs.cases(tmp_path / "out", where[1], SEEDS):
            signal.setitimer(signal.ITIMER_PROF, LONGEST_S)
            signal.alarm(6 * LONGEST_S)
            try:
                code, said = typed(words)
                ends[code] += 1
                assert code in (
                    (0, 1) if words[0] == "doctor" and "--register" in words[1] else (0, 1, 2)
                )
                assert code != 1 or words[0] == "doctor", said
                assert "Traceback" not in said, said
                assert "Unexpected" not in said, said
                assert said.strip() or code == 0, "nothing was said"
            except BaseException:
                *_, last = traceback.format_exc().strip().splitlines()
                faults.append(f"{words!r}: {last[:300]}")
            finally:
                signal.setitimer(signal.ITIMER_PROF, 0)
                signal.alarm(0)
    finally:
        for kind, handler in before:
            signal.signal(kind, handler)
    assert not faults, f"{len(faults)} faults:\n" + "\n".join(faults)
    assert ends[2] > SEEDS / 2  # else the generator draws too little that is bad


def test_a_name_is_matched_whole(tmp_path):
    for name in ("a\n", "\na", "a b", "a\x00"):
        with pytest.raises(ConfigError):
            check_name(name, "Zone")
    with pytest.raises(ConfigError):
        check_layer("radar\n")
    (tmp_path / "a\n").mkdir()
    (tmp_path / "a\n" / layout.DATASET.file).touch()
    assert layout.datasets(tmp_path) == ()


@pytest.mark.parametrize(
    "path", ["x" * 5_000, "x" * 256, "y/" * 2_500 + "z"], ids=["5,000", "256", "deep"]
)
@pytest.mark.parametrize(
    "words",
    [
        ["build", "m", "--folder={}"], ["build", "m", "--source=table", "--table-path={}"],
        ["build", "m", "--near=48,3", "--register={}", "--estimate"], ["build", "m", "--area={}"],
        ["build", "m", "--near=48,3", "--service={}"], ["build", "m", "--source=simulated", "--codes={}"],
        ["build", "m", "--source=simulated", "--layers=dem={}"], ["zones", "check", "{}"],
        ["zones", "tile", "{}"], ["simulate", "export", "--size=32", "--zone=brittany_1", "--", "{}"],
        ["doctor", "--register={}"], ["database", "restore", "{}"], ["decisions", "import", "{}"],
    ],
)  # fmt: skip
def test_a_path_that_no_file_can_have_is_a_short_sentence(typed, words, path):
    code, said = typed([word.replace("{}", path) for word in words])
    plain = "".join(said.split())
    assert code == 2, said[:500]
    assert "Traceback" not in plain
    assert "Unexpected" not in plain
    assert len(plain) < 1_500


def test_no_pattern_lets_a_last_new_line_through():
    """`$` with `match` does: patterns are matched with `fullmatch`, and need no end."""
    found = []
    for path in (settings.PROJECT / "cropdash").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("re.compile", "re.match"):
                pattern = node.args[0]
                text = pattern.value if isinstance(pattern, ast.Constant) else ""
                if isinstance(text, str) and text.startswith("^") and text.endswith(("$", "$)")):
                    lines = any("MULTILINE" in ast.unparse(flag) for flag in node.args[1:])
                    found += [] if lines else [f"{path.name}: {text}"]
    assert not found


def test_a_zones_file_is_read_as_what_it_is_called(tmp_path):
    """A virtual layer of GDAL may name any file of this machine, or one elsewhere."""
    real = tmp_path / "real.geojson"
    real.write_bytes(bad_inputs._feature())
    assert len(gpd.read_file(real)) == 1
    layer = (
        f'<OGRVRTDataSource><OGRVRTLayer name="real"><SrcDataSource>{real}</SrcDataSource>'
        "</OGRVRTLayer></OGRVRTDataSource>"
    )
    for name in ("zones.geojson", "zones.csv"):
        (tmp_path / name).write_text(layer)
        assert len(gpd.read_file(tmp_path / name)) == 1  # GDAL itself follows it
        with pytest.raises(InvalidRegister):
            zones.read(tmp_path / name)


def test_a_place_that_cannot_be_written_is_told(typed, tmp_path):
    (tmp_path / "file").touch()
    code, said = typed(["simulate", "export", "file", "--zone", "brittany_1", "--size", "32"])
    assert code == 2
    assert "file/scenes can't be used" in said.replace("\n", " ")


@pytest.mark.parametrize(("name", "size"), [("nano", "1e-09"), ("huge", "1e+07")])
def test_scenes_of_absurd_pixels_are_told(where, typed, name, size):
    folder = next(path for path in where[1]["folders"] if path.name == name)
    code, said = typed(["build", name, f"--folder={folder}", "--workers=1"])
    assert code == 2
    assert f"has pixels of {size} m" in said.replace("\n", " ")
