"""What a run says of an area as files to take along: mosaics, parcels, areas, a STAC collection."""

from __future__ import annotations

import shutil
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer

from cropdash.domain import Zone
from cropdash.domain.errors import ConfigError, DamagedFile, RunNotFound
from cropdash.domain.message import Message
from cropdash.evaluate import conformal, parcel_decisions
from cropdash.files import atomic, tables, vectors
from cropdash.prepare import neighbours
from cropdash.storage import beside, elsewhere, mosaics, predicted
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.mosaics import Tile
from cropdash.storage.runs import RunFolder
from cropdash.storage.tables import SHARES
from cropdash.workflow import areas, seams
from cropdash.workflow.calibrate import Calibration

Progress = Callable[[str, float], None]
ROWS = 200_000  # of a part of the table of parcels
_BANDS = ("class", "confidence")
_BEGUN = ".begun"  # in a folder whose mosaic is not whole yet
_MADE = (
    "class_*.tif", "confidence_*.tif", "map_*.vrt", "utm_*.json", "areas*.csv", "parcels.pmtiles",
    "collection.json",
)  # fmt: skip
_OF_A_TILE = ("register_id", "declared", "predicted", "probability", "applicable")


@dataclass(frozen=True)
class Made:
    """What was written."""

    zones: int
    parcels: int
    files: tuple[Path, ...]  # the mosaics


def make(
    run: RunFolder,
    dataset: DatasetFolder,
    out: Path,
    progress: Progress,
    *,
    units: gpd.GeoDataFrame | None = None,
    tiles: bool = False,
    rows: int = ROWS,
) -> Made:
    """Write what a run says of a dataset's zones into a folder; `units`: see `areas.of_map`;
    `tiles`: parcels.pmtiles too.

    class_<epsg>.tif and confidence_<epsg>.tif of each UTM zone, and map_<epsg>.vrt over both;
    parcels/part-<n>.parquet; areas.csv, areas_by_unit.csv; collection.json. Raises RunNotFound if it has predicted
    none, DamagedFile if what it predicted was damaged, ConfigError if the folder holds something
    else already.
    """
    there = elsewhere.at(run, dataset.name)
    known = set(there.predicted_zones())
    zones = [zone for zone in dataset.built_zones() if zone.zone_id in known]
    if not zones:
        dataset.check_damage()
        raise RunNotFound(
            "Run {a} has predicted no zone of {b}: predict first.", a=run.run_id, b=dataset.name
        )
    if cut := predicted.changed(there.path, (zone.zone_id for zone in zones)):
        raise DamagedFile(
            "Predictions of {n} zones of {a} by run {b} are not as they were written, {c} the first:"
            " predict again.",
            n=len(cut),
            a=dataset.name,
            b=run.run_id,
            c=cut[0],
        )
    _begin(out)
    legend = dataset.legend()
    colours = {k: _rgba(c.colour) for k, c in enumerate(legend.classes)}
    files: list[Path] = []
    for crs, group in _by_crs(zones).items():
        progress(Message("Joining {n} zones of {crs}", n=len(group), crs=crs), 0.1)
        files += _mosaic(there, group, crs.removeprefix("EPSG:"), out, colours)
    writer = _Parcels(run, there, dataset, zones)
    told = writer.write(out / "parcels", rows, progress)
    maps = {crs: out / f"class_{crs.removeprefix('EPSG:')}.tif" for crs in _by_crs(zones)}
    scored = next((of for of in (there, run) if of.scores() is not None), None)
    found = areas.of_map(maps, zones, legend, scored).join(told, on="class")
    found[told.columns] = found[told.columns].fillna(0.0)
    atomic.write_text(out / "areas.csv", tables.to_csv(found).decode())
    if units is not None:
        by_unit = areas.of_map(maps, zones, legend, scored, units)
        atomic.write_text(out / "areas_by_unit.csv", tables.to_csv(by_unit).decode())
    if tiles:
        progress(Message("Writing the parcels as tiles"), 0.96)
        parts = sorted((out / "parcels").glob("*.parquet"))
        vectors.write_tiles(out / "parcels.pmtiles", parts, _OF_A_TILE, "parcels")
    progress(Message("Writing the collection"), 0.98)
    _collection(run, dataset, out, files)
    (out / _BEGUN).unlink()
    return Made(len(zones), int(told["parcels"].sum()), tuple(files))


