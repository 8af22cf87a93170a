"""A place that a register's service and a catalogue of scenes on the loopback device know."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.transform import Affine
from scipy.ndimage import zoom

from cropdash.domain import Season
from cropdash.domain.errors import SourceUnavailable
from cropdash.files.retry import Retry
from cropdash.ingest import http, zones
from cropdash.ingest.local.source import LocalSource
from cropdash.ingest.registers import remote, wfs
from cropdash.ingest.stac import assets
from cropdash.ingest.stac.endpoints import Endpoint
from cropdash.ingest.stac.source import StacSource
from cropdash.ingest.zones import area
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import build, place
from tests.ingest.stac.api import Api
from tests.ingest.stac.products import FINE, Product

LAT, LON = 48.45, 1.49
YEAR = 2023
SEASON = Season.of("2023-04..2023-06")
DAYS = ("2023-04-04", "2023-04-19", "2023-05-03", "2023-05-18", "2023-06-07", "2023-06-22")
SIDE = 300  # pixels of the tile


def land(count: int = 230) -> gpd.GeoDataFrame:
    """Fields of several crops around the place, by a made-up register in degrees."""
    rng = np.random.default_rng(0)
    middle = zones.square_around(LON, LAT, 1000)
    x, y = (
        rng.uniform(a + 200, b - 700, count) for a, b in (middle.bounds[::2], middle.bounds[1::2])
    )
    codes = rng.choice(["BTH", "MIS", "CZH", "PTR"], count, p=[0.45, 0.35, 0.15, 0.05])
    frame = {"id_parcel": [str(1000 + i) for i in range(count)], "code_cultu": codes}
    shapes = [shapely.box(a, b, a + 400, b + 300) for a, b in zip(x, y, strict=True)]
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=middle.crs).to_crs("OGC:CRS84")


@dataclass
class World:
    """What the server holds, how it fails, and what it was asked."""

    frame: gpd.GeoDataFrame
    most: int = 100  # features of one answer, however many are asked for
    fault: Callable[[int], str | None] = lambda number: None
    asked: list[dict[str, str]] = field(default_factory=list)

    def answer(self, query: dict[str, str]) -> dict[str, Any]:
        south, west, north, east, system = query["BBOX"].split(",")
        assert system == "EPSG:4326"  # latitude first, as the standard has it
        box = shapely.box(float(west), float(south), float(east), float(north))
        inside = self.frame[self.frame.intersects(box)].sort_values(query["SORTBY"])
        start, count = int(query["STARTINDEX"]), min(int(query["COUNT"]), self.most)
        part = json.loads(inside.iloc[start : start + count].to_json())["features"]
        for one in part:
            one["id"] = f"parcelles.{one['properties']['id_parcel']}"
        return {
            "type": "FeatureCollection", "features": part, "numberMatched": len(inside),
            "numberReturned": len(part), "totalFeatures": len(inside),
        }  # fmt: skip


def few(side: int = 16) -> gpd.GeoDataFrame:
    """Small fields in the tile of `products`, apart from each other."""
    rng = np.random.default_rng(1)
    middle = zones.square_around(LON, LAT, SIDE - 40)
    rows, columns = (axis.ravel() * 160.0 for axis in np.mgrid[:side, :side])
    x, y = middle.bounds[0] + 3.7 + columns, middle.bounds[1] + 4.3 + rows  # on no pixel's edge
    wide, high = rng.uniform(80, 150, (2, side * side))
    codes = rng.choice(["BTH", "MIS", "CZH", "PTR"], side * side, p=[0.4, 0.3, 0.2, 0.1])
    frame = {"id_parcel": [str(1000 + i) for i in range(side * side)], "code_cultu": codes}
    shapes = shapely.box(x, y, x + wide, y + high)
    return gpd.GeoDataFrame(frame, geometry=shapes, crs=middle.crs).to_crs("OGC:CRS84")


def products() -> list[Product]:
    """One granule a day over the place: smooth land with an offset left in, and clouds."""
    middle = zones.square_around(LON, LAT, SIDE)
    found = []
    for number, day in enumerate(DAYS):
        rng = np.random.default_rng(number)
        land = zoom(rng.random((len(FINE), 30, 30)), (1, SIDE / 30, SIDE / 30), order=0)
        numbers = 1400 + land * np.array([300, 400, 600, 3000])[:, None, None]
        clouds = zoom(rng.random((15, 15)), SIDE / 15, order=0) < 0.2
        scl = np.where(clouds, 9, 4).astype(np.uint8)
        numbers = numbers.astype(np.uint16)
        numbers[:, rng.random(scl.shape) < 0.02] = 0
        name = f"S2A_31UDP_{day.replace('-', '')}"
        found.append(Product(name, f"{day}T10:50:31Z", middle, numbers, scl, tile="31UDP"))
    return found


def stock(api: Api) -> None:
    """Give the server the register and the scenes, as a service and as files."""
    api.register, api.page = World(few(), most=100), 2
    api.items = [one.write(api.folder, f"{api.url}/files") for one in products()]
    fiboa = few().rename(columns={"id_parcel": "id", "code_cultu": "crop:code"})
    fiboa.to_parquet(api.folder / "fields.parquet", row_group_size=50, write_covering_bbox=True)


def as_files(folder: Path, listed: Path) -> None:
    """The same land as files: a folder that `LocalSource` reads, with the zones of a list."""
    (folder / "scenes").mkdir(parents=True)
    official = few().rename(columns={"id_parcel": "ID_PARCEL", "code_cultu": "CODE_CULTU"})
    official.to_crs(2154).to_file(folder / "register.gpkg", layer="PARCELLES_GRAPHIQUES")
    shutil.copy(listed, folder / "zones.csv")
    for one in products():
        grid = one.grid
        profile = {
            "driver": "GTiff", "count": 5, "height": grid.shape[0], "width": grid.shape[1],
            "dtype": "uint16", "crs": grid.crs, "transform": Affine(*grid.transform), "nodata": 0,
        }  # fmt: skip
        path = folder / "scenes" / f"{one.when[:10].replace('-', '')}.tif"
        with rasterio.open(path, "w", **profile) as raster:
            raster.write(np.stack([*one.numbers, one.scl.astype(np.uint16)]))
            raster.descriptions = (*FINE, "SCL")
            raster.scales, raster.offsets = [1e-4] * 4 + [1.0], [-0.1] * 4 + [0.0]


def quick(pauses: list[float] | None = None, attempts: int = 6) -> Retry:
    """Patience whose pauses are noted and not waited for."""
    noted = [] if pauses is None else pauses
    return Retry(attempts, wait=lambda stop, pause: noted.append(pause), draw=lambda: 1.0)


def service(url: str, retry: Retry, answer_s: float = 5.0) -> wfs.Service:
    patience = http.Patience(retry, answer_s=answer_s)
    return replace(wfs.FRANCE, url=f"{url}/wfs", page=100, patience=patience)


def remote_file(url: str, retry: Retry, answer_s: float = 5.0) -> remote.GeoParquetFile:
    patience = http.Patience(retry, answer_s=answer_s)
    return remote.GeoParquetFile("fields", f"{url}/files/fields.parquet", patience=patience)


def endpoint(url: str, retry: Retry, answer_s: float = 5.0) -> Endpoint:
    gdal = (
        ("GDAL_HTTP_MAX_RETRY", "0"), ("GDAL_HTTP_TIMEOUT", str(max(1, round(answer_s)))),
        *assets.FORGET.items(),  # what another build of this process fetched is fetched again
    )  # fmt: skip
    return Endpoint("loopback", url, gdal=gdal, retry=retry, answer_s=answer_s)


def wanted(number: int = 3) -> place.Wanted:
    return place.Wanted(area.around(LAT, LON, 1.6), number, 64)


def make(data: Path, name: str, provider: Any, catalogue: Endpoint, workers: int = 1) -> Any:
    """What `build --near` does, with the patience of a test; the outcome, and the dataset."""
    found = place.find(name, wanted(), SEASON, data, provider=provider)
    chosen = zones.read(found.zones)
    source = StacSource(catalogue, found.register, chosen, SEASON)
    folder = DatasetFolder(data, name)
    about = build.describe(source, name, name, {})
    outcome = build.build(source, folder, about, workers=workers, progress=lambda *_: None)
    return outcome, folder


def differences(one: DatasetFolder, other: DatasetFolder) -> dict[str, float]:
    """The greatest differences of two datasets, zone by zone."""
    most = Counter[str]()
    assert [z.zone_id for z in one.built_zones()] == [z.zone_id for z in other.built_zones()]
    for zone in one.built_zones():
        mine, theirs = one.cube(zone.zone_id), other.cube(zone.zone_id)
        assert mine.grid == theirs.grid
        assert np.array_equal(np.isnan(mine.reflectance), np.isnan(theirs.reflectance))
        apart = np.abs(mine.reflectance - theirs.reflectance) * 10_000
        clear = one.clear_dates(zone.zone_id).astype(int) - other.clear_dates(zone.zone_id)
        labels = one.labels(zone.zone_id), other.labels(zone.zone_id)
        fields = [folder.parcels(zone.zone_id) for folder in (one, other)]
        facts = [list(zip(f["register_id"], f["code"], f["crop"], strict=True)) for f in fields]
        shapes = [shapely.area(f.geometry.to_numpy()) for f in fields]
        now = {
            "DN": float(np.nanmax(apart)), "clear dates": float(np.abs(clear).max()),
            "labels": float((labels[0].crop != labels[1].crop).sum()),
            "parcels": float(facts[0] != facts[1]),
            "m2": float(np.abs(shapes[0] - shapes[1]).max()) if facts[0] == facts[1] else np.inf,
        }  # fmt: skip
        for key, value in now.items():
            most[key] = max(most[key], value)  # type: ignore[assignment]
    return dict(most)


EQUAL = {"DN": 1.0, "clear dates": 0.0, "labels": 0.0, "parcels": 0.0, "m2": 0.01}


def alike(one: DatasetFolder, other: DatasetFolder) -> bool:
    found = differences(one, other)
    return all(found[name] <= most for name, most in EQUAL.items())


def from_files(data: Path, url: str) -> DatasetFolder:
    """The dataset as it is built from files, with the zones that are proposed."""
    found = place.find("near", wanted(), SEASON, data, provider=service(url, quick()))
    as_files(data / "land", found.zones)
    source = LocalSource(data / "land", SEASON)
    folder = DatasetFolder(data, "files")
    about = build.describe(source, "files", "files", {})
    outcome = build.build(source, folder, about, progress=lambda *_: None)
    assert not outcome.failed
    return folder


# faults ---------------------------------------------------------------------------

KINDS = ("429", "500", "502", "503", "504", "drop", "cut", "half", "slow")


@dataclass
class Campaign:
    """Faults that follow from the seed, the request and how often it came, not from threads."""

    seed: int
    share: float
    seen: Counter[str] = field(default_factory=Counter)

    def __call__(self, path: str) -> str | None:
        self.seen[path] += 1
        key = hashlib.sha256(f"{self.seed} {self.seen[path]} {path}".encode()).digest()
        rng = random.Random(key)
        if rng.random() >= self.share:
            return None
        kinds: Sequence[str] = KINDS + (("short",) if path == "/wfs" else ())
        kind = rng.choice(kinds)
        # A slow answer takes as long as it takes: a few are enough.
        return rng.choice(KINDS[:-1]) if kind == "slow" and rng.random() < 0.7 else kind


def campaign(api: Api, reference: DatasetFolder, data: Path, seeds: Iterable[int]) -> Counter[str]:
    """Build the place once a seed by each way while requests fail; what came of it."""
    counts: Counter[str] = Counter()
    api.slow_s = 1.2
    for seed in seeds:
        way = (service, remote_file)[seed % 2]
        provider, catalogue = (
            way(api.url, quick(), 1.0), endpoint(api.url, quick(), 1.0),
        )  # fmt: skip
        api.fault = Campaign(seed, 0.15)
        api.log.clear()
        api.faults.clear()
        made = None
        for _ in range(6):  # a run that gives up says so, and is followed by another
            try:
                outcome, made = make(data / str(seed), "near", provider, catalogue)
            except SourceUnavailable as error:
                counts["gave up, in a sentence"] += "\n" not in str(error)
                continue
            if not outcome.failed:
                break
            counts["gave up, in a sentence"] += len(outcome.failed)
        counts["requests"] += len(api.log)
        counts["faults"] += sum(api.faults.values())
        counts.update({f"fault {name}": n for name, n in api.faults.items()})
        built = made.built_zones() if made else ()
        counts["zones"] += 3
        counts["lost"] += 3 - len(built)
        api.fault = lambda path: None
        if made and len(built) == 3:
            counts["wrong"] += not alike(made, reference)
    return counts


def told_of(counts: Counter[str]) -> str:
    kinds = ", ".join(
        f"{n} x {k.removeprefix('fault ')}"
        for k, n in sorted(counts.items())
        if k.startswith("fault ")
    )
    return (
        f"A place under faults: {counts['requests']:,} requests, {counts['faults']:,} faults ({kinds}):"
        f" {counts['zones']} zones, {counts['wrong']} datasets wrong, {counts['lost']} zones lost,"
        f" {counts['gave up, in a sentence']} times given up in a sentence and gone on with"
    )


def killed(api: Api, data: Path, times: int, seed: int) -> tuple[int, DatasetFolder]:
    """Build in a process that is killed at drawn requests, then to its end; how often it was."""
    rng, kills = random.Random(seed), 0
    command = [sys.executable, "-m", "tests.ingest.place_build", str(data), api.url]
    for limit in [*(rng.randrange(3, 60) for _ in range(times)), None]:
        api.log.clear()
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        while child.poll() is None:
            if limit is not None and len(api.log) >= limit:
                child.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.002)
        _, said = child.communicate(timeout=300)
        assert limit is not None or child.returncode == 0, said.decode()[-2000:]
    return kills, DatasetFolder(data, "near")
