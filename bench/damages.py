"""A small installation with a file of every kind, and what may have befallen one of them."""

from __future__ import annotations

import json
import os
import random
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import rasterio

from bench.typed import run as typed
from cropdash.storage import decisions, layout
from cropdash.storage.datasets import DatasetFolder
from tests import factory

DAY = "2023-06-30"
HUGE = 3 * 2**30  # [bytes] of a sparse file
_SMALL = ("--set", "threads=1")
_QUICK = {
    "xgboost": ("trees=12", "pixels=1000"),
    "cnn": ("epochs=2", "steps_per_epoch=2", "unet_channels=8,12", "embedding=16"),
}
# Each kind of file, by a pattern below the installation's folder; the first that fits is damaged.
KINDS = {
    "dataset.json": "data/demo/dataset.json",
    "legend.json": "data/demo/legend.json",
    "build.json": "data/demo/build.json",
    "cropdash.db": "data/cropdash.db",
    "realism.json": "data/demo/realism.json",
    "status.json of a build": "data/demo/status.json",
    "worker.log of a build": "data/demo/worker.log",
    "manifest.json": "data/demo/zones/ZONE/manifest.json",
    "catalogue.jsonl": "data/demo/catalogue.jsonl",
    "composite.tif": "data/demo/zones/ZONE/composite.tif",
    "clear_dates.tif": "data/demo/zones/ZONE/clear_dates.tif",
    "labels.tif": "data/demo/zones/ZONE/labels.tif",
    "layers.tif": "data/demo/zones/ZONE/layers.tif",
    "last_crop.tif": "data/demo/zones/ZONE/last_crop.tif",
    "parcels.parquet": "data/demo/zones/ZONE/parcels.parquet",
    "series.parquet": "data/demo/zones/ZONE/series.parquet",
    "optimism.json": "models/optimism.json",
    "config.json of a run": "models/xgboost-*/config.json",
    "status.json of a run": "models/xgboost-*/status.json",
    "classes.json": "models/xgboost-*/classes.json",
    "zones.json": "models/xgboost-*/zones.json",
    "decisions.json": "models/xgboost-*/decisions.json",
    "calibration.json": "models/xgboost-*/calibration.json",
    "epochs.jsonl": "models/xgboost-*/epochs.jsonl",
    "applicability.npz": "models/xgboost-*/applicability.npz",
    "worker.log of a run": "models/xgboost-*/worker.log",
    "model.json": "models/xgboost-*/model.json",
    "statistics.json": "models/xgboost-*/statistics.json",
    "model.ubj": "models/xgboost-*/model.ubj",
    "model.safetensors": "models/cnn-*/model.safetensors",
    "prediction .tif": "models/xgboost-*/predictions/ZONE.tif",
    "prediction .parquet": "models/xgboost-*/predictions/ZONE.parquet",
    "predicted.jsonl": "models/xgboost-*/predictions/predicted.jsonl",
    "parcels on the edge": "models/xgboost-*/edges/ZONE.parquet",
    "scores.json": "models/xgboost-*/scores/scores.json",
    "confusions.parquet": "models/xgboost-*/scores/confusions.parquet",
    "calibration.parquet": "models/xgboost-*/scores/calibration.parquet",
    "scores.json of a day": "models/xgboost-*/season/2*/scores/scores.json",
    "calibration.json of a day": "models/xgboost-*/season/2*/calibration.json",
    "prediction of a day": "models/xgboost-*/season/2*/predictions/ZONE.parquet",
    "asked.json": "models/xgboost-*/season/2*/asked.json",
    "without.json": "models/xgboost-*/season/without.json",
    "stack.json": "models/ensemble-*/stack.json",
    "config.json of a study": "models/studies/search-*/config.json",
    "status.json of a study": "models/studies/search-*/status.json",
    "trial": "models/studies/search-*/trials/0.json",
    "finished.json": "models/studies/search-*/trials/0/0/finished.json",
    "scores.json of a study": "models/studies/folds-*/scores.json",
    "fold's parcels": "models/studies/folds-*/folds/0/parcels.parquet",
    "order.json of an audit": "models/reports/audit-*/order.json",
    "audit.json": "models/reports/audit-*/audit.json",
    "frame.parquet": "models/reports/audit-*/frame.parquet",
    "answers.csv": "models/reports/audit-*/answers.csv",
    "certificate.json": "models/reports/audit-*/certificate.json",
    "order.json of a report": "models/reports/report-*/order.json",
    "status.json of a report": "models/reports/report-*/status.json",
    "report.html": "models/reports/report-*/report.html",
    "checkpoint.ubj": "models/xgboost-*/checkpoint.ubj",
}  # fmt: skip


