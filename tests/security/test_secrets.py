"""Keys that were planted appear in no log, folder, page or list of processes."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from streamlit.testing.v1 import AppTest

from bench.typed import run as typed_here
from cropdash.cli import app as command_line
from cropdash.domain.errors import ConfigError, SourceUnavailable, one_line
from cropdash.domain.secret import hidden
from cropdash.jobs import launch, worker
from cropdash.settings import sources
from cropdash.settings.folders import PROJECT
from cropdash.storage import layout, status
from tests import factory, worlds

KEY = "pLaNtEd0123456789"
ADDRESSES = (
    f"https://stac.invalid/v1?token={KEY}",
    f"https://stac.invalid/v1#{KEY}",
    f"https://someone:{KEY}@stac.invalid/v1",
    f"http://127.0.0.1:9/v1?sig={KEY}&x=1",
    f"s3://bucket/a?X-Amz-Signature={KEY}",
)
ENVIRONMENT = dict.fromkeys(("PC_SDK_SUBSCRIPTION_KEY", "AWS_SECRET_ACCESS_KEY", "EARTHENGINE_TOKEN", "CROPDASH_ANY_SECRET"), KEY)  # fmt: skip


def typed(folder: Path, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "cropdash", *words],
        cwd=PROJECT, env=worlds.environment(folder) | ENVIRONMENT, capture_output=True, text=True,
        timeout=180, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("address", ADDRESSES)
def test_an_address_is_told_without_what_it_carries(address):
    for text in (
        address,
        f"{address} is no address.",
        f"no service {address!r}: give another",
        f"({address})",
    ):
        assert KEY not in hidden(text)
    assert KEY not in str(SourceUnavailable(f"No answer from {address}: try again later."))
    assert KEY not in one_line(OSError(f"404 at /vsicurl/{address}"))
    assert "stac.invalid/v1" in hidden(ADDRESSES[0])


@pytest.mark.parametrize(
    "text",
    [
        f"token={KEY}",
        f'{{"access_token": "{KEY}"}}',
        f"password: {KEY}",
        f"me:{KEY}@host did not answer",
    ],
)
def test_what_is_called_a_key_is_not_told(text):
    assert KEY not in hidden(text)


@pytest.mark.parametrize(
    "text",
    ["zones.csv, row 3: its place can't be read", "alsace_1: 5 of 7", "write to a.b@example.org", "--set seed=1",
     "https://data.geopf.fr/wfs/ows", "2023-01..2023-12", "a: b: c", "the key of the map", "C:\\data", "10:30"],
)  # fmt: skip
def test_other_words_stay(text):
    assert hidden(text) == text


@pytest.mark.parametrize("address", ADDRESSES)
def test_doctor_does_not_echo_the_key_of_an_endpoint(tmp_path, address, monkeypatch):
    from cropdash.cli import terminal

    out = io.StringIO()
    for console in (terminal.console, terminal.errors):
        monkeypatch.setattr(console, "_file", out)
    monkeypatch.setenv("CROPDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CROPDASH_MODELS", str(tmp_path / "models"))
    monkeypatch.setattr(sys, "argv", ["cropdash", "doctor", f"--endpoint={address}"])
    with pytest.raises(SystemExit):
        command_line.main()
    said = out.getvalue()
    assert "fault" in said
    assert KEY not in said


@pytest.mark.parametrize("address", ADDRESSES[:4])
def test_a_setting_with_a_key_is_refused_without_it(address):
    values = {
        "source": "stac",
        "dataset": "a",
        "endpoint": address,
        "register": "r.gpkg",
        "zones": "z.csv",
    }
    with pytest.raises(ConfigError) as refused:
        sources.parse(values)
    assert KEY not in str(refused.value)


def test_what_libraries_log_has_no_keys(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["cropdash", "moon"])
    with pytest.raises(SystemExit):
        command_line.main()
    stream = io.StringIO()
    monkeypatch.setattr(type(logging.lastResort), "stream", property(lambda self: stream))
    logger = logging.Logger("of a library")
    logger.warning("GET %s failed", ADDRESSES[0])
    assert "GET https://stac.invalid/v1?… failed" in stream.getvalue()


@pytest.mark.parametrize("kind", [RuntimeError, SourceUnavailable, MemoryError])
def test_a_worker_s_last_word_has_no_keys(tmp_path, kind, capsys):
    with pytest.raises(Exception), worker.at_work(tmp_path):  # noqa: B017, PT011
        raise kind(f"{ADDRESSES[0]} and {ADDRESSES[2]}")
    assert status.read(tmp_path).state == "failed"
    assert KEY not in layout.STATUS.of(tmp_path).read_text()
    said = capsys.readouterr()
    assert KEY not in said.out + said.err


def test_keys_of_the_environment_are_in_no_file_log_or_list_of_processes(tmp_path, monkeypatch):
    """A build that a page starts, a training and a report, with keys all around."""
    data, models = tmp_path / "data", tmp_path / "models"
    for name, value in {
        **ENVIRONMENT,
        "CROPDASH_DATA": str(data),
        "CROPDASH_MODELS": str(models),
    }.items():
        monkeypatch.setenv(name, value)
    config = sources.parse(
        {"source": "simulated", "dataset": "small", "size": 32, "zones_per_region": 2, "workers": 1}
    )
    launch.start_build(config)
    seen = set()
    until = time.monotonic() + 180
    while not (told := status.read(data / "small")).is_final:
        assert time.monotonic() < until
        seen.update(_lines_of_children())
        time.sleep(0.05)
        launch.reap()
    assert told.state == "done", told.error
    quick = ["--set=trees=5", "--set=pixels=1000", "--set=threads=1"]
    code, said = typed(tmp_path, "train", "small", "--classifier=xgboost", *quick)
    assert code == 0, said
    assert any("cropdash build small" in line for line in seen)
    assert not [line for line in seen if KEY in line]
    assert KEY not in said
    run = next((tmp_path / "models").glob("xgboost-*")).name
    code, said = typed(tmp_path, "report", run)
    assert code == 0, said
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {
        "config.json",
        "build.json",
        "manifest.json",
        "worker.log",
        "report.html",
        "cropdash.db",
    } <= {path.name for path in files}
    assert not [path for path in files if KEY.encode() in path.read_bytes()]


# A password that ends early for one of those who read the address was told, or was a traceback.
DATABASES = tuple(
    f"postgresql://{rest}"
    for rest in (
        f"crop:{KEY}@127.0.0.1:9/crop", f"crop:a/{KEY}@127.0.0.1:9/crop", f"crop:{KEY}",
        f"crop:a@{KEY}@127.0.0.1:9/crop", f"crop:{KEY}#a@127.0.0.1:9/crop",
        f"crop:a'{KEY}@127.0.0.1:9/crop", f"127.0.0.1:9/crop?password={KEY}",
        f"crop:a%2F{KEY}@127.0.0.1:9/crop",
    )
)  # fmt: skip


@pytest.mark.parametrize("address", DATABASES)
def test_the_password_of_a_database_that_does_not_answer_is_told_nowhere(
    address, tmp_path, monkeypatch
):
    from cropdash.ui.shell import data

    for name, value in (("DATA", tmp_path), ("MODELS", tmp_path / "m"), ("DATABASE", address)):
        monkeypatch.setenv(f"CROPDASH_{name}", str(value))
    for words in (["database"], ["record"], ["doctor"], ["database", "backup", f"{tmp_path}/b.db"]):
        code, said = typed_here(words)
        assert code in (1, 2)
        assert "postgresql" in said.lower()
        assert KEY not in said
    data.store.clear()
    app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60).run()
    data.store.clear()
    assert not app.exception
    assert KEY not in str([element.proto for element in app.main])


@pytest.mark.parametrize("address", DATABASES)
def test_a_database_is_named_without_who_signs_in(address, tmp_path, monkeypatch):
    """Errors and the terminal hide it once more; this is the name that goes into all of them."""
    from cropdash.domain.errors import ConfigError
    from cropdash.storage.database import connect

    monkeypatch.setenv("CROPDASH_DATABASE", address)
    try:
        named = connect.where(tmp_path)
    except ConfigError as error:  # its password would end it early
        named = str(error)
    assert "postgresql" in named.lower()
    assert KEY not in named


def _lines_of_children() -> set[str]:
    found = set()
    for process in psutil.Process().children(recursive=True):
        try:
            found.add(" ".join(process.cmdline()))
        except psutil.Error:
            continue
    return found


def test_no_page_shows_the_keys_of_a_log_or_a_status(tmp_path, monkeypatch):
    """Written by a library, or by a version that did not know better."""
    dataset = factory.write_dataset(tmp_path / "data", zones=2, size=48)
    run = factory.write_run(tmp_path / "models", dataset, classifier="xgboost")
    (run.path / layout.LOG).write_text("\n".join(ADDRESSES))
    written = json.loads(layout.STATUS.of(run.path).read_text())
    layout.STATUS.of(run.path).write_text(
        json.dumps({**written, "state": "failed", "error": ADDRESSES[0]})
    )
    monkeypatch.setenv("CROPDASH_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CROPDASH_MODELS", str(tmp_path / "models"))
    from cropdash.ui.shell import data

    data.store.clear()
    for page in ("app.py", "pages/2_Train.py", "pages/6_Data.py"):
        app = AppTest.from_file(str(PROJECT / "app.py"), default_timeout=60)
        if page != "app.py":
            app.switch_page(page)
        app.run()
        assert not app.exception
        shown = " ".join(
            str(e.value) for e in [*app.markdown, *app.error, *app.code, *app.caption, *app.warning]
        )
        assert KEY not in shown
        if page == "pages/2_Train.py":
            assert "stac.invalid/v1" in shown
    data.store.clear()
