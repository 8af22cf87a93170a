"""Longitudes against unit vectors and steps along the circle."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain import longitude

ANY = st.floats(-720, 720)
AT = st.floats(-180, 180)


@given(ANY)
def test_a_wrapped_longitude_is_the_same_meridian(lon):
    found = longitude.wrapped(lon)
    assert -180 <= found < 180
    assert math.cos(math.radians(found - lon)) == pytest.approx(1)


@given(AT, st.lists(st.floats(0, 80), min_size=1, max_size=6))
def test_the_middle_of_a_place_lies_half_way_between_its_ends(start, steps):
    lons = np.array([longitude.wrapped(start + step) for step in steps])
    expected = start + (min(steps) + max(steps)) / 2
    assert math.cos(math.radians(longitude.middle(lons) - expected)) == pytest.approx(1)
    line = longitude.unwrapped(lons)
    assert np.ptp(line) == pytest.approx(max(steps) - min(steps), abs=1e-6)


@given(AT, st.floats(0.5, 80), AT, st.floats(0.5, 80))
def test_two_ways_overlap_where_a_meridian_lies_in_both(west, wide, other, broad):
    one = (longitude.wrapped(west), longitude.wrapped(west + wide))
    two = (longitude.wrapped(other), longitude.wrapped(other + broad))
    steps = np.linspace(0.001, 0.999, 400)
    inside = (west + wide * steps - other) % 360
    within = ((inside > 0.2) & (inside < broad - 0.2)).any()
    apart = ((inside > broad + 0.2) & (inside < 359.8)).all()
    if within:
        assert longitude.overlap(one, two)
        assert longitude.overlap(two, one)
    elif apart and wide > 1:
        assert not longitude.overlap(one, two)


@pytest.mark.parametrize(
    ("lon", "lat", "epsg"),
    [(3, 50, 32631), (-180, 10, 32601), (180, 10, 32601), (179.9, -10, 32760), (-0.1, -1, 32730)],
)
def test_utm_zones(lon, lat, epsg):
    assert longitude.utm_epsg(lon, lat) == epsg


def test_the_antimeridian_is_crossed_on_the_way_east_alone():
    assert longitude.crosses(179, -179)
    assert not longitude.crosses(-179, 179)
    assert longitude.width(179, -179) == 2
