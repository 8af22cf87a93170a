"""Monthly cloud-masked medians."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

import numpy as np

from cropdash.domain import Bytes, Cube, Float, Period, Scene, sentinel2
from cropdash.domain.errors import InvalidScene


def monthly_median(scenes: Sequence[Scene], periods: Sequence[Period | str]) -> Cube:
    """Per-pixel median of the clear observations of each period.

    Returns a Cube with gaps: reflectance (T, B, H, W) is NaN and clear_dates (T, H, W) is 0
    where a period has no clear observation. Scenes outside `periods` (or their ids) are not used. An
    observation is clear when its SCL is 4 to 7 and every band holds data.

    Raises InvalidScene if there is no scene, or if scenes differ in grid or bands.
    """
    first, cut = _common_frame(scenes), tuple(map(Period.of, periods))
    shape = (len(cut), len(first.bands), *first.grid.shape)
    reflectance = np.full(shape, np.nan, dtype=np.float32)
    clear_dates = np.zeros((shape[0], *first.grid.shape), dtype=np.uint8)
    for t, period in enumerate(cut):
        within = [scene for scene in scenes if scene.date in period]
        if within:
            reflectance[t], clear_dates[t] = _median(within)
    return Cube(reflectance, clear_dates, cut, first.bands, first.grid)


def stream(scenes: Iterable[Scene], periods: Sequence[Period | str]) -> Cube:
    """Like `monthly_median`, for scenes that come in order of date: holds one period at a time."""
    cut, made = tuple(map(Period.of, periods)), dict[Period, Cube]()
    last = dt.date.min

    def period_of(scene: Scene) -> Period | None:
        nonlocal last
        if scene.date < last:
            raise InvalidScene(f"The scene of {scene.date} comes after that of {last}: sort them.")
        last = scene.date
        return next((period for period in cut if scene.date in period), None)

    for period, within in groupby(scenes, key=period_of):
        if period is not None:
            made[period] = monthly_median(list(within), (period,))
    if not made:
        raise InvalidScene(
            "There is no scene to composite: check the scenes folder and the season."
        )
    return _concatenate(made, cut)


def _concatenate(made: Mapping[Period, Cube], periods: Sequence[Period]) -> Cube:
    first = next(iter(made.values()))
    shape = (len(periods), len(first.bands), *first.grid.shape)
    reflectance = np.full(shape, np.nan, dtype=np.float32)
    clear_dates = np.zeros((shape[0], *first.grid.shape), dtype=np.uint8)
    for t, period in enumerate(periods):
        if period in made:
            one = made[period]
            if (one.grid, one.bands) != (first.grid, first.bands):
                raise InvalidScene(f"Scenes of {period} differ from the others in grid or bands.")
            reflectance[t], clear_dates[t] = one.reflectance[0], one.clear_dates[0]
    return Cube(reflectance, clear_dates, tuple(periods), first.bands, first.grid)


def clear_mask(scene: Scene) -> np.typing.NDArray[np.bool_]:
    """(H, W) True where the scene shows the ground and every band holds data."""
    low, high = sentinel2.CLEAR_SCL
    return (scene.scl >= low) & (scene.scl <= high) & ~np.isnan(scene.reflectance).any(axis=0)


def _common_frame(scenes: Sequence[Scene]) -> Scene:
    if not scenes:
        raise InvalidScene(
            "There is no scene to composite: check the scenes folder and the season."
        )
    first = scenes[0]
    for scene in scenes:
        if scene.grid != first.grid or scene.bands != first.bands:
            raise InvalidScene(
                f"Scene of {scene.date} differs in grid or bands from that of {first.date}:"
                " all scenes of a zone must lie on the zone's grid."
            )
    return first


def _median(scenes: Sequence[Scene]) -> tuple[Float, Bytes]:
    masks = np.stack([clear_mask(scene) for scene in scenes])  # (N, H, W)
    count = masks.sum(axis=0, dtype=np.int64)
    stack = np.stack([scene.reflectance for scene in scenes])  # (N, B, H, W)
    # +inf sorts cloudy observations last, so the clear ones lead each pixel's column.
    stack[~np.broadcast_to(masks[:, None], stack.shape)] = np.inf
    stack.sort(axis=0)
    middle = np.empty(stack.shape[1:], dtype=np.float32)
    lower = np.maximum((count - 1) // 2, 0)[None, None]  # (1, 1, H, W)
    upper = np.minimum(count // 2, len(scenes) - 1)[None, None]
    low, high = (np.take_along_axis(stack, i, axis=0)[0] for i in (lower, upper))
    with np.errstate(invalid="ignore"):
        np.multiply(low + high, np.float32(0.5), out=middle)
    middle[:, count == 0] = np.nan
    return middle, np.minimum(count, 255).astype(np.uint8)
