"""From leaf area to reflectance of B2, B3, B4, B8.

A canopy of PROSAIL (see `canopy_table`) over a ground: soil of any colour and moisture, straw, or
the grass between trees and vines, which is itself a canopy over the soil.
"""

from __future__ import annotations

import numpy as np

from cropdash.domain import Float
from cropdash.simulate.canopy_table import Leaves, covered
from cropdash.simulate.phenology import Canopy
from cropdash.simulate.tables import VILLAGE, Reals, calendar

# Columns are B2, B3, B4, B8.
SOIL = np.array([0.102, 0.138, 0.168, 0.262])  # dry, brightness 1
STRAW = np.array([0.125, 0.175, 0.225, 0.340])
BUILT = np.array([0.100, 0.118, 0.150, 0.205])
WATER = np.array([0.040, 0.042, 0.030, 0.018])
FLOWER = {
    "": np.zeros(4),
    "yellow": np.array([0.000, 0.085, 0.090, 0.050]),
    "white": np.array([0.080, 0.080, 0.080, 0.050]),
    "blue": np.array([0.050, 0.020, 0.025, 0.020]),
    "awns": np.array([0.015, 0.030, 0.025, 0.040]),  # pale ears of barley
}
WET_DARKENING = 0.44  # loss of a soaked soil
LEAF_SPREAD = 0.035  # log-sd of a field's reflectance in a band
ROOFS, GARDENS = 1.25, 2.5  # where people live: brightness of roofs, leaf area of gardens
THIN, THICK = 0.70, 1.40  # leaf area at the two ends of a field's inner variation
GRASS_ANGLE, GRASS_CHLOROPHYLL = 56.0, 32.0  # between trees and vines
# Leaf area of one crown: trees and vines hold theirs in crowns or rows with gaps between.
CROWN_LEAF_AREA = 2.4
# Land without leaves inside a field: wheel tracks, headlands, wet spots, molehills. (a, b) of a
# beta distribution over fields. Full canopies of Sentinel-2 stay brighter in the visible and darker
# in the near infrared than PROSAIL's horizontal layers, by what such gaps explain.
GAPS = {"annual": (2.5, 16.0), "perennial_herb": (1.6, 15.0), "woody": (1.0, 60.0)}
SHADE = 0.22  # share of a gap's light that plants around take per tan(sun zenith)
MAX_SHADE = 0.75


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
    ground = _undergrowth(canopy, ground, sun_zenith)
    kinds = calendar().kind[canopy.row]
    gaps = rng.beta(*np.array([GAPS[kind] for kind in kinds]).T)
    # Leaves of one species differ in structure, and fields in the direction of their rows.
    gain = np.exp(rng.normal(0, LEAF_SPREAD, (4, len(kinds))))
    lived_in = calendar().class_id[canopy.row] == VILLAGE
    thin, thick = (
        (
            _stand(canopy, np.where(lived_in, leaves, scale), gaps, ground * light, sun_zenith)
            * gain
        ).astype(np.float32)
        for scale, leaves, light in (
            (THIN, 0.0, np.where(lived_in, ROOFS, 1.0)),
            (THICK, GARDENS, 1.0),
        )
    )
    return thin, thick


def _ground(
    canopy: Canopy, moisture: Reals, soil_brightness: float, rng: np.random.Generator
) -> Reals:
    """(N, B, P) what lies under the leaves."""
    table, pieces = calendar(), len(canopy.row)
    brightness = soil_brightness * np.exp(rng.normal(0, 0.16, pieces))
    # Soils differ in colour, from one place to the next and within one.
    tint = np.exp(rng.normal(0, 0.04, (4, 1)) + rng.normal(0, 0.035, (4, pieces)))
    wetness = np.clip(moisture[:, None] + rng.normal(0, 0.12, (len(moisture), pieces)), 0, 1)
    soil = SOIL[:, None] * tint * brightness * (1 - WET_DARKENING * wetness)[:, None, :]
    straw = canopy.residue.T[:, None, :]
    soil = soil * (1 - straw) + STRAW[:, None] * straw
    for name, spectrum in (("built", BUILT), ("water", WATER)):
        here = table.ground[canopy.row] == name
        soil[:, :, here] = spectrum[:, None] * tint[:, here]
    return np.asarray(soil)


def _undergrowth(canopy: Canopy, ground: Reals, sun_zenith: Reals) -> Reals:
    """(N, B, P) the ground with the grass that grows between trees and vines."""
    here = np.flatnonzero(canopy.under.any(axis=1))
    grass = canopy.under[here].T
    seen = ground.copy()
    seen[:, :, here] = covered(
        Leaves(
            grass,
            np.full_like(grass, GRASS_CHLOROPHYLL),
            np.zeros_like(grass),
            np.full(len(here), GRASS_ANGLE),
        ),
        ground[:, :, here],
        sun_zenith,
    )
    return seen


def _stand(canopy: Canopy, scale: Reals, gaps: Reals, ground: Reals, sun_zenith: Reals) -> Reals:
    """(N, B, P) the canopy over its ground, with gaps (P,) between plants and between crowns."""
    leaves = (canopy.green + canopy.brown).T * scale
    dead = canopy.brown.T * scale / np.maximum(leaves, 1e-6)
    is_woody = calendar().kind[canopy.row] == "woody"
    crowns = np.where(is_woody, np.clip(leaves / CROWN_LEAF_AREA, 0.02, 1), 1.0)
    share = crowns * (1 - gaps)  # (N, P) of the land under leaves
    stand = Leaves(leaves / crowns, canopy.chlorophyll.T, dead, canopy.leaf_angle)
    closed = covered(stand, ground, sun_zenith)
    cover = 1 - np.exp(-0.5 * leaves)
    shade = np.minimum(SHADE * np.tan(sun_zenith), MAX_SHADE)[:, None] * cover
    between = ground * (1 - shade)[:, None, :]
    mixed = share[:, None, :] * closed + (1 - share)[:, None, :] * between
    return np.asarray(mixed + _flowers(canopy) * cover[:, None, :])


def _flowers(canopy: Canopy) -> Reals:
    """(N, B, P) what flowers add."""
    colour = np.stack([FLOWER[name] for name in calendar().flower_colour[canopy.row]])  # (P, B)
    return np.asarray(canopy.flower.T[:, None, :] * colour.T[None])
