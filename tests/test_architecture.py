"""The import rules, read from the source: who may know whom."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from cropdash.files.records import Form
from cropdash.settings import classifiers
from cropdash.settings.sources import MODULES
from cropdash.storage import layout

ROOT = Path(__file__).resolve().parents[1]
EVERYONE = {"domain", "legend", "i18n", "settings"}  # who may be asked from everywhere

# What each part may import of ours, besides itself. EVERYONE know less than the others.
MAY_IMPORT: dict[str, set[str]] = {
    "domain": set(),
    "i18n": {"domain"},
    "legend": {"domain", "files"},
    "settings": {"domain", "i18n"},
    "files": {"domain"},
    "prepare": EVERYONE,
    "evaluate": EVERYONE,
    "figures": EVERYONE,
    "simulate": EVERYONE,
    "classify": {*EVERYONE, "files", "prepare.as_of"},
    "ingest": {*EVERYONE, "files"},
    "storage": {*EVERYONE, "files"},
    "jobs": {*EVERYONE, "files", "storage"},
    "workflow": {
        *EVERYONE, "files", "ingest", "simulate", "prepare", "classify", "evaluate", "storage",
        "jobs.execute",
    },
    "reports": {*EVERYONE, "files", "evaluate", "figures", "storage"},
    "cli": {*EVERYONE, "files", "workflow", "reports", "jobs", "storage", "ingest", "simulate"},
    "api": {*EVERYONE, "files", "workflow", "jobs", "storage", "evaluate"},
    "__main__": {"cli"},
    "ui": {
        *EVERYONE, "evaluate", "figures", "prepare.as_of", "prepare.series", "storage.store", "storage.decisions", "storage.field", "storage.notes",
        "storage.record", "storage.reports", "storage.uploads", "storage.users", "files.atomic", "files.outlines", "files.tables",
        "reports.certificate",
    },
    "pages": {*EVERYONE, "ui", "figures", "jobs"},
}  # fmt: skip

# Who may import a heavy or framework package.
OWNERS: dict[str, set[str]] = {
    "streamlit": {"ui", "pages"},
    "streamlit_folium": {"ui"},
    "plotly": {"figures"},
    "matplotlib": {"figures"},
    "folium": {"figures"},
    "branca": {"figures"},
    "ee": {"ingest"},
    "dask": {"jobs"},
    "distributed": {"jobs"},
    "optuna": {"workflow"},
    "torch": {"classify"},
    "lightning": {"classify"},
    "safetensors": {"classify"},
    "xgboost": {"classify"},
    "numba": {"domain"},
    "sklearn": {"classify", "prepare"},
    "rasterio": {"files", "ingest", "prepare", "simulate", "storage"},
    "typer": {"cli"},
    "jinja2": {"figures", "reports"},
    "weasyprint": {"reports"},
    "argon2": {"storage"},
    "sqlalchemy": {"storage"},
    "alembic": {"storage"},
    "authlib": {"ui"},
    "rich": {"cli"},
    "pickle": set(),
}
SHARED_UI = {"shell", "widgets"}  # what every page's folder may use


def part_of(path: Path) -> str:
    """The part of the house that a file belongs to."""
    inside = path.relative_to(ROOT)
    if inside.parts[0] in ("pages", "app.py"):
        return "pages"
    return inside.parts[1].removesuffix(".py")


def imports_of(tree: ast.AST) -> Iterator[str]:
    """Dotted names of everything a module imports, at the top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            yield from (f"{base}.{alias.name}" for alias in node.names)


def violations(path: Path, source: str) -> list[str]:
    """Sentences on every import of a file that goes the wrong way."""
    part, found = part_of(path), []
    for name in imports_of(ast.parse(source)):
        top, _, rest = name.partition(".")
        if top == "cropdash" and rest and not _allowed(path, part, rest):
            found.append(f"{path.relative_to(ROOT)} ({part}) imports {name}")
        if top in OWNERS and part not in OWNERS[top]:
            found.append(f"{path.relative_to(ROOT)} ({part}) imports {top}")
    return found


def _allowed(path: Path, part: str, target: str) -> bool:
    first = target.split(".")[0]
    if first.startswith("__"):  # the package's own docstring or version
        return True
    if part == first == "ui":
        return _allowed_in_ui(path, target)
    if first == part:
        return True
    return any(target == rule or target.startswith(f"{rule}.") for rule in MAY_IMPORT[part])


def _allowed_in_ui(path: Path, target: str) -> bool:
    """The shell knows no widget, a widget no page, a page's folder no other page's."""
    here, there = path.relative_to(ROOT).parts[2], target.split(".")[1]
    if here == "shell":
        return there == "shell"
    return there == here or there in SHARED_UI


