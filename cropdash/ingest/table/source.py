"""A table of parcel means as a source: each parcel is one pixel of a grid that is no map."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from cropdash.domain import Cube, Grid, Scene, Season, Split, Zone, longitude, sentinel2
from cropdash.domain.errors import ConfigError, InvalidRegister, NotEnoughData
from cropdash.domain.message import Message
from cropdash.domain.period import Every
from cropdash.domain.source import ONLY_HERE, PeriodStore, Warn, ignore
from cropdash.ingest import registers
from cropdash.ingest.table import reading
from cropdash.ingest.table.reading import CODE, DATE, ID, LAT, LON, SPLIT, ZONE, Columns
from cropdash.ingest.zones import squares
from cropdash.ingest.zones.sides import divide

_PIXEL_M = 10.0
_LEAST_PX = 16  # side of a grid
_NOWHERE = ("EPSG:32631", 500_000.0, 5_000_000.0)  # where no coordinates are given
_MOST_PARCELS = 1_000_000


@dataclass(frozen=True)
class TableSource:
    """Parcels of one zone fill a grid row by row, in order of id; the rest of it is unknown."""

    path: Path
    names: Columns = field(default_factory=Columns)
    wanted: Season | None = None  # None: the calendar year with most rows
    bands: tuple[str, ...] = sentinel2.BAND_SETS["10m"]
    every: Every = "month"
    block_km: float = 10.0
    name: str = "table"

    @cached_property
    def season(self) -> Season:
        """That of the settings, or the year with most rows."""
        if self.wanted is not None:
            return self.wanted
        years = Counter(day.year for day in self.rows[DATE])
        return Season.of(years.most_common(1)[0][0], self.every)

    def zones(self) -> tuple[Zone, ...]:
        """By the zone column, else by blocks of the coordinates.

        Sides are those of a column `split`, else chosen so that most crops can be tested. Raises
        InvalidRegister where parcels can't be kept apart, NotEnoughData for a single zone.
        """
        return self._zones

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        """A pixel's square for each parcel of the zone."""
        mine = self._of_zone(zone)
        _, width = zone.grid.shape
        row, column = np.divmod(np.arange(len(mine)), width)
        left = zone.grid.left + column * _PIXEL_M
        top = zone.grid.top - row * _PIXEL_M
        frame = gpd.GeoDataFrame(
            {registers.ID: mine[ID].to_numpy(), registers.CODE: mine[CODE].to_numpy()},
            geometry=shapely.box(left, top - _PIXEL_M, left + _PIXEL_M, top),
            crs=zone.grid.crs,
        )
        frame.attrs[ONLY_HERE] = True
        return frame

    def composites(
        self, zone: Zone, warn: Warn = ignore, *, kept: PeriodStore | None = None
    ) -> Cube:
        """Medians of each parcel's days in a period; a row counts if it has every band.

        Rows of one day are one observation, their mean.
        """
        if zone.grid not in (own.grid for own in self.zones()):
            raise ConfigError("A table has no map, so its zones have no margin: set it to 0.")
        mine = self._of_zone(zone).reset_index(drop=True)
        place = pd.Series(mine.index, index=mine[ID])
        rows = self.rows[self.rows[ID].isin(place.index)].dropna(subset=list(self.bands))
        cut = self.season.periods
        at = rows[DATE].map(lambda day: next((t for t, p in enumerate(cut) if day in p), -1))
        rows = rows.assign(at=at.astype(int), place=rows[ID].map(place).astype(int))
        days = rows[rows["at"] >= 0].groupby(["at", "place", DATE])[list(self.bands)]
        by = days.mean().groupby(["at", "place"])
        if twice := int((days.nunique() > 1).any(axis=1).sum()):
            warn(
                Message(
                    "Zone {a}: {n} times a parcel has several rows of a day that differ: their mean counts once.",
                    a=zone.zone_id, n=twice,
                )
            )  # fmt: skip
        n = zone.grid.shape[0] * zone.grid.shape[1]
        values = np.full((len(cut), len(self.bands), n), np.nan, np.float32)
        clear = np.zeros((len(cut), n), np.uint8)
        if by.ngroups:
            middle, count = by.median(), by.size()
            t, p = (middle.index.get_level_values(i).to_numpy() for i in (0, 1))
            values[t, :, p] = middle.to_numpy(np.float32)
            clear[t, p] = np.minimum(count.to_numpy(), 255)
        else:
            warn(Message("No row of zone {a} lies in {b}.", a=zone.zone_id, b=self.season.text))
        shape = zone.grid.shape
        reflectance = values.reshape(len(cut), len(self.bands), *shape)
        return Cube(reflectance, clear.reshape(len(cut), *shape), cut, self.bands, zone.grid)

    def scenes(self, zone: Zone, warn: Warn = ignore) -> Iterator[Scene]:
        """None: a table has no images."""
        return iter(())

    def part(self, days: Season) -> TableSource:
        """See `PartedSource.part`."""
        return replace(self, wanted=days)

    @cached_property
    def rows(self) -> pd.DataFrame:
        """All that was read, see `reading.read`."""
        return reading.read(self.path, self.names, self.bands)

    @cached_property
    def _parcels(self) -> pd.DataFrame:
        """A row a parcel in order of id, with the zone that it is kept in."""
        found = self.rows.drop_duplicates(ID).sort_values(ID, ignore_index=True)
        if len(found) > _MOST_PARCELS:
            raise InvalidRegister(
                "{a} holds {b} parcels: give {c} at most.",
                a=self.path.name,
                b=format(len(found), ","),
                c=format(_MOST_PARCELS, ","),
            )
        if ZONE in found:
            names = found[ZONE]
            if (names == "").any():
                raise InvalidRegister(
                    "{a}: parcel {b} has no {c}; every parcel needs one.",
                    a=self.path.name,
                    b=format(found.loc[names == "", ID].iloc[0], ".60"),
                    c=self.names.zone,
                )
        elif LON in found and LAT in found:
            names = self._blocks(found)
        else:
            raise InvalidRegister(
                "{a} says neither a zone ({b}) nor lon and lat, so parcels to learn from can't"
                " be kept apart from those to test on: give one of them.",
                a=self.path.name,
                b=self.names.zone,
            )
        ids = {name: _zone_id(name, i) for i, name in enumerate(sorted(set(names)))}
        return found.assign(zone_id=names.map(ids).to_numpy(), zone=names.to_numpy())

    def _blocks(self, found: pd.DataFrame) -> pd.Series:
        """The block of each parcel, on the plane of the middle one's UTM zone."""
        lonlat = found[[LON, LAT]].to_numpy(float)
        fits = np.isfinite(lonlat).all() and (np.abs(lonlat) <= (180, 84)).all()
        if not fits:
            raise InvalidRegister("{a}: lon and lat of a parcel are no degrees.", a=self.path.name)
        epsg = longitude.utm_epsg(*squares.middle(lonlat))
        at = np.floor(squares.to_utm(lonlat, epsg) / (self.block_km * 1000)).astype(int)
        at -= at.min(axis=0)
        return pd.Series([f"block {j} {i}" for j, i in at], index=found.index)

    @cached_property
    def _zones(self) -> tuple[Zone, ...]:
        parcels = self._parcels
        groups = list(parcels.groupby("zone_id", sort=True))
        if len(groups) < 2:
            raise NotEnoughData(
                "{a} holds one zone ({b}), and two are needed, to learn from and to test: give"
                " regions, or smaller --block-km.",
                a=self.path.name,
                b=groups[0][1]["zone"].iloc[0],
            )
        grids = _apart([self._grid(part) for _, part in groups])
        named = [
            Zone(str(zone_id), str(part["zone"].iloc[0]), "train", grid)
            for (zone_id, part), grid in zip(groups, grids, strict=True)
        ]
        if SPLIT in parcels:
            return tuple(
                replace(zone, split=self._side(part))
                for zone, (_, part) in zip(named, groups, strict=True)
            )
        codes = sorted(set(parcels[CODE]))
        counts = np.array([[(part[CODE] == code).sum() for code in codes] for _, part in groups])
        return divide(named, np.pad(counts, ((0, 0), (1, 0)))).zones

    def _side(self, part: pd.DataFrame) -> Split:
        sides = sorted(set(part[SPLIT].str.lower()))
        if sides == ["train"]:
            return "train"
        if sides != ["test"]:
            raise InvalidRegister(
                "{a}: zone {b} has the split {c}; a zone is wholly train or test.",
                a=self.path.name,
                b=part["zone"].iloc[0],
                c=", ".join(sides),
            )
        return "test"

    def _grid(self, part: pd.DataFrame) -> Grid:
        """At the parcels' middle, where coordinates are given."""
        side = max(_LEAST_PX, math.ceil(math.sqrt(len(part))))
        crs, x, y = _NOWHERE
        if LON in part and LAT in part and part[[LON, LAT]].notna().to_numpy().all():
            lonlat = part[[LON, LAT]].to_numpy(float)
            middle = squares.middle(lonlat)
            epsg = longitude.utm_epsg(*middle)
            crs = f"EPSG:{epsg}"
            x, y = squares.to_utm(np.array([middle]), epsg)[0].round(-3)
        return Grid(crs, x, y, _PIXEL_M, (side, side))

    def _of_zone(self, zone: Zone) -> pd.DataFrame:
        return self._parcels[self._parcels["zone_id"] == zone.zone_id]


def _apart(grids: Sequence[Grid]) -> list[Grid]:
    """The grids, moved east by their width until none lies on another."""
    found: list[Grid] = []
    for grid in grids:
        while any(squares.overlap(grid, other) for other in found):
            grid = replace(grid, left=grid.left + grid.shape[1] * grid.pixel_size)
        found.append(grid)
    return found


def _zone_id(name: str, n: int) -> str:
    plain = re.sub(r"[^a-z0-9_-]+", "_", name.lower()).strip("_-")[:40]
    return f"{plain or 'zone'}_{n + 1}"