# the installation -------------------------------------------------------------


def write(folder: Path) -> None:
    """data/demo with runs, an ensemble and two studies; data/other and a run that nothing befalls."""
    os.environ["CROPDASH_DATA"], os.environ["CROPDASH_MODELS"] = (
        str(folder / "data"),
        str(folder / "models"),
    )
    names = ["build", "demo", "--source=simulated", "--size=48", "--zones-per-region=2"]
    _must([*names, "--workers=1"])
    _decide(folder)
    for kind, values in _QUICK.items():
        more = ("decisions=apply", *values) if kind == "xgboost" else values
        _must(["train", "demo", f"--classifier={kind}", *_SMALL, *_set(more)])
    models = folder / "models"
    members = [next(models.glob(f"{kind}-*")).name for kind in _QUICK]
    _must(["ensemble", *members])
    for run in members:
        _must(["season", run, f"--by={DAY}", *(["--without"] if run == members[0] else [])])
    _must(["audit", "draw", members[0]])
    _answer(next((models / "reports").glob("audit-*")), folder)
    _must(["report", members[0]])
    quick = [*_SMALL, *_set(_QUICK["xgboost"][1:])]
    _must(["search", "demo", "--classifier=xgboost", "--trials=2", *quick])
    quick = [*_SMALL, *_set(_QUICK["xgboost"])]
    _must(["crossvalidate", "demo", "--classifier=xgboost", "--folds=2", *quick])
    _must(["optimism", "demo", "--classifier=xgboost", *quick])
    _must(["simulate", "report", "--dataset", "demo"])
    other = factory.write_dataset(folder / "data", "other", zones=2, size=48)
    for kind, seed in (("xgboost", 1), ("cnn", 2)):
        run = factory.write_run(models, other, classifier=kind, seed=seed)
        run.path.rename(models / f"other-{kind}")
    _leave_more(folder)


def _set(values: tuple[str, ...]) -> list[str]:
    return [word for value in values for word in ("--set", value)]


def _must(words: list[str]) -> None:
    code, said = typed(words)
    if code:
        raise RuntimeError(f"{words}: {said}")


def _leave_more(folder: Path) -> None:
    """What the commands above leave to pages and to workers that were ended."""
    (folder / "data" / "demo" / "worker.log").write_text("100% Done\n")
    run = next((folder / "models").glob("xgboost-*"))
    (run / "worker.log").write_text("100% Done\n")
    shutil.copy(run / "model.ubj", run / "checkpoint.ubj")


def _decide(folder: Path) -> None:
    """A parcel of the first zone is kept, another left out of trainings."""
    dataset = DatasetFolder(folder / "data", "demo")
    zone = next(zone.zone_id for zone in dataset.built_zones() if zone.split == "train")
    ids = dataset.parcels(zone)["parcel_id"].head(2)
    for i, word in zip(map(int, ids), (decisions.KEEP, decisions.LEAVE_OUT), strict=True):
        said = decisions.Said(decisions.Parcel(str(i), zone, i), word, "seen from the road")
        decisions.decide(folder / "data", "demo", [said])


def _answer(audit: Path, folder: Path) -> None:
    """Fill the sample in, and score it."""
    classes = DatasetFolder(folder / "data", "demo").legend().classes
    sample = pd.read_csv(audit / layout.SAMPLE_CSV, dtype=str)
    sample.assign(truth=classes[1].name).to_csv(audit / layout.RETURNED[0], index=False)
    _must(["audit", "score", audit.name])