def sources() -> list[Path]:
    found = [ROOT / "app.py", *(ROOT / "pages").glob("*.py"), *(ROOT / "cropdash").rglob("*.py")]
    return [p for p in found if p.name != "__init__.py" or p.parent.name != "cropdash"]


def test_imports_go_one_way():
    found = [v for path in sources() for v in violations(path, path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("pages/1_Explore.py", "from cropdash.workflow import train"),
        ("pages/1_Explore.py", "from cropdash.storage.store import Store"),
        ("app.py", "import torch"),
        ("cropdash/ui/shell/data.py", "from cropdash.storage import datasets"),
        ("cropdash/ui/shell/data.py", "def f():\n    from cropdash import classify"),
        ("cropdash/ui/shell/data.py", "from cropdash.ui.widgets import names"),
        ("cropdash/ui/widgets/names.py", "from cropdash.ui.explore import zone"),
        ("cropdash/ui/map/layers.py", "from cropdash.ui.explore import zone"),
        ("cropdash/ui/train/form.py", "from cropdash.jobs import launch"),
        ("cropdash/prepare/gapfill.py", "from cropdash.evaluate import confusion"),
        ("cropdash/classify/xgboost/model.py", "import cropdash.storage.runs"),
        ("cropdash/evaluate/scores.py", "from cropdash.ingest import registers"),
        ("cropdash/simulate/sensor.py", "from cropdash.ingest import local"),
        ("cropdash/figures/maps.py", "import streamlit as st"),
        ("cropdash/workflow/train.py", "import torch.nn as nn"),
        ("cropdash/workflow/train.py", "from cropdash.jobs import launch"),
        ("cropdash/legend.py", "from cropdash.settings.folders import folders"),
        ("cropdash/domain/legend.py", "from cropdash import legend"),
        ("cropdash/domain/nouns.py", "from cropdash.files import atomic"),
        ("cropdash/storage/runs.py", "import pickle"),
        ("cropdash/jobs/launch.py", "from cropdash import workflow"),
    ],
)
def test_a_planted_violation_is_found(file, line):
    assert violations(ROOT / file, line)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        (
            "pages/1_Explore.py",
            "from cropdash.ui.shell import data\nfrom cropdash.figures import maps",
        ),
        ("cropdash/ui/shell/data.py", "from cropdash.storage.store import Store"),
        ("cropdash/ui/map/view.py", "from cropdash.ui.widgets import parcel_map"),
        ("cropdash/workflow/build.py", "from cropdash.prepare.gapfill import fill_gaps"),
        ("cropdash/workflow/build.py", "from cropdash.jobs import execute"),
        ("cropdash/classify/cnn/model.py", "import torch\nfrom cropdash.domain import Cube"),
    ],
)
def test_what_is_allowed_passes(file, line):
    assert not violations(ROOT / file, line)


# files are opened by their doors -----------------------------------------------

# Who alone may call what opens a file: the door that checks it first. Tables of our own that the
# program ships (simulate, i18n) and lists that a page shows are plain text.
DOORS: dict[str, set[str]] = {
    "rasterio.open": {"files/rasters.py"},
    "WarpedVRT": {"files/rasters.py"},
    "list_layers": {"files/vectors.py"},
    "read_info": {"files/vectors.py"},
    "read_dataframe": {"files/vectors.py"},
    "read_arrow": {"files/vectors.py"},
    "sqlite3.connect": {"files/vectors.py", "storage/database/backup.py"},
    "create_engine": {"storage/database/connect.py"},
    "read_file": set(),
    "read_parquet": {"files/parquet.py"},
    "ParquetFile": {"files/parquet.py"},
    "read_table": {"files/parquet.py"},
    "SevenZipFile": {"ingest/registers/archive.py"},
    "csv.reader": {"files/tables.py"},
    "csv.DictReader": {"simulate/tables.py", "i18n/__init__.py", "ui/datasets/zone_lists.py"},
    "read_csv": {"workflow/realism.py"},
    "np.load": {
        "classify/forest.py",
        "storage/periods.py",
        "storage/runs.py",
        "simulate/canopy_table.py",
    },
    "load_file": {"classify/cnn/model.py", "classify/cnn/checkpoint.py"},
    "safe_open": {"classify/cnn/checkpoint.py"},
    "Booster": {"classify/xgboost/model.py", "classify/xgboost/fit.py"},
    "torch.load": set(),
    # A pipe in place of a file is waited for for ever, but by `files.atomic`; here what is shipped, or
    # was made a moment ago.
    "read_bytes": {
        "files/atomic.py",
        "ui/shell/frame.py",
        "ui/map/downloads.py",
        "ui/review/listing.py",
    },
    "read_text": {
        "ui/shell/frame.py",
        "ui/shell/later.py",
        "ui/shell/serving.py",
        "simulate/tables.py",
        "figures/place_map.py",
        "figures/printed_zones.py",
        "reports/render.py",
        "cli/app.py",
    },
    "ZipFile": {"ui/widgets/chart.py"},  # written, never read
}


