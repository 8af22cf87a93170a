"""What the fields of a zone share in a year: spring, drought, and the habits of the place.

The nation's year, the region's and the place's own add up. Years differ for all zones at once, so
that another year is another world to a model, and places differ in every year. The spreads are
assumptions: springs of one place differ by some eight days (Menzel et al. 2006,
doi:10.1111/j.1365-2486.2006.01193.x), farmers' dates by weeks; those of the nation are wide enough
that a year which was not learned costs a model about what real ones do (`bench.landscape --years`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cropdash.domain import Zone
from cropdash.simulate.tables import Reals, Region, calendar, regions, stream, yearly

# Standard deviations between years of the nation, years of a region, and places.
SPRING_D, SOWING_D, RIPENING_D = (11.0, 3.0, 3.0), (10.0, 4.0, 9.0), (9.0, 4.0, 10.0)
DROUGHT, MOISTURE = (0.24, 0.10, 0.10), (0.07, 0.03, 0.05)
HABITS = (0.5, 0.3, 1.5)  # of shares of fields, in logits
# Of each crop, beside the others: a year that delays one may hasten another, or feed it better.
CROP_D, CROP_VIGOUR = (10.0, 4.0, 2.0), (0.22, 0.08, 0.05)  # [days]; log-sd of leaf area
DROUGHT_USUAL = 0.32  # beyond the region's
WINTER_COVER = 0.5  # share of fields before a summer crop that stay green in winter
CLOUDS = (0.55, 0.2, 0.1)  # of a month's chance of a clear date, in logits
SOIL = 0.16  # log-sd of the brightness of dry soil between places
FROST = 0.4  # share of the leaves of grass that the hardest winters turn brown


@dataclass(frozen=True, eq=False)
class Conditions:
    """What a zone's fields share in a year; as it stands, the usual year of a usual place."""

    region: Region
    spring_d: float = 0.0  # [days] by which spring is late, for what stands in winter
    sowing_d: float = 0.0  # [days] by which summer crops are sown late
    ripening_d: float = 0.0  # [days] by which summer crops stay green longer than sowing tells
    drought: float = DROUGHT_USUAL  # of the summer, 0 none to 1
    catch_crop: float = 0.4  # share of stubble under catch crops
    winter_cover: float = WINTER_COVER
    frost: float = 0.15  # share of the leaves of grass that are brown in winter
    sward: float = 0.5  # how green the ground is kept between trees and vines
    moisture: float = 0.0  # of the soil, beyond the usual
    soil: float = 1.0  # brightness of dry soil
    clouds: tuple[float, ...] = (0.0,) * 12  # by month: a clear date's chance, in logits
    crops: Reals = field(default_factory=lambda: np.zeros((2, len(calendar().class_id))))
    # (2, V) by row of the calendar: [days] late, and logarithm of leaf area


def of(zone: Zone, seed: int, year: int) -> Conditions:
    """The conditions of a zone in a calendar year."""
    region = regions()[zone.region]
    streams = (
        yearly(seed, "", "conditions", year),
        yearly(seed, zone.region, "conditions", year),
        stream(seed, zone.zone_id, "conditions"),
    )

    def each(spreads: tuple[float, float, float], count: int) -> Reals:
        parts = zip(streams, spreads, strict=True)
        return np.asarray(sum(rng.normal(0, spread, count) for rng, spread in parts))

    def drawn(spreads: tuple[float, float, float]) -> float:
        return float(each(spreads, 1)[0])

    def share(usual: float) -> float:
        return float(1 / (1 + np.exp(-np.log(usual / (1 - usual)) - drawn(HABITS))))

    spring, sowing, ripening = drawn(SPRING_D), drawn(SOWING_D), drawn(RIPENING_D)
    place = streams[2]
    return Conditions(
        region, spring, sowing, ripening,
        drought=float(np.clip(region.summer_drought + DROUGHT_USUAL + drawn(DROUGHT), 0, 1)),
        catch_crop=share(region.catch_crop_share),
        winter_cover=share(WINTER_COVER),
        frost=FROST * place.uniform() ** 3,
        sward=share(0.4),
        moisture=drawn(MOISTURE),
        soil=region.soil_brightness * float(np.exp(place.normal(0, SOIL))),
        clouds=tuple(each(CLOUDS, 12)),
        crops=np.stack([each(of, len(calendar().class_id)) for of in (CROP_D, CROP_VIGOUR)]),
    )  # fmt: skip
