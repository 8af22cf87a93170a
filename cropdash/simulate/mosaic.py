"""Land cut into blocks, fields and margins: convex polygons only, so cuts are exact and fast."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from cropdash.domain import M2_PER_HA
from cropdash.simulate.tables import Reals, Region

Ring = Reals  # (n, 2) corners of a convex polygon, in order, not closed

BLOCK_HA, BLOCK_SPREAD = 45.0, 0.5  # land between roads: median and log-sd
FIELD_SPREAD = 0.75  # log-sd of the size at which a field is left whole
# Halving stops between one and two times this size, so the median lies above the stop size.
STOP_SHARE = 1.18
ROAD_M = (3.0, 7.0)  # half a road with its verges
STRIP_M = 25.0  # narrower strips are not farmed alone
HEDGE_M = (3.0, 8.0)  # half a hedge with its bank
MARGIN_WIDTH_M = (4.0, 14.0)  # buffer strips and field margins
MIN_HA = 0.02


def cut(
    bounds: tuple[float, float, float, float],
    region: Region,
    margin_share: float,
    rng: np.random.Generator,
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Cut the land within `bounds` [m] into fields of the region's size, with roads between.

    Polygons of fields, some of them slivers along another's edge, and of blocks with hedges around
    their fields.
    """
    angle = rng.uniform(0, np.pi)
    rings: list[Ring] = []
    hedged: list[Ring] = []
    for block in _split(_frame(bounds, angle), BLOCK_HA, BLOCK_SPREAD, angle, rng):
        inner = _shrunk(block, rng.uniform(*ROAD_M))
        if inner is not None:
            fields, is_hedged = _cut_block(inner, region, margin_share, rng)
            rings += fields
            hedged += [inner] * is_hedged
    return _within(rings, bounds), _within(hedged, bounds)


def _frame(bounds: tuple[float, float, float, float], angle: float) -> Ring:
    """A square turned by `angle` that covers the bounds."""
    left, bottom, right, top = bounds
    centre = np.array([(left + right) / 2, (bottom + top) / 2])
    half = max(right - left, top - bottom) / 2 * (abs(np.cos(angle)) + abs(np.sin(angle)))
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * half
    return np.asarray(centre + corners @ np.stack([along, across]))


def _cut_block(
    block: Ring, region: Region, margin_share: float, rng: np.random.Generator
) -> tuple[list[Ring], bool]:
    """Fields of a block, and whether hedges stand between them."""
    angle = _long_axis(block)
    stop = region.median_parcel_ha * STOP_SHARE
    if rng.random() < region.strip_field_share:
        fields = _strips(block, stop, angle, rng)
    else:
        fields = _split(block, stop, FIELD_SPREAD, angle, rng)
    is_hedged = rng.random() < region.hedged_share
    found = []
    for ring in fields:
        gap = rng.uniform(*HEDGE_M) if is_hedged else rng.uniform(0, 5) * (rng.random() < 0.6)
        inner = _shrunk(ring, gap)
        if inner is not None:
            found += _with_margin(inner, margin_share, rng)
    return found, is_hedged


def _with_margin(ring: Ring, margin_share: float, rng: np.random.Generator) -> list[Ring]:
    """A field; some give up a sliver along one side."""
    if rng.random() < margin_share and _area_ha(ring) > 0.5:
        side = int(rng.integers(len(ring)))
        start, end = ring[side], ring[(side + 1) % len(ring)]
        along = (end - start) / np.hypot(*(end - start))
        inward = np.array([-along[1], along[0]])
        sliver, rest = _halves(ring, start + inward * rng.uniform(*MARGIN_WIDTH_M), along)
        if len(sliver) > 2 and len(rest) > 2:
            return [sliver, rest] if _area_ha(sliver) < _area_ha(rest) else [rest, sliver]
    return [ring]