def opened_elsewhere(path: Path, source: str) -> list[str]:
    """Sentences on each call that opens a file beside its door."""
    file = path.relative_to(ROOT).as_posix().removeprefix("cropdash/")
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    called = [(call.lineno, ast.unparse(call.func).split(".")) for call in calls]
    return [
        f"{file}:{line} calls {name}"
        for line, words in called
        for name in {words[-1], ".".join(words[-2:])} & set(DOORS)
        if file not in DOORS[name] and words[:-1] != ["atomic"]
    ]


def test_files_are_opened_by_their_doors():
    found = [v for p in sources() for v in opened_elsewhere(p, p.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "rasterio.open(path)", "import geopandas as g\ng.read_file(path)", "pyogrio.read_dataframe(p)",
        "pd.read_parquet(p)", "pq.ParquetFile(p)", "np.load(p)", "py7zr.SevenZipFile(p)",
        "xgboost.Booster(model_file=p)", "safetensors.torch.load_file(p)", "sqlite3.connect(p)",
        "path.read_bytes()", "self.path.read_text()",
    ],
)  # fmt: skip
def test_a_file_opened_beside_its_door_is_found(line):
    assert opened_elsewhere(ROOT / "cropdash" / "workflow" / "build.py", line)


# sources are asked for in the registry ----------------------------------------

OWN = {  # the package or the module that is the source, by its name
    name: module.removesuffix("kind").replace(".", "/") for name, module in MODULES.items()
}
REGISTRY = "cropdash/settings/sources.py"
# What is simulated stands beside what is real in the tables of the realism report.
COLUMNS = {
    "simulated": (
        "cropdash/figures/realism.py", "cropdash/ui/datasets/realism.py", "cropdash/cli/simulate.py",
    )
}  # fmt: skip


def sources_named(path: Path, source: str) -> list[str]:
    """Sentences on each place that knows a source by its name, or one of its settings classes."""
    file = path.relative_to(ROOT).as_posix()
    found = []
    for node in ast.walk(ast.parse(source)):
        name = getattr(node, "value", None) if isinstance(node, ast.Constant) else None
        known = (REGISTRY, OWN.get(name, REGISTRY), *COLUMNS.get(name, ()))
        if name in MODULES and not file.startswith(known):
            found.append(f"{file}:{node.lineno} names the source {name!r}")
    imported = [name for name in imports_of(ast.parse(source)) if ".kind" in name]
    return found + [f"{file} imports {name}" for name in imported if not _is_own(file, name)]


def _is_own(file: str, imported: str) -> bool:
    return file.rpartition("/")[0].replace("/", ".") == imported.partition(".kind")[0]


def test_sources_are_asked_for_in_the_registry():
    found = [v for p in sources() for v in sources_named(p, p.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cropdash/workflow/build.py", 'if config.source == "stac":\n    pass'),
        ("cropdash/ui/datasets/form.py", 'NAMES = {"earthengine": "Earth Engine"}'),
        ("cropdash/ingest/stac/source.py", 'x = "local"'),
        ("pages/6_Data.py", 'def f(x="simulated"): ...'),
        ("cropdash/figures/realism.py", 'x = "stac"'),
        ("cropdash/jobs/launch.py", "from cropdash.simulate.kind import SimulatedBuild"),
    ],
)
def test_a_source_that_is_named_elsewhere_is_found(file, line):
    assert sources_named(ROOT / file, line)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("cropdash/ingest/stac/source.py", 'name = "stac"'),
        ("cropdash/figures/realism.py", 'table["simulated"]'),
        ("cropdash/ui/datasets/form.py", '"""A local folder, STAC or simulated."""'),
    ],
)
def test_a_source_may_be_named_at_home(file, line):
    assert not sources_named(ROOT / file, line)


def test_every_part_has_a_rule():
    assert {part_of(p) for p in sources()} <= set(MAY_IMPORT)


def test_no_swamps_and_no_giants():
    for path in sources():
        assert path.stem not in {"utils", "common", "helpers", "manager"}, path
        lines = len(path.read_text(encoding="utf-8").splitlines())
        limit = 80 if part_of(path) == "pages" else 300
        assert lines <= limit, f"{path.relative_to(ROOT)} has {lines} lines"