def _begin(out: Path) -> None:
    """An empty folder, or one of an earlier mosaic, whole or broken off, without what that has made:
    what this one makes no more would stand beside it as if it were of the same run.

    Raises ConfigError if it holds something else.
    """
    ours = (out / "collection.json").exists() or (out / _BEGUN).exists()
    if out.exists() and not ours and any(out.iterdir()):
        raise ConfigError("{a} holds other files: name a new folder.", a=out)
    out.mkdir(parents=True, exist_ok=True)
    (out / _BEGUN).touch()
    atomic.clear_parts(out)
    for path in (found for pattern in _MADE for found in out.glob(pattern)):
        path.unlink()


def _mosaic(
    there: RunFolder, zones: Sequence[Zone], epsg: str, out: Path, colours: mosaics.Colours
) -> Iterator[Path]:
    made: list[Path] = []
    for band, name in enumerate(_BANDS, start=1):
        tiles = [Tile(there.predictions / f"{z.zone_id}.tif", band, z.grid) for z in zones]
        draft, path = out / f".{name}_{epsg}.vrt", out / f"{name}_{epsg}.tif"
        try:
            whole = mosaics.write_vrt(draft, {name: tiles}, colours if band == 1 else None)
            mosaics.write_cog(path, draft)
        finally:
            draft.unlink(missing_ok=True)
        made.append(path)
        yield path
    both = {name: [Tile(path, 1, whole)] for name, path in zip(_BANDS, made, strict=True)}
    mosaics.write_vrt(out / f"map_{epsg}.vrt", both, colours)


class _Parcels:
    """The parcels of all zones, those on an edge decided from their pixels in all zones."""

    def __init__(
        self, run: RunFolder, there: RunFolder, dataset: DatasetFolder, zones: Sequence[Zone]
    ) -> None:
        self._there, self._dataset, self._zones = there, dataset, zones
        self._calibration = Calibration.from_json(run.calibrated())
        self._threshold = run.calibrated().get("threshold")
        self._legend = dataset.legend()
        self._near = neighbours.of(zones)
        self._edges = lru_cache(maxsize=64)(partial(beside.edges, there))

    def write(self, folder: Path, rows: int, progress: Progress) -> pd.DataFrame:
        """Write parts of some `rows`, zones and parcels along a Hilbert curve; parcels by class."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        middles = gpd.GeoSeries(
            [shapely.box(*zone.grid.bounds).centroid for zone in self._zones], crs=None
        )
        places = [
            Transformer.from_crs(z.grid.crs, "OGC:CRS84", always_xy=True).transform(p.x, p.y)
            for z, p in zip(self._zones, middles, strict=True)
        ]
        order = gpd.GeoSeries(gpd.points_from_xy(*np.array(places).T)).hilbert_distance()
        held: list[gpd.GeoDataFrame] = []
        parcels, hectares, n = Counter[str](), defaultdict[str, float](float), 0
        for done, i in enumerate(np.argsort(order.to_numpy(), kind="stable")):
            table = self._zone(self._zones[i])
            for name, group in table.groupby("predicted"):
                parcels[str(name)] += len(group)
                hectares[str(name)] += float(group["area_ha"].sum())
            held.append(table)
            if sum(map(len, held)) >= rows or done == len(self._zones) - 1:
                n += _part(held, folder / f"part-{n:05}.parquet")
                held = []
            progress(Message("Writing parcels"), 0.2 + 0.75 * (done + 1) / len(self._zones))
        return pd.DataFrame({"parcels": parcels, "parcel_hectares": hectares}, dtype=float)

    def _zone(self, zone: Zone) -> gpd.GeoDataFrame:
        own, said = self._dataset.parcels(zone.zone_id), self._there.parcel_prediction(zone.zone_id)
        probabilities = said.filter(regex=SHARES)
        known = gpd.GeoDataFrame(own.merge(said.drop(columns=list(probabilities)), on="parcel_id"))
        shares = said.set_index("parcel_id")[list(probabilities)].loc[known["parcel_id"]]
        found, pixels = (
            shares.to_numpy(np.float32, copy=True),
            known["n_pixels"].to_numpy(copy=True),
        )
        edges = self._edges(zone.zone_id)
        mine = edges[edges[seams.KEY].isin(known[seams.KEY])]
        if len(mine):
            # Of another UTM zone are pixels of the same ground once more.
            near = [z.zone_id for z in self._near[zone.zone_id] if z.grid.crs == zone.grid.crs]
            parts = [self._edges(zone_id) for zone_id in near]
            ids, means, n = seams.means([p[p[seams.KEY].isin(mine[seams.KEY])] for p in parts])
            at = pd.Index(known[seams.KEY]).get_indexer(ids)
            found[at], pixels[at] = self._calibration.of_parcels(means), n
        predicted, confidence = parcel_decisions(found) if len(found) else ([], [])
        names = np.array([crop.name for crop in self._legend.classes], dtype=object)
        sets = self._sets(found, names)
        table = known[["register_id", "zone_id", "area_ha", "geometry"]].assign(
            n_pixels=pixels, declared=[_declared(k, names) for k in known["crop"]],
            predicted=names[np.asarray(predicted, np.int64)],
            probability=np.asarray(confidence, np.float32), set=sets,
            applicable=known.get("applicable", pd.Series(pd.NA, known.index)).astype("boolean"),
        )  # fmt: skip
        return table.to_crs(4326)

    def _sets(self, found: np.ndarray, names: np.ndarray) -> list[str | None]:
        """Classes of each parcel's set; None where the run has no sets."""
        if self._threshold is None or not len(found):
            return [None] * len(found)
        inside = conformal.class_sets(found, self._threshold)
        return ["; ".join(names[row]) for row in inside]


