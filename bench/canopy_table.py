"""Make the simulator's canopy table from PROSAIL: `python -m bench.canopy_table [--check]`.

A maintainer's tool: it needs the package `prosail`, whose wheel names no licence and which is
therefore neither shipped nor required. `--check` compares the shipped table with a fresh one.

For every node (leaf area, chlorophyll, share of dead leaves, leaf angle, sun zenith) and band the
table holds a, b and c of the canopy over a Lambertian ground of reflectance s,

    r(s) = a + b s / (1 - c s),

which is exact for SAIL (Verhoef 1984, doi:10.1016/0034-4257(84)90057-9): light that misses the
ground, light that meets it, and light thrown back and forth. Three runs per node give the three.
"""

from __future__ import annotations

import sys
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "cropdash" / "resources" / "simulator" / "canopy_table.npz"

AXES = {
    "leaf_area": (0.0, 0.15, 0.35, 0.7, 1.2, 1.9, 2.8, 4.0, 5.5, 7.5),
    "chlorophyll": (1.0, 8.0, 20.0, 34.0, 50.0, 72.0),  # [µg/cm²]
    "dead": (0.0, 0.2, 0.5, 1.0),  # share of dead leaves
    "leaf_angle": (30.0, 45.0, 58.0, 70.0),  # [degrees] mean, 0 = flat
    "sun_zenith": (25.0, 40.0, 55.0, 70.0),  # [degrees]
}
# Sentinel-2A: centre and width [nm] of B2, B3, B4, B8 (ESA, Sentinel-2 spectral responses).
BANDS = ((492, 66), (560, 36), (665, 31), (833, 106))
FIRST_NM = 400
# PROSPECT-5: structure 1.5, water .012 cm, dry matter .006 g/cm², carotenoids an eighth of the
# chlorophyll and 2 more; SAIL: hot spot .05, view 6 degrees off nadir across the sun's plane.
STRUCTURE, WATER_CM, DRY_MATTER = 1.5, 0.012, 0.006
HOT_SPOT, VIEW_ZENITH, AZIMUTH = 0.05, 6.0, 90.0
DEAD_CHLOROPHYLL, DEAD_BROWN = 1.0, 0.6
GROUNDS = (0.0, 0.15, 0.45)


def main() -> None:
    made = make()
    if "--check" in sys.argv:
        shipped = np.load(TABLE, allow_pickle=False)["coefficients"].astype(np.float32)
        print(f"largest difference: {np.abs(shipped - made).max():.5f} (half precision: 0.0005)")
        return
    axes = {name: np.array(values, dtype=np.float32) for name, values in AXES.items()}
    np.savez_compressed(TABLE, coefficients=made.astype(np.float16), **axes)
    print(f"{made[..., 0, 0].size} nodes, {TABLE.stat().st_size / 1000:.0f} kB: {TABLE.name}")


def make() -> np.ndarray:
    """(leaf area, chlorophyll, brown, leaf angle, sun zenith, band, 3) coefficients a, b, c."""
    shape = tuple(len(values) for values in AXES.values())
    found = np.empty((*shape, len(BANDS), 3), dtype=np.float32)
    for place in product(*(range(n) for n in shape)):
        node = [values[i] for values, i in zip(AXES.values(), place, strict=True)]
        found[place] = _coefficients(*node)
    return found


def _coefficients(
    leaf_area: float, chlorophyll: float, dead: float, *geometry: float
) -> np.ndarray:
    dark, dim, bright = (
        (1 - dead) * _bands(leaf_area, chlorophyll, 0.0, *geometry, s)
        + dead * _bands(leaf_area, DEAD_CHLOROPHYLL, DEAD_BROWN, *geometry, s)
        for s in GROUNDS
    )
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
    import prosail

    spectrum = prosail.run_prosail(
        STRUCTURE,
        chlorophyll,
        2 + chlorophyll / 8,
        brown,
        WATER_CM,
        DRY_MATTER,
        leaf_area,
        angle,
        HOT_SPOT,
        sun_zenith,
        VIEW_ZENITH,
        AZIMUTH,
        typelidf=2,
        rsoil0=np.full(2101, ground),
    )
    return np.array([_mean(spectrum, centre, width) for centre, width in BANDS])


def _mean(spectrum: np.ndarray, centre: int, width: int) -> float:
    start = centre - width // 2 - FIRST_NM
    return float(spectrum[start : start + width + 1].mean())


if __name__ == "__main__":
    main()
