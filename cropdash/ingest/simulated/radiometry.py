"""From leaf area to reflectance of B2, B3, B4, B8.

A two-stream canopy over a ground (Goudriaan 1977, "Crop micrometeorology"): single scattering
of mixed green and dead leaves gives the reflectance of a deep canopy and the extinction, and
the gaps let the ground show through. Near-infrared multiple scattering follows from it.
"""

from __future__ import annotations

import numpy as np

from cropdash.domain import Float
from cropdash.ingest.simulated.phenology import Canopy
from cropdash.ingest.simulated.tables import Reals, calendar

# Columns are B2, B3, B4, B8. Leaf scattering falls with chlorophyll from `pale` to `deep`.
LEAF_DEEP = np.array([0.065, 0.095, 0.070, 0.935])
LEAF_PALE = np.array([0.300, 0.530, 0.560, 0.000])
LEAF_ABSORPTION = np.array([0.060, 0.030, 0.080, 0.000])  # [cm²/µg]
DEAD_LEAF = np.array([0.330, 0.450, 0.570, 0.830])
SOIL = np.array([0.102, 0.138, 0.168, 0.262])  # dry, brightness 1
STRAW = np.array([0.125, 0.175, 0.225, 0.340])
BUILT = np.array([0.115, 0.135, 0.150, 0.215])
WATER = np.array([0.040, 0.042, 0.030, 0.018])
FLOWER = {
    "": np.zeros(4),
    "yellow": np.array([0.000, 0.085, 0.090, 0.050]),
    "white": np.array([0.080, 0.080, 0.080, 0.050]),
    "blue": np.array([0.050, 0.020, 0.025, 0.020]),
}
CLUMPING = {"annual": 0.75, "perennial_herb": 0.85, "woody": 0.65}  # share of leaves that act
WET_DARKENING = 0.44  # loss of a soaked soil
THIN, THICK = 0.70, 1.40  # leaf area at the two ends of a field's inner variation


def reflect(
    canopy: Canopy,
    sun_zenith: Reals,
    moisture: Reals,
    soil_brightness: float,
    rng: np.random.Generator,
) -> tuple[Float, Float]:
    """Reflectance (N, B, P) of each piece where its canopy is thin, and where it is thick.

    sun_zenith [rad] and moisture (0 dry, 1 soaked) are (N,).
    """
    ground = _ground(canopy, moisture, soil_brightness, rng)
    thin, thick = (
        _two_stream(canopy, scale, ground, sun_zenith).astype(np.float32) for scale in (THIN, THICK)
    )
    return thin, thick


def _ground(
    canopy: Canopy, moisture: Reals, soil_brightness: float, rng: np.random.Generator
) -> Reals:
    """(N, B, P) what lies under the leaves."""
    table, pieces = calendar(), len(canopy.row)
    brightness = soil_brightness * np.exp(rng.normal(0, 0.16, pieces))
    tint = np.exp(rng.normal(0, 0.035, (4, pieces)))  # soils differ in colour
    wetness = np.clip(moisture[:, None] + rng.normal(0, 0.12, (len(moisture), pieces)), 0, 1)
    soil = SOIL[:, None] * tint * brightness * (1 - WET_DARKENING * wetness)[:, None, :]
    straw = canopy.residue.T[:, None, :]
    soil = soil * (1 - straw) + STRAW[:, None] * straw
    for name, spectrum in (("built", BUILT), ("water", WATER)):
        here = table.ground[canopy.row] == name
        soil[:, :, here] = spectrum[:, None] * tint[:, here]
    return np.asarray(soil)


def _two_stream(canopy: Canopy, scale: float, ground: Reals, sun_zenith: Reals) -> Reals:
    green, brown = (part.T[:, None, :] * scale for part in (canopy.green, canopy.brown))
    chlorophyll = canopy.chlorophyll.T[:, None, :]
    fresh = LEAF_DEEP[:, None] + LEAF_PALE[:, None] * np.exp(
        -LEAF_ABSORPTION[:, None] * chlorophyll
    )
    leaves = np.maximum(green + brown, 1e-6)
    scattering = (green * fresh + brown * DEAD_LEAF[:, None]) / leaves  # (N, B, P)
    root = np.sqrt(1 - scattering)
    flatness = np.cos(np.radians(canopy.leaf_angle))  # extinction of light from above
    deep = (1 - root) / (1 + root) * 2 * flatness / (flatness + 0.85)
    toward_sun = (0.5 * flatness + 0.25 / np.cos(sun_zenith)[:, None])[:, None, :]
    acting = np.array([CLUMPING[kind] for kind in calendar().kind[canopy.row]])
    gap = np.exp(-(flatness + toward_sun) * root * leaves * acting)  # there and back
    contrast = (ground - deep) / (1 - deep * ground) * gap
    canopy_reflectance = (deep + contrast) / (1 + deep * contrast)
    return np.asarray(canopy_reflectance + _flowers(canopy) * (1 - gap))


def _flowers(canopy: Canopy) -> Reals:
    """(N, B, P) what flowers add."""
    colour = np.stack([FLOWER[name] for name in calendar().flower_colour[canopy.row]])  # (P, B)
    return np.asarray(canopy.flower.T[:, None, :] * colour.T[None])
