"""How many parcels of each class a zone has.

Shares differ between the zones of a region. Rare classes have fewer parcels than zones, so they
are spread over all zones by systematic sampling: independent draws would make the class histogram's
tail a matter of luck.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from cropdash.domain import Zone
from cropdash.simulate.tables import Index, Reals, mean_ha, priors, regions, rows, stream

ZONE_SPREAD = 0.5  # log-sd of a class's share between zones of one region
FARMED = 0.9  # of the land that is not wild, without roads and margins
LEAST = 2.5  # parcels over all zones that even the rarest class has


def expected_parcels(zone: Zone, seed: int) -> Reals:
    """(K,) expected number of parcels in a zone; class 0 = crops that are not mapped."""
    names, expected = _all_zones(seed, zone.grid.pixel_area_ha * np.prod(zone.grid.shape))
    return np.asarray(expected[names.index(zone.zone_id)])


def parcels(zone: Zone, seed: int) -> Index:
    """(K,) whole numbers that sum, over all zones, to what is expected of each class."""
    names, expected = _all_zones(seed, zone.grid.pixel_area_ha * np.prod(zone.grid.shape))
    start = np.array([stream(seed, "quota", str(c)).random() for c in range(expected.shape[1])])
    upto = np.floor(np.cumsum(expected, axis=0) + start).astype(np.int64)  # (Z, K)
    before = np.concatenate([np.zeros((1, len(start)), dtype=np.int64), upto[:-1]])
    counts: Index = (upto - before)[names.index(zone.zone_id)]
    return counts


@lru_cache(maxsize=4)
def _all_zones(seed: int, hectares: float) -> tuple[list[str], Reals]:
    """Ids of all zones of zones.csv, and (Z, K) parcels expected if each has so many hectares."""
    zones, found = rows("zones.csv"), []
    for row in zones:
        counts = priors(row["region"])
        spread = stream(seed, row["id"], "shares").normal(0, ZONE_SPREAD, len(counts))
        shares = counts * np.exp(spread)
        shares /= (shares * mean_ha()).sum()  # parcels per hectare of farmland
        found.append(shares * (hectares * FARMED * (1 - regions()[row["region"]].non_field_share)))
    expected = np.stack(found)
    expected *= np.maximum(1, LEAST / np.maximum(expected.sum(axis=0), 1e-9))
    return [row["id"] for row in zones], expected
