"""From leaf area to reflectance.

A canopy of PROSAIL (see `canopy_table`) over a ground: soil of any colour and moisture, straw, or
the grass between trees and vines, which is itself a canopy over the soil.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from cropdash.domain import Float
from cropdash.simulate.canopy_table import Leaves, covered
from cropdash.simulate.phenology import Canopy
from cropdash.simulate.tables import COARSE, FINE, VILLAGE, Reals, calendar, spectrum

LEAF_SPREAD = 0.035  # log-sd of a field's reflectance in a band
TINT_SPREADS = (0.06, 0.05)  # log-sd of a soil's colour between zones, and within one
SOIL_SPREAD = 0.2  # log-sd of the brightness of dry soil between fields: stones, lime, humus
WET_SPREADS = (0.14, 0.10)  # of moisture, between fields, and from date to date in each
# What a band of 20 m has of another's deviation, and how much of it: bands that are neighbours, or
# see the same cause, deviate together. A band is named after the one that it follows.
KIN = {
    "B5": ("B4", 0.7),
    "B6": ("B8", 0.8),
    "B7": ("B8", 0.95),
    "B8A": ("B8", 0.97),
    "B11": ("B8", 0.4),
    "B12": ("B11", 0.8),
}
ROOFS, GARDENS = 1.25, 2.5  # where people live: brightness of roofs, leaf area of gardens
# The two ends of a field's inner variation: leaf area, gaps in the stand, brightness of the soil.
THIN, THICK = 0.40, 1.75
PATCHY, CLOSED = 2.5, 0.3
STONY, DEEP = 1.12, 0.90
GRASS_ANGLE, GRASS_CHLOROPHYLL = 56.0, 32.0  # between trees and vines
GRASS_WATER = 0.0115  # [cm]
DRY_MATTER = 0.006  # [g/cm²] of a leaf in its prime, for which the table's bands of 10 m are made
DRY_SPREAD, WATER_SPREAD = 0.10, 0.15  # log-sd between stands
# A young leaf holds more water than an old one, and less dry matter; from leaf-on to senescence.
YOUNG_WATER, OLD_WATER = 1.12, 0.82
YOUNG_DRY, OLD_DRY = 0.88, 1.12
THIRST_WATER = 0.45  # share of a leaf's water that a stand of no leaves left would lack
FADED_WATER = 0.35  # of a leaf's water when it dies
# Leaf area of one crown: trees and vines hold theirs in crowns or rows with gaps between.
CROWN_LEAF_AREA = 2.4
# Land without leaves inside a field: wheel tracks, headlands, wet spots, molehills. (a, b) of a
# beta distribution over fields. Full canopies of Sentinel-2 stay brighter in the visible and darker
# in the near infrared than PROSAIL's horizontal layers, by what such gaps explain.
GAPS = {"annual": (1.2, 26.0), "perennial_herb": (1.5, 26.0), "woody": (1.0, 60.0)}
SHADE = 0.22  # share of a gap's light that plants around take per tan(sun zenith)
MAX_SHADE = 0.75


@dataclass(frozen=True, eq=False)
class Fields:
    """What sets P pieces apart that bear the same, by band where it has colour."""

    brightness: Reals  # (P,) of the soil
    wetness: Reals  # (N, P) of the soil, 0 dry to 1 soaked
    gaps: Reals  # (P,) share of the land without leaves
    tint: Mapping[str, Reals]  # (P,) of the ground
    gain: Mapping[str, Reals]  # (P,) of the canopy
    water: Reals  # (P,) of its leaves, beside the crop's
    dry: Reals  # (P,) of its leaves, beside the usual


def draw(
    canopy: Canopy,
    moisture: Reals,
    soil_brightness: float,
    rng: np.random.Generator,
    rng_20m: np.random.Generator,
) -> Fields:
    """Draw what sets the pieces apart; `moisture` (N,) is 0 dry to 1 soaked.

    What only bands of 20 m see is drawn from a stream of its own, so that those of 10 m are the
    same with and without them.
    """
    pieces = len(canopy.row)
    brightness = soil_brightness * np.exp(rng.normal(0, SOIL_SPREAD, pieces))
    # Soils differ in colour, from one place to the next and within one.
    tint = rng.normal(0, TINT_SPREADS[0], (4, 1)) + rng.normal(0, TINT_SPREADS[1], (4, pieces))
    wetness = wet(moisture, pieces, rng)
    kinds = calendar().kind[canopy.row]
    gaps = rng.beta(*np.array([GAPS[kind] for kind in kinds]).T)
    # Leaves of one species differ in structure, and fields in the direction of their rows.
    gain = rng.normal(0, LEAF_SPREAD, (4, pieces))
    tints, gains = dict(zip(FINE, tint, strict=True)), dict(zip(FINE, gain, strict=True))
    for band in COARSE:
        parent, share = KIN[band]
        own = rng_20m.normal(0, TINT_SPREADS[0]) + rng_20m.normal(0, TINT_SPREADS[1], pieces)
        tints[band] = share * tints[parent] + np.sqrt(1 - share**2) * own
        own = rng_20m.normal(0, LEAF_SPREAD, pieces)
        gains[band] = share * gains[parent] + np.sqrt(1 - share**2) * own
    water, dry = (
        np.exp(rng_20m.normal(0, spread, pieces)) for spread in (WATER_SPREAD, DRY_SPREAD)
    )
    return Fields(brightness, wetness, gaps, tints, gains, water, dry)


def wet(moisture: Reals, pieces: int, rng: np.random.Generator) -> Reals:
    """(N, P) wetness of each piece's soil on dates of that moisture (N,)."""
    spread = rng.normal(0, WET_SPREADS[0], pieces)
    spread = spread + rng.normal(0, WET_SPREADS[1], (len(moisture), pieces))
    return np.asarray(np.clip(moisture[:, None] + spread, 0, 1))


