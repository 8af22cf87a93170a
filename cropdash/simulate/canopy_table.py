"""Reflectance of leaves over any ground, looked up in a table of PROSAIL.

PROSAIL: Jacquemoud et al. 2009, doi:10.1016/j.rse.2008.01.026. The table is made by
bench/canopy_table.py. For every node and band it holds a, b and c of a canopy over a Lambertian
ground of reflectance s: r(s) = a + b s / (1 - c s), which is exact for SAIL.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from cropdash.domain import Float
from cropdash.simulate.tables import Index, Reals


@dataclass(frozen=True, eq=False)
class Leaves:
    """What the table is asked for: N dates, P pieces."""

    area: Reals  # (N, P) leaf area index
    chlorophyll: Reals  # (N, P) [µg/cm²]
    dead: Reals  # (N, P) share of dead leaves
    angle: Reals  # (P,) [degrees] mean, 0 = flat


@dataclass(frozen=True, eq=False)
class CanopyTable:
    """PROSAIL at nodes; the axes in the order of the coefficients'."""

    axes: tuple[Float, ...]  # leaf area, chlorophyll, dead, leaf angle, sun zenith [degrees]
    coefficients: Float  # (area, chlorophyll, dead, angle, zenith, B, 3)


@cache
def canopy_table() -> CanopyTable:
    """The table that ships with the simulator."""
    file = resources.files("cropdash").joinpath("resources", "simulator", "canopy_table.npz")
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        axes = ("leaf_area", "chlorophyll", "dead", "leaf_angle", "sun_zenith")
        return CanopyTable(
            tuple(stored[name].astype(np.float32) for name in axes),
            stored["coefficients"].astype(np.float32),
        )


def covered(leaves: Leaves, ground: Reals, sun_zenith: Reals) -> Reals:
    """Reflectance (N, B, P) of leaves over a ground (N, B, P); beyond its ends the table holds."""
    table = canopy_table()
    seen = np.empty_like(ground)
    angle = _place(table.axes[3], leaves.angle)
    for n, zenith in enumerate(np.degrees(sun_zenith)):
        low, share = _place(table.axes[4], np.array([zenith]))
        nodes = table.coefficients[..., low[0], :, :] * np.float32(1 - share[0])
        nodes = nodes + table.coefficients[..., low[0] + 1, :, :] * np.float32(share[0])
        state = (leaves.area[n], leaves.chlorophyll[n], leaves.dead[n])
        places = [_place(axis, values) for axis, values in zip(table.axes[:3], state, strict=True)]
        found = _interpolated(nodes, [*places, angle])  # (P, B, 3)
        dark, gain, back = found.transpose(2, 1, 0)  # each (B, P)
        seen[n] = dark + gain * ground[n] / (1 - back * ground[n])
    return seen


def _place(axis: Float, values: Reals) -> tuple[Index, Float]:
    """Node below each value, and how far it is to the next, 0 to 1."""
    inside = np.clip(values, axis[0], axis[-1])
    low = np.clip(np.searchsorted(axis, inside, side="right") - 1, 0, len(axis) - 2)
    share = (inside - axis[low]) / (axis[low + 1] - axis[low])
    return low, share.astype(np.float32)


def _interpolated(nodes: Float, places: list[tuple[Index, Float]]) -> Float:
    """(P, B, 3) multilinear between the nodes (area, chlorophyll, dead, angle, B, 3)."""
    flat = nodes.reshape(-1, nodes.shape[-2] * nodes.shape[-1])
    sizes = nodes.shape[:4]
    total = np.zeros((len(places[0][0]), flat.shape[1]), dtype=np.float32)
    for corner in range(16):
        index = np.zeros(len(total), dtype=np.int64)
        weight = np.ones(len(total), dtype=np.float32)
        for axis, (low, share) in enumerate(places):
            upper = corner >> axis & 1
            index = index * sizes[axis] + low + upper
            weight = weight * (share if upper else 1 - share)
        total += weight[:, None] * flat[index]
    return total.reshape(-1, *nodes.shape[-2:])
