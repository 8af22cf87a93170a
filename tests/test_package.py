"""Wheel and sdist: what is in them, and that an installed package works from any folder."""

from __future__ import annotations

import email
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import hatch_build
from cropdash.domain.errors import NotInstalled, needing
from docs import supply

ROOT = Path(__file__).resolve().parents[1]
WAIT_S = 120
# Run by each Python that starts: what is in `absent` can't be imported.
WITHOUT = """
from importlib.machinery import PathFinder

found = PathFinder.find_spec

def present(name, path=None, target=None):
    return None if name.partition(".")[0] in {absent} else found(name, path, target)

PathFinder.find_spec = present
"""
PAGES = """
from streamlit.testing.v1 import AppTest
from cropdash.settings import folders

root = folders.unpack()
app = AppTest.from_file(str(root / "app.py"), default_timeout=60).run()
for page in ("app.py", *sorted(f"pages/{file.name}" for file in (root / "pages").glob("*.py"))):
    app.switch_page(page).run()
    assert not app.exception, (page, app.exception)
"""


def built(source: Path, out: Path, target: str) -> Path:
    """The one file that the build writes; nothing is fetched for it."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(out)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=WAIT_S)
    (file,) = out.iterdir()
    return file


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    return built(ROOT, tmp_path_factory.mktemp("wheel"), "wheel")


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory) -> Path:
    """Where pip put the wheel; what it needs is this environment's."""
    place = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run(
        [*command, "--no-compile", "--target", str(place), str(wheel)], check=True, timeout=WAIT_S
    )
    return place


def environment(installed: Path, own: Path) -> dict[str, str]:
    """As a stranger has it: nothing points to the project, home is empty, no extra is there."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("CROPDASH", "STREAMLIT"))}
    own.mkdir()
    (own / "sitecustomize.py").write_text(WITHOUT.format(absent=of_extras_alone()))
    path = os.pathsep.join([str(installed), str(own)])
    mine = {"PYTHONPATH": path, "XDG_DATA_HOME": str(own), "HOME": str(own)}
    return kept | mine | {"PYTHONDONTWRITEBYTECODE": "1"}


def of_extras_alone() -> set[str]:
    """Modules of this environment that the package does not bring along without an extra."""
    needed = [Requirement(line) for line in hatch_build.sections(ROOT)[""]]
    brought: set[str] = set()
    while needed:
        wanted = needed.pop()
        name, extras = supply.canonical(wanted.name), wanted.extras or {""}
        told = [
            (wanted.marker is None or wanted.marker.evaluate({"extra": ""})),
            name not in brought,
        ]
        if all(told):
            brought.add(name)
            for below in map(Requirement, metadata.requires(name) or []):
                marks = [
                    below.marker is None or below.marker.evaluate({"extra": e}) for e in extras
                ]
                below.marker = None
                needed += [below] if any(marks) else []
    distributions = metadata.packages_distributions()
    return {
        module
        for module, names in distributions.items()
        if module != "cropdash" and not {supply.canonical(name) for name in names} & brought
    }


def files_of(folder: Path) -> dict[str, int]:
    return {
        str(path.relative_to(folder)): path.stat().st_mtime_ns
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }


def test_the_wheel_holds_what_the_dashboard_and_the_library_are_made_of(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    inside = {f"cropdash/{name}" for name in files_of(ROOT / "cropdash")}
    beside = {f"{top}/{name}" for top in ("pages", "static") for name in files_of(ROOT / top)}
    beside = {name for name in beside if not name.startswith("static/cache/")} | {"app.py"}
    assert len(inside) > 300
    assert inside <= names
    assert {f"cropdash/dashboard/{name}" for name in beside} <= names
    assert "cropdash/dashboard/.streamlit/config.toml" in names
    assert not [n for n in names if n.startswith(("tests/", "bench/")) or "static/cache" in n]


def test_requirements_are_those_of_the_two_files(wheel):
    file = zipfile.ZipFile(wheel)
    (name,) = [name for name in file.namelist() if name.endswith("METADATA")]
    about = email.message_from_bytes(file.read(name))
    needed = list(map(Requirement, about.get_all("Requires-Dist", [])))
    always = {r.name for r in needed if r.marker is None}
    assert {"torch", "streamlit", "xarray", "platformdirs"} <= always
    optional = {r.name for r in needed if r.marker and "dev" not in str(r.marker)}
    assert not {"earthengine-api", "pystac-client", "distributed", "psycopg", "mkdocs"} & always
    assert {"earthengine-api", "pystac-client", "distributed", "psycopg", "mkdocs"} <= optional
    assert set(about.get_all("Provides-Extra")) == {
        "earthengine",
        "stac",
        "dask",
        "postgresql",
        "reports",
        "docs",
        "dev",
    }
    every = {supply.canonical(r.name) for r in needed}
    assert {supply.canonical(r.name) for r in supply.requirements()} <= every


def test_the_sdist_makes_the_same_wheel(wheel, tmp_path):
    shutil.unpack_archive(built(ROOT, tmp_path / "sdist", "sdist"), tmp_path / "source")
    (source,) = (tmp_path / "source").iterdir()
    assert (source / "tests" / "test_package.py").exists()
    again = built(source, tmp_path / "wheel", "wheel")
    assert set(zipfile.ZipFile(again).namelist()) == set(zipfile.ZipFile(wheel).namelist())


def test_an_installed_package_works_from_any_folder_and_is_left_as_it_is(installed, tmp_path):
    own, here = tmp_path / "own", tmp_path / "here"
    here.mkdir()
    before, environ = files_of(installed), environment(installed, own)
    script = next((installed / "bin").glob("cropdash*"))
    asked = {"cwd": here, "env": environ, "capture_output": True, "text": True, "timeout": WAIT_S}
    told = subprocess.run([sys.executable, script, "doctor", "--json"], check=False, **asked)
    found = {line["subject"]: line["text"] for line in json.loads(told.stdout)}
    assert "installed package" in found["cropdash"]
    assert found["data folder"] == str(own / "cropdash" / "data")
    assert found["models folder"] == str(own / "cropdash" / "models")
    made = (
        "import cropdash\n"
        "made = cropdash.build('few', source='simulated', size=32, zones_per_region=2, workers=1)\n"
        "print(made.path, cropdash.__file__)"
    )
    told = subprocess.run([sys.executable, "-c", made], check=True, **asked)
    assert told.stdout.split() == [
        str(own / "cropdash" / "data" / "few"), str(installed / "cropdash" / "__init__.py"),
    ]  # fmt: skip
    subprocess.run([sys.executable, "-c", PAGES], check=True, **asked)
    serve(script, here, environ)
    assert files_of(installed) == before
    assert not list(here.iterdir())


def serve(script: Path, here: Path, environ: dict[str, str]) -> None:
    """Start the dashboard, and ask for a page, a file of its own and its state."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(script), "dashboard", "--port", str(port)]
    server = subprocess.Popen(command, cwd=here, env=environ, stdout=subprocess.DEVNULL)
    try:
        address, until = f"http://127.0.0.1:{port}", time.monotonic() + WAIT_S
        while answer(f"{address}/_stcore/health") is None:
            assert time.monotonic() < until, "The dashboard did not start."
            assert server.poll() is None, "The dashboard ended."
            time.sleep(0.2)
        assert "app/static/page.css" in (answer(f"{address}/Explore") or "")
        assert "Leaflet 1." in (answer(f"{address}/app/static/vendor/leaflet/leaflet.js") or "")
    finally:
        server.terminate()
        server.wait(WAIT_S)


