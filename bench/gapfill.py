"""Gap filling against the plain nested loop it replaces, side by side in one run.

    python -m bench.gapfill

Prints the ratio of both times on (12, 4, 256, 256) with 20 % gaps, and whether the results are
equal bit for bit. Two loops are timed: the rule written plainly with NumPy calls (np.isnan and
np.mean on each value, as such a function is usually first written), and the same loop tuned for
the interpreter (lists of floats, math.isnan), which is as fast as plain Python gets.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np

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


if __name__ == "__main__":
    main()
