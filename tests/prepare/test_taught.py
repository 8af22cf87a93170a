"""Labels as people corrected them, beside a loop over the pixels."""

import numpy as np
import pytest

from cropdash.prepare.taught import corrected
from tests import worlds


@pytest.mark.parametrize("classes", [{}, {1: 9}, {2: 255, 4: 3}, {77: 5}])
def test_each_pixel_of_a_parcel_bears_what_was_said_and_no_other(classes):
    labels = worlds.labels(seed=3)
    found = corrected(labels, classes)
    for place in np.ndindex(labels.crop.shape):
        parcel = int(labels.parcel_id[place])
        assert found.crop[place] == classes.get(parcel, labels.crop[place])
    assert found.crop.dtype == np.uint8
    assert found.parcel_id is labels.parcel_id
