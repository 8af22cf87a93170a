"""data/<dataset>/: one folder a zone, whole or not there."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
from filelock import FileLock

from cropdash.domain import (
    Bytes,
    Cube,
    Labels,
    Legend,
    Sample,
    Zone,
    check_name,
)
from cropdash.domain.errors import ConfigError, CorruptDataset, DatasetNotFound
from cropdash.files import atomic, parquet
from cropdash.legend import load
from cropdash.settings import sources
from cropdash.settings.build import BuildConfig
from cropdash.storage import catalogue, layout, legends, pictures, rasters, status, zone_files
from cropdash.storage import description as descriptions
from cropdash.storage.catalogue import Known
from cropdash.storage.description import Description

_LOCK_WAIT_S = 60.0  # for a process that was ended to be gone, and no more


class DatasetFolder:
    """Reads and writes one dataset."""

    def __init__(self, data: Path, name: str) -> None:
        self.name = check_name(name, "Dataset")
        self.path = data / name

    def zone_folder(self, zone_id: str) -> Path:
        """Where the zone's files are."""
        return self.path / layout.ZONES / check_name(zone_id, "Zone")

    def describe(self, description: Description, legend: Legend | None = None) -> None:
        """Write description and legend, by default the French one; raises as `Description.after`."""
        if self.is_described and self.is_begun:
            description.after(self.description())
        elif self.is_described and self.description() != description:
            # Nothing was made of the former settings; what was fetched for them is not of these.
            shutil.rmtree(self.path / layout.ZONES, ignore_errors=True)
            legends.keep(self.path, legend or load())
        if legend is not None or not layout.LEGEND.of(self.path).exists():
            legends.keep(self.path, legend or load())
        descriptions.write(self.path, description)

    @property
    def is_described(self) -> bool:
        """True once its description was written."""
        return layout.DATASET.of(self.path).exists()

    @property
    def is_begun(self) -> bool:
        """True once any zone was built, whole or damaged since; before, it may be begun anew."""
        return any(self.path.glob(f"{layout.ZONES}/*/{layout.MANIFEST.file}"))

    def description(self) -> Description:
        """What it is to hold. Raises DatasetNotFound, CorruptDataset."""
        return descriptions.read(self.path)

    def configure(self, config: BuildConfig) -> None:
        """Write the settings of the build, for it to be taken up again.

        Raises ConfigError if the dataset was begun with settings that make other data, or knows more.
        """
        if self.is_configured and (self.is_begun or status.is_locked(self.path)):
            if self.is_described:
                self.description().check_later(config.day)
            before, now = self.config().content, config.content
            if before != now:
                changed = ", ".join(sorted(k for k in now if before.get(k) != now[k]))
                raise ConfigError(
                    "Dataset {a} was begun with other settings ({b}): choose another name, or"
                    " delete {c}/.",
                    a=self.name, b=changed, c=self.path.name,
                )  # fmt: skip
        layout.BUILD.write(self.path, config.model_dump(mode="json"))

    @property
    def is_configured(self) -> bool:
        """True if its build was begun with settings that were written down."""
        return layout.BUILD.of(self.path).is_file()

    def config(self) -> BuildConfig:
        """The settings of the build. Raises DatasetNotFound if there are none."""
        try:
            return sources.parse(layout.BUILD.read(self.path))
        except FileNotFoundError as error:
            raise DatasetNotFound(
                "No build of {a} was begun: name its --source, or the --folder of scenes of"
                " your own.",
                a=repr(self.name),
            ) from error
        except ConfigError:
            raise  # it names the setting
        except (ValueError, TypeError, AttributeError) as error:
            raise CorruptDataset(
                "{a} of dataset {b} is damaged: build it from the command line again.",
                a=layout.BUILD.file, b=self.name,
            ) from error  # fmt: skip

    def legend(self) -> Legend:
        """Its classes, and the codes that they are read from. Raises CorruptDataset."""
        return legends.read(self.path, self.description().legend_hash)

    def zone_lock(self, zone_id: str) -> FileLock:
        """Held by the one process that builds the zone; its death frees it."""
        folder = self.zone_folder(zone_id)
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / layout.ZONE_LOCK, timeout=_LOCK_WAIT_S)

    def forget_zone(self, zone_id: str) -> None:
        """From now on the zone is not built."""
        layout.MANIFEST.of(self.zone_folder(zone_id)).unlink(missing_ok=True)

    def write_zone(
        self,
        zone: Zone,
        cube: Cube,
        labels: Labels,
        parcels: gpd.GeoDataFrame,
        series: pd.DataFrame,
        report: Mapping[str, Any],
        beyond: gpd.GeoDataFrame | None = None,
    ) -> None:
        """Write all files of a zone, and its manifest with checksums last.

        Cube and labels lie on the grid of the zone with its margin, `zone.around`.
        `beyond`: register_id and outlines of parcels in sight that belong to another zone.
        """
        self.forget_zone(zone.zone_id)  # until the new manifest is there, it is not built
        tables = {layout.PARCELS: parcels, layout.SERIES: series}
        if beyond is not None and len(beyond):
            tables[layout.BEYOND] = beyond
        place = self.zone_folder(zone.zone_id)
        zone_files.write(place, cube, labels, tables, report, zone.margin)

    def extend_zone(
        self, zone_id: str, cube: Cube, series: pd.DataFrame, report: Mapping[str, Any]
    ) -> None:
        """Put a cube with more periods, and its parcels' series, in the place of the zone's own."""
        before, margin = self._manifest(zone_id), self.description().zone(zone_id).margin
        zone_files.extend(self.zone_folder(zone_id), before, cube, series, report, margin)

    def is_current(self, zone_id: str, *, verify: bool = False) -> bool:
        """True if the zone is built, with all periods that the description knows."""
        until = self.description().known.end.isoformat()
        is_built = self.is_built(zone_id, verify=verify)
        return is_built and self._manifest(zone_id)["until"] == until

    def is_built(self, zone_id: str, *, verify: bool = False) -> bool:
        """True if the zone's manifest and files are there, as they were written.

        Files that were not touched since the manifest was written are read only to `verify`.
        """
        manifest = layout.MANIFEST.of(self.zone_folder(zone_id))
        return os.path.lexists(manifest) and self.fault(zone_id, verify=verify) is None

    def fault(self, zone_id: str, *, verify: bool = False) -> str | None:
        """What has befallen a zone since it was built, and the way out; None if nothing has."""
        folder = self.zone_folder(zone_id)
        try:
            manifest = self._manifest(zone_id)
            since = -1 if verify else layout.MANIFEST.of(folder).stat().st_ctime_ns
        except (DatasetNotFound, FileNotFoundError):
            return None  # it was not built
        except CorruptDataset as error:
            return str(error)
        sizes = manifest.get("sizes") or {}
        changed = atomic.changed(str(folder), manifest["files"], sizes, since)
        return catalogue.told_of_changed(changed, zone_id, self.name) if changed else None

    def look(self) -> dict[str, Known]:
        """How all zones are, in their order, by the catalogue; see there."""
        zones = (zone.zone_id for zone in self.description().zones)
        return catalogue.look(self.path, zones)

    def report(self, zone_id: str) -> dict[str, Any]:
        """What building the zone left out, and why."""
        manifest = self._manifest(zone_id)
        return dict(manifest["report"])

    def built_zones(self) -> tuple[Zone, ...]:
        """The zones that are whole."""
        known = self.look()
        return tuple(z for z in self.description().zones if known[z.zone_id].is_built)

    def check_damage(self, zone_ids: Iterable[str] | None = None) -> None:
        """Raises CorruptDataset if zones, or those named, are damaged: why what is asked of them is not there."""
        known = self.look()
        asked = [known[i] for i in (known if zone_ids is None else zone_ids) if i in known]
        if faults := [found.fault for found in asked if found.fault]:
            raise CorruptDataset(
                "{n} zones of dataset {a} are damaged, the first so: {b}",
                n=len(faults), a=self.name, b=faults[0],
            )  # fmt: skip

    def has_zones(self) -> bool:
        """True if any zone is whole."""
        return any(self.is_built(zone.zone_id) for zone in self.description().zones)

    def cube(self, zone_id: str, *, around: bool = False) -> Cube:
        """The zone's composites and what else is known of each pixel, with its margin if `around`.

        Periods of the season that are not over yet are NaN, without a clear date.
        """
        found = self.known_cube(zone_id, around=around)
        return found.over(self.description().season.periods)

    def known_cube(self, zone_id: str, *, around: bool = False) -> Cube:
        """As `cube`, of the periods that are there."""
        self._manifest(zone_id)
        return rasters.read_cube(self.zone_folder(zone_id), around=around)

    def labels(self, zone_id: str, *, around: bool = False) -> Labels:
        """What was declared, pixel by pixel; in the margin, if `around`, of the zone's own parcels."""
        self._manifest(zone_id)
        return rasters.read_labels(self.zone_folder(zone_id), around=around)

    def parcels(self, zone_id: str) -> gpd.GeoDataFrame:
        """parcel_id, zone_id, register_id, code, crop, area_ha, n_pixels, geometry (zone's UTM)."""
        self._manifest(zone_id)
        return parquet.read_outlines(self.zone_folder(zone_id) / layout.PARCELS)

    def beyond(self, zone_id: str) -> gpd.GeoDataFrame:
        """register_id and outlines of parcels in sight that belong to another zone (zone's UTM)."""
        if layout.BEYOND in self._manifest(zone_id)["files"]:
            return parquet.read_outlines(self.zone_folder(zone_id) / layout.BEYOND)
        crs = self.description().zone(zone_id).grid.crs
        return gpd.GeoDataFrame({"register_id": []}, geometry=[], crs=crs)

    def parcel_facts(self, zone_id: str, columns: Sequence[str]) -> pd.DataFrame:
        """Columns of the parcels without their geometry: many times faster to read."""
        self._manifest(zone_id)
        return parquet.read(self.zone_folder(zone_id) / layout.PARCELS, columns)

    def series(self, zone_id: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """parcel_id, period, n_pixels, clear_share, and <name>_mean, <name>_std of `values`."""
        self._manifest(zone_id)
        return parquet.read(self.zone_folder(zone_id) / layout.SERIES, columns)

    def imagery(
        self,
        zone_id: str,
        periods: Sequence[str],
        bands: Sequence[str] | None = None,
        side: int | None = None,
    ) -> Cube:
        """The cube of some periods and bands, its sides halved until they fit `side` pixels."""
        self._manifest(zone_id)
        return pictures.read(self.zone_folder(zone_id), periods, bands, side)

    def clear_dates(self, zone_id: str, *, around: bool = False) -> Bytes:
        """(T, H, W) number of clear observations."""
        self._manifest(zone_id)
        path = self.zone_folder(zone_id) / layout.CLEAR_DATES
        values, _, _ = rasters.read(path, around=around)
        return values

    def has_last_crops(self, zone_id: str) -> bool:
        """True if the zone was built with last year's register."""
        return layout.LAST_CROP in self._manifest(zone_id)["files"]

    def layer_names(self, zone_id: str) -> tuple[str, ...]:
        """Names of the zone's further layers."""
        return tuple(self._manifest(zone_id)["layers"])

    def sample(self, zone: Zone) -> Sample:
        """The zone with its cube and labels."""
        return Sample(zone, self.cube(zone.zone_id), self.labels(zone.zone_id))

    def fingerprint(self) -> str:
        """Changes whenever a file of a built zone changes."""
        known, digest = self.look(), hashlib.sha256()
        for zone in self.description().zones:
            if (found := known[zone.zone_id]).is_built:
                digest.update(f"{zone.zone_id} {zone.split} {found.said.mark}\n".encode())
        return digest.hexdigest()[:16]

    def mark(self, zone_id: str) -> str:
        """Changes whenever a file of the built zone changes."""
        return catalogue.mark_of(self._manifest(zone_id)["files"])

    def _manifest(self, zone_id: str) -> dict[str, Any]:
        return zone_files.read(self.zone_folder(zone_id), self.name)
