import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from cropdash.domain import Grid, Zone
from cropdash.domain.errors import NotEnoughData
from cropdash.prepare import splits


def parcels(n_zones, per_zone, seed):
    rng = np.random.default_rng(seed)
    zones = np.repeat([f"z{i}" for i in range(n_zones)], per_zone)
    regions = np.repeat([f"r{i % 4}" for i in range(n_zones)], per_zone)
    return pd.DataFrame(
        {"zone_id": zones, "region": regions, "crop": rng.integers(1, 9, len(zones))}
    )


@given(st.integers(2, 12), st.integers(1, 20), st.integers(2, 5), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_every_zone_is_whole_and_in_exactly_one_fold(n_zones, per_zone, n_folds, seed):
    if n_zones < n_folds:
        return
    found = splits.folds(parcels(n_zones, per_zone, seed), n_folds, seed)
    assert set(found) == {f"z{i}" for i in range(n_zones)}
    assert set(found.values()) == set(range(n_folds))


def test_regions_spread_over_the_folds():
    table = parcels(16, 30, 0)
    found = splits.folds(table, 4, 0)
    region = table.drop_duplicates("zone_id").set_index("zone_id")["region"]
    for fold in range(4):
        held = [region[z] for z, f in found.items() if f == fold]
        assert len(held) >= 2
        assert len(set(held)) >= 2


def test_the_same_seed_gives_the_same_folds():
    table = parcels(9, 20, 1)
    assert splits.folds(table, 3, 5) == splits.folds(table, 3, 5)


def test_too_few_zones_say_so():
    with pytest.raises(NotEnoughData, match="2 training zones"):
        splits.folds(parcels(2, 9, 0), 3)


def test_zones_on_the_ground_of_others_are_left_out_whatever_their_grid():
    def zone(name, left, crs="EPSG:32631"):
        return Zone(name, "north", "train", Grid(crs, left, 5_000_000, 10, (40, 60)))

    held = [zone("held", 500_000)]
    away, beside, over = zone("a", 560_000), zone("b", 500_700), zone("o", 500_500)
    to_32 = Transformer.from_crs("EPSG:32631", "EPSG:32632", always_xy=True)
    left, top = to_32.transform(500_100, 5_000_000)
    other_crs = Zone("c", "north", "train", Grid("EPSG:32632", left, top, 10, (40, 60)))
    assert splits.apart([away, beside, over, other_crs, held[0]], held) == (away, beside)
    assert splits.apart([over], []) == (over,)


@given(
    st.integers(2, 11), st.integers(1, 9), st.integers(2, 5), st.integers(2, 4), st.integers(0, 9)
)
@settings(deadline=None, max_examples=30)
def test_nested_folds_keep_learning_stopping_and_scoring_apart(n_zones, per_zone, n, inner, seed):
    if n_zones < n:
        return
    table = parcels(n_zones, per_zone, seed)
    found = splits.nested(table, n, inner_folds=inner, inner=seed, seed=seed)
    everything = {f"z{i}" for i in range(n_zones)}
    assert sorted(zone for fold in found for zone in fold.scored) == sorted(everything)
    for train, validation, scored in found:
        assert train
        assert train | validation | scored == everything
        assert len(train) + len(validation) + len(scored) == n_zones
        assert bool(validation) == (n_zones - len(scored) > 1)