def reflect(
    canopy: Canopy, fields: Fields, sun_zenith: Reals, bands: tuple[str, ...] = FINE
) -> tuple[Float, Float]:
    """Reflectance (N, B, P) of each piece where its canopy is thin, and where it is thick.

    sun_zenith [rad] is (N,); the bands are FINE or COARSE.
    """
    ground = _undergrowth(canopy, _ground(canopy, fields, bands), sun_zenith, bands)
    gain = np.exp(np.stack([fields.gain[band] for band in bands]))
    lived_in = calendar().class_id[canopy.row] == VILLAGE
    contents = _contents(canopy, fields)
    thin, thick = (
        (
            _stand(canopy, contents, np.where(lived_in, leaves, scale), fields.gaps * gaps,
                   ground * light, sun_zenith, bands)
            * gain
        ).astype(np.float32)
        for scale, leaves, gaps, light in (
            (THIN, 0.0, PATCHY, np.where(lived_in, ROOFS, STONY)),
            (THICK, GARDENS, CLOSED, np.where(lived_in, 1.0, DEEP)),
        )
    )  # fmt: skip
    return thin, thick


def _ground(canopy: Canopy, fields: Fields, bands: tuple[str, ...]) -> Reals:
    """(N, B, P) what lies under the leaves."""
    table = calendar()
    tint = np.exp(np.stack([fields.tint[band] for band in bands]))
    dry, loss, stubble = (spectrum(w, bands)[:, None] for w in ("soil", "wet_loss", "straw"))
    soil = dry * tint * fields.brightness * (1 - loss * fields.wetness[:, None, :])
    soil = soil * canopy.tilth.T[:, None, :]
    straw = canopy.residue.T[:, None, :]
    soil = soil * (1 - straw) + stubble * straw
    for name in ("built", "water"):
        here = table.ground[canopy.row] == name
        soil[:, :, here] = spectrum(name, bands)[:, None] * tint[:, here]
    return np.asarray(soil)


def _undergrowth(canopy: Canopy, ground: Reals, sun_zenith: Reals, bands: tuple[str, ...]) -> Reals:
    """(N, B, P) the ground with the grass that grows between trees and vines."""
    here = np.flatnonzero(canopy.under.any(axis=1))
    grass = canopy.under[here].T
    leaves = Leaves(
        grass,
        np.full_like(grass, GRASS_CHLOROPHYLL),
        np.zeros_like(grass),
        np.full(len(here), GRASS_ANGLE),
        np.full_like(grass, GRASS_WATER),
        np.full_like(grass, DRY_MATTER),
    )
    seen = ground.copy()
    seen[:, :, here] = covered(leaves, ground[:, :, here], sun_zenith, bands)
    return seen


def _contents(canopy: Canopy, fields: Fields) -> tuple[Reals, Reals]:
    """(N, P) water and dry matter of each stand's leaves: age, thirst and senescence dry them.

    Dry matter has no part in a crop's identity: the bands of 10 m know one for all crops, and a
    second band of the near infrared would give crops away that differ in it.
    """
    water = calendar().number["leaf_water_cm"][canopy.row, None] * fields.water[:, None]
    water = water * (YOUNG_WATER + (OLD_WATER - YOUNG_WATER) * canopy.age)
    water = water * (1 - THIRST_WATER * canopy.thirst)
    water = water * (FADED_WATER + (1 - FADED_WATER) * canopy.fresh)
    dry = DRY_MATTER * fields.dry[:, None] * (YOUNG_DRY + (OLD_DRY - YOUNG_DRY) * canopy.age)
    return water.T, dry.T


def _stand(
    canopy: Canopy,
    contents: tuple[Reals, Reals],
    scale: Reals,
    gaps: Reals,
    ground: Reals,
    sun_zenith: Reals,
    bands: tuple[str, ...],
) -> Reals:
    """(N, B, P) the canopy over its ground, with gaps (P,) between plants and between crowns."""
    leaves = (canopy.green + canopy.brown).T * scale
    dead = canopy.brown.T * scale / np.maximum(leaves, 1e-6)
    is_woody = calendar().kind[canopy.row] == "woody"
    crowns = np.where(is_woody, np.clip(leaves / CROWN_LEAF_AREA, 0.02, 1), 1.0)
    share = crowns * (1 - np.minimum(gaps, 1))  # (N, P) of the land under leaves
    stand = Leaves(leaves / crowns, canopy.chlorophyll.T, dead, canopy.leaf_angle, *contents)
    closed = covered(stand, ground, sun_zenith, bands)
    cover = 1 - np.exp(-0.5 * leaves)
    shade = np.minimum(SHADE * np.tan(sun_zenith), MAX_SHADE)[:, None] * cover
    between = ground * (1 - shade)[:, None, :]
    mixed = share[:, None, :] * closed + (1 - share)[:, None, :] * between
    return np.asarray(mixed + _flowers(canopy, bands) * cover[:, None, :])


def _flowers(canopy: Canopy, bands: tuple[str, ...]) -> Reals:
    """(N, B, P) what flowers add."""
    names = calendar().flower_colour[canopy.row]
    colour = np.stack([spectrum(f"flower_{n}" if n else "", bands) for n in names])  # (P, B)
    return np.asarray(canopy.flower.T[:, None, :] * colour.T[None])
