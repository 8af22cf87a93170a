import io
import json
import math
import re
import subprocess
import sys

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

from cropdash.cli import app as command_line
from cropdash.cli import runs as run_commands
from cropdash.cli import terminal
from cropdash.cli.build import warned
from cropdash.domain.message import Message
from cropdash.ingest import registers, zones
from cropdash.settings import classifiers
from cropdash.settings import folders as config
from cropdash.storage import runs, status
from cropdash.storage.datasets import DatasetFolder
from tests import factory, worlds
from tests.worlds import FLANDERS, needs

COMMANDS = (
    "demo", "build", "train", "predict", "evaluate", "runs", "runs name", "runs delete", "doctor",
    "zones propose", "zones check", "simulate report",
)  # fmt: skip


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
    result = CliRunner().invoke(command_line.app, [*name.split(), "--help"])
    assert result.exit_code == 0
    assert f"python -m cropdash {name}" in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("build", "x"), "--folder"),
        (("build", "x", "--folder", "nowhere"), "no folder "),
        (("build", "x", "--workers", "3"), "No build of 'x' was begun"),
        (("build", "x", "--source", "stac"), "'zones_path' is missing"),
        (
            ("build", "x", "--source", "stac", "--register", "r", "--zones", "z.csv"),
            "z.csv can't be read",
        ),
        (("zones", "check", "nowhere.csv"), "nowhere.csv"),
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
def test_bad_input_ends_with_one_sentence_and_code_2(
    arguments, words, folders, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", ["cropdash", *arguments])
    monkeypatch.setattr(command_line.signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        command_line.main()
    said = capsys.readouterr().err
    assert ended.value.code == 2, said
    assert words in said
    assert len(said.strip().splitlines()) == 1


def test_a_process_that_is_given_bad_input_ends_the_same_way(tmp_path):
    done = call("build", "x", "--folder", "nowhere", folder=tmp_path)
    assert done.returncode == 2
    (said,) = done.stderr.splitlines()
    assert said.startswith("Error: ")
    assert "no folder " in said


LONG = "a-dataset-whose-name-takes-as-many-letters-as-a-name-may-have-64"


@pytest.mark.parametrize("is_terminal", [True, False])
@pytest.mark.parametrize("columns", [20, 60, 300])
def test_runs_prints_every_name_whole(columns, is_terminal, folders, monkeypatch):
    made = [
        runs.create(folders.models, {"classifier": kind, "dataset": name}, {}).run_id
        for kind, name in (("xgboost", "d"), ("cnn", LONG))
    ]
    out = io.StringIO()
    narrow = Console(file=out, width=columns, force_terminal=is_terminal, no_color=True)
    monkeypatch.setattr(terminal, "console", narrow)
    run_commands.print_list()
    lines = re.sub(r"\x1b\[[0-9;]*m", "", out.getvalue()).splitlines()
    for run_id, name in zip(made, ("d", LONG), strict=True):
        (line,) = [line for line in lines if run_id in line]
        assert name in line.split()
    assert "…" not in out.getvalue()
    assert ("│" in out.getvalue()) == (is_terminal and columns == 300)  # a frame where it fits


def test_runs_in_a_pipe_of_60_columns_gives_ids_that_other_commands_take(tmp_path):
    run_id = runs.create(tmp_path / "models", {"classifier": "cnn", "dataset": LONG}, {}).run_id
    done = subprocess.run(
        [sys.executable, "-m", "cropdash", "runs"],
        cwd=config.PROJECT,
        env=worlds.environment(tmp_path) | {"COLUMNS": "60"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    _, row = done.stdout.splitlines()
    assert row.split()[:2] == [run_id, LONG]


def test_runs_are_named_noted_tagged_put_away_and_deleted(folders):
    run = runs.create(folders.models, {"classifier": "cnn", "dataset": "d"}, {})
    record = run.path.joinpath("config.json").read_bytes()

    def said(*words, typed=None):
        done = CliRunner().invoke(command_line.app, ["runs", *words], input=typed)
        return done.exit_code, done.output

    for words in (("name", run.run_id, "Ten bands"), ("note", run.run_id, "as of May"),
                  ("tag", run.run_id, "paper", "ten-bands")):  # fmt: skip
        assert said(*words)[0] == 0
    assert run.path.joinpath("config.json").read_bytes() == record
    row = said()[1]
    assert "Ten bands" in row
    assert "paper, ten-bands" in row
    assert said("archive", run.run_id)[0] == 0
    assert run.run_id not in said()[1]
    assert run.run_id in said("--archived")[1]
    status.write(run.path, status.Status("done"))
    for typed in ("n\n", "y\nanother\n"):
        assert said("delete", run.run_id, typed=typed)[0] == 1
        assert run.path.is_dir()
    assert said("delete", run.run_id, typed=f"y\n{run.run_id}\n")[0] == 0
    assert runs.list_all(folders.models) == ()
    assert {path.name for path in folders.models.iterdir()} == set()


def test_a_training_like_a_run_takes_its_settings_but_for_those_given(folders):
    before = factory.write_dataset(folders.data, zones=4, size=32)
    config_ = {"classifier": "xgboost", "dataset": before.name, "folds": 2, "seed": 3}
    old = runs.queue(folders, classifiers.parse(config_))
    line = ["train", "--like", old.run_id, "--set", "seed=9", "--queue"]
    done = CliRunner().invoke(command_line.app, line)
    assert done.exit_code == 0, done.output
    new = runs.find(folders.models, done.output.strip())
    assert new.config == old.config | {"seed": 9}
    other = CliRunner().invoke(command_line.app, [*line, "--classifier", "cnn"])
    assert "is of model xgboost" in str(other.exception)


HEAVY = {
    "geopandas", "pandas", "rasterio", "pyproj", "pyarrow", "scipy", "sklearn", "torch", "xgboost",
    "lightning", "optuna", "streamlit",
}  # fmt: skip


def test_help_of_no_command_loads_anything_heavy():
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from cropdash.cli import app\n"
        f"heavy = {sorted(HEAVY)}\n"
        "for name in ['', *app.COMMANDS]:\n"
        "    said = CliRunner().invoke(app.app, [*name.split(), '--help']).output\n"
        "    assert 'Usage' in said, said\n"
        "    print(name, [each for each in heavy if each in sys.modules])\n"
        "    assert name or 'sqlalchemy' not in sys.modules  # the list of commands needs no database\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    said = [line.strip() for line in done.stdout.splitlines()]
    assert said == ["[]", *(f"{name} []" for name in command_line.COMMANDS)]


def test_a_shell_completes_commands_runs_and_datasets(tmp_path):
    run_id = runs.create(tmp_path / "models", {"classifier": "cnn", "dataset": LONG}, {}).run_id
    (tmp_path / "data" / LONG).mkdir(parents=True)

    def offered(*words):
        asked = {"_CROPDASH_COMPLETE": "complete_bash", "COMP_CWORD": str(len(words))}
        done = subprocess.run(
            [sys.executable, "-m", "cropdash"],
            env=worlds.environment(tmp_path)
            | asked
            | {"COMP_WORDS": " ".join(("cropdash", *words))},
            cwd=config.PROJECT,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert offered("ev") == ["evaluate"]
    assert offered("evaluate", "cn") == [run_id]
    assert offered("train", "a-") == [LONG]
    assert offered("train", "d", "--classifier", "xg") == ["xgboost"]


def test_json_is_all_that_the_standard_output_holds(folders):
    made = runs.create(folders.models, {"classifier": "cnn", "dataset": LONG}, {}).run_id
    result = CliRunner().invoke(command_line.app, ["runs", "--json"])
    (told,) = json.loads(result.stdout)
    assert told.pop("notes")["name"] == ""
    assert told == {
        "run": made, "dataset": LONG, "classifier": "cnn", "state": "queued", "scores": None,
    }  # fmt: skip
    result = CliRunner().invoke(command_line.app, ["doctor", "--json"])
    assert {"subject", "ok", "text"} <= set(json.loads(result.stdout)[0])


def test_json_knows_numbers_of_numpy_and_what_is_none(capsys):
    terminal.print_json({"a": np.float32(0.5), 1: [np.int64(3), math.nan], "c": (None, True)})
    assert json.loads(capsys.readouterr().out) == {"a": 0.5, "1": [3, None], "c": [None, True]}


def presets_offered() -> list[str]:
    """Every name that help and guides give for `--preset`."""
    (option,) = [
        option for option in command_line.command("train").params
        if option.name == "preset"
    ]  # fmt: skip
    found = re.findall(r"'(\w+)'", option.help)
    for page in [*config.PROJECT.glob("*.md"), *(config.PROJECT / "docs").rglob("*.md")]:
        found += re.findall(r"--preset[ =](\w+)", page.read_text(encoding="utf-8"))
    return sorted(set(found))


def test_every_preset_that_is_offered_is_accepted():
    assert {"light", "seed"} <= set(presets_offered())
    for name in presets_offered():
        kinds = [kind.name for kind in classifiers.trainable() if name in kind.presets]
        assert kinds, f"{name} is offered, and no model has it"
        for kind in kinds:
            values = classifiers.preset_values(kind, name)
            classifiers.parse({"classifier": kind, "dataset": "d", **values})


@needs(FLANDERS)
def test_build_and_runs_and_doctor(tmp_path):
    built = call("build", "flanders", "--folder", str(FLANDERS), "--workers", "1", folder=tmp_path)
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
    again = call("build", "flanders", folder=tmp_path)  # with the settings it was begun with
    assert "1 zones built, 1 kept" in again.stdout
    assert call("runs", folder=tmp_path).returncode == 0


def test_zones_are_proposed_around_a_town_and_added_to_a_list(tmp_path):
    register, out = tmp_path / "register.gpkg", tmp_path / "zones.csv"
    box = (500_000, 5_400_000, 503_000, 5_403_000)
    registers.write_parcels(register, worlds.register([("1", "BTH", box)]))
    where = ["--lon", "3.02", "--lat", "48.765", "--register", str(register), "--out", str(out)]
    words = ["zones", "propose", *where, "--size", "50", "--radius", "3"]
    for region, number, count in (("north", "2", 2), ("south", "1", 3)):
        result = CliRunner().invoke(command_line.app, [*words, region, "-n", number])
        assert result.exit_code == 0, result.output
        assert len(zones.read(out)) == count
    assert [z.zone_id for z in zones.read(out)] == ["north_1", "north_2", "south_1"]
    result = CliRunner().invoke(command_line.app, ["zones", "check", str(out)])
    assert "3 zones in 2 regions, 2 for the test, 75 ha" in result.output


def test_an_estimate_builds_nothing(folders):
    words = ["build", "d", "--source", "simulated", "--size", "64", "--estimate"]
    result = CliRunner().invoke(command_line.app, words)
    assert result.exit_code == 0
    assert "40 zones" in result.output
    assert not folders.data.exists()


def test_numbers_in_the_guide_are_those_of_the_command(folders):
    """docs/real-data.md shows what `--estimate` prints."""
    guide = (config.PROJECT / "docs" / "real-data.md").read_text(encoding="utf-8")
    listed = str(config.PROJECT / "cropdash" / "resources" / "zones.csv")
    words = ["build", "d", "--register", "RPG", "--zones", listed, "--estimate"]
    for more in (("earthengine", "--project", "my-project"), ("stac",)):
        result = CliRunner().invoke(command_line.app, [*words, "--source", *more])
        assert result.exit_code == 0, result.output
        assert result.output.strip() in guide


def test_a_stop_while_a_connection_closes_is_no_fault():
    code = (
        "import os, signal, sqlite3\n"
        "from cropdash.cli import app\n"
        "class Slow(sqlite3.Connection):\n"
        "    def close(self):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "def work(**_):\n"
        "    import sqlalchemy as sa\n"
        "    from sqlalchemy.pool import NullPool\n"
        "    made = sa.create_engine('sqlite://', poolclass=NullPool, connect_args={'factory': Slow})\n"
        "    made.connect().close()\n"
        "app.app = work\n"
        "app.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 143
    assert done.stderr == ""


def test_each_kind_of_warning_is_counted_with_its_first():
    gap, codes = "There is no composite of {a}: it is filled.", "The legend knows none of zone {a}."
    by_zone = {
        "west": [*(Message(gap, a=f"2023-{m:02}") for m in range(1, 11)), Message(codes, a="west")],
        "east": [Message(gap, a="2023-02"), Message(codes, a="east")],
        "south": ["20230501.tif is cut.", "20230511.tif is cut."],
    }
    assert list(warned(by_zone)) == [
        "11 warnings in 2 zones, the first in west: There is no composite of 2023-01: it is filled.",
        "2 warnings in 2 zones, the first in west: The legend knows none of zone west.",
        "2 warnings in 1 zone, the first in south: 20230501.tif is cut.",
    ]
    assert list(warned({})) == []
