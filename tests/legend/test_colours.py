"""Generated colours: apart for every eye, the same each time, relatives related."""

from __future__ import annotations

import numpy as np
import pytest

from cropdash import legend
from cropdash.legend import colours
from tests import worlds


def kin(n: int, per_group: int = 4, per_family: int = 12) -> list[tuple[str, str]]:
    return [(f"f{i // per_family}", f"g{i // per_group}") for i in range(n)]


def lab(colour: str) -> np.ndarray:
    """CIELAB (D65, 2 degrees) of one colour, from the definition, in plain Python."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    x = (0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047
    y = 0.2126729 * r + 0.7151522 * g + 0.0721750 * b
    z = (0.0193339 * r + 0.1191920 * g + 0.9503041 * b) / 1.08883
    f = [t ** (1 / 3) if t > 216 / 24389 else (24389 / 27 * t + 16) / 116 for t in (x, y, z)]
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    ("colour", "expected"),  # published values: Lindbloom's calculator
    [
        ("#ffffff", (100, 0, 0)),
        ("#ff0000", (53.24, 80.09, 67.20)),
        ("#0000ff", (32.30, 79.19, -107.86)),
    ],
)
def test_the_reference_is_cielab(colour, expected):
    np.testing.assert_allclose(lab(colour), expected, atol=0.05)


@pytest.mark.parametrize(
    ("n", "common", "deutan"), [(1, 40, 40), (12, 20, 20), (49, 8, 7), (100, 5, 4.5), (254, 4, 3)]
)
def test_no_two_colours_are_close(n, common, deutan):
    made = colours.completed([""] * n, kin(n))
    points = np.array([lab(c) for c in [*made, "#ffffff"]])
    apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
    assert apart[np.triu_indices(n + 1, 1)].min() > common
    assert colours.distances([*made, "#ffffff"])[1] > deutan
    if n > 1:
        assert colours.distances(made)[0] == pytest.approx(
            apart[:n, :n][np.triu_indices(n, 1)].min(), abs=1e-3
        )


def test_forty_nine_made_ones_are_as_far_apart_as_those_that_were_chosen():
    french = legend.load().classes
    made = colours.completed(["#e4e4e4"] + [""] * 49, [(c.family, c.group) for c in french])
    common, deutan = colours.distances(made)
    assert common > 10
    assert deutan > 8


def test_pairs_are_as_far_apart_as_the_least_of_each_sight_says():
    some = ["#c05a5a", "#7d8a4a", "#102030", "#e0e0ff"]
    common, deutan = colours.distances(some)
    assert colours.apart(some, "common").min() == pytest.approx(common)
    assert colours.apart(some, "deutan").min() == pytest.approx(deutan)
    assert len(colours.apart(some, "protan")) == 6


def test_red_and_green_of_one_lightness_are_close_for_deutan_sight():
    common, deutan = colours.distances(["#c05a5a", "#7d8a4a"])
    assert deutan < common / 2


def test_the_same_legend_has_the_same_colours_and_given_ones_stay():
    given = ["", "#ffcc00", *[""] * 10]
    first = colours.completed(given, kin(12))
    assert first == colours.completed(given, kin(12))
    assert first[1] == "#ffcc00"
    assert colours.distances(first)[0] > 20
    assert colours.completed(["#000000"], [("f", "g")]) == ["#000000"]


def test_relatives_have_related_hues():
    """Hues of a group lie closer together than those of the whole legend."""
    table = worlds.legend(48)
    hue = {}
    for item in table.classes[1:]:
        _, a, b = lab(item.colour)
        hue.setdefault(item.group, []).append(np.exp(1j * np.arctan2(b, a)))
    inside = np.mean([1 - abs(np.mean(h)) for h in hue.values()])
    whole = 1 - abs(np.mean(np.concatenate([*hue.values()])))
    assert inside < whole / 3
