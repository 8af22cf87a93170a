"""From a source to a dataset on disk, one idempotent task per zone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from threadpoolctl import threadpool_limits

from cropdash import execute, legend
from cropdash.domain import BANDS, Cube, Zone
from cropdash.errors import NotEnoughData
from cropdash.ingest.source import Source
from cropdash.prepare import composite, parcels, series
from cropdash.prepare.gapfill import fill_gaps
from cropdash.storage.datasets import DatasetFolder, Description

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Built:
    """What a build did."""

    built: tuple[str, ...]  # zones built now
    kept: tuple[str, ...]  # zones that were there already, unchanged
    failed: dict[str, str]  # zone -> one sentence
    stopped: bool


def describe(source: Source, name: str, title: str, settings: dict[str, Any]) -> Description:
    """The description of a dataset to be built from a source."""
    return Description(
        name,
        title,
        source.name,
        source.periods,
        BANDS,
        legend.load().hash,
        source.zones(),
        settings,
    )


def build(
    source: Source,
    folder: DatasetFolder,
    description: Description,
    *,
    workers: int = 1,
    progress: Progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> Built:
    """Build the zones that are missing or changed; zones that are whole are left as they are."""
    folder.describe(description)
    zones = description.zones
    kept = tuple(z.zone_id for z in zones if folder.is_built(z.zone_id, verify=True))
    missing = [z for z in zones if z.zone_id not in kept]
    progress("Building zones", len(kept) / len(zones))
    task = partial(build_zone, source, folder)
    built: list[str] = []
    failed: dict[str, str] = {}
    for outcome in execute.run(task, missing, workers=workers, should_stop=should_stop):
        zone_id = outcome.task.zone_id
        if outcome.error:
            failed[zone_id] = outcome.error
        else:
            built.append(zone_id)
        progress(f"Built {zone_id}", (len(kept) + len(built) + len(failed)) / len(zones))
    return Built(tuple(built), kept, failed, len(built) + len(failed) < len(missing))


def build_zone(source: Source, folder: DatasetFolder, zone: Zone) -> dict[str, Any]:
    """Read, composite, fill, label and write one zone; returns its report."""
    # Zones run side by side, so a zone keeps to one core: small matrix products spread over
    # several threads that contend for them took ten times as long.
    with threadpool_limits(1, user_api="blas"):
        return _build_zone(source, folder, zone)


def _build_zone(source: Source, folder: DatasetFolder, zone: Zone) -> dict[str, Any]:
    warnings: list[str] = []
    cleaned = parcels.clean(source.parcels(zone), zone, legend.load(), source.zones())
    if cleaned.parcels.empty:
        raise NotEnoughData(
            f"Zone {zone.zone_id} holds no parcel: check its place and the register."
        )
    gappy = composite.stream(source.scenes(zone, warnings.append), source.periods)
    cube = Cube(
        fill_gaps(gappy.reflectance).astype("float32", copy=False),
        gappy.clear_dates,
        gappy.periods,
        gappy.bands,
        gappy.grid,
    )
    labels = parcels.rasterize(cleaned.parcels, zone.grid)
    table = cleaned.parcels.assign(
        n_pixels=series.pixel_counts(labels, cleaned.parcels["parcel_id"].to_numpy())
    )
    report = cleaned.report | _coverage(gappy) | {"warnings": warnings}
    labels = parcels.mask_elsewhere(labels, cleaned.elsewhere)
    folder.write_zone(zone, cube, labels, table, series.parcel_series(cube, labels), report)
    return report


def _coverage(cube: Cube) -> dict[str, Any]:
    empty = (cube.clear_dates == 0).mean(axis=(1, 2))
    return {
        "months_without_observation": [
            p for p, e in zip(cube.periods, empty, strict=True) if e == 1
        ],
        "filled_share": round(float(empty.mean()), 4),
    }
