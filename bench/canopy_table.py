"""Make the simulator's canopy table from PROSAIL: `python -m bench.canopy_table [--check | --test | --leaves]`.

A maintainer's tool: it needs the package `prosail`, whose wheel names no licence and which is
therefore neither shipped nor required. `--check` compares the shipped table with a fresh one,
`--test` what is looked up in it with PROSAIL itself, for leaves that lie between its nodes;
`--leaves` writes some of those for the tests, which have no PROSAIL.

For every node and band the table holds a, b and c of the canopy over a Lambertian ground of
reflectance s,

    r(s) = a + b s / (1 - c s),

which is exact for SAIL (Verhoef 1984, doi:10.1016/0034-4257(84)90057-9): light that misses the
ground, light that meets it, and light thrown back and forth. Three runs per node give the three.

The bands of 10 m have nodes in chlorophyll and in the share of dead leaves, with the water and the
dry matter of one leaf. Those of 20 m see both: PROSPECT's leaf depends on what it holds through one
number alone, the absorption of a layer, k = sum of content x specific absorption / structure, so
that one axis stands for chlorophyll, carotenoids, brown pigment, water and dry matter together. The
axis is the root of k, in which a leaf's albedo is nearly straight. That it is so of narrow bands
only, and that the table is interpolated, is what `--test` puts a number on.
"""

from __future__ import annotations

import sys
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.simulate.canopy_table import (
    DEAD_BROWN,
    DEAD_CHLOROPHYLL,
    DEAD_WATER,
    STRUCTURE,
    Leaves,
    covered,
)
from cropdash.simulate.tables import COARSE, FINE

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "cropdash" / "resources" / "simulator" / "canopy_table.npz"

LEAVES = ROOT / "tests" / "simulate" / "prosail_leaves.csv"

LEAF_AREA = (0.0, 0.15, 0.35, 0.7, 1.2, 1.9, 2.8, 4.0, 5.5, 7.5)
GEOMETRY = {
    "leaf_angle": (30.0, 45.0, 58.0, 70.0),  # [degrees] mean, 0 = flat
    "sun_zenith": (25.0, 40.0, 55.0, 70.0),  # [degrees]
}
AXES = {
    "leaf_area": LEAF_AREA,
    "chlorophyll": (1.0, 8.0, 20.0, 34.0, 50.0, 72.0),  # [µg/cm²]
    "dead": (0.0, 0.2, 0.5, 1.0),  # share of dead leaves
    **GEOMETRY,
}
AXES_20M = {
    "leaf_area": LEAF_AREA,
    "root_absorption": (0.04, 0.08, 0.14, 0.22, 0.32, 0.44, 0.58, 0.76, 1.0, 1.3),
    **GEOMETRY,
}
# Sentinel-2A: centre and width [nm] (ESA, Sentinel-2 spectral responses).
BANDS = {"B2": (492, 66), "B3": (560, 36), "B4": (665, 31), "B8": (833, 106)}
BANDS_20M = {
    "B5": (704, 15), "B6": (741, 15), "B7": (783, 20), "B8A": (865, 21), "B11": (1614, 91),
    "B12": (2202, 175),
}  # fmt: skip
FIRST_NM = 400
WIDTH_NM = 2101
# PROSPECT-5: structure 1.5, water .012 cm, dry matter .006 g/cm², carotenoids an eighth of the
# chlorophyll and 2 more; SAIL: hot spot .05, view 6 degrees off nadir across the sun's plane.
WATER_CM, DRY_MATTER = 0.012, 0.006
HOT_SPOT, VIEW_ZENITH, AZIMUTH = 0.05, 6.0, 90.0
GROUNDS = (0.0, 0.15, 0.45)
CONTENTS = ("kab", "kcar", "kbrown", "kw", "km")  # as PROSPECT names their absorption
TESTED = 400  # leaves