def _declared(crop: int, names: np.ndarray) -> str | None:
    return str(names[crop]) if 0 < crop < len(names) else None


def _part(held: list[gpd.GeoDataFrame], path: Path) -> int:
    """Write a part in the order of the curve; 1, or 0 where there is no parcel."""
    full = [table for table in held if len(table)]
    if not full:
        return 0
    whole = gpd.GeoDataFrame(pd.concat(full, ignore_index=True), crs=4326)
    whole = whole.iloc[np.argsort(whole.hilbert_distance().to_numpy(), kind="stable")]
    with atomic.replacing(path) as temporary:
        whole.to_parquet(
            temporary, index=False, write_covering_bbox=True, schema_version="1.1.0",
            row_group_size=20_000, compression="zstd",
        )  # fmt: skip
    return 1


def _collection(run: RunFolder, dataset: DatasetFolder, out: Path, files: Sequence[Path]) -> None:
    """A STAC collection with an item for each UTM zone."""
    import pystac  # takes a second to load

    described, cog = dataset.description(), pystac.MediaType.COG
    begin, end = described.season.start, described.season.end
    days = [pd.Timestamp(day, tz="UTC").to_pydatetime() for day in (begin, end)]
    items = []
    for epsg in sorted({path.stem.rpartition("_")[2] for path in files}):
        grid = mosaics.grid_of(out / f"class_{epsg}.tif")
        box = Transformer.from_crs(grid.crs, "OGC:CRS84", always_xy=True).transform_bounds(
            *grid.bounds
        )
        item = pystac.Item(
            f"utm_{epsg}", shapely.geometry.mapping(shapely.box(*box)), list(box), days[0], {},
            start_datetime=days[0], end_datetime=days[1],
        )  # fmt: skip
        for name in _BANDS:
            href = f"./{name}_{epsg}.tif"
            item.add_asset(name, pystac.Asset(href, media_type=cog, roles=["data"]))
        items.append(item)
    boxes = np.array([item.bbox for item in items])
    low, high = boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)
    extent = pystac.Extent(
        pystac.SpatialExtent([[*low.tolist(), *high.tolist()]]),
        pystac.TemporalExtent([[days[0], days[1]]]),
    )
    title = f"Crops of {described.title} as run {run.run_id} names them"
    whole = pystac.Collection(dataset.name, title, extent, title=title, license="other")
    parts = "application/vnd.apache.parquet"
    for path in sorted((out / "parcels").glob("*.parquet")):
        whole.add_asset(path.stem, pystac.Asset(f"./parcels/{path.name}", media_type=parts))
    for path in sorted(out.glob("areas*.csv")):
        whole.add_asset(path.stem, pystac.Asset(f"./{path.name}", media_type="text/csv"))
    whole.add_items(items, strategy=pystac.layout.TemplateLayoutStrategy(item_template=""))
    whole.normalize_hrefs(str(out), strategy=pystac.layout.TemplateLayoutStrategy(item_template=""))
    whole.save(pystac.CatalogType.SELF_CONTAINED)


def _by_crs(zones: Sequence[Zone]) -> dict[str, list[Zone]]:
    found: dict[str, list[Zone]] = {}
    for zone in zones:
        found.setdefault(zone.grid.crs, []).append(zone)
    return found


def _rgba(colour: str) -> tuple[int, int, int, int]:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return red, green, blue, 255
