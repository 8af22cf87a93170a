"""Whether the dates of a season lie on each other: how far each is shifted against the others.

Phase correlation (Kuglin and Hines, 1975) of edges, as fields keep their edges while crops come and
go; the peak is found to a twentieth of a pixel by a Fourier transform that is finer around it
(Guizar-Sicairos et al., 2008).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Scene, sentinel2
from cropdash.prepare.composite import clear_mask

MOST = 0.5  # [pixels] that a date may be shifted before it is said
_SIDE, _LEAST = 256, 96  # [pixels] of the window in the zone's middle that is compared
_CLEAR = 0.5  # share of it that must be seen
_DATES = 4  # fewer say nothing of each other
_FINE = 20  # parts of a pixel
_REACH = 8  # [pixels] that are looked for
_SURE = 8.0  # by how many deviations a peak stands out that is no chance
_ALONE = 1.5  # by how many times it is higher than any other, as of land that repeats itself
_WIDE = 2.5  # [pixels] from a peak to its foot
_SOFT = 0.25  # [cycles a pixel] beyond which frequencies are mostly noise

Plane = NDArray[np.float32]
Shift = tuple[float, float]  # [pixels] to the south and to the east


@dataclass
class Dates:
    """Edges of each date that was seen well enough, kept while scenes go by."""

    edges: dict[dt.date, NDArray[np.float16]] = field(default_factory=dict)

    def watch(self, scenes: Iterable[Scene]) -> Iterator[Scene]:
        """The scenes as they come."""
        for scene in scenes:
            found = edges_of(scene)
            if found is not None:
                self.edges[scene.date] = found.astype(np.float16)
            yield scene

    def shifts(self) -> dict[dt.date, Shift]:
        """Of each date against all others, where it can be told."""
        if len(self.edges) < _DATES:
            return {}
        planes = {date: plane.astype(np.float32) for date, plane in self.edges.items()}
        whole = np.sum(list(planes.values()), axis=0)
        found = {date: shift(whole - plane, plane) for date, plane in planes.items()}
        return {date: one for date, one in found.items() if one is not None}


def edges_of(scene: Scene) -> Plane | None:
    """(H, W) strength of the edges in the middle of a scene, 0 in the mean and under clouds.

    None where too little is seen.
    """
    height, width = scene.scl.shape
    if min(height, width) < _LEAST:
        return None
    top, left = max(0, (height - _SIDE) // 2), max(0, (width - _SIDE) // 2)
    window = (slice(top, top + _SIDE), slice(left, left + _SIDE))
    clear = clear_mask(scene)[window]
    if clear.mean() < _CLEAR:
        return None
    fine = [i for i, b in enumerate(scene.bands) if sentinel2.TABLE[b].resolution_m == 10]
    strength = np.zeros(clear.shape, np.float32)
    for band in fine or range(len(scene.bands)):
        values = np.where(clear, scene.reflectance[band][window], np.nan)
        down, right = np.gradient(values)
        strength += np.hypot(down, right) / max(float(np.nanstd(values)), 1e-6)
    known = np.isfinite(strength)
    if known.mean() < _CLEAR / 2:
        return None
    strength[~known] = 0
    low, high = np.quantile(strength[known], (0.0, 0.99))
    strength = np.clip(strength, low, high)  # a cloud's rim that was not masked is no edge of land
    strength[known] -= strength[known].mean()
    strength[~known] = 0
    scale = float(strength[known].std())
    return strength / np.float32(scale) if scale > 0 else None


def shift(still: Plane, moved: Plane) -> Shift | None:
    """By how much `moved` is shifted against `still`; None where no peak stands out.

    Both (H, W), of mean 0.
    """
    taper = np.outer(np.hanning(still.shape[0]), np.hanning(still.shape[1]))
    power = np.fft.fft2(moved * taper) * np.conj(np.fft.fft2(still * taper))
    rows, columns = (np.fft.fftfreq(n) for n in still.shape)
    soft = np.exp(-0.5 * (rows[:, None] ** 2 + columns**2) / _SOFT**2)
    power *= soft / np.maximum(np.abs(power), 1e-12)
    surface = np.fft.ifft2(power).real
    reach = min(_REACH, min(still.shape) // 4)
    near = np.r_[-reach : reach + 1]
    around = surface[np.ix_(near, near)]
    peak = np.unravel_index(int(around.argmax()), around.shape)
    south, east = int(near[peak[0]]), int(near[peak[1]])
    apart = np.hypot(*np.meshgrid(near - south, near - east, indexing="ij")) > _WIDE
    if around[peak] < max(_SURE * surface.std(), _ALONE * around[apart].max()):
        return None
    steps = np.arange(-_FINE, _FINE + 1) / _FINE
    down = np.exp(2j * np.pi * np.outer(south + steps, rows))
    right = np.exp(2j * np.pi * np.outer(columns, east + steps))
    finer = (down @ power @ right).real
    best = np.unravel_index(int(finer.argmax()), finer.shape)
    return south + float(steps[best[0]]), east + float(steps[best[1]])


def length(found: Shift) -> float:
    """[pixels]"""
    return float(np.hypot(*found))
