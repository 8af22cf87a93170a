"""What images a folder holds, and how each kind of them is read."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from pathlib import Path
from typing import Protocol

from cropdash.domain import Grid, Scene, Season, Zone
from cropdash.domain.errors import InvalidScene
from cropdash.domain.source import Warn, ignore
from cropdash.ingest import solar
from cropdash.ingest.local import products, scenes
from cropdash.ingest.local.dates import day_of, tiffs
from cropdash.ingest.stac import granules, load
from cropdash.ingest.stac.endpoints import Endpoint

SCENES = "scenes"
# What the reader of a service's granules asks; nothing is fetched.
_HERE = Endpoint("this machine", "http://localhost", local_assets=True)


class Images(Protocol):
    """The dated scenes of a folder."""

    @property
    def dates(self) -> Sequence[dt.date]:
        """Of every scene, in order, by its name or metadata. Raises InvalidScene if none is there."""

    @property
    def paths(self) -> Sequence[Path]:
        """Files on whose pixels zones are cut, the first one's for all."""

    def scenes(
        self, zone: Zone, season: Season, bands: tuple[str, ...], warn: Warn
    ) -> Iterator[Scene]:
        """One scene a day of the season, by date; what can't be read is named and left out."""


def of(folder: Path) -> Images:
    """The images of a folder: in its folder `scenes`, else in itself."""
    place = folder / SCENES if (folder / SCENES).is_dir() else folder
    files = tiffs(place)
    whole = [p for p in files if not products.is_band(p)] if place != folder else []
    if whole:
        return Files(place, tuple(whole))
    if given := products.found(place):
        return Products(place, given)
    packed = next(iter(sorted(place.glob("*.zip"))), None)
    if packed:
        raise InvalidScene("{a} is packed: unpack it into {b}.", a=packed.name, b=place)
    raise InvalidScene(
        "{a} holds no GeoTIFF and no .SAFE product: put one file, or product, per date there.",
        a=folder / SCENES,
    )


@dataclass(frozen=True)
class Files:
    """One GeoTIFF a date, with all bands and SCL, all on one grid of pixels."""

    folder: Path
    paths: tuple[Path, ...]

    @property
    def dates(self) -> Sequence[dt.date]:
        """The day of each image, in order."""
        return [date for date, _ in self._dated]

    @cached_property
    def _dated(self) -> list[tuple[dt.date, Path]]:
        return sorted((day_of(path), path) for path in self.paths)

    def scenes(
        self, zone: Zone, season: Season, bands: tuple[str, ...], warn: Warn = ignore
    ) -> Iterator[Scene]:
        """Of several files of a day a pixel comes as a whole from the first that knows it."""
        wanted = (entry for entry in self._dated if entry[0] in season)
        for date, of_day in groupby(wanted, key=lambda entry: entry[0]):
            found: Scene | None = None
            paths = [path for _, path in of_day]
            for path in paths:
                try:
                    scene = scenes.read_scene(path, date, zone.grid, bands, alone=len(paths) == 1)
                except InvalidScene as error:
                    warn(str(error))
                    continue
                found = scenes.joined(found, scene) if found and scene else found or scene
            if found is not None:
                yield found


@dataclass(frozen=True)
class Products:
    """Products of ESA, or folders with one file a band, of any tiles."""

    folder: Path
    given: tuple[products.Product, ...]

    @cached_property
    def dates(self) -> Sequence[dt.date]:
        """The day of each image, in order. Raises InvalidScene if there is none."""
        told: list[str] = []
        found = sorted(granule.date for granule in self._granules((), dt.timedelta(), told.append))
        if not found:
            raise InvalidScene(told[0])
        return found

    @cached_property
    def paths(self) -> Sequence[Path]:
        """One a product, of the band that is finest."""
        return [path for one in self.given if (path := one.finest())]

    def scenes(
        self, zone: Zone, season: Season, bands: tuple[str, ...], warn: Warn = ignore
    ) -> Iterator[Scene]:
        """As those of a service: the newest processing of each tile and overpass, on the grid."""
        found = self._granules(bands, solar.ahead(zone.grid), warn)
        groups = granules.group_repeats(g for g in found if g.date in season)
        with ThreadPoolExecutor(len(bands) + 1) as pool:
            reader = load.Reader(zone.grid, bands, _HERE, warn, pool)
            for date, of_day in groupby(groups, key=lambda group: group[0].date):
                scene = load.read_day(date, list(of_day), reader)
                if scene is not None:
                    yield scene

    def _granules(
        self, bands: tuple[str, ...], ahead: dt.timedelta, warn: Warn
    ) -> Iterator[granules.Granule]:
        for one in self.given:
            try:
                yield granules.parse(one.item(), bands, ahead)
            except InvalidScene as error:
                warn(str(error))


def frames(paths: Sequence[Path], folder: Path) -> tuple[Grid, ...]:
    """Grids of the files that lie on the pixels of most, each once. Raises InvalidScene for none."""
    found, problem = list[Grid](), ""
    for path in paths:
        try:
            found.append(scenes.frame_of(path))
        except InvalidScene as error:
            problem = problem or str(error)
    if not found:
        raise InvalidScene("No scene in {a} can be read: {b}", a=folder, b=problem)
    (most, _), *_ = Counter(map(_pixels, found)).most_common(1)
    return tuple(dict.fromkeys(grid for grid in found if _pixels(grid) == most))


def _pixels(grid: Grid) -> tuple[str, float, float, float]:
    """The lattice that a grid is a part of."""
    side = grid.pixel_size
    return grid.crs, side, round(grid.left % side, 3) % side, round(grid.top % side, 3) % side