def answer(address: str) -> str | None:
    try:
        with urllib.request.urlopen(address, timeout=10) as page:  # noqa: S310 (this machine)
            return str(page.read().decode())
    except OSError:
        return None


def test_what_is_not_installed_is_a_sentence_that_names_its_extra():
    def needs(module: str) -> None:
        with needing("stac"):
            __import__(module)

    with pytest.raises(NotInstalled, match=r"no_such is not installed.*'cropdash\[stac\]'"):
        needs("no_such.below")
    with pytest.raises(ModuleNotFoundError):  # a fault of ours is no missing extra
        needs("cropdash.no_such")


@pytest.mark.parametrize(
    ("missing", "given"),
    [
        ("pystac_client", {"source": "stac"}),
        ("planetary_computer", {"source": "stac"}),
        ("ee", {"source": "earthengine", "project": "my-project"}),
    ],
)
def test_a_source_without_its_packages_names_the_extra(missing, given, monkeypatch, tmp_path):
    from cropdash.settings import sources

    if missing != "planetary_computer":  # loaded by whatever came before, it asks for no other
        import planetary_computer  # noqa: F401
    for name in [
        n for n in sys.modules if n.startswith(("cropdash.ingest.stac.", "pystac_client"))
    ]:
        if not name.endswith((".kind", ".endpoints")):
            above, _, last = name.rpartition(".")
            if above in sys.modules:  # else `from above import last` finds it there
                monkeypatch.delattr(sys.modules[above], last, raising=False)
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    config = sources.parse(
        {"dataset": "d", "register_path": "r", "zones_path": "z.csv", "season": "2023", **given}
    )
    with pytest.raises(NotInstalled, match=rf"{missing} is not.*\[{given['source']}\]"):
        sources.of(config).open(config)
