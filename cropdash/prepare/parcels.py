"""From a register's rows to clean parcels, and from parcels to rasters."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize as burn
from rasterio.transform import Affine

from cropdash.domain import IGNORE, M2_PER_HA, Grid, Labels, Legend, Zone
from cropdash.domain.errors import InvalidRegister
from cropdash.domain.source import CARRIED, ONLY_HERE, OUTLINES

ID, CODE = "ID_PARCEL", "CODE_CULTU"
REPEATED = "repeated_ids"  # key of a register's attrs: ids that stand on several of all its rows
COLUMNS = (
    "parcel_id", "zone_id", "register_id", "code", "crop", "area_ha", "share_in_zone", "geometry",
)  # fmt: skip
_DIGEST = 8  # hexadecimal digits: enough to tell the few rows of one id apart
_POLYGON, _COLLECTION = 3, (4, 5, 6, 7)  # shapely's geometry type ids; 4 to 7 hold parts


@dataclass(frozen=True)
class Cleaned:
    """Parcels of a zone, and what was mended or left out on the way."""

    parcels: gpd.GeoDataFrame  # COLUMNS and what is carried, in the zone's system
    elsewhere: gpd.GeoDataFrame  # register_id of parcels in sight that belong to another zone
    report: dict[str, object] = field(default_factory=dict)
    only_here: bool = False  # what lies outside of the parcels is unknown, not background
    outlines: bool = False  # nobody declared what the parcels bear


def clean(register: gpd.GeoDataFrame, zone: Zone, legend: Legend, zones: Sequence[Zone]) -> Cleaned:
    """Mend, reproject and label the register's rows that belong to `zone`.

    `zones` are those that may share parcels with it, see `neighbours.of`, itself among them.
    A parcel that touches several of them belongs to the one that holds most of it, so that
    none is on two sides of a split; what touches a zone's margin alone is not the zone's. Unknown codes become background. An id that stands on
    several rows, here or, by `register.attrs["repeated_ids"]`, elsewhere in the register, is
    followed by a digest of the row's geometry, so that a row has the same key in every zone and
    in any order. Every row that is dropped or mended is counted in the report.

    Raises InvalidRegister if a column or the reference system is missing.
    """
    _check(register)
    carried = [name for name in register.columns if str(name).startswith(CARRIED)]
    frame = register[[ID, CODE, *carried, "geometry"]].reset_index(drop=True)
    report: dict[str, object] = {"rows": len(frame)}
    frame = _mend(frame, zone.grid.crs, report)
    frame = _tell_apart(frame, register.attrs.get(REPEATED, ()))
    frame = frame.to_crs(zone.grid.crs)
    # Reprojection bends edges a little, so validity is made sure of on the zone's own grid.
    frame["geometry"] = polygons_only(frame.geometry.to_numpy())
    frame = _in_sight(frame, zone.grid, report)
    frame = _drop_repeats(frame, report)
    home = _home(frame, zone, zones)
    crops, unknown = legend.crops_of(frame[CODE])
    frame["crop"] = crops
    outlines = bool(register.attrs.get(OUTLINES))
    told = {} if outlines else dict(unknown)
    report |= {"of_other_zones": int((~home).sum()), "unknown_codes": told, "outlines": outlines}
    parcels = _schema(frame[home], zone)
    report["parcels"] = len(parcels)
    elsewhere = frame.loc[~home, [ID, "geometry"]].rename(columns={ID: "register_id"})
    only_here = bool(register.attrs.get(ONLY_HERE))
    return Cleaned(parcels, elsewhere.reset_index(drop=True), report, only_here, outlines)


def rasterize(parcels: gpd.GeoDataFrame, grid: Grid) -> Labels:
    """Burn parcels into the grid: crop class and parcel id of each pixel's centre.

    `parcels` needs crop, parcel_id and geometry; another reference system than the grid's is
    reprojected. Where parcels overlap, the smaller one is seen.
    """
    missing = {"crop", "parcel_id"} - set(parcels.columns)
    if missing:
        raise InvalidRegister("Parcels to rasterise lack {a}.", a=", ".join(sorted(missing)))
    if parcels.crs is None:
        raise InvalidRegister("Parcels to rasterise have no reference system: set their crs.")
    frame = parcels.to_crs(grid.crs) if len(parcels) else parcels
    frame = frame[~(frame.geometry.isna() | frame.geometry.is_empty)]
    frame = frame.iloc[np.argsort(-frame.geometry.area.to_numpy(), kind="stable")]
    row = _burn_rows(frame.geometry.to_numpy(), grid)  # (H, W), 0 = none
    crop = np.concatenate([[0], frame["crop"].to_numpy()]).astype(np.uint8)
    ids = np.concatenate([[0], frame["parcel_id"].to_numpy()]).astype(np.int32)
    return Labels(crop[row], ids[row], grid)


def mask_unknown(labels: Labels, cleaned: Cleaned) -> Labels:
    """Labels in which pixels are to be ignored of which nobody declared what they bear.

    Those of parcels of other zones; where the register says so, all outside of its parcels, or all
    inside.
    """
    inside = labels.parcel_id > 0
    unknown = _burn_rows(cleaned.elsewhere.geometry.to_numpy(), labels.grid) > 0
    unknown &= ~inside
    if cleaned.only_here:
        unknown |= ~inside
    if cleaned.outlines:
        unknown |= inside
    return Labels(np.where(unknown, np.uint8(IGNORE), labels.crop), labels.parcel_id, labels.grid)


def mask_margin(labels: Labels, margin: int) -> Labels:
    """Labels in which nothing is known of a margin's pixels but that they are of a parcel of ours."""
    outside = labels.parcel_id == 0
    outside[margin : outside.shape[0] - margin, margin : outside.shape[1] - margin] = False
    return replace(labels, crop=np.where(outside, np.uint8(IGNORE), labels.crop))