def main() -> None:
    if "--test" in sys.argv:
        print_test()
        return
    if "--leaves" in sys.argv:
        leaves_between_nodes(60).to_csv(LEAVES, index=False)
        return
    made = make()
    if "--check" in sys.argv:
        with np.load(TABLE, allow_pickle=False) as shipped:
            off = {name: np.abs(shipped[name].astype(np.float32) - made[name]) for name in made}
        print(
            ", ".join(f"{name} {values.max():.5f}" for name, values in off.items()),
            "at most off (half precision: 0.0005)",
        )
        return
    np.savez_compressed(TABLE, **made)
    nodes = made["coefficients"][..., 0].size + made["coefficients_20m"][..., 0].size
    print(f"{nodes} nodes, {TABLE.stat().st_size / 1000:.0f} kB: {TABLE.name}")


def make() -> dict[str, np.ndarray]:
    """The arrays of the table, by name."""
    axes = {name: np.float32(values) for name, values in (AXES | AXES_20M).items()}
    return axes | {
        "coefficients": _table(AXES, _by_pigments, len(BANDS)).astype(np.float16),
        "coefficients_20m": _table(AXES_20M, _by_absorption, len(BANDS_20M)).astype(np.float16),
        "specific_absorption": specific_absorption(),
    }


def specific_absorption() -> np.ndarray:
    """(5, B) absorption of a unit of chlorophyll, carotenoids, brown pigment, water, dry matter."""
    from prosail import spectral_lib

    known = spectral_lib.prospect5
    rows = [
        [_mean(getattr(known, name), *band) for band in BANDS_20M.values()] for name in CONTENTS
    ]
    return np.float32(rows)


def _table(axes, coefficients, bands: int) -> np.ndarray:
    """(*axes, bands, 3) coefficients a, b, c."""
    shape = tuple(len(values) for values in axes.values())
    found = np.empty((*shape, bands, 3), dtype=np.float32)
    for place in product(*(range(n) for n in shape)):
        found[place] = coefficients(
            *[values[i] for values, i in zip(axes.values(), place, strict=True)]
        )
    return found


def _by_pigments(leaf_area: float, chlorophyll: float, dead: float, *geometry: float) -> np.ndarray:
    return _over_grounds(
        *(
            (1 - dead) * _bands(leaf_area, chlorophyll, 0.0, *geometry, s)
            + dead * _bands(leaf_area, DEAD_CHLOROPHYLL, DEAD_BROWN, *geometry, s)
            for s in GROUNDS
        )
    )


def _by_absorption(leaf_area: float, root: float, *geometry: float) -> np.ndarray:
    """Leaves that absorb alike at all wavelengths: each band has its own refraction."""
    from prosail.prospect_d import run_prospect

    alike = np.ones(WIDTH_NM)
    _, *leaf = run_prospect(
        STRUCTURE, root**2 * STRUCTURE, 0, 0, 0, 0, prospect_version="5", kab=alike
    )
    return _over_grounds(*(_sail(leaf, leaf_area, *geometry, s) for s in GROUNDS))


def _over_grounds(dark: np.ndarray, dim: np.ndarray, bright: np.ndarray) -> np.ndarray:
    _, low, high = GROUNDS
    gain_low, gain_high = (dim - dark) / low, (bright - dark) / high
    back = (gain_high - gain_low) / np.maximum(gain_high * high - gain_low * low, 1e-9)
    back = np.clip(back, 0, 1)
    return np.stack([dark, gain_low * (1 - back * low), back], axis=1)


@cache
def _bands(
    leaf_area: float,
    chlorophyll: float,
    brown: float,
    angle: float,
    sun_zenith: float,
    ground: float,
) -> np.ndarray:
    leaf = (chlorophyll, 2 + chlorophyll / 8, brown, WATER_CM, DRY_MATTER)
    spectrum = _prosail(leaf, leaf_area, angle, sun_zenith, ground)
    return np.array([_mean(spectrum, *band) for band in BANDS.values()])


