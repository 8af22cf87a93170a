"""One zone of a dataset: read, put together, filled, labelled, written; and what came since added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from cropdash.domain import Cube, Season, Zone, sentinel2, trimmed
from cropdash.domain.errors import CropdashError, NoScene
from cropdash.domain.message import Message
from cropdash.domain.source import Source
from cropdash.ingest.ancillary import Ancillary
from cropdash.prepare import parcels, plausible, series
from cropdash.prepare.gapfill import fill_gaps
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.periods import PeriodFolder
from cropdash.storage.zone_states import Teller
from cropdash.workflow import ancillary, declared, images


def make(
    source: Source,
    folder: DatasetFolder,
    zone: Zone,
    tell: Teller,
    context: Ancillary | None,
    near: Sequence[Zone],
) -> dict[str, Any]:
    """Build the zone as far as the dataset's season is known, and return its report.

    Where it is whole as of an earlier day, the periods that are over since are added: nothing that
    was observed before is read again, and parcels and labels stay as they are.
    """
    described, kept = folder.description(), PeriodFolder(folder.path)
    # Zones run side by side, so a zone keeps to one core: small matrix products spread over
    # several threads that contend for them took ten times as long.
    with threadpool_limits(1, user_api="blas"):
        if folder.is_built(zone.zone_id, verify=True):
            report = _extend(source, folder, zone, described.known, kept, tell, context)
        else:
            folder.forget_zone(zone.zone_id)
            report = _build(source, folder, zone, described.known, kept, tell, context, near)
    kept.clear(zone.zone_id)
    return report


def _build(
    source: Source,
    folder: DatasetFolder,
    zone: Zone,
    days: Season,
    kept: PeriodFolder,
    tell: Teller,
    context: Ancillary | None,
    near: Sequence[Zone],
) -> dict[str, Any]:
    warnings: list[str] = []
    tell.step("reading")
    cleaned, origin = declared.parcels_of(source, zone, near, folder.legend(), warnings.append)
    wide = zone.around
    tell.step("composite")
    try:
        if days == source.season:
            gappy, seen = images.composites(source, wide, warnings.append, folder, kept)
        else:
            gappy, seen = images.of_part(source, wide, days, warnings.append, folder, kept)
        if not trimmed(gappy.clear_dates, zone.margin).any():
            raise NoScene(
                "No pixel of the zone is seen clear on any day: check that the images cover it."
            )
        plausible.check(gappy)
    except CropdashError as fault:
        if not warnings:
            raise
        raise type(fault)(
            Message(
                "{a} ({b} warnings came before, the first: {c}).",
                a=fault,
                b=len(warnings),
                c=warnings[0],
            )
        ) from fault
    tell.step("fill")
    cube = _filled(gappy)
    tell.step("parcels")
    labels = parcels.rasterize(cleaned.parcels, wide.grid)
    table = cleaned.parcels.assign(
        n_pixels=series.pixel_counts(labels, cleaned.parcels["parcel_id"].to_numpy())
    )
    report = cleaned.report | origin | seen | _coverage(gappy)
    labels = parcels.mask_margin(parcels.mask_unknown(labels, cleaned), zone.margin)
    cube, known = ancillary.surround(cube, context, wide, days, labels, folder.legend())
    means = series.parcel_series(cube, labels)
    tell.step("writing")
    report |= known | {"warnings": warnings}
    folder.write_zone(zone, cube, labels, table, means, report, cleaned.elsewhere)
    return report


def _extend(
    source: Source,
    folder: DatasetFolder,
    zone: Zone,
    days: Season,
    kept: PeriodFolder,
    tell: Teller,
    context: Ancillary | None,
) -> dict[str, Any]:
    before, warnings = folder.known_cube(zone.zone_id, around=True), list[str]()
    wide = zone.around
    n = len(before.periods)
    if n == len(days.periods):  # another program had put other files in its place for a moment
        return folder.report(zone.zone_id)
    new = replace(days, start=days.periods[n].start)
    tell.step("composite")
    gappy, seen = images.of_part(source, wide, new, warnings.append, folder, kept)
    plausible.check(gappy)
    tell.step("fill")
    observed = np.where(before.clear_dates[:, None] > 0, before.reflectance, np.float32(np.nan))
    gappy = Cube(
        np.concatenate([observed, gappy.reflectance]),
        np.concatenate([before.clear_dates, gappy.clear_dates]),
        days.periods, before.bands, wide.grid,
    )  # fmt: skip
    cube, report = _filled(gappy), folder.report(zone.zone_id)
    if context is not None:
        cube, known = ancillary.with_layers(cube, context, wide, days)
        report |= known
    cube = replace(cube, last_crop=before.last_crop)
    means = series.parcel_series(cube, folder.labels(zone.zone_id, around=True))
    tell.step("writing")
    report |= seen | _coverage(gappy)
    report["warnings"] = list(dict.fromkeys([*report["warnings"], *warnings]))
    folder.extend_zone(zone.zone_id, cube, means, report)
    return report


def _filled(gappy: Cube) -> Cube:
    """The cube without gaps; filled from what is kept on disk, so that it can be filled again."""
    filled = fill_gaps(sentinel2.rounded(gappy.reflectance)).astype("float32", copy=False)
    return replace(gappy, reflectance=filled)


def _coverage(cube: Cube) -> dict[str, Any]:
    empty = (cube.clear_dates == 0).mean(axis=(1, 2))
    return {
        "periods_without_observation": [
            p.id for p, e in zip(cube.periods, empty, strict=True) if e == 1
        ],
        "filled_share": round(float(empty.mean()), 4),
    }
