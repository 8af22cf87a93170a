"""Cloud-masked medians of periods."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby

import numpy as np

from cropdash.domain import Bytes, Cube, Float, Grid, Period, Scene, sentinel2
from cropdash.domain.errors import InvalidScene, NoScene

_CACHED = 16_384  # values of a plane that are sorted at once


def stream(scenes: Iterable[Scene], periods: Sequence[Period | str]) -> Cube:
    """Per-pixel median of the clear observations of each period; holds one period's scenes at a time.

    Returns a Cube with gaps: reflectance (T, B, H, W) is NaN and clear_dates (T, H, W) is 0
    where a period has no clear observation. Scenes come in order of date; those outside `periods`
    (or their ids) are not used. An observation is clear when its SCL is 4 to 7 and every band holds
    data.

    Raises InvalidScene if there is no scene, or if scenes differ in grid or bands.
    """
    cut, last = tuple(map(Period.of, periods)), dt.date.min
    frame: tuple[Grid, tuple[str, ...], dt.date] | None = None

    def period_of(scene: Scene) -> Period | None:
        nonlocal frame, last
        frame = frame or (scene.grid, scene.bands, scene.date)
        if (scene.grid, scene.bands) != frame[:2]:
            raise InvalidScene(
                "Scene of {a} differs in grid or bands from that of {b}: all scenes of a zone"
                " must lie on the zone's grid.",
                a=scene.date,
                b=frame[2],
            )
        if scene.date < last:
            raise InvalidScene(
                "The scene of {a} comes after that of {b}: sort them.", a=scene.date, b=last
            )
        last = scene.date
        return next((period for period in cut if scene.date in period), None)

    grouped = groupby(scenes, key=period_of)
    made = {period: _median(list(within)) for period, within in grouped if period is not None}
    if frame is None or not made:
        raise NoScene("There is no scene to composite: check the scenes folder and the season.")
    grid, bands, _ = frame
    reflectance = np.full((len(cut), len(bands), *grid.shape), np.nan, dtype=np.float32)
    clear_dates = np.zeros((len(cut), *grid.shape), dtype=np.uint8)
    for t, period in enumerate(cut):
        if period in made:
            reflectance[t], clear_dates[t] = made[period]
    return Cube(reflectance, clear_dates, cut, bands, grid)


def clear_mask(scene: Scene) -> np.typing.NDArray[np.bool_]:
    """(H, W) True where the scene shows the ground and every band holds data."""
    low, high = sentinel2.CLEAR_SCL
    return (scene.scl >= low) & (scene.scl <= high) & ~np.isnan(scene.reflectance).any(axis=0)


def _median(scenes: Sequence[Scene]) -> tuple[Float, Bytes]:
    masks = np.stack([clear_mask(scene) for scene in scenes])  # (N, H, W)
    count = masks.sum(axis=0, dtype=np.int64)
    stack = np.stack([scene.reflectance for scene in scenes])  # (N, B, H, W)
    # +inf sorts cloudy observations last, so the clear ones lead each pixel's column.
    stack[~np.broadcast_to(masks[:, None], stack.shape)] = np.inf
    _sort(stack)
    middle = np.empty(stack.shape[1:], dtype=np.float32)
    lower = np.maximum((count - 1) // 2, 0)[None, None]  # (1, 1, H, W)
    upper = np.minimum(count // 2, len(scenes) - 1)[None, None]
    low, high = (np.take_along_axis(stack, i, axis=0)[0] for i in (lower, upper))
    with np.errstate(invalid="ignore"):
        np.multiply(low + high, np.float32(0.5), out=middle)
    middle[:, count == 0] = np.nan
    return middle, np.minimum(count, 255).astype(np.uint8)


def _sort(stack: Float) -> None:
    """Sort (N, B, H, W) along N in place: Batcher's network (1968), which compares whole planes.

    The comparisons are the same for all pixels, so that each is one minimum and one maximum; rows
    go through it a few at a time, as many as stay in the processor's caches.
    """
    pairs = _network(len(stack))
    rows = max(1, _CACHED // (stack.shape[1] * stack.shape[3]))
    for start in range(0, stack.shape[2], rows):
        part = stack[:, :, start : start + rows]
        spare = np.empty_like(part[0])
        for low, high in pairs:
            np.minimum(part[low], part[high], out=spare)
            np.maximum(part[low], part[high], out=part[high])
            part[low] = spare


def _network(n: int) -> list[tuple[int, int]]:
    """Which of n are to be compared, one pair after the other: odd-even merges of runs that double."""
    pairs, run = [], 1
    while run < n:
        step = run
        while step:
            for first in range(step % run, n - step, 2 * step):
                pairs += [
                    (low, low + step)
                    for low in range(first, min(first + step, n - step))
                    if low // (2 * run) == (low + step) // (2 * run)
                ]
            step //= 2
        run *= 2
    return pairs