def _prosail(leaf, leaf_area: float, angle: float, sun_zenith: float, ground: float) -> np.ndarray:
    import prosail

    return prosail.run_prosail(
        STRUCTURE, *leaf, leaf_area, angle, HOT_SPOT, sun_zenith, VIEW_ZENITH, AZIMUTH, typelidf=2,
        rsoil0=np.full(WIDTH_NM, ground),
    )  # fmt: skip


def _sail(leaf, leaf_area: float, angle: float, sun_zenith: float, ground: float) -> np.ndarray:
    """(B,) the canopy of 20 m over the ground, of leaves with this reflectance and transmittance."""
    from prosail.FourSAIL import foursail

    found = foursail(
        *leaf, angle, 0.0, 2, leaf_area, HOT_SPOT, sun_zenith, VIEW_ZENITH, AZIMUTH,
        np.full(WIDTH_NM, ground),
    )  # fmt: skip
    return np.array([_mean(found[17], *band) for band in BANDS_20M.values()])


def _mean(spectrum: np.ndarray, centre: int, width: int) -> float:
    start = centre - width // 2 - FIRST_NM
    return float(spectrum[start : start + width + 1].mean())


def leaves_between_nodes(count: int) -> pd.DataFrame:
    """Stands, grounds and suns that are drawn, and PROSAIL's reflectance of them by band."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "area": rng.uniform(0.1, 7, count),
            "chlorophyll": rng.uniform(5, 70, count),
            "dead": rng.choice([0.0, 0.3, 0.7], count),
            "angle": rng.uniform(30, 70, count),
            "water": rng.uniform(0.003, 0.035, count),
            "dry": rng.uniform(0.002, 0.013, count),
            "ground": rng.uniform(0.03, 0.4, count),
            "zenith": rng.uniform(25, 70, count),
        }
    ).round(4)
    seen = np.array([_mixed(row) for row in table.itertuples()])
    return table.assign(**dict(zip(BANDS | BANDS_20M, seen.T.round(5), strict=True)))


def _mixed(row) -> np.ndarray:
    """(B,) of green leaves and dead ones, by their shares."""
    pigments = (row.chlorophyll, 2 + row.chlorophyll / 8, 0.0, row.water, row.dry)
    dry = (DEAD_CHLOROPHYLL, 2 + DEAD_CHLOROPHYLL / 8, DEAD_BROWN, DEAD_WATER, row.dry)
    green, dead = (
        _prosail(leaf, row.area, row.angle, row.zenith, row.ground) for leaf in (pigments, dry)
    )
    whole = (1 - row.dead) * green + row.dead * dead
    return np.array([_mean(whole, *band) for band in (BANDS | BANDS_20M).values()])


def print_test() -> None:
    """Reflectance that is looked up, less PROSAIL's own, by band."""
    table = leaves_between_nodes(TESTED)
    print(f"{TESTED} leaves between the nodes; reflectance looked up less PROSAIL's")
    print("band   mean      root mean square   largest   of a spread of")
    found = np.array([_looked_up(row) for row in table.itertuples()])
    for name, values in zip(BANDS | BANDS_20M, found.T, strict=True):
        off = values - table[name]
        rms, largest, spread = np.sqrt((off**2).mean()), np.abs(off).max(), table[name].std()
        print(f"{name:<5}{off.mean():+8.4f}{rms:14.4f}{largest:15.4f}{spread:12.3f}")


def _looked_up(row) -> np.ndarray:
    """(B,) as the simulator sees the leaves."""
    area, chlorophyll, dead, water, dry = (
        np.array([[v]]) for v in (row.area, row.chlorophyll, row.dead, row.water, row.dry)
    )
    stand = Leaves(area, chlorophyll, dead, np.array([row.angle]), water, dry)
    sun = np.radians([row.zenith])
    return np.concatenate(
        [
            covered(stand, np.full((1, len(names), 1), row.ground), sun, names)[0, :, 0]
            for names in (FINE, COARSE)
        ]
    )


if __name__ == "__main__":
    main()