def polygons_only(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """Valid polygons or multipolygons; None where nothing of an area is left.

    Holes stay holes: one on the shell's edge, over another or in another is cut out once.
    """
    valid = shapely.make_valid(geometry, method="structure", keep_collapsed=False)
    kind = shapely.get_type_id(valid)
    result: NDArray[np.object_] = np.full(len(valid), None, dtype=object)
    result[kind == _POLYGON] = valid[kind == _POLYGON]
    mixed = np.flatnonzero(np.isin(kind, _COLLECTION))
    for i in mixed:  # few: multipolygons and collections
        parts = np.array([valid[i]])
        while np.isin(shapely.get_type_id(parts), _COLLECTION).any():
            parts = shapely.get_parts(parts)
        areal = parts[shapely.get_type_id(parts) == _POLYGON]
        result[i] = shapely.union_all(areal) if len(areal) else None
    return result


def _check(register: gpd.GeoDataFrame) -> None:
    missing = [c for c in (ID, CODE) if c not in register.columns]
    if missing:
        raise InvalidRegister(
            "The register has no column {a}; it has {b}.",
            a=" or ".join(missing),
            b=", ".join(map(str, register.columns)),
        )
    if register.crs is None:
        raise InvalidRegister("The register names no reference system; the RPG's is EPSG:2154.")


def _mend(frame: gpd.GeoDataFrame, crs: str, report: dict[str, object]) -> gpd.GeoDataFrame:
    geometry = _finite(frame.geometry.to_numpy())
    given = ~(shapely.is_missing(geometry) | shapely.is_empty(geometry))
    broken = given & ~shapely.is_valid(geometry)
    frame = frame.assign(geometry=polygons_only(geometry)).set_crs(frame.crs, allow_override=True)
    area = shapely.area(frame.geometry.to_numpy())
    kept = given & (area > 0)
    report |= {
        "without_geometry": int((~given).sum()),
        "mended_geometry": int((broken & kept).sum()),
        "without_area": int((given & ~kept).sum()),
    }
    if (mended := broken & kept).any():  # measured on the zone's grid, in metres
        shapes = (geometry[mended], frame.geometry.to_numpy()[mended])
        hectares = [
            float(gpd.GeoSeries(of, crs=frame.crs).to_crs(crs).area.sum()) / M2_PER_HA
            for of in shapes
        ]
        report["mended_ha"] = [round(value, 4) for value in hectares]  # before and after
    return frame[kept]


def _finite(geometry: NDArray[np.object_]) -> NDArray[np.object_]:
    """None in place of geometries with a corner that is not a number."""
    points, of = shapely.get_coordinates(geometry, return_index=True)
    result = geometry.copy()
    result[np.unique(of[~np.isfinite(points).all(axis=1)])] = None
    return result


def _in_sight(frame: gpd.GeoDataFrame, grid: Grid, report: dict[str, object]) -> gpd.GeoDataFrame:
    # False as well for a sliver that reprojection left nothing of, whose overlap is NaN.
    seen = _overlap(frame.geometry.to_numpy(), grid) > 0
    report["outside"] = int((~seen).sum())
    return frame[seen]


def _tell_apart(frame: gpd.GeoDataFrame, repeated: Collection[str]) -> gpd.GeoDataFrame:
    """Follow ids that stand on several rows by a digest of the geometry as registered."""
    ids = frame[ID].astype(str)
    shared = (ids.duplicated(keep=False) | ids.isin(list(repeated))).to_numpy()
    shapes = shapely.to_wkb(shapely.normalize(frame.geometry.to_numpy()[shared]), byte_order=1)
    keys = ids.to_numpy(dtype=object, copy=True)
    keys[shared] = [
        f"{own}#{hashlib.sha256(shape).hexdigest()[:_DIGEST]}"
        for own, shape in zip(keys[shared], shapes, strict=True)
    ]
    return frame.assign(**{ID: keys, "shared": shared})


def _drop_repeats(frame: gpd.GeoDataFrame, report: dict[str, object]) -> gpd.GeoDataFrame:
    """Of rows with the same geometry keep the one whose id, then code, comes first."""
    shape = pd.Series(
        shapely.to_wkb(shapely.normalize(frame.geometry.to_numpy())),
        index=frame.index,
        dtype=object,
    )
    order = frame.assign(**{CODE: frame[CODE].astype("string").fillna("")}).sort_values([ID, CODE])
    first = ~shape.loc[order.index].duplicated().reindex(frame.index)
    code = frame[CODE].astype("string").fillna("")
    kept = code[first].groupby(shape[first]).first()
    other = code[~first] != shape[~first].map(kept)
    report |= {
        "repeated_geometry": int((~first).sum()),
        "contradicting_codes": int(other.sum()),
        "repeated_id": int(frame.loc[first, "shared"].sum()),
    }
    return frame[first].drop(columns="shared")


def _home(frame: gpd.GeoDataFrame, zone: Zone, zones: Sequence[Zone]) -> NDArray[np.bool_]:
    """True where no other zone holds more of the parcel; ties go to the zone named first."""
    geometry = frame.geometry.to_numpy()
    own = _overlap(geometry, zone.grid)
    home = np.ones(len(frame), dtype=bool)
    before = True
    for other in zones if len(frame) else ():
        if other.zone_id == zone.zone_id:
            before = False
        else:
            theirs = _overlap(_to(frame, other.grid), other.grid)
            home &= (own > theirs) if before else (own >= theirs)
    return home


def _to(frame: gpd.GeoDataFrame, grid: Grid) -> NDArray[np.object_]:
    geometry: NDArray[np.object_] = frame.geometry.to_crs(grid.crs).to_numpy()
    return geometry


def _overlap(geometry: NDArray[np.object_], grid: Grid) -> NDArray[np.float64]:
    """[m2] of each parcel inside the grid's rectangle."""
    area: NDArray[np.float64] = shapely.area(
        shapely.intersection(geometry, shapely.box(*grid.bounds))
    )
    return area


def _schema(frame: gpd.GeoDataFrame, zone: Zone) -> gpd.GeoDataFrame:
    carried = [str(name) for name in frame.columns if str(name).startswith(CARRIED)]
    inside = _overlap(frame.geometry.to_numpy(), zone.around.grid)
    share = inside / np.maximum(frame.geometry.area.to_numpy(), 1e-9)
    table = gpd.GeoDataFrame(
        {
            "parcel_id": np.arange(1, len(frame) + 1, dtype=np.int32),
            "zone_id": zone.zone_id,
            "register_id": frame[ID].to_numpy(),
            "code": frame[CODE].astype("string").str.strip().str.upper().fillna("").to_numpy(),
            "crop": frame["crop"].to_numpy(np.uint8),
            "area_ha": frame.geometry.area.to_numpy() / M2_PER_HA,
            "share_in_zone": share.clip(0, 1).astype(np.float32),
            **{name: frame[name].astype("string").fillna("").to_numpy() for name in carried},
        },
        geometry=frame.geometry.to_numpy(),
        crs=zone.grid.crs,
    )
    return table[[*COLUMNS[:-1], *carried, "geometry"]]


def _burn_rows(geometry: NDArray[np.object_], grid: Grid) -> NDArray[np.int32]:
    """(H, W) one plus the position of the last geometry that covers each pixel's centre."""
    if len(geometry) == 0:
        return np.zeros(grid.shape, dtype=np.int32)
    raster: NDArray[np.int32] = burn(
        zip(geometry, range(1, len(geometry) + 1), strict=True),
        out_shape=grid.shape,
        transform=Affine(*grid.transform),
        fill=0,
        dtype="int32",
    )
    return raster
