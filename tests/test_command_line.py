import json
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from cropdash import __main__ as command_line
from cropdash import config
from cropdash.storage.datasets import DatasetFolder
from tests import worlds
from tests.worlds import FLANDERS, needs

COMMANDS = ("demo", "build", "train", "predict", "evaluate", "runs", "doctor")


@pytest.fixture
def folders(tmp_path, monkeypatch):
    where = config.Folders(tmp_path / "data", tmp_path / "models")
    monkeypatch.setattr(config, "folders", lambda: where)
    return where


def call(*arguments, folder):
    return subprocess.run(
        [sys.executable, "-m", "cropdash", *arguments],
        cwd=config.PROJECT,
        env=worlds.environment(folder),
        capture_output=True,
        text=True,
        timeout=300,
    )


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_with_an_example(name):
    result = CliRunner().invoke(command_line.app, [name, "--help"])
    assert result.exit_code == 0
    assert f"python -m cropdash {name}" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build", "x"), "--folder"),
        (("build", "x", "--folder", "nowhere"), "no folder nowhere"),
        (("build", "X y", "--source", "simulated"), "not a valid name"),
        (("build", "x", "--source", "moon"), "'moon' is unknown"),
        (("train",), "Name a dataset"),
        (("train", "absent"), "absent"),
        (("train", "absent", "--set", "seed"), "name=value"),
        (("train", "absent", "--set", "colour=red"), "colour"),
        (("predict", "nothing"), "There is no run"),
        (("evaluate", "../up"), "There is no run"),
    ],
)
def test_bad_input_ends_with_one_sentence_and_code_2(arguments, words, tmp_path):
    done = call(*arguments, folder=tmp_path)
    assert done.returncode == 2, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@needs(FLANDERS)
def test_build_and_runs_and_doctor(tmp_path):
    built = call("build", "flanders", "--folder", str(FLANDERS), folder=tmp_path)
    assert built.returncode == 0, built.stderr
    assert "2 zones built" in built.stdout
    folder = DatasetFolder(tmp_path / "data", "flanders")
    assert json.loads((folder.path / "status.json").read_text())["state"] == "done"
    checked = call("doctor", folder=tmp_path)
    assert "2 of 2 zones whole" in checked.stdout
    labels = folder.zone_folder("flanders_west") / "labels.tif"
    labels.write_bytes(labels.read_bytes()[:100])
    checked = call("doctor", folder=tmp_path)
    assert checked.returncode == 1
    assert "1 of 2 zones whole" in checked.stdout
    again = call("build", "flanders", "--folder", str(FLANDERS), folder=tmp_path)
    assert "1 zones built, 1 kept" in again.stdout
    assert call("runs", folder=tmp_path).returncode == 0
