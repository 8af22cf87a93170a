"""A folder's parcels and zones, whatever its images are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely

from cropdash.domain import Grid, Zone
from cropdash.domain.errors import InvalidRegister, NotEnoughData
from cropdash.ingest import registers, zones
from cropdash.ingest.local.images import frames
from cropdash.ingest.zones.sides import divide

ZONES = ("zones.geojson", "zones.csv")
POINTS = "points.csv"  # in place of a register
_OTHERS = (".shp", ".geojson", ".json", ".fgb", ".gml", ".kml", ".zip", ".gdb")
SIDE_PX = 256  # of the squares that are proposed
_MOST = 60  # squares that are proposed


@dataclass(frozen=True)
class Land:
    """The register and the zones of a folder: files that are named, else those that lie there."""

    folder: Path
    layout: registers.Layout = field(default_factory=registers.Layout)  # columns of the register
    register: Path | None = None
    listed: Path | None = None  # zones
    side_px: int = SIDE_PX  # of zones that are proposed

    @cached_property
    def register_file(self) -> Path:
        """Raises InvalidRegister unless there is one register."""
        if self.register is not None:
            return self.register
        found = self._registers
        others = (p for p in sorted(self.folder.iterdir()) if p.suffix.lower() in _OTHERS)
        if not found and (other := next((p for p in others if p.name not in ZONES), None)):
            raise InvalidRegister(
                "{a} holds no register that is read (*.gpkg, *.parquet); convert {b}, such as"
                " ogr2ogr -f GPKG register.gpkg {b}.",
                a=self.folder,
                b=other.name,
            )
        if len(found) != 1:
            names = f" ({', '.join(p.name for p in found[:5])})" if found else ""
            raise InvalidRegister(
                "{a} must hold one register (*.gpkg), it holds {b}{c}: leave one there, or name"
                " it with --register.",
                a=self.folder,
                b=len(found),
                c=names,
            )
        return found[0]

    @cached_property
    def _registers(self) -> list[Path]:
        inside = sorted(p for p in self.folder.iterdir() if not p.name.startswith("."))
        return [p for p in inside if p.suffix.lower() in registers.SUFFIXES or p.name == POINTS]

    @property
    def has_register(self) -> bool:
        """True if one is named, or lies there."""
        return self.register is not None or bool(self._registers)

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        """Register rows that touch the zone; none where it is only mapped and there is no register."""
        needless = zone.split == "map" and not self.has_register
        return registers.read_parcels(
            None if needless else self.register_file, zone.grid, self.layout
        )

    def zones(self, images: Sequence[Path]) -> tuple[Zone, ...]:
        """Those of the zones file, on the images' pixels; without a file they are proposed.

        Raises InvalidRegister for a file that is damaged, NotEnoughData where none can be proposed.
        """
        inside = (self.folder / name for name in ZONES)
        path = self.listed or next((p for p in inside if p.is_file()), None)
        if path is not None:
            return zones.read(path, frame=frames(images, self.folder)[0])
        covered = frames(images, self.folder)
        parcels = registers.read_parcels(self.register_file, covered, self.layout)
        if parcels.empty:
            raise NotEnoughData(
                "{a} holds no parcel where the images are: give the register of their place.",
                a=self.register_file.name,
            )
        return propose(covered, parcels.to_crs(covered[0].crs), self.side_px)


def propose(frames: Sequence[Grid], parcels: gpd.GeoDataFrame, side_px: int) -> tuple[Zone, ...]:
    """Squares of the frames' pixels that hold parcels, sided so that most crops can be tested.

    Of more than 60 those with most parcels. Raises NotEnoughData for fewer than two.
    """
    squares = _squares(frames, side_px)
    inner = parcels.geometry.representative_point()
    x, y = (getattr(inner, axis).to_numpy() for axis in "xy")
    codes, code = np.unique(parcels[registers.CODE].to_numpy(str), return_inverse=True)
    counts = np.stack([_counts(grid, x, y, code, len(codes)) for grid in squares])
    held = counts.sum(axis=1)
    chosen = sorted(np.argsort(-held, kind="stable")[:_MOST])
    chosen = [i for i in chosen if held[i]]
    if len(chosen) < 2:
        raise NotEnoughData(
            "The images hold {a} squares of {b} pixels with parcels, and two are needed, to"
            " learn from and to test: name smaller ones with --size, or list zones in {c}.",
            a=len(chosen),
            b=side_px,
            c=ZONES[0],
        )
    named = [Zone(f"zone_{n}", "here", "train", squares[i]) for n, i in enumerate(chosen, start=1)]
    # The first class is the background, of which these counts know none.
    return divide(named, np.pad(counts[chosen], ((0, 0), (1, 0)))).zones


def _squares(frames: Sequence[Grid], side_px: int) -> Sequence[Grid]:
    """Squares side by side from the top left of each frame; what is left at the edges stays out."""
    found: list[Grid] = []
    for frame in frames:
        height, width = frame.shape
        side = min(side_px, height, width)
        step = side * frame.pixel_size
        of_frame = [
            replace(frame, left=frame.left + j * step, top=frame.top - i * step, shape=(side, side))
            for i in range(height // side)
            for j in range(width // side)
        ]
        taken = [shapely.box(*grid.bounds).buffer(-1e-3) for grid in found]
        found += [
            g for g in of_frame if not shapely.intersects(taken, shapely.box(*g.bounds)).any()
        ]
    return found


def _counts(
    grid: Grid, x: np.ndarray, y: np.ndarray, code: np.ndarray, n: int
) -> np.typing.NDArray[np.int64]:
    """(n,) parcels by code whose inner point lies in the grid."""
    left, bottom, right, top = grid.bounds
    inside = (x >= left) & (x < right) & (y > bottom) & (y <= top)
    return np.bincount(code[inside], minlength=n).astype(np.int64)
