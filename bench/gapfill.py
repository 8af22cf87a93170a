"""Gap filling against the plain nested loop it replaces, side by side in one run.

    python -m bench.gapfill

Prints the ratio of both times on (12, 4, 256, 256) with 20 % gaps, and whether the results are
equal bit for bit. Two loops are timed: the rule written plainly with NumPy calls (np.isnan and
np.mean on each value, as such a function is usually first written), and the same loop tuned for
the interpreter (lists of floats, math.isnan), which is as fast as plain Python gets.

Then processor seconds, taken in turn: of filling beside one copy of the data, and of the monthly median of
5 and of 10 dates with 35 % clouds beside an insertion sort compiled by numba (`pip install numba`; left
out without it).
"""

from __future__ import annotations

import datetime as dt
import importlib
import math
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from cropdash.domain import Grid, Scene
from cropdash.domain.sentinel2 import BAND_SETS
from cropdash.prepare import composite
from cropdash.prepare.gapfill import fill_gaps

SHAPE, SHARE = (12, 4, 256, 256), 0.2


def plain_loop(array: np.ndarray) -> np.ndarray:
    """One value at a time, with NumPy calls."""
    filled = array.copy()
    periods, bands, rows, columns = array.shape
    for b in range(bands):
        for y in range(rows):
            for x in range(columns):
                for t in range(periods):
                    if np.isnan(array[t, b, y, x]):
                        nearest = []
                        for s in range(t - 1, -1, -1):
                            if not np.isnan(array[s, b, y, x]):
                                nearest.append(array[s, b, y, x])
                                break
                        for s in range(t + 1, periods):
                            if not np.isnan(array[s, b, y, x]):
                                nearest.append(array[s, b, y, x])
                                break
                        if nearest:
                            filled[t, b, y, x] = np.mean(nearest)
    return filled


def tuned_loop(array: np.ndarray) -> np.ndarray:
    """One value at a time, on Python lists."""
    isnan = math.isnan
    flat = array.reshape(len(array), -1)
    rows = []
    for series in flat.T.tolist():
        for t, value in enumerate(filled := list(series)):
            if isnan(value):
                before = next((v for v in reversed(series[:t]) if not isnan(v)), None)
                after = next((v for v in series[t + 1 :] if not isnan(v)), None)
                found = [v for v in (before, after) if v is not None]
                if found:
                    filled[t] = sum(found) / len(found)
        rows.append(filled)
    return np.array(rows, dtype=array.dtype).T.reshape(array.shape)


def seconds(function: Callable[[np.ndarray], Any], array: np.ndarray, times: int) -> list[float]:
    """Wall time of each of `times` calls."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        function(array)
        taken.append(time.perf_counter() - start)
    return sorted(taken)


def median_of(stack: np.ndarray, clear: np.ndarray) -> np.ndarray:
    """(B, H, W) medians of what is clear (N, H, W) in (N, B, H, W), by insertion; for numba."""
    n, bands, rows, columns = stack.shape
    found = np.empty((bands, rows, columns), np.float32)
    kept = np.empty(n, np.float32)
    for b in range(bands):
        for y in range(rows):
            for x in range(columns):
                m = 0
                for i in range(n):
                    if clear[i, y, x]:
                        value, j = stack[i, b, y, x], m
                        while j > 0 and kept[j - 1] > value:
                            kept[j] = kept[j - 1]
                            j -= 1
                        kept[j] = value
                        m += 1
                middle = np.float32(0.5) * (kept[(m - 1) // 2] + kept[m // 2])
                found[b, y, x] = middle if m else np.nan
    return found


def scenes_of(n: int, rng: np.random.Generator) -> list[Scene]:
    """Dates of a month of which each pixel is clouded on about a third."""
    grid = Grid("EPSG:32631", 5e5, 5e6, 10.0, SHAPE[2:])
    return [
        Scene(
            dt.date(2023, 5, day + 1),
            rng.random((SHAPE[1], *grid.shape), dtype=np.float32),
            np.where(rng.random(grid.shape) < 0.35, 9, 4).astype(np.uint8),
            grid,
            BAND_SETS["10m"],
        )
        for day in range(n)
    ]


def in_turn(work: dict[str, Callable[[], Any]], rounds: int = 25) -> dict[str, float]:
    """Median processor seconds of each."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for _ in range(rounds):
        for name, do in work.items():
            start = time.process_time()
            do()
            seconds[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def medians(rng: np.random.Generator) -> None:
    try:
        compiled = importlib.import_module("numba").njit(median_of)
    except ModuleNotFoundError:
        print("numba is absent: the median stands beside nothing")
        return
    for n in (5, 10):
        scenes = scenes_of(n, rng)

        def theirs(scenes: list[Scene] = scenes) -> np.ndarray:
            clear = np.stack([composite.clear_mask(scene) for scene in scenes])
            return np.asarray(compiled(np.stack([s.reflectance for s in scenes]), clear))

        def ours(scenes: list[Scene] = scenes) -> np.ndarray:
            return composite.stream(scenes, ["2023-05"]).reflectance[0]

        equal = np.array_equal(ours(), theirs(), equal_nan=True)
        taken = in_turn({"ours": ours, "numba": theirs})
        print(
            f"median of {n} dates: {taken['ours'] * 1e3:.1f} ms, numba {taken['numba'] * 1e3:.1f} ms, "
            f"ratio {taken['ours'] / taken['numba']:.2f}, equal: {equal}"
        )


def main() -> None:
    rng = np.random.default_rng(0)
    array = rng.random(SHAPE, dtype=np.float32)
    array[rng.random(SHAPE) < SHARE] = np.nan
    filled = fill_gaps(array)
    ours = seconds(fill_gaps, array, 31)
    print(
        f"fill_gaps on {SHAPE}, {SHARE:.0%} gaps: median {ours[15] * 1e3:.1f} ms, "
        f"fastest {ours[0] * 1e3:.1f} ms, slowest {ours[-1] * 1e3:.1f} ms"
    )
    for loop in (plain_loop, tuned_loop):
        (taken,) = seconds(loop, array, 1)
        equal = np.allclose(loop(array), filled, rtol=1e-6, equal_nan=True)
        print(
            f"{loop.__name__}: {taken:.2f} s, ratio {taken / ours[15]:.0f} (median of ours), "
            f"{taken / ours[-1]:.0f} (slowest of ours), equal: {equal}"
        )
    taken = in_turn({"filled": lambda: fill_gaps(array), "copied": array.copy})
    print(
        f"processor time of filling {taken['filled'] * 1e3:.1f} ms, of one copy "
        f"{taken['copied'] * 1e3:.1f} ms, ratio {taken['filled'] / taken['copied']:.1f}"
    )
    medians(rng)


if __name__ == "__main__":
    main()
