"""Last year's crop of each parcel: the one on most of its pixels."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cropdash.domain import IGNORE, Labels
from cropdash.domain.errors import InvalidRaster
from cropdash.prepare.ancillary import last_crop
from tests import worlds


def labels(seed: int, shape: tuple[int, int], crops=(0, 3, 7, 48, IGNORE)) -> Labels:
    rng = np.random.default_rng(seed)
    crop = rng.choice(crops, shape).astype(np.uint8)
    return Labels(crop, rng.integers(0, 6, shape).astype(np.int32), worlds.grid(shape))


@given(st.integers(0, 10_000), st.integers(1, 9), st.integers(1, 13))
def test_it_is_the_crop_on_most_pixels_of_the_parcel(seed, height, width):
    before, now = labels(seed, (height, width)), labels(seed + 1, (height, width))
    found = last_crop(before, now)
    for parcel in np.unique(now.parcel_id):
        inside = now.parcel_id == parcel
        then = [0 if c == IGNORE else int(c) for c in before.crop[inside]]
        if parcel == 0:
            assert found[inside].tolist() == then
        else:
            counts = Counter(then)
            most = min(c for c, n in counts.items() if n == max(counts.values()))
            assert set(found[inside].tolist()) == {most}


def test_nothing_of_this_years_crops_is_used():
    before, now = labels(1, (11, 7)), labels(2, (11, 7))
    other = replace(now, crop=np.random.default_rng(3).permuted(now.crop))
    np.testing.assert_array_equal(last_crop(before, now), last_crop(before, other))


def test_registers_on_other_grids_are_refused():
    with pytest.raises(InvalidRaster, match="grid"):
        last_crop(labels(1, (5, 7)), labels(1, (7, 5)))