def _split(
    ring: Ring, size_ha: float, spread: float, angle: float, rng: np.random.Generator
) -> list[Ring]:
    """Halve across the longer extent until pieces are about `size_ha`."""
    done, waiting = [], [ring]
    while waiting:
        piece = waiting.pop()
        if _area_ha(piece) < size_ha * np.exp(spread * rng.standard_normal()):
            done.append(piece)
            continue
        axes = angle + rng.normal(0, 0.10) + np.array([0, np.pi / 2])
        directions = np.stack([np.cos(axes), np.sin(axes)])  # (2, axis)
        places = piece @ directions
        low, high = places.min(axis=0), places.max(axis=0)
        longer = int(np.argmax(high - low))
        at = low[longer] + (high[longer] - low[longer]) * rng.uniform(0.36, 0.64)
        halves = _halves(piece, directions[:, longer] * at, directions[:, 1 - longer])
        waiting.extend(half for half in halves if len(half) > 2)
    return done


def _strips(ring: Ring, size_ha: float, angle: float, rng: np.random.Generator) -> list[Ring]:
    """Cut along the length into strips of about `size_ha`."""
    along = np.array([np.cos(angle), np.sin(angle)])
    across = np.array([-along[1], along[0]])
    places = ring @ across
    width = places.max() - places.min()
    count = max(1, min(int(_area_ha(ring) / (0.8 * size_ha)), int(width / STRIP_M)))
    cuts = np.sort((np.arange(1, count) + rng.uniform(-0.35, 0.35, count - 1)) / count)
    strips, rest = [], ring
    for share in cuts:
        strip, rest = _halves(rest, across * (places.min() + share * width), along)
        if _inside(strip, across) > _inside(rest, across):
            strip, rest = rest, strip
        if len(strip) > 2:
            strips.append(strip)
        if len(rest) < 3:
            break
    return [*strips, rest] if len(rest) > 2 else strips


def _inside(ring: Ring, direction: Reals) -> float:
    return float((ring @ direction).mean()) if len(ring) else np.inf


def _halves(ring: Ring, point: Reals, direction: Reals) -> tuple[Ring, Ring]:
    """The parts right and left of the line through `point` along `direction`."""
    offset = (ring - point) @ np.array([-direction[1], direction[0]])  # > 0 on the left
    following = np.roll(offset, -1)
    right, left = [], []
    for i, (here, there) in enumerate(zip(offset.tolist(), following.tolist(), strict=True)):
        if here <= 0:
            right.append(ring[i])
        if here >= 0:
            left.append(ring[i])
        if here * there < 0:
            corner = ring[i] + (ring[(i + 1) % len(ring)] - ring[i]) * (here / (here - there))
            right.append(corner)
            left.append(corner)
    return np.array(right), np.array(left)


def _shrunk(ring: Ring, distance: float) -> Ring | None:
    """The polygon drawn in by `distance` [m]; None where nothing is left."""
    if distance <= 0:
        return ring
    inner = shapely.buffer(shapely.Polygon(ring), -distance, join_style="mitre")
    if inner.is_empty or inner.geom_type != "Polygon":
        return None
    corners: Ring = shapely.get_coordinates(inner)[:-1][::-1]  # counter-clockwise
    return corners


def _area_ha(ring: Ring) -> float:
    x, y = ring[:, 0] - ring[0, 0], ring[:, 1] - ring[0, 1]
    return abs(float(x[1:-1] @ y[2:] - y[1:-1] @ x[2:])) / 20_000


def _long_axis(ring: Ring) -> float:
    """Direction [rad] of the longest side."""
    sides = np.roll(ring, -1, axis=0) - ring
    dx, dy = sides[np.argmax(np.hypot(sides[:, 0], sides[:, 1]))]
    return float(np.arctan2(dy, dx))


def _within(rings: list[Ring], bounds: tuple[float, float, float, float]) -> NDArray[np.object_]:
    """The polygons that touch the bounds, without specks."""
    polygons = np.array([shapely.Polygon(ring) for ring in rings], dtype=object)
    keep = (shapely.area(polygons) / M2_PER_HA > MIN_HA) & shapely.intersects(
        polygons, shapely.box(*bounds)
    )
    return np.asarray(polygons[keep])