# classifiers are asked for in their registry, and named nowhere else ----------

KINDS = set(classifiers.MODULES)
OF_THE_REGISTRY = ROOT / "cropdash" / "settings" / "classifiers.py"


def own_place(name: str) -> Path:
    """The file or folder of a classifier."""
    path = ROOT.joinpath(*classifiers.MODULES[name].split("."))
    return path if path.is_dir() else path.with_suffix(".py")


def named(path: Path, source: str) -> list[str]:
    """Sentences on every classifier that a file knows by name, though it is not its own."""
    strangers = {n for n in KINDS if own_place(n) not in (path, *path.parents)}
    tree = ast.parse(source)
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} says {node.value!r}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and node.value in strangers
    ]
    homes = {n: classifiers.MODULES[n] for n in strangers if not classifiers.kind(n).joins}
    for name in imports_of(tree):
        found += [
            f"{path.relative_to(ROOT)} imports {name}"
            for home in homes.values()
            if name == home or name.startswith(f"{home}.")
        ]
    return found


def test_no_classifier_is_known_by_name_outside_of_its_own_folder():
    others = [path for path in sources() if path != OF_THE_REGISTRY]
    found = [n for path in others for n in named(path, path.read_text(encoding="utf-8"))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("pages/4_Compare.py", 'first = next(r for r in runs if r.classifier == "cnn")'),
        ("cropdash/ui/train/form.py", 'NAMES = {"xgboost": "XGBoost"}'),
        ("cropdash/workflow/score.py", 'if kind != "ensemble": pass'),
        ("cropdash/workflow/train.py", "from cropdash.classify.cnn.settings import CnnConfig"),
        ("cropdash/classify/__init__.py", "from cropdash.classify.xgboost import KIND"),
        ("cropdash/classify/cnn/model.py", 'like = "xgboost"'),
        ("cropdash/cli/app.py", 'for classifier in ("xgboost", "cnn"): pass'),
    ],
)
def test_a_planted_name_of_a_classifier_is_found(file, line):
    assert named(ROOT / file, line)


def test_a_classifier_may_name_itself():
    assert not named(ROOT / "cropdash/classify/cnn/model.py", 'kind = "cnn"')


def test_the_registry_and_all_its_classifiers_load_nothing_heavy():
    code = (
        "import sys\n"
        "from cropdash.settings import classifiers\n"
        "assert [k.name for k in classifiers.kinds()] == list(classifiers.MODULES)\n"
        "heavy = {'torch', 'xgboost', 'sklearn', 'lightning', 'numba', 'optuna', 'streamlit'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert done.stdout.strip() == "[]"


# one owner for each fact ----------------------------------------------------------------------

NUMBERS = {65_535, 10_000}  # the missing value, the scale of reflectance; square metres a hectare
OWNERS_OF_NUMBERS = {"cropdash/domain/sentinel2.py", "cropdash/domain/nouns.py"}
OWN_FILE_NAMES = {"cropdash/settings/ensemble.py"}  # the weights of the kind that it describes


def file_names() -> set[str]:
    """Names of the files that datasets, runs and studies keep."""
    found = set()
    for value in vars(layout).values():
        if isinstance(value, Form):
            found.add(value.file)
        elif isinstance(value, str) and Path(value).suffix in {".tif", ".json", ".parquet", ".csv"}:
            found.add(value)
    return found


def facts_said_twice(path: str, source: str) -> list[str]:
    """Numbers of reflectance and names of files that a module writes for itself."""
    tree, found = ast.parse(source), []
    limits = {  # of a setting: numbers of their own
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg in ("le", "lt", "ge", "gt")
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or node in limits:
            continue
        is_number = type(node.value) is int and node.value in NUMBERS
        if is_number and path not in OWNERS_OF_NUMBERS:
            found.append(f"{path}:{node.lineno} writes {node.value}; ask cropdash.domain")
        if node.value in file_names() and path not in OWN_FILE_NAMES:
            found.append(f"{path}:{node.lineno} writes {node.value!r}; ask storage.layout")
    return found


def test_each_number_and_each_file_name_has_one_owner():
    found = [
        fact
        for path in sources()
        if (name := path.relative_to(ROOT).as_posix()) != "cropdash/storage/layout.py"
        for fact in facts_said_twice(name, path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line", ["x = 10_000", "x = y == 65535", "x = folder / 'scores.json'", "f('composite.tif')"]
)
def test_a_fact_said_twice_is_found(line):
    assert facts_said_twice("cropdash/prepare/gapfill.py", line)


def test_a_settings_limit_is_no_fact_said_twice():
    assert not facts_said_twice("cropdash/settings/train.py", "x = Field(1, le=10_000)")
