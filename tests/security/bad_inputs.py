"""Bad inputs for the command line, drawn by a seed: a case is the words typed after `cropdash`.

What is good in a case is good enough to reach what is bad in it.
"""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin
from shapely import box
from shapely.geometry import mapping

from tests import worlds
from tests.security.payloads import TEXTS

NAMES = ("", " ", ".", "..", "../up", "/", "a/b", "UPPER", "é", "x" * 65, "a\n", "a b", "-a", "incoming",
         "a\u0000b", "\u0661", *TEXTS)  # fmt: skip
NUMBERS = ("", " ", "x", "-1", "0", "1.5", "1e3", "1e309", "nan", "inf", "-inf", "1_0", "0x10", "9" * 30,
           "2**3", "\u0663", "1,5", "1\n", "true")  # fmt: skip
SEASONS = ("", "x", "0", "99", "1900", "3000", "2023-13", "2023..", "..2023", "2023-10..2022-09", "2023\n",
           "2023-02-30..2023-03-01", "2015..2030", "2022-10..2023-09..2024", "2023 ", "20 23")  # fmt: skip
BANDS = ("", ",", "B2", "B2,B2", "B99", "B2,SCL", "10M", "all,10m", "B2;B3", "b2\n,b3")
CRS = "EPSG:32631"


def cases(folder: Path, files: dict[str, list[Path]], seeds: int) -> Iterator[list[str]]:
    """Each damaged file once, then as many cases as there are seeds."""
    for i, path in enumerate(files["folders"]):
        yield ["build", f"f{i}", f"--folder={path}", "--workers=1"]
    for path in files["zones"]:
        yield ["zones", "check", str(path)]
    for path in files["registers"]:
        yield ["doctor", f"--register={path}"]
        place = ["--lon=3", "--lat=49", "--number=1", "--size=32", "--radius=1"]
        yield ["zones", "propose", "a", *place, f"--register={path}", f"--out={folder / 'p.csv'}"]
    for seed in range(seeds):
        yield words(random.Random(seed), folder, files)