def test_zone(folder: Path) -> str:
    """A zone that the runs have predicted."""
    run = next((folder / "models").glob("xgboost-*"))
    return sorted(path.stem for path in (run / "predictions").glob("*.tif"))[0]


def register_id(folder: Path, zone: str) -> str:
    """The register's own id of a parcel there."""
    return str(DatasetFolder(folder / "data", "demo").parcels(zone)["register_id"].iloc[0])


def place(folder: Path, kind: str) -> Path:
    """The file of that kind."""
    return next(iter(sorted(folder.glob(KINDS[kind].replace("ZONE", test_zone(folder))))))


# the damages ------------------------------------------------------------------


def _not_text(path: Path, rng: random.Random) -> None:
    raw = bytearray(path.read_bytes())
    at = rng.randrange(len(raw) // 2 + 1)
    raw[at:at] = b"\xff\xfe\x80\x00"
    path.write_bytes(raw)


def _empty(path: Path, rng: random.Random) -> None:
    path.write_bytes(b"")


def _cut(path: Path, rng: random.Random) -> None:
    raw = path.read_bytes()
    path.write_bytes(raw[: rng.randrange(1, max(len(raw) - 2, 2))])


def _huge(path: Path, rng: random.Random) -> None:
    os.truncate(path, HUGE)


def _values(path: Path, change: Callable[[Any], Any]) -> None:
    """Change the values of a document, or of each line of one."""
    if path.suffix == ".jsonl":
        lines = [json.loads(line) for line in path.read_text().splitlines() if line.strip()]
        path.write_text("".join(json.dumps(change(line)) + "\n" for line in lines))
    else:
        path.write_text(json.dumps(change(json.loads(path.read_text()))))


def _table(path: Path, change: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Change the columns of a table, without its geometry's meaning."""
    change(pd.read_parquet(path)).to_parquet(path, index=False)


def _image(path: Path, change: Callable[[Any], Any]) -> None:
    """Change the (N, H, W) values of an image; its names and its place stay."""
    with rasterio.open(path) as raster:
        profile, whole, names = raster.profile, raster.read(), raster.descriptions
    values = change(whole)
    values = values if values.size else whole[:, 1:]  # an image of no band can't be written
    profile |= {"count": len(values), "dtype": str(values.dtype), "driver": "GTiff"}
    profile |= {"height": values.shape[1], "width": values.shape[2], "nodata": None}
    for name in ("blockxsize", "blockysize", "tiled", "interleave"):
        profile.pop(name, None)
    with rasterio.open(path, "w", **profile) as raster:
        raster.write(values)
        raster.descriptions = (*names, *[""] * len(values))[: len(values)]


def _arrays(path: Path, change: Callable[[Any], Any]) -> None:
    with np.load(path) as found:
        changed = {name: _as_image(found[name], change) for name in found.files}
    np.savez(path, **changed)


def _as_image(array: Any, change: Callable[[Any], Any]) -> Any:
    """Changed as an image is, which has three axes; those that it had to be given go if they can."""
    added = 3 - min(array.ndim, 3)
    changed = change(array.reshape((1,) * added + array.shape))
    return (
        changed.reshape(changed.shape[added:]) if (1,) * added == changed.shape[:added] else changed
    )


def _raw(path: Path, rng: random.Random) -> None:
    """For a format that is none of the above: some bytes changed."""
    raw = bytearray(path.read_bytes())
    for _ in range(8):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    path.write_bytes(raw)


def _changed(
    document: Callable[[Any], Any], table: Callable[[Any], Any], array: Callable[[Any], Any]
) -> Callable[[Path, random.Random], None]:
    def damage(path: Path, rng: random.Random) -> None:
        if path.suffix in (".json", ".jsonl"):
            _values(path, document)
        elif path.suffix == ".parquet":
            _table(path, table)
        elif path.suffix == ".tif":
            _image(path, array)
        elif path.suffix == ".npz":
            _arrays(path, array)
        else:
            _raw(path, rng)

    return damage


def _each(values: Any, change: Callable[[Any], Any]) -> Any:
    """Every value of a document changed, at any depth, but its format's version."""
    if isinstance(values, dict):
        return {k: v if k == "format" else _each(v, change) for k, v in values.items()}
    return [_each(v, change) for v in values] if isinstance(values, list) else change(values)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _tops(values: Any, value: Any) -> Any:
    return {k: v if k == "format" else value for k, v in values.items()}


def _nested(value: int) -> Any:
    return lambda values: {**values, next(reversed(values)): _deep_list(value)}


def _deep_list(depth: int) -> Any:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


def _deep(path: Path, rng: random.Random) -> None:
    path.write_bytes(b'{"format": 1, "config": ' + b"[" * 200_000 + b"]" * 200_000 + b"}")


def _folder(path: Path, rng: random.Random) -> None:
    path.unlink()
    path.mkdir()
    (path / "notes.txt").write_text("here")


def _unreadable(path: Path, rng: random.Random) -> None:
    path.chmod(0)
    if os.access(path, os.R_OK):  # the superuser reads all: a way without end is as unreadable
        path.unlink()
        path.symlink_to(path.name)


def _pipe(path: Path, rng: random.Random) -> None:
    path.unlink()
    os.mkfifo(path)


def _absent(path: Path, rng: random.Random) -> None:
    path.unlink()


def _text(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{c: table[c].astype(str) for c in table.select_dtypes("number")})


def _no_numbers(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**dict.fromkeys(table.select_dtypes("number"), np.nan))


def _renamed(table: pd.DataFrame) -> pd.DataFrame:
    return table.rename(columns={table.columns[0]: "id"})


def _none(values: Any) -> Any:
    return values.astype("float32") * np.nan if values.dtype.kind in "fiu" else values


def _far(values: Any) -> Any:
    return np.full_like(values, np.iinfo(values.dtype).max if values.dtype.kind in "iu" else 1e38)


def _far_table(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(**{c: _far(table[c].to_numpy()) for c in table.select_dtypes("number")})


DAMAGES: dict[str, Callable[[Path, random.Random], None]] = {
    "not UTF-8": _not_text,
    "empty": _empty,
    "cut": _cut,
    "huge": _huge,
    "wrong type": _changed(lambda v: [v], _text, lambda a: a.astype("float64")[:1]),
    "deep": _deep,
    "folder in its place": _folder,
    "old version": _changed(lambda v: {**v, "format": 0}, lambda t: t.iloc[:, :-1], lambda a: a[:-1]),
    "future version": _changed(lambda v: {**v, "format": 99}, _renamed, lambda a: np.concatenate([a, a])),
    "NaN": _changed(lambda v: _each(v, lambda x: float("nan") if _is_number(x) else x), _no_numbers, _none),
    "unreadable": _unreadable,
    "replaced while read": lambda path, rng: None,  # see `replacing`
    "text for numbers": _changed(
        lambda v: _each(v, lambda x: "many" if _is_number(x) else x), _text, lambda a: a[:, :-3]
    ),
    "table cut short": _changed(lambda v: _tops(v, {}), lambda t: t.iloc[:1], lambda a: a * 0),
    "numbers far out": _changed(lambda v: _each(v, lambda x: -(10**30) if _is_number(x) else x), _far_table, _far),
    "all values a list": _changed(lambda v: _tops(v, []), lambda t: t[[]], lambda a: a[:1, :1, :1]),
    "pipe": _pipe,
    "absent": _absent,
}  # fmt: skip


@contextmanager
def replacing(path: Path) -> Iterator[None]:
    """While this lasts, something is put in the file's place again and again."""
    whole, over = path.read_bytes(), threading.Event()
    others = (whole, b"", whole[: len(whole) // 2], b"{}", whole)

    def replace() -> None:
        number = 0
        while not over.wait(0.002):
            part = path.with_name(f".{path.name}.other")
            part.write_bytes(others[number % len(others)])
            part.replace(path)
            number += 1

    thread = threading.Thread(target=replace)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        path.write_bytes(whole)
