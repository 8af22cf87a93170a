"""A zone's cube with all else that is known of its land."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cropdash.domain import Cube, Labels, Legend, Season, Zone
from cropdash.ingest.ancillary import Ancillary
from cropdash.prepare import parcels
from cropdash.prepare.ancillary import last_crop


def surround(
    cube: Cube,
    context: Ancillary | None,
    zone: Zone,
    season: Season,
    labels: Labels,
    legend: Legend,
) -> tuple[Cube, dict[str, Any]]:
    """The cube with the layers and last crops that the context knows, and how far it knows them."""
    if context is None:
        return cube, {}
    cube, report = with_layers(cube, context, zone, season)
    register = context.parcels_before(zone)
    if register is not None:
        before = parcels.clean(register, zone, legend, (zone,)).parcels
        found = last_crop(parcels.rasterize(before, zone.grid), labels)
        cube = replace(cube, last_crop=found)
        inside = labels.parcel_id > 0
        report["last_crop_known"] = round(float((found[inside] > 0).mean()), 4)
    return cube, report


def with_layers(
    cube: Cube, context: Ancillary, zone: Zone, season: Season
) -> tuple[Cube, dict[str, Any]]:
    """The cube with the further layers alone, and how far they are known."""
    layers = context.layers(zone, season)
    if not layers:
        return cube, {}
    known = {layer.name: round(float((~np.isnan(layer.values)).mean()), 4) for layer in layers}
    return replace(cube, layers=(*cube.layers, *layers)), {"layers_known": known}
