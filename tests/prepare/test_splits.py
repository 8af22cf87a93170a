import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer
from shapely import box

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


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("seed", range(4))
def test_each_crop_of_each_region_is_in_each_fold(seed):
    """Zones of one crop: neither regions alone nor crops alone would deal them out evenly."""
    n_folds, kinds = 3, [(region, crop) for region in ("east", "north") for crop in (8, 30)]
    rows = [
        {"zone_id": f"{region}{crop}{i}", "region": region, "crop": crop}
        for region, crop in kinds
        for i in range(n_folds)
        for _ in range(12)
    ]
    rows.append(rows[0] | {"crop": 40})  # one parcel of a rare crop, which no warning is told of
    table = pd.DataFrame(rows).sample(frac=1, random_state=seed)
    found = splits.folds(table, n_folds, seed)
    for region, crop in kinds:
        assert {found[f"{region}{crop}{i}"] for i in range(n_folds)} == set(range(n_folds))


def test_few_parcels_are_dealt_region_by_region():
    """Too few of any stratum to be in each fold: each region's zones still go to different ones."""
    rows = [
        (f"{region}{i}", region, 1 + 3 * j + i)
        for j, region in enumerate("abcd")
        for i in (0, 1, 2)
    ]
    table = pd.DataFrame(rows, columns=["zone_id", "region", "crop"])
    dealt = set()
    for seed in range(5):
        found = splits.folds(table, 3, seed)
        assert sorted(found.values()) == [0] * 4 + [1] * 4 + [2] * 4
        for region in "abcd":
            assert {found[f"{region}{i}"] for i in (0, 1, 2)} == {0, 1, 2}
        dealt.add(tuple(found[zone] for zone in table["zone_id"]))
        assert splits.folds(table, 3, seed) == found
    assert len(dealt) > 1  # the seed counts


def test_one_fold_holds_every_zone():
    assert splits.folds(parcels(3, 4, 0), 1) == {"z0": 0, "z1": 0, "z2": 0}


def test_other_seeds_give_other_folds():
    table = parcels(9, 20, 1)
    assert len({tuple(splits.folds(table, 3, seed).items()) for seed in range(6)}) > 1


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


OFF = st.integers(-70, 70).map(lambda n: 10 * n)  # [m] both ways past a zone's width and height


@given(OFF, OFF, st.integers(20, 50), st.integers(20, 50))
@settings(deadline=None, max_examples=150)
def test_zones_are_apart_where_their_rectangles_are(east, north, height, width):
    """Zones to the north, east, south and west, and over a corner only; sides of unequal length."""
    held = Zone("held", "north", "test", Grid("EPSG:32631", 500_000, 5_000_000, 10, (40, 25)))
    at = Grid("EPSG:32631", 500_000 + east, 5_000_000 + north, 10, (height, width))
    zone = Zone("z", "north", "train", at)
    one, other = box(*held.grid.bounds), box(*at.bounds)
    found = splits.apart([zone], [held])
    if one.intersection(other).area > 0:
        assert found == ()
    elif one.distance(other) >= 10:  # on one edge degrees may round either way
        assert found == (zone,)


@pytest.mark.parametrize(("east", "north"), [(0, 410), (0, -410), (260, 0), (-260, 0)])
def test_a_zone_on_each_side_is_apart_until_it_reaches_over_the_edge(east, north):
    def zone(name, left, top):
        return Zone(name, "north", "train", Grid("EPSG:32631", left, top, 10, (40, 25)))

    held = zone("held", 500_000, 5_000_000)
    beside = zone("beside", 500_000 + east, 5_000_000 + north)
    over = zone("over", 500_000 + 0.9 * east, 5_000_000 + 0.9 * north)
    assert splits.apart([beside, over], [held]) == (beside,)


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


@pytest.mark.parametrize("seed", range(3))
def test_the_inner_number_chooses_which_zones_stop_the_training(seed):
    """Over all inner numbers each zone that isn't scored is the validation exactly once."""
    table = parcels(11, 6, seed)
    by_inner = [
        splits.nested(table, 3, inner_folds=4, inner=inner, seed=seed) for inner in range(4)
    ]
    assert splits.nested(table, 3, inner_folds=4, seed=seed) == by_inner[0]
    assert splits.nested(table, 3, inner_folds=4, inner=5, seed=seed) == by_inner[1]
    for folds in zip(*by_inner, strict=True):
        assert len({fold.scored for fold in folds}) == 1
        learned = {f"z{i}" for i in range(11)} - folds[0].scored
        assert sorted(zone for fold in folds for zone in fold.validation) == sorted(learned)
        assert all(fold.validation for fold in folds)
    outer = splits.folds(table, 3, seed)
    for number, fold in enumerate(by_inner[0]):
        assert fold.scored == {zone for zone, of in outer.items() if of == number}
        left = splits.folds(table[~table["zone_id"].isin(fold.scored)], 4, seed)
        assert fold.validation == {zone for zone, of in left.items() if of == 0}


def test_a_zone_that_is_left_alone_is_learned_from():
    found = splits.nested(parcels(2, 5, 0), 2, inner_folds=3)
    for fold in found:
        assert (len(fold.train), len(fold.validation), len(fold.scored)) == (1, 0, 1)
    three = splits.nested(parcels(3, 5, 0), 3, inner_folds=5)
    assert [(len(f.train), len(f.validation), len(f.scored)) for f in three] == [(1, 1, 1)] * 3


def test_zones_on_both_sides_of_the_antimeridian_are_known_to_overlap():
    """The same ground in two UTM zones, whose longitudes are 180 and -180."""
    west = Zone("west", "r", "train", Grid("EPSG:32660", 828_000.0, 1_106_000.0, 10.0, (300, 300)))
    east = Zone("east", "r", "test", Grid("EPSG:32601", 171_000.0, 1_106_000.0, 10.0, (300, 300)))
    far = Zone("far", "r", "test", Grid("EPSG:32601", 300_000.0, 1_106_000.0, 10.0, (300, 300)))
    assert splits.apart([west], [east]) == ()
    assert splits.apart([west], [far]) == (west,)
    assert splits.apart([east], [west]) == ()
