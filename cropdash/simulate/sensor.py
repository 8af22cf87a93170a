"""From pieces of land to dated scenes: texture, point spread, sky, noise, classification.

Bands of 20 m see pixels of their own, four of the grid's each, and are laid on the grid by the
nearest: their four neighbours hold one value, as after resampling real scenes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from cropdash.domain import Bytes, Float, Scene, Season, Zone
from cropdash.simulate import conditions, sky, weather
from cropdash.simulate.ground import Ground, ground_of, surface
from cropdash.simulate.landscape import Landscape
from cropdash.simulate.tables import COARSE, FINE, yearly

SIDE_WEIGHT = 0.17  # share of a neighbour's light in a pixel, by row and by column
MAX_SHIFT_PX = 0.34  # by which scenes lie off the grid
VIEW_SPREAD = 0.03  # log-sd of what is seen from one orbit beside the other, by band
NOISE_FLOOR, NOISE_SHARE = 0.003, 0.03
SWATH_EDGE_SHARE = 0.15  # zones on the edge of the second orbit's swath
# Sen2Cor classes.
NO_DATA, SHADOW, VEGETATION, BARE, WET, UNCLASSIFIED = 0, 3, 4, 5, 6, 7
CLOUD_MEDIUM, CLOUD_HIGH, THIN_CIRRUS = 8, 9, 10
VEGETATION_NDVI = 0.32
THICK_CLOUD = 1.2  # optical depth of high cloud probability
DETECTION = (0.08, 0.40)  # optical depth below which cloud is missed, differs by date
SHADOW_SEEN = (0.20, 0.55)  # darkness below which a shadow is missed
FOOLED = 0.25  # dates on which bright ground is taken for cloud
SHADOWS_FOUND = 0.75  # share of shadowed land that is recognised at all
BRIGHT_GROUND = 0.155  # B2 plus haze above which ground may be called cloud


@dataclass(frozen=True, eq=False)
class Chance:
    """What is drawn of a scene."""

    sky: sky.Draw
    shift: NDArray[np.float64]  # (2,) [px] off the grid
    noise: int  # where in the bank of noise it begins
    missed: float  # optical depth below which cloud is missed
    faint: float  # darkness below which a shadow is missed
    is_fooled: bool  # bright ground is taken for cloud
    is_blind: bool  # no shadow is recognised


def shoot(
    zone: Zone,
    land: Landscape,
    season: Season,
    seed: int,
    bands: tuple[str, ...],
    asked: Season | None = None,
) -> Iterator[Scene]:
    """Scenes of a season over the zone, one after another; of the days that are asked for, if any.

    The weather is that of each calendar year, whatever part of it the season holds: a date's
    scene shows the same sky in every season, and the same land in all that end in one year.
    """
    years = range(season.start.year, season.end.year + 1)
    passes = {
        year: weather.acquire(
            year, conditions.of(zone, seed, year), yearly(seed, zone.zone_id, "weather", year)
        )
        for year in years
    }
    groups = (FINE, COARSE) if set(bands) - set(FINE) else (FINE,)
    ground = ground_of(zone, land, passes, season, seed, groups)
    made = [name for group in groups for name in group]
    wanted = [made.index(name) for name in bands]
    n = 0
    for year in years:
        camera = Camera(zone, seed, year, groups)
        flown = passes[year]
        for i, date in enumerate(flown.dates):
            chance = camera.draw()
            if date not in season:
                continue
            if asked is None or date in asked:
                seen, scl = camera.look(ground, n, flown, i, chance)
                yield Scene(date, seen[wanted], scl, zone.grid, bands)
            n += 1


class Camera:
    """The satellite and the sky above a zone in one calendar year."""

    def __init__(
        self, zone: Zone, seed: int, year: int, groups: tuple[tuple[str, ...], ...]
    ) -> None:
        shape = zone.grid.shape
        self._rng = yearly(seed, zone.zone_id, "sky", year)
        self.canvas = sky.Canvas(self._rng, shape, zone.grid.pixel_size)
        self.bank = noise_bank(len(FINE), shape, self._rng)
        self._outside = _beyond_swath(shape, self._rng)
        views = np.exp(self._rng.normal(0, VIEW_SPREAD, (2, len(FINE + COARSE))))
        self._view = [dict(zip(FINE + COARSE, map(float, view), strict=True)) for view in views]
        self._size = len(FINE) * shape[0] * shape[1]
        self._bank_20m: Float | None = None
        if COARSE in groups:
            half = (-(-shape[0] // 2), -(-shape[1] // 2))
            rng = yearly(seed, zone.zone_id, "noise 20 m", year)
            self._bank_20m = noise_bank(len(COARSE), half, rng)

    def draw(self) -> Chance:
        """Draw the next scene."""
        rng = self._rng
        above, shift = sky.draw(rng), rng.uniform(-MAX_SHIFT_PX, MAX_SHIFT_PX, 2)
        start = int(rng.integers(0, len(self.bank) - self._size))
        missed, faint = rng.uniform(*DETECTION), rng.uniform(*SHADOW_SEEN)
        is_fooled, is_blind = rng.random() < FOOLED, rng.random() > SHADOWS_FOUND
        return Chance(above, shift, start, missed, faint, is_fooled, is_blind)

    def look(
        self, ground: Ground, n: int, passes: weather.Passes, i: int, chance: Chance
    ) -> tuple[Float, Bytes]:
        """(B, H, W) reflectance and (H, W) classification of the ground's n-th date, pass i."""
        above = self.canvas.sky(passes.cover[i], passes.sun_zenith[i], chance.sky)
        bare = blurred(surface(ground, n, FINE, self._view[passes.orbit[i]]), chance.shift)
        seen = sky.cover(bare, above, passes.haze[i])
        add_noise(seen, self.bank, chance.noise)
        scl = classify(seen, above, ground.is_water, chance)
        if self._bank_20m is not None:
            coarse = self.look_20m(ground, n, above, passes, i, chance)
            seen = np.concatenate([seen, nearest(coarse, ground.shape)])
        if passes.orbit[i] == 1 and self._outside is not None:
            seen[:, self._outside], scl[self._outside] = np.nan, NO_DATA
        return seen, scl

    def look_20m(
        self, ground: Ground, n: int, above: sky.Sky, passes: weather.Passes, i: int, chance: Chance
    ) -> Float:
        """(B, h, w) reflectance in the bands of 20 m, in pixels of their own."""
        if self._bank_20m is None:
            raise ValueError("This camera has no bands of 20 m.")
        view = self._view[passes.orbit[i]]
        bare = blurred(sky.blocks(surface(ground, n, COARSE, view)), chance.shift / 2)
        seen = sky.cover(bare, sky.halved(above), passes.haze[i], COARSE)
        # This bank is not as long as the other: as far into it.
        room = len(self._bank_20m) - seen.size
        add_noise(seen, self._bank_20m, chance.noise * room // len(self.bank))
        return seen


def blurred(image: Float, shift: NDArray[np.float64]) -> Float:
    """The image (B, H, W) through a 3 x 3 point spread that is off by `shift` [px]."""
    for axis, by in zip((1, 2), shift, strict=True):
        width = [(0, 0), (int(axis == 1),) * 2, (int(axis == 2),) * 2]
        around = sliding_window_view(np.pad(image, width, "edge"), 3, axis)
        before, here, after = np.moveaxis(around, -1, 0)
        image = here * np.float32(1 - 2 * SIDE_WEIGHT)
        side = before * np.float32(SIDE_WEIGHT + by / 2)
        image += side
        image += np.multiply(after, np.float32(SIDE_WEIGHT - by / 2), out=side)
    return image


def noise_bank(bands: int, shape: tuple[int, int], rng: np.random.Generator) -> Float:
    """Normal deviates of which every scene takes another stretch."""
    size = bands * shape[0] * shape[1]
    return rng.standard_normal(size + size // 2 + 1, dtype=np.float32)


def add_noise(seen: Float, bank: Float, start: int) -> None:
    """Add the sensor's noise to what is seen, in place, from `start` of a bank of drawn values."""
    noise = bank[start : start + seen.size].reshape(seen.shape)
    seen += (np.float32(NOISE_FLOOR) + np.float32(NOISE_SHARE) * seen) * noise
    np.clip(seen, 0.0001, 1.2, out=seen)


def nearest(coarse: Float, shape: tuple[int, int]) -> Float:
    """(B, H, W) of pixels twice as large, each laid on the four that it covers."""
    whole = coarse.repeat(2, axis=1).repeat(2, axis=2)
    return whole[:, : shape[0], : shape[1]]


def _beyond_swath(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.bool_] | None:
    """(H, W) land that the second orbit does not see; None where it sees all."""
    share, slope, is_edge = rng.uniform(0.3, 0.9), rng.uniform(0.15, 0.25), rng.random()
    if is_edge >= SWATH_EDGE_SHARE:
        return None
    row, column = np.indices(shape)
    return np.asarray(column + slope * row > share * shape[1])


def classify(seen: Float, above: sky.Sky, is_water: NDArray[np.bool_], chance: Chance) -> Bytes:
    """(H, W) scene classification by the bands of 10 m, with Sen2Cor's errors.

    Thin cloud and chance.faint shadow are chance.missed, dark land is left unclassified, and bright ground
    is now and then taken for cloud.
    """
    blue, red, near = seen[0], seen[2], seen[3]
    scl = np.where(near - red > VEGETATION_NDVI * (near + red), VEGETATION, BARE).astype(np.uint8)
    scl[is_water] = WET
    # Between soil and leaf, and on dark land, Sen2Cor often declines to say.
    scl[(near < 0.11) & ~is_water] = UNCLASSIFIED
    if not chance.is_blind:
        scl[above.shadow > chance.faint] = SHADOW
    depth = above.cloud
    scl[above.cirrus > max(chance.missed, 0.1)] = THIN_CIRRUS
    if chance.is_fooled:
        scl[(blue > BRIGHT_GROUND) & (scl == BARE)] = CLOUD_MEDIUM
    scl[depth > chance.missed] = CLOUD_MEDIUM
    scl[depth > THICK_CLOUD] = CLOUD_HIGH
    return scl
