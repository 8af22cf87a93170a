"""How a simulated dataset compares with real figures: measures, and checks with their bands.

Pure: tables in, tables and checks out. The real figures, and where they come from, are in
cropdash/resources/realism. What is measured of a dataset (`simulated`, by name):

classes      class_id, pixels, parcels, hectares (of its parcels)
parcels      region, area_ha, weight: the share of the parcel inside its zone
zones        region, declared_share
borders      size, pixels, border; see `border_counts`
bands, ndvi  crop, scope ("all" or "north"), month, [band,] p10, p50, p90
clear_dates  region, zone, month, clear (mean of pixels), gap (share of pixels without any); no row
             where the dataset's periods don't make up months

Bands and months are those of the dataset: checks that need others are left out, see `left_out`.
"""

from __future__ import annotations

from cropdash.simulate.realism import classes, parcels, radiometry, weather
from cropdash.simulate.realism.check import Check, Tables
from cropdash.simulate.realism.measures import (
    QUANTILES,
    band_quantiles,
    border_counts,
    border_share,
    ndvi_quantiles,
    weighted_mean,
    weighted_quantiles,
)
from cropdash.simulate.realism.phenology import compare as compare_phenology
from cropdash.simulate.realism.side_by_side import tables
from cropdash.simulate.realism.weather import NORTH

__all__ = (
    "NORTH",
    "QUANTILES",
    "Check",
    "Tables",
    "band_quantiles",
    "border_counts",
    "border_share",
    "checks",
    "compare_phenology",
    "left_out",
    "ndvi_quantiles",
    "tables",
    "weighted_mean",
    "weighted_quantiles",
)


def checks(simulated: Tables, real: Tables) -> list[Check]:
    """Every check of the report, in the order of reading."""
    return [
        found
        for part in (classes, parcels, radiometry, weather)
        for found in part.checks(simulated, real)
    ]


def left_out(simulated: Tables, real: Tables) -> list[str]:
    """What can't be compared for want of bands or months, in sentences."""
    return [
        sentence for part in (radiometry, weather) for sentence in part.left_out(simulated, real)
    ]
