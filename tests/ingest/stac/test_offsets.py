import datetime as dt

import numpy as np
import pytest

from cropdash.domain.errors import InvalidScene
from cropdash.ingest.stac.load import to_reflectance
from cropdash.ingest.stac.offsets import baseline_of, offset_of

EARLY, LATE = dt.date(2019, 6, 1), dt.date(2023, 6, 1)
MINUS = {"raster:bands": [{"scale": 0.0001, "offset": -0.1}]}
ZERO = {"raster:bands": [{"scale": 0.0001, "offset": 0}]}


@pytest.mark.parametrize(
    ("properties", "name", "expected"),
    [
        ({"s2:processing_baseline": "02.14"}, "", (2, 14)),
        ({"s2:processing_baseline": "04.00"}, "", (4, 0)),
        ({"processing:version": "05.10"}, "", (5, 10)),
        ({"processing:version": "N0511"}, "", (5, 11)),
        ({"s2:processing_baseline": 4.0}, "", (4, 0)),
        ({}, "S2B_MSIL2A_20210503T104619_N0300_R051_T31UDQ_20210503T134557", (3, 0)),
        ({"s2:product_uri": "S2A_MSIL2A_20230503T105031_N0509_R051_T31UDQ.SAFE"}, "", (5, 9)),
        ({"processing:version": "latest"}, "S2A_31UDQ_20230503_0_L2A", None),
        ({}, "", None),
    ],
)
def test_baseline_is_read_from_what_providers_write(properties, name, expected):
    assert baseline_of(properties, name) == expected


@pytest.mark.parametrize(
    ("baseline", "asset", "applied", "date", "expected"),
    [
        ("02.14", {}, None, EARLY, 0),
        ("03.01", {}, None, dt.date(2022, 1, 24), 0),
        ("04.00", {}, None, dt.date(2022, 1, 25), -1000),
        ("05.00", {}, None, EARLY, -1000),  # processed again: the baseline decides, not the date
        ("05.10", MINUS, None, LATE, -1000),
        ("05.10", ZERO, None, LATE, 0),  # the provider says that nothing is left to add
        ("05.10", MINUS, True, LATE, 0),  # added already, though the band's metadata stayed
        ("05.10", MINUS, False, LATE, -1000),
        ("02.14", MINUS, None, EARLY, 0),  # no product of then has an offset
        (None, {}, None, LATE, -1000),
        (None, MINUS, None, EARLY, -1000),
        (None, {"bands": [{"offset": -1000}]}, None, EARLY, -1000),
        (None, {"raster:offset": -0.1, "raster:scale": 0.0001}, None, LATE, -1000),
    ],
)
def test_offset_of_every_kind_of_provider(baseline, asset, applied, date, expected):
    properties = {} if baseline is None else {"s2:processing_baseline": baseline}
    if applied is not None:
        properties["earthsearch:boa_offset_applied"] = applied
    assert offset_of(properties, asset, "an item", date).number == expected


def test_an_unknown_offset_is_not_guessed():
    with pytest.raises(InvalidScene, match=r"an item.*baseline"):
        offset_of({}, {}, "an item", EARLY)


def test_numbers_below_the_offset_become_zero_and_none_wraps_around():
    numbers = np.array([1, 999, 1000, 1001, 65535], dtype=np.uint16).reshape(1, 1, 5)
    np.testing.assert_allclose(
        to_reflectance(numbers, (-1000,)).ravel(), [0, 0, 0, 0.0001, 6.4535], rtol=1e-6
    )
    np.testing.assert_allclose(to_reflectance(numbers, (0,)).ravel()[-1], 6.5535, rtol=1e-6)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        # https://earth-search.aws.element84.com/v0 and Digital Earth Africa's s2_l2a
        ({"sentinel:processing_baseline": "05.09", "sentinel:boa_offset_applied": True}, 0),
        ({"sentinel:processing_baseline": "05.09", "sentinel:boa_offset_applied": False}, -1000),
        ({"sentinel:processing_baseline": "02.14"}, 0),
    ],
)
def test_the_words_of_earlier_catalogues_are_known(said, expected):
    assert offset_of(said, MINUS, "an item", LATE).number == expected


@pytest.mark.parametrize(
    "said",
    [
        {"x:boa_offset_applied": True}, {"sentinel:boa_offset_applied": "yes"},
        {"s2:BOA_ADD_OFFSET_applied": 1}, {"eopf:radiometric_offset": -1000},
    ],
)  # fmt: skip
def test_a_word_on_offsets_that_is_not_known_is_named_and_not_guessed(said):
    (name,) = said
    with pytest.raises(InvalidScene, match=f"an item says {name}"):
        offset_of({"s2:processing_baseline": "05.09", **said}, {}, "an item", LATE)
