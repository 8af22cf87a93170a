"""A place in the notations in which people have it, and what is none or may be two."""

import pytest

from cropdash.domain import coordinates
from cropdash.domain.errors import ConfigError

BEAUCE = (
    "48.45, 1.49", "48.45,1.49", "48.45 1.49", "48,45 1,49", "48,45;1,49", "48,45; 1,49", "48,45, 1,49",
    "48.45/1.49", "48.45\t1.49", "48.45N 1.49E", "N48.45 E1.49", "N 48.45, E 1.49", "48.45° N, 1.49° E",
    "1.49E 48.45N", "E1.49 N48.45", "48.45N1.49E", "48,45 N 1,49 E", "48.45 Nord 1.49 Est", "48.45°1.49°",
    "48°27'N 1°29'24\"E", "48°27′0″N 1°29′24″E", "48° 27' 0\" N, 1° 29' 24\" E", "48º27’N 1º29,4’E",
    "48°27'00''N 1°29'24''E", "48°27'N1°29.4'E", "48°27' 1°29.4'", "48 deg 27' N, 1 deg 29.4' E",
    "N 48 27 00 E 1 29 24", "48 27 00 N 1 29 24 E", "48 27 N 1 29.4 E", "48d27'N 1d29.4'E",
    "(48.45, 1.49)", "lat=48.45 lon=1.49", "lon: 1.49, lat: 48.45", '{"lat": 48.45, "lng": 1.49}',
    "POINT(1.49 48.45)", "point z (1.49 48.45 120)", "geo:48.45,1.49?z=12",
    "https://www.google.com/maps/@48.45,1.49,12z", "https://www.openstreetmap.org/#map=12/48.45/1.49",
)  # fmt: skip
WEST = ("48.45,-1.49", "48.45 -1.49", "48.45, −1.49", "48.45N 1.49W", "48,45 -1,49", "1.49 ouest 48.45 nord",
        "48°27'N 1°29'24\"W")  # fmt: skip
SEVERAL_OR_NONE = (
    "", "here", "48", "48.45", "1,2,3", "48,45,1,49", "48, 45, 1, 49", "48 27 1 29", "48 27,5 1 29", "nan,1",
    "inf,1", "1e1,2", "0x10,1", "1_0,2", "48.45.1, 1.49", "48.45,1.49,", "48.45N 1.49N", "48.45 N 1.49",
    "-48.45S 1.49E", "48°75'N 1°29'E", "48.5°30'N 1°E", "48.45E 1.49N 3", "lat 48.45", "x" * 10_000,
)  # fmt: skip


@pytest.mark.parametrize("text", BEAUCE)
def test_a_place_is_found_in_every_notation(text):
    assert coordinates.place(text) == pytest.approx((48.45, 1.49), abs=1e-9)


@pytest.mark.parametrize("text", WEST)
def test_west_is_negative(text):
    assert coordinates.place(text) == pytest.approx((48.45, -1.49), abs=1e-9)


def test_south_is_negative_and_whole_degrees_are_no_decimals():
    assert coordinates.place("33°54'S 151°12'E") == pytest.approx((-33.9, 151.2))
    assert coordinates.place("-0°30' 1°") == (-0.5, 1.0)
    assert coordinates.place("48,1") == coordinates.place("48, 1") == (48, 1)


@pytest.mark.parametrize("text", SEVERAL_OR_NONE)
def test_what_is_no_place_or_may_be_two_is_one_sentence(text):
    with pytest.raises(ConfigError, match="is no place, or may be several") as told:
        coordinates.place(text)
    assert len(str(told.value)) < 220


@pytest.mark.parametrize("text", ["151.2,-33.9", "91,0", "0,181", "592000 6817000", "geo:48..5,1"])
def test_out_of_range_says_which_comes_first(text):
    with pytest.raises(ConfigError, match="latitude comes first"):
        coordinates.place(text)


def test_a_letter_of_two_languages_is_not_guessed():
    with pytest.raises(ConfigError, match="west in French and east in German"):
        coordinates.place("48.45 N 1.49 O")