def words(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    """One case."""
    case = rng.choice(CASES)(rng, folder, files)
    return [word.replace("\0", "\\0") for word in case]


def _a(rng: random.Random, options: dict[str, tuple[str, ...]]) -> list[str]:
    """One or two options with a value that is bad."""
    chosen = rng.sample(sorted(options), rng.choice((1, 1, 2)))
    return [f"--{name}={rng.choice(options[name])}" for name in chosen]


def _build_simulated(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    options = {
        "size": NUMBERS, "zones-per-region": NUMBERS, "seed": NUMBERS, "workers": NUMBERS,
        "season": SEASONS, "bands": BANDS, "every": ("", "week", "Month", "dekad\n"),
        "layers": ("", ",", "=", "a=", "=b", "NDVI=x.tif", "B2=x.tif", "\n=x", "absent.tif"),
        "scheduler": ("x", "tcp://h:1", "tls://h", "cluster\n", "http://h:1"),
        "codes": ("absent.csv", ""), "legend": ("absent.csv", ""), "legend-level": NUMBERS,
        "previous-register": ("absent.gpkg",), "source": ("", "moon", "Simulated", "local\n"),
    }  # fmt: skip
    name = rng.choice(("small", "small", rng.choice(NAMES)))
    return ["build", "--source=simulated", "--estimate", *_a(rng, options), "--", name]


def _build_folder(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    name = f"s{rng.randrange(10**9)}"  # none that was begun
    return ["build", name, f"--folder={rng.choice(files['folders'])}", "--workers=1"]


def _build_fetched(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    kind = rng.choice(("stac", "earthengine"))
    options = {
        "endpoint": ("", "x", "http://", "ftp://h", "https://u:p@h", "https://h?key=1", "javascript:1"),
        "collection": ("", "a/b", "../x", "c\n"), "id-column": ("", "x" * 101), "season": SEASONS,
        "project": ("", "X", "ab", "my-project\n"),
    }  # fmt: skip
    own = {"endpoint": "stac", "collection": "stac", "project": "earthengine"}
    options = {name: values for name, values in options.items() if own.get(name, kind) == kind}
    more = ["--project=my-project"] if kind == "earthengine" else []
    zones = f"--zones={rng.choice(files['zones'])}"
    register = f"--register={rng.choice(files['registers'])}"
    bad = _a(rng, options) if rng.random() < 0.5 else []
    return ["build", "small", "--estimate", f"--source={kind}", register, zones, *more, *bad]


def _zones_check(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    return ["zones", "check", str(rng.choice(files["zones"]))]


def _zones_propose(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    options = {
        "lon": NUMBERS, "lat": NUMBERS, "number": NUMBERS, "size": NUMBERS, "radius": NUMBERS,
        "out": (str(folder), "/dev/null/x", str(rng.choice(files["zones"]))),
        "id-column": ("", "absent"), "code-column": ("", "absent"),
    }  # fmt: skip
    place = [
        "--lon=3",
        "--lat=49",
        "--number=1",
        "--size=32",
        "--radius=1",
        f"--out={folder / 'z.csv'}",
    ]
    register = f"--register={rng.choice(files['registers'])}"
    name = rng.choice(("beauce", rng.choice(NAMES)))
    return ["zones", "propose", *place, register, *_a(rng, options), "--", name]


def _export(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    options = {
        "size": NUMBERS, "season": SEASONS, "bands": BANDS, "seed": NUMBERS, "zone": NAMES,
    }  # fmt: skip
    place = rng.choice((str(rng.choice(files["zones"])), "/proc/x", str(folder / "plain")))
    bad = _a(rng, options) if rng.random() < 0.7 else []
    return ["simulate", "export", "--zone=brittany_1", "--size=32", *bad, "--", place]


def _by_name(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    command = rng.choice(
        ("predict", "evaluate", "ensemble", "train", "optimism", "crossvalidate", "search")
    )
    name = rng.choice(NAMES)
    more = [f"--set={rng.choice(NAMES)}"] if command in ("train", "optimism", "search") else []
    return [command, *more, "--", name, *([rng.choice(NAMES)] if command == "ensemble" else [])]


def _training(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    command = rng.choice(("train", "optimism", "crossvalidate", "search"))
    names = ("epochs", "seed", "learning_rate", "max_depth", "trees", "batch_size", "n_estimators")
    value = rng.choice((*NUMBERS, *NAMES))
    words = [command, "demo", f"--classifier={rng.choice(('cnn', 'xgboost', rng.choice(NAMES)))}"]
    words += [f"--set={rng.choice(names)}={value}"]
    options = {
        "search": {"kind": NAMES, "trials": NUMBERS, "minutes": NUMBERS, "folds": NUMBERS, "seed": NUMBERS},
        "crossvalidate": {"folds": NUMBERS, "study": NAMES},
        "train": {"devices": NUMBERS, "nodes": NUMBERS, "preset": NAMES, "run": NAMES},
    }  # fmt: skip
    return [*words, *(_a(rng, options[command]) if command in options else [])]


def _others(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    register = str(rng.choice(files["registers"]))
    return rng.choice(
        (
            ["doctor", f"--register={register}"],
            ["doctor", f"--endpoint={rng.choice(('', 'moon', 'ftp://h', *TEXTS))}"],
            ["simulate", "report", f"--dataset={rng.choice(NAMES)}"],
            ["demo", "--build-only", f"--size={rng.choice(('1', 'x', 'nan', '1e9', ''))}"],
            ["demo", "--build-only", f"--seed={rng.choice(('-1', 'x', '9' * 30, '1.5'))}"],
            ["moon", rng.choice(NAMES)],
            ["runs", rng.choice(NAMES) or "x"],
        )
    )


DAYS = (
    "",
    "x",
    "2023-06-31",
    "2023-13-01",
    "0001-01-01",
    "9999-12-31",
    "2023-06-30\n",
    "30.6.2023",
    "2023-W05-1",
    "-1",
)


def _of_a_run(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    """Commands on run "good"."""
    places = (str(rng.choice(files["zones"])), "/proc/x/y", str(folder / "plain" / "x"))
    options = {
        "season": {"by": DAYS, "csv": places},
        "audit": {
            "against": NAMES, "by": NAMES, "standard-error": NUMBERS, "expected": NUMBERS,
            "least": NUMBERS, "allocation": NAMES, "seed": NAMES, "report": NAMES,
        },
        "report": {"language": NAMES, "report": NAMES},
        "dossier": {"language": NAMES, "run": NAMES, "report": NAMES},
        "mosaic": {"out": places, "on": NAMES},
        "predict": {"zone": NAMES, "on": NAMES, "workers": NUMBERS, "scheduler": ("x", "http://h")},
    }  # fmt: skip
    command = rng.choice(sorted(options))
    named = {
        "audit": ["draw", "good"], "dossier": ["demo", rng.choice(NAMES)], "report": ["good", rng.choice(NAMES)],
    }  # fmt: skip
    return [command, *_a(rng, options[command]), "--", *named.get(command, ["good"])]


def _of_a_team(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    """Decisions, the database, the record, and names of runs."""
    file, name = str(rng.choice(files["zones"] + files["registers"])), rng.choice(NAMES)
    return rng.choice(
        (
            ["decisions", "import", "--", rng.choice(("demo", name)), file],
            ["decisions", "export", "--", rng.choice(("demo", name)), "/proc/x/y"],
            ["database", "restore", file],
            ["database", "backup", "--", rng.choice(("/proc/x/y", str(folder)))],
            ["record", f"--by={name}", f"--last={rng.choice(NUMBERS)}"],
            ["runs", rng.choice(("name", "note", "tag")), "--", rng.choice(("good", name)), name],
            ["runs", rng.choice(("archive", "restore", "delete")), "--", name],
            ["audit", rng.choice(("score", "verify")), "--", name],
            ["users", "remove", "--", name],
        )
    )


def _around(rng: random.Random, folder: Path, files: dict[str, list[Path]]) -> list[str]:
    """Places and areas; nothing is fetched for what is bad."""
    area = rng.choice(
        (*map(str, files["zones"]), "1,2,3", "3,49,2,50", "nan,0,1,1", "-181,0,1,91", *NAMES)
    )
    out, number = f"--out={folder / 't.csv'}", rng.choice(NUMBERS)
    zones, register = str(rng.choice(files["zones"])), rng.choice(files["registers"])
    return rng.choice(
        (
            ["zones", "tile", f"--size={rng.choice(NUMBERS)}", out, "--", area],
            ["zones", "tile", f"--region={rng.choice(NAMES)}", out, "--", area],
            ["zones", "divide", f"--register={register}", f"--share={number}", out, "--", zones],
            ["zones", "divide", f"--register={register}", out, "--", zones],
            [
                "build",
                f"--near={rng.choice((*NAMES, '91,0', '1,181', 'nan,1', '1', '1,2,3'))}",
                "--",
                "around",
            ],
            ["build", "--near=48,1", f"--service={zones}", f"--number={number}", "--", "around"],
        )
    )


Case = Callable[[random.Random, Path, dict[str, list[Path]]], list[str]]
CASES: tuple[Case, ...] = (
    _build_simulated, _build_folder, _build_folder, _build_fetched, _zones_check, _zones_propose,
    _export, _by_name, _training, _others, _of_a_run, _of_a_run, _of_a_team, _around,
)  # fmt: skip


# files ------------------------------------------------------------------------


def files(folder: Path) -> dict[str, list[Path]]:
    """Damaged files of every kind, below the folder."""
    folder.mkdir(parents=True)
    zones = [_written(folder / f"z{i}{end}", text) for i, (end, text) in enumerate(_zone_texts())]
    zones += [folder / "absent.csv", folder]
    registers = [_written(folder / f"r{i}.gpkg", text) for i, text in enumerate(_register_texts())]
    registers += [folder / "absent.gpkg", folder, _register(folder / "srs.gpkg", srs=-1)]
    good = _register(folder / "good.gpkg")
    folders = [_folder(folder / f"f{i}", good, text) for i, text in enumerate(_outlines())]
    folders += [
        _folder(folder / "srs", _register(folder / "srs2.gpkg", srs=-1), _feature()),
        _folder(folder / "nano", good, _feature(), pixel=1e-9),
        _folder(folder / "huge", good, _feature(), pixel=1e7),
        folder / "absent",
        good,
    ]
    for text in _register_texts():
        place = folder / f"g{len(folders)}"
        folders.append(_folder(place, _written(folder / f"{place.name}.gpkg", text), _feature()))
    _written(folder / "plain", b"")
    return {"zones": zones, "registers": registers, "folders": folders}


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _feature(geometry: object = ..., **more: object) -> bytes:
    shape = mapping(box(3.0, 49.0, 3.002, 49.001)) if geometry is ... else geometry
    about = {"zone_id": "a_1", "region": "a", "split": "train"} | more
    feature = {"type": "Feature", "properties": about, "geometry": shape}
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def _outlines() -> Iterator[bytes]:
    """What a zones.geojson may be instead of one."""
    whole = _feature()
    yield from (b"", b" ", b"{", b"[]", b"null", b"1", b"{}", whole[: len(whole) // 2])
    yield from (b"\x00\xff\xfe" * 50, whole.decode().encode("utf-16"), b"[" * 100_000)
    yield b'{"type": "FeatureCollection", "features": []}'
    yield b'{"type": "FeatureCollection", "features": {"a": 1}}'
    yield b'{"type": "FeatureCollection", "features": [1, null]}'
    yield b'{"type": "Topology", "objects": {}, "arcs": []}'
    yield whole.replace(b'"features"', b'"crs": {"properties": {"name": "moon"}}, "features"')
    yield whole.replace(b'"features"', b'"crs": 1, "features"')
    for geometry in (
        None, {}, {"type": "Point", "coordinates": [3, 49]}, {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}, {"type": "Polygon", "coordinates": "x"},
        {"type": "GeometryCollection", "geometries": []}, mapping(box(-5.0, 42.0, 8.0, 51.0)),
        mapping(box(-180.0, -90.0, 180.0, 90.0)), mapping(box(1e300, 1e300, 1e301, 1e301)),
        mapping(box(3.0, 49.0, 3.0000001, 49.0000001)),
    ):  # fmt: skip
        yield _feature(geometry)
    yield whole.replace(b"3.002", b"NaN")
    yield whole.replace(b"3.002", b"Infinity")
    for more in ({"split": "both"}, {"split": None}, {"zone_id": None}, {"zone_id": "../up"}, {"zone_id": "a\n"},
                 {"zone_id": 7.5}, {"region": None}, {"region": ["x"]}):  # fmt: skip
        yield _feature(**more)
    yield b"<OGRVRTDataSource><OGRVRTLayer name='zones'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    yield b"zone_id,region,split,lon,lat\na,a,train,3,49\n"


def _zone_texts() -> Iterator[tuple[str, bytes]]:
    yield from ((".geojson", text) for text in _outlines())
    head = b"zone_id,region,split,lon,lat,size_px\n"
    yield from (
        (".csv", text) for text in (b"", b"\n", head, head + b"a,a,train,3,49\n", b"\xff\xfe\x00")
    )
    for lon in NUMBERS:
        yield ".csv", head + f"a,a,train,{lon},49,32\n".encode()
        yield ".csv", head + f"a,a,train,3,49,{lon}\n".encode()
    yield ".csv", b"\x00" * 1000
    yield ".csv", head + b'"' + b"x" * 200_000 + b"\n"
    yield ".csv", b"zone_id,region,split,xmin,ymin,xmax,ymax,epsg\na,a,train,1,1,2,2,-1\n"
    yield ".csv", b"zone_id,region,split,xmin,ymin,xmax,ymax,epsg\na,a,train,0,0,1e9,1e9,32631\n"


def _register_texts() -> Iterator[bytes]:
    yield from (
        b"",
        b"SQLite format 3\x00",
        b"SQLite format 3\x00" + b"\xff" * 4000,
        b"PAR1",
        b"PAR1" * 99,
    )
    yield from (b"7z\xbc\xaf\x27\x1c", b"7z\xbc\xaf\x27\x1c" + b"\x01" * 200, b"{}")
    yield b"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"


def _register(path: Path, srs: int | None = None) -> Path:
    rows = [("1", "BTH", (500_000.0, 5_427_000.0, 500_100.0, 5_427_100.0))]
    worlds.register(rows).to_file(path, layer="PARCELLES_GRAPHIQUES", driver="GPKG")
    if srs is not None:
        with sqlite3.connect(path) as base:
            for table in ("gpkg_contents", "gpkg_geometry_columns"):
                base.execute(f"UPDATE {table} SET srs_id = {srs}")  # noqa: S608 (a number)
    return path


def _folder(path: Path, register: Path, zones: bytes, pixel: float = 10.0) -> Path:
    (path / "scenes").mkdir(parents=True)
    (path / "register.gpkg").write_bytes(register.read_bytes())
    (path / "zones.geojson").write_bytes(zones)
    options = {"driver": "GTiff", "count": 5, "height": 20, "width": 24, "dtype": "uint16"}
    where = {"crs": CRS, "transform": from_origin(500_000, 5_427_700, pixel, pixel)}
    with rasterio.open(path / "scenes" / "S2_20230501.tif", "w", **options, **where) as raster:
        raster.write(np.full((5, 20, 24), 4, "uint16"))
    return path


def main() -> None:
    """python -m tests.security.bad_inputs FOLDER SEED: the case of a seed, typed for real."""
    folder, seed = Path(sys.argv[1]), int(sys.argv[2])
    case = words(random.Random(seed), folder, files(folder / "files"))
    sys.stdout.write(f"{case!r}\n")
    subprocess.run([sys.executable, "-m", "cropdash", *case], check=False)


if __name__ == "__main__":
    main()
