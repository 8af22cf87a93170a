"""Code from a scheduler: only the operator names one, and nobody else reaches that of a build."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from pathlib import Path

import distributed
import pytest

from cropdash.domain.errors import ConfigError, SourceUnavailable
from cropdash.jobs import execute
from cropdash.jobs.execute import cluster
from cropdash.settings import scheduler, sources
from cropdash.storage import layout
from cropdash.storage.datasets import DatasetFolder
from tests import worlds

ROOT = Path(__file__).resolve().parents[2]


def wait_for_file(path: Path) -> bool:
    """A task under way until the test says so."""
    deadline = threading.Event()
    while not path.exists():
        deadline.wait(0.05)
    return True


@pytest.fixture
def at_work(tmp_path, monkeypatch):
    """A cluster of `execute.run` with a task under way."""
    begun, kept = threading.Event(), []

    class Noted(distributed.LocalCluster):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            kept.append(self)
            begun.set()

    monkeypatch.setattr(distributed, "LocalCluster", Noted)
    task, outcomes = tmp_path / "end", []
    run = execute.run(
        wait_for_file, [task], workers=1, should_stop=lambda: False, scheduler="cluster"
    )
    thread = threading.Thread(target=lambda: outcomes.extend(run))
    thread.start()
    try:
        assert begun.wait(60)
        yield kept[0]
    finally:
        task.touch()
        thread.join(60)
    assert [o.result for o in outcomes] == [True]


def addresses(running) -> list[str]:
    info = running.scheduler.identity()
    workers = info["workers"]
    nannies = [worker["nanny"] for worker in workers.values()]
    return [running.scheduler_address, *workers, *nannies]


def test_another_process_of_this_machine_runs_nothing_in_the_cluster(at_work):
    found = addresses(at_work)
    assert len(found) == 3
    done = subprocess.run(
        [sys.executable, "-m", "tests.security.intruder", *found],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "entered" not in done.stdout


def test_the_intruder_enters_a_cluster_without_certificates():
    """Else the test above would prove nothing."""
    quiet = {"host": "127.0.0.1", "dashboard_address": None, "n_workers": 0}
    with distributed.LocalCluster(**quiet) as bare:
        done = subprocess.run(
            [sys.executable, "-m", "tests.security.intruder", bare.scheduler_address],
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert f"entered {bare.scheduler_address}" in done.stdout, done.stderr


def test_the_cluster_shows_no_pages(at_work):
    for page in ("metrics", "json/identity.json", "info/main/workers.html"):
        url = f"http://127.0.0.1:{at_work.scheduler.http_server.port}/{page}"
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(url, timeout=60)


@pytest.mark.parametrize("address", ["", "cluster", "tls://127.0.0.1:8786", "tls://node-1.lan:80"])
def test_what_the_operator_may_name(address, monkeypatch):
    monkeypatch.delenv(scheduler.PLAIN, raising=False)
    monkeypatch.setenv(scheduler.VARIABLE, address)
    assert scheduler.chosen() == scheduler.chosen(address) == address
    assert scheduler.chosen("") == ""


@pytest.mark.parametrize(
    "address",
    ["here", "tls://h:1;rm", "tls://h:1\n", "cluster\n", "tls://user@h:1", "tls://", "tls://h",
     "inproc://h:1", "ucx://h:1", "http://h:1", "tls://h:123456"],
)  # fmt: skip
def test_what_is_no_scheduler(address):
    with pytest.raises(ConfigError, match="is none"):
        scheduler.chosen(address)


def test_a_scheduler_without_certificates_has_to_be_wanted(monkeypatch):
    for said in ("", "0", "yes"):
        monkeypatch.setenv(scheduler.PLAIN, said)
        with pytest.raises(ConfigError, match="no certificates"):
            scheduler.chosen("tcp://127.0.0.1:8786")
    monkeypatch.setenv(scheduler.PLAIN, "1")
    assert scheduler.chosen("tcp://127.0.0.1:8786") == "tcp://127.0.0.1:8786"


@pytest.mark.parametrize("file", [None, "absent.pem", "empty.pem"])
def test_certificates_that_are_missing_are_told(file, tmp_path):
    import dask

    (tmp_path / "empty.pem").touch()
    path = None if file is None else str(tmp_path / file)
    names = ("ca-file", "client.cert", "client.key")
    with dask.config.set({f"distributed.comm.tls.{name}": path for name in names}):
        where = {"workers": 1, "scheduler": "tls://127.0.0.1:9"}
        with pytest.raises(ConfigError, match="needs certificates"):
            list(execute.run(str, [1, 2], should_stop=lambda: False, **where))


def test_a_scheduler_with_the_operator_s_certificates_is_used(tmp_path, monkeypatch):
    import dask
    from distributed.security import Security

    made = Security.temporary()
    parts = {"ca-file": made.tls_ca_file}
    for role in ("client", "scheduler", "worker"):
        parts |= {f"{role}.cert": made.tls_client_cert, f"{role}.key": made.tls_client_key}
    paths = {}
    for name, text in parts.items():
        path = tmp_path / name
        path.write_text(str(text))
        paths[f"distributed.comm.tls.{name}"] = str(path)
    quiet = {"host": "127.0.0.1", "dashboard_address": None, "n_workers": 1, "protocol": "tls"}
    with dask.config.set(paths), distributed.LocalCluster(security=Security(), **quiet) as running:
        address = running.scheduler_address
        assert address.startswith("tls://")
        where = {"workers": 1, "scheduler": address}
        outcomes = list(execute.run(str, [1, 2], should_stop=lambda: False, **where))
        assert {o.task: o.result for o in outcomes} == {1: "1", 2: "2"}
    monkeypatch.setattr(cluster, "_CONNECT_S", 0.5)
    with dask.config.set(paths), pytest.raises(SourceUnavailable, match="No dask scheduler"):
        list(execute.run(str, [1, 2], should_stop=lambda: False, **where))


def build(folder: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cropdash", "build", "small", *words],
        cwd=ROOT, env=worlds.environment(folder) | environment,
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


@pytest.fixture
def begun(tmp_path) -> Path:
    """A folder in which a tiny dataset was begun, by its settings alone."""
    config = sources.parse({"source": "simulated", "dataset": "small", "size": 32})
    folder = DatasetFolder(tmp_path / "data", "small")
    folder.path.mkdir(parents=True)
    folder.configure(config)
    return tmp_path


def test_a_foreign_dataset_names_no_scheduler(begun):
    """Nothing connects to the place that it names: a listener would hear it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"tcp://127.0.0.1:{listener.getsockname()[1]}"
        file = begun / "data" / "small" / layout.BUILD.file
        record = json.loads(file.read_text())
        assert "scheduler" not in record
        file.write_text(json.dumps(record | {"scheduler": address}))
        done = build(begun, **{scheduler.PLAIN: "1"})
        listener.settimeout(0)
        with pytest.raises(BlockingIOError):
            listener.accept()
    assert done.returncode == 2, done.stderr
    assert "There is no setting 'scheduler'" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("typed", [True, False])
def test_the_operator_s_scheduler_is_checked_before_anything_is_built(begun, typed):
    words = ("--scheduler", "tcp://127.0.0.1:9") if typed else ()
    done = build(begun, *words, **({} if typed else {scheduler.VARIABLE: "tcp://127.0.0.1:9"}))
    assert done.returncode == 2
    assert "has no certificates" in done.stderr
    assert not (begun / "data" / "small" / "zones").exists()


def test_no_form_and_no_typed_command_of_a_page_has_it():
    for kind in sources.kinds():
        assert not [name for name in kind.settings.model_fields if "scheduler" in name]
