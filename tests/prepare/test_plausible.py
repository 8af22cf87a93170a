"""Numbers that were shifted or scaled otherwise than was assumed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from cropdash.domain import Cube, Period
from cropdash.domain.errors import InvalidScene
from cropdash.prepare import composite, plausible
from cropdash.simulate.source import SimulatedSource
from tests import worlds


def field(seed: int = 0) -> Cube:
    """Bare in winter, green in summer: B2, B3, B4, B8."""
    rng, at = np.random.default_rng(seed), worlds.grid((9, 7))
    bare, green = [0.06, 0.09, 0.12, 0.2], [0.03, 0.06, 0.04, 0.45]
    cut = tuple(Period.of(f"2023-{month:02d}") for month in (1, 4, 6, 9))
    values = np.array([bare, green, green, bare])[:, :, None, None] + rng.normal(
        0, 0.005, (4, 4, *at.shape)
    )
    values[0, :, 2, 3] = np.nan
    counts = np.ones((4, *at.shape), np.uint8)
    return Cube(values.astype(np.float32), counts, cut, ("B2", "B3", "B4", "B8"), at)


def changed(change: object) -> Cube:
    cube = field()
    return replace(cube, reflectance=change(cube.reflectance).astype(np.float32))  # type: ignore[operator]


def test_fields_and_the_simulated_landscape_are_plausible() -> None:
    plausible.check(field())
    source = SimulatedSource(seed=1, size=32)
    zone = source.zones()[0]
    plausible.check(composite.stream(source.scenes(zone), source.season.periods))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r + 0.1, "an offset of 0.1 left in"),
        (lambda r: np.maximum(r - 0.1, 0), "subtracted twice"),
        (lambda r: r / 10_000, "near infrared is"),
        (lambda r: r * 10_000, "near infrared is"),
        (lambda r: np.full_like(r, 3.4), "near infrared is"),
    ],
)
def test_an_offset_or_a_scale_too_many_is_told(change: object, said: str) -> None:
    with pytest.raises(InvalidScene, match=said):
        plausible.check(changed(change))
