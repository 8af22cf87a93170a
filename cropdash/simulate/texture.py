"""Why no field is even: soil and stand, headlands, rows, and how long each pattern lasts.

Patterns have an exponential correlation over a few pixels. Part of one is the soil's and lasts for
years; the rest is the stand's (emergence, lodging, pests, grazing) and fades within months.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Float, Ints, Zone
from cropdash.simulate.landscape import Landscape
from cropdash.simulate.tables import VILLAGE, calendar, stream, yearly

RANGE_PX, RANGE_SPREAD = 5.0, 0.8  # over which the correlation falls to 1/e; log-sd between zones
LASTING = 0.62  # share of the variance that is the soil's
STAND_D = 90.0  # [days] between patterns of the stand; those between are mixed of two
UNEVEN, UNEVEN_SPREADS, UNEVEN_MOST = 0.43, (0.32, 0.4), 0.8  # median, log-sd of zones and fields
GRAIN = 0.05  # of single pixels
HEADLAND_SHARE, HEADLAND = 0.6, 0.3  # fields whose edge is thin, and by how much at most
ROWS, ROW_PX = (
    0.14,
    (2.1, 5.0),
)  # of trees and vines: how they beat with the grid, and how far apart
ROOF_GRAIN = 0.45


@dataclass(frozen=True, eq=False)
class Texture:
    """How thick the canopy stands in each pixel, from one date to the next."""

    fixed: Float  # (H, W)
    stand: dict[int, Float]  # its patterns (H, W), by the number of the stretch that they begin

    def on(self, day: float) -> Float:
        """(H, W) 0 = thin canopy, 1 = thick; `day` of the year, below 1 in the year before."""
        number, past = divmod(day / STAND_D, 1.0)
        early, late = self.stand[int(number)], self.stand[int(number) + 1]
        turn = np.float32(np.pi / 2 * past)  # two patterns mixed so that their variance stays
        found = early * np.cos(turn)
        found += late * np.sin(turn)
        found += self.fixed
        return np.asarray(np.clip(found, 0, 1, out=found))


def weave(zone: Zone, land: Landscape, seed: int, year: int, days: NDArray[np.float64]) -> Texture:
    """The texture of a zone on these days (N,) around a year."""
    rng = stream(seed, zone.zone_id, "texture")
    row = np.searchsorted(calendar().class_id, land.growth)
    kind = calendar().kind[row]
    pieces, piece = len(kind), land.piece
    wide = RANGE_PX * np.exp(rng.normal(0, RANGE_SPREAD))
    of_zone, of_field = rng.normal(0, UNEVEN_SPREADS[0]), rng.normal(0, UNEVEN_SPREADS[1], pieces)
    uneven = np.minimum(UNEVEN * np.exp(of_zone + of_field), UNEVEN_MOST)
    uneven[land.growth == VILLAGE] = 0
    headland = rng.uniform(0, HEADLAND, pieces) * (rng.random(pieces) < HEADLAND_SHARE)
    headland = np.where(kind == "annual", headland, 0)
    angle, apart = rng.uniform(0, np.pi, pieces), rng.uniform(*ROW_PX, pieces)
    wave = 2 * np.pi / apart * np.stack([np.cos(angle), np.sin(angle)])
    rows = np.where((kind == "woody") & (land.code != ""), ROWS, 0)
    grain = np.where(land.growth == VILLAGE, ROOF_GRAIN, GRAIN)

    i, j = np.indices(piece.shape)
    fixed = 0.5 + grain[piece] * rng.standard_normal(piece.shape)
    fixed += uneven[piece] * np.sqrt(LASTING) * _pattern(piece.shape, wide, rng)
    fixed -= headland[piece] * _is_edge(piece)
    fixed += rows[piece] * np.cos(wave[0][piece] * i + wave[1][piece] * j)
    first = {int(number) for number in np.floor(days / STAND_D)}
    strength = (uneven * np.sqrt(1 - LASTING)).astype(np.float32)[piece]
    stand = {}
    for number in sorted(first | {number + 1 for number in first}):
        own = yearly(seed, zone.zone_id, f"stand {number}", year)
        stand[number] = _pattern(piece.shape, wide, own) * strength
    return Texture(fixed.astype(np.float32), stand)


def _pattern(shape: tuple[int, int], wide: float, rng: np.random.Generator) -> Float:
    """(H, W) a random field of unit variance whose correlation falls to 1/e over `wide` [px]."""
    noise = rng.standard_normal(shape, dtype=np.float32)
    row, column = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None]
    amplitude = (1 + (2 * np.pi * wide) ** 2 * (row**2 + column**2)) ** -0.75
    amplitude[0, 0] = 0
    field = np.fft.irfft2(np.fft.rfft2(noise) * amplitude, s=shape)
    return np.asarray(field / field.std(), dtype=np.float32)


def _is_edge(piece: Ints) -> NDArray[np.bool_]:
    """(H, W) pixels with a neighbour of another piece."""
    padded = np.pad(piece, 1, "edge")
    around = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    return np.asarray(np.logical_or.reduce([side != piece for side in around]))
