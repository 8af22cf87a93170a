"""Colours that can be told apart and read."""

from __future__ import annotations

import pytest

from cropdash import legend as legends
from cropdash.figures import palette, shares
from cropdash.legend import colours


def luminance(colour):
    """Relative luminance, WCAG 2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one, two):
    high, low = sorted((luminance(one), luminance(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("dark", "page"), [(False, "#ffffff"), (True, "#0e1117")])
def test_ink_stands_out_from_the_page(dark, page):
    theme = palette.of_theme(dark)
    assert contrast(theme.text, page) >= 7
    assert contrast(theme.muted, page) >= 4.5
    for colour in palette.model_colours(dark):
        assert contrast(colour, page) >= 3


@pytest.mark.parametrize("dark", [False, True])
def test_more_is_always_further_from_the_page(dark):
    theme = palette.of_theme(dark)
    for scale in (theme.sequential, theme.towards_left, theme.towards_right):
        lightness = [luminance(colour) for colour in scale]
        assert lightness == sorted(lightness, reverse=not dark)


@pytest.mark.parametrize("dark", [False, True])
def test_scales_run_from_end_to_end_and_the_middle_is_nothing(dark):
    assert [at for at, _ in palette.sequential(dark)] == list(palette.STOPS)
    scale = palette.diverging(dark)
    positions = [at for at, _ in scale]
    assert positions[0] == 0
    assert positions[-1] == 1
    assert positions == sorted(positions)
    assert dict(map(tuple, scale))[0.5] == palette.of_theme(dark).surface
    assert next(at for at, colour in scale if colour == palette.of_theme(dark).left) > 0.5


@pytest.mark.parametrize("sight", colours.SIGHTS)
def test_every_class_and_every_part_is_told_apart_by_every_eye(sight):
    own = [item.colour for item in legends.load().classes[1:]]
    assert colours.apart(own, sight).min() >= 10
    assert colours.apart(shares.GROUP_COLOURS, sight).min() >= 15
