"""Neighbours by the index are those that a look at each pair finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cropdash.domain import Zone
from cropdash.ingest.zones import squares
from cropdash.prepare import neighbours, splits

PLACES = st.lists(st.tuples(st.floats(179.7, 180.3), st.floats(-0.2, 0.2)), min_size=1, max_size=12)


@settings(max_examples=25, deadline=None)
@given(PLACES, PLACES)
def test_all_that_share_ground_are_found(ours, theirs):
    def placed(name, places):
        grids = [
            squares.square_around(lon - 360 if lon > 180 else lon, lat, 800) for lon, lat in places
        ]
        return [Zone(f"{name}{i}", "r", "train", grid) for i, grid in enumerate(grids)]

    mine, others = placed("a", ours), placed("b", theirs)
    near = neighbours.of(mine)
    for zone in mine:
        found = near[zone.zone_id]
        assert zone in found
        assert list(found) == [z for z in mine if z in found]  # in order
        assert {z for z in mine if squares.overlap(zone.grid, z.grid)} <= set(found)
    apart = splits.apart(mine, others)
    assert not any(squares.overlap(z.grid, o.grid) for z in apart for o in others)


def test_what_is_far_away_is_none():
    grids = [squares.square_around(lon, 48.0, 100) for lon in (-1.0, 1.0, 100.0)]
    zones = [Zone(f"z{i}", "r", "map", grid) for i, grid in enumerate(grids)]
    assert {k: [z.zone_id for z in v] for k, v in neighbours.of(zones).items()} == {
        "z0": ["z0"], "z1": ["z1"], "z2": ["z2"],
    }  # fmt: skip
    assert splits.apart(zones[:1], zones[1:]) == (zones[0],)
    assert splits.apart(zones, ()) == tuple(zones)
