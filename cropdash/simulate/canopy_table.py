"""Reflectance of leaves over any ground, looked up in a table of PROSAIL.

PROSAIL: Jacquemoud et al. 2009, doi:10.1016/j.rse.2008.01.026. The table is made by
bench/canopy_table.py. For every node and band it holds a, b and c of a canopy over a Lambertian
ground of reflectance s: r(s) = a + b s / (1 - c s), which is exact for SAIL.

The bands of 10 m have nodes in chlorophyll and in the share of dead leaves; those of 20 m in what
a layer of the leaf absorbs, whether pigment, water or dry matter.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

from cropdash.domain import Float
from cropdash.simulate.tables import Index, Reals

STRUCTURE = 1.5  # layers of a leaf
# Of a dead leaf: chlorophyll [µg/cm²], brown pigment, water [cm].
DEAD_CHLOROPHYLL, DEAD_BROWN, DEAD_WATER = 1.0, 0.6, 0.0015
_Place = tuple[Index, Float]  # node below each value, and how far it is to the next, 0 to 1


@dataclass(frozen=True, eq=False)
class Leaves:
    """What the table is asked for: N dates, P pieces."""

    area: Reals  # (N, P) leaf area index
    chlorophyll: Reals  # (N, P) [µg/cm²]
    dead: Reals  # (N, P) share of dead leaves
    angle: Reals  # (P,) [degrees] mean, 0 = flat
    water: Reals  # (N, P) [cm] of green leaves
    dry: Reals  # (N, P) [g/cm²] dry matter


@dataclass(frozen=True, eq=False)
class CanopyTable:
    """PROSAIL at nodes; the axes in the order of the coefficients'."""

    axes: tuple[Float, ...]  # leaf area, chlorophyll, dead, leaf angle, sun zenith [degrees]
    coefficients: Float  # (area, chlorophyll, dead, angle, zenith, B, 3) of FINE
    axes_20m: tuple[Float, ...]  # leaf area, root of absorption, leaf angle, sun zenith
    coefficients_20m: Float  # (area, root, angle, zenith, B, 3) of COARSE
    specific_absorption: Float  # (5, B) chlorophyll, carotenoids, brown pigment, water, dry matter


@cache
def canopy_table() -> CanopyTable:
    """The table that ships with the simulator."""
    file = resources.files("cropdash").joinpath("resources", "simulator", "canopy_table.npz")
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        of = {name: stored[name].astype(np.float32) for name in stored.files}
    fine = ("leaf_area", "chlorophyll", "dead", "leaf_angle", "sun_zenith")
    coarse = ("leaf_area", "root_absorption", "leaf_angle", "sun_zenith")
    return CanopyTable(
        tuple(of[name] for name in fine),
        of["coefficients"],
        tuple(of[name] for name in coarse),
        of["coefficients_20m"],
        of["specific_absorption"],
    )


def covered(leaves: Leaves, ground: Reals, sun_zenith: Reals) -> Reals:
    """Reflectance (N, B, P) of leaves over a ground (N, B, P) in the bands of 10 m.

    Beyond its ends the table holds.
    """
    table = canopy_table()
    seen = np.empty_like(ground)
    angle = _place(table.axes[3], leaves.angle)
    for n, zenith in enumerate(np.degrees(sun_zenith)):
        nodes = _of_zenith(table.coefficients, table.axes[4], zenith)
        state = (leaves.area[n], leaves.chlorophyll[n], leaves.dead[n])
        places = [_place(axis, values) for axis, values in zip(table.axes[:3], state, strict=True)]
        seen[n] = _over(_interpolated(nodes, [*places, angle]), ground[n])
    return seen


def covered_20m(leaves: Leaves, ground: Reals, sun_zenith: Reals) -> Reals:
    """As `covered`, in the bands of 20 m: green leaves and dead ones, each as they absorb."""
    table = canopy_table()
    seen = np.empty_like(ground)
    angle = _place(table.axes_20m[2], leaves.angle)
    for n, zenith in enumerate(np.degrees(sun_zenith)):
        nodes = _of_zenith(table.coefficients_20m, table.axes_20m[3], zenith)
        area = _place(table.axes_20m[0], leaves.area[n])
        green, dead = (
            np.stack(
                [
                    _over(_interpolated(nodes[..., b : b + 1, :], [area, root, angle]), under[None])
                    for b, (root, under) in enumerate(zip(places, ground[n], strict=True))
                ]
            )[:, 0]
            for places in _absorbing(leaves, n)
        )
        seen[n] = green + leaves.dead[n] * (dead - green)
    return seen


def _absorbing(leaves: Leaves, n: int) -> tuple[list[_Place], list[_Place]]:
    """Where on the axis of absorption green leaves are, and dead ones, band by band."""
    table = canopy_table()
    chlorophyll, dry = leaves.chlorophyll[n], leaves.dry[n]
    zero = np.zeros_like(dry)
    gone = zero + DEAD_CHLOROPHYLL
    found = []
    for pigment, brown, water in (
        (chlorophyll, zero, leaves.water[n]),
        (gone, zero + DEAD_BROWN, zero + DEAD_WATER),
    ):
        contents = np.stack([pigment, 2 + pigment / 8, brown, water, dry])  # (5, P)
        root = np.sqrt(table.specific_absorption.T @ contents / STRUCTURE)  # (B, P)
        found.append([_place(table.axes_20m[1], values) for values in root])
    return found[0], found[1]


def _of_zenith(coefficients: Float, axis: Float, zenith: float) -> Float:
    """The nodes under a sun of that zenith [degrees]; the third axis from behind is the sun's."""
    low, share = _place(axis, np.array([zenith]))
    nodes = coefficients[..., low[0], :, :] * np.float32(1 - share[0])
    return np.asarray(nodes + coefficients[..., low[0] + 1, :, :] * np.float32(share[0]))


def _over(found: Float, ground: Reals) -> Reals:
    """(B, P) of coefficients (P, B, 3) over the ground (B, P)."""
    dark, gain, back = found.transpose(2, 1, 0)  # each (B, P)
    return np.asarray(dark + gain * ground / (1 - back * ground))


def _place(axis: Float, values: Reals) -> _Place:
    """Node below each value, and how far it is to the next, 0 to 1."""
    inside = np.clip(values, axis[0], axis[-1])
    low = np.clip(np.searchsorted(axis, inside, side="right") - 1, 0, len(axis) - 2)
    share = (inside - axis[low]) / (axis[low + 1] - axis[low])
    return low, share.astype(np.float32)


def _interpolated(nodes: Float, places: list[_Place]) -> Float:
    """(P, B, 3) multilinear between the nodes (*axes, B, 3), one place an axis."""
    flat = nodes.reshape(-1, nodes.shape[-2] * nodes.shape[-1])
    sizes = nodes.shape[:-2]
    total = np.zeros((len(places[0][0]), flat.shape[1]), dtype=np.float32)
    for corner in range(2 ** len(sizes)):
        index = np.zeros(len(total), dtype=np.int64)
        weight = np.ones(len(total), dtype=np.float32)
        for axis, (low, share) in enumerate(places):
            upper = corner >> axis & 1
            index = index * sizes[axis] + low + upper
            weight = weight * (share if upper else 1 - share)
        total += weight[:, None] * flat[index]
    return total.reshape(-1, *nodes.shape[-2:])
