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
from cropdash.simulate.tables import FINE, Index, Reals

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


def covered(
    leaves: Leaves, ground: Reals, sun_zenith: Reals, bands: tuple[str, ...] = FINE
) -> Reals:
    """Reflectance (N, B, P) of leaves over a ground (N, B, P) in these bands, FINE or COARSE.

    Beyond its ends the table holds.
    """
    seen = np.empty_like(ground)
    look = _covered if bands == FINE else _covered_20m
    for n, zenith in enumerate(np.degrees(sun_zenith)):
        seen[n] = look(leaves, n, ground[n], zenith)
    return seen


def _covered(leaves: Leaves, n: int, ground: Reals, zenith: float) -> Reals:
    """(B, P) on the n-th date over the ground (B, P) under a sun of that zenith [degrees]."""
    table = canopy_table()
    nodes = _of_zenith(table.coefficients, table.axes[4], zenith)
    state = (leaves.area[n], leaves.chlorophyll[n], leaves.dead[n], leaves.angle)
    places = [_place(axis, values) for axis, values in zip(table.axes[:4], state, strict=True)]
    flat = nodes.reshape(-1, len(FINE) * 3)
    found = _blend(flat, nodes.shape[:-2], places, np.zeros(1, dtype=np.int64))
    return _over(found.reshape(-1, len(FINE), 3).swapaxes(0, 1), ground)


def _covered_20m(leaves: Leaves, n: int, ground: Reals, zenith: float) -> Reals:
    """The same in bands of 20 m: green leaves and dead ones, each as they absorb."""
    table = canopy_table()
    nodes = np.moveaxis(_of_zenith(table.coefficients_20m, table.axes_20m[3], zenith), -2, 0)
    state = (leaves.area[n], _absorption_roots(leaves, n), leaves.angle)
    places = [_place(axis, values) for axis, values in zip(table.axes_20m[:3], state, strict=True)]
    bands = np.arange(len(nodes))[:, None]  # the place differs by band
    found = _blend(nodes.reshape(-1, 3), nodes.shape[1:-1], places, bands)  # (2, B, P, 3)
    green, dead = _over(found, ground)
    return np.asarray(green + leaves.dead[n] * (dead - green))


def _absorption_roots(leaves: Leaves, n: int) -> Reals:
    """(2, B, P) where green leaves are on the axis of absorption, and dead ones."""
    specific = canopy_table().specific_absorption.T  # (B, 5)
    chlorophyll, dry = leaves.chlorophyll[n], leaves.dry[n]
    none = np.zeros_like(dry)
    gone = none + DEAD_CHLOROPHYLL
    green = np.stack([chlorophyll, 2 + chlorophyll / 8, none, leaves.water[n], dry])  # (5, P)
    dead = np.stack([gone, 2 + gone / 8, none + DEAD_BROWN, none + DEAD_WATER, dry])
    return np.sqrt(np.stack([specific @ green, specific @ dead]) / STRUCTURE)


def _of_zenith(coefficients: Float, axis: Float, zenith: float) -> Float:
    """The nodes under a sun of that zenith [degrees]; the third axis from behind is the sun's."""
    low, share = _place(axis, np.array([zenith]))
    nodes = coefficients[..., low[0], :, :] * np.float32(1 - share[0])
    return np.asarray(nodes + coefficients[..., low[0] + 1, :, :] * np.float32(share[0]))


def _over(found: Float, ground: Reals) -> Reals:
    """(..., B, P) of coefficients (..., B, P, 3) over the ground (B, P)."""
    dark, gain, back = np.moveaxis(found, -1, 0)
    return np.asarray(dark + gain * ground / (1 - back * ground))


def _place(axis: Float, values: Reals) -> _Place:
    """Node below each value, and how far it is to the next, 0 to 1."""
    inside = np.clip(values, axis[0], axis[-1])
    low = np.clip(np.searchsorted(axis, inside, side="right") - 1, 0, len(axis) - 2)
    share = (inside - axis[low]) / (axis[low + 1] - axis[low])
    return low, share.astype(np.float32)


def _blend(flat: Float, sizes: tuple[int, ...], places: list[_Place], start: Index) -> Float:
    """(..., V) rows of `flat`, a node each, weighted by how near the places are to them.

    `start` is the index of what stands before the axes of these sizes.
    """
    total: Float | None = None
    for corner in range(2 ** len(sizes)):
        index, weight = start, np.ones(1, dtype=np.float32)
        for axis, (low, share) in enumerate(places):
            upper = corner >> axis & 1
            index = index * sizes[axis] + low + upper
            weight = weight * (share if upper else 1 - share)
        part = weight[..., None] * flat[index]
        total = part if total is None else total + part
    return np.asarray(total)
