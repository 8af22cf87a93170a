"""Clouds, their shadows, cirrus and haze as smooth random fields, laid over a scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropdash.domain import Float
from cropdash.simulate.noise import interpolation
from cropdash.simulate.tables import FINE, spectrum

CELL_PX = 4  # clouds are drawn at 40 m and interpolated
DOMAIN = 512  # cells of a field, which repeats beyond
FIELDS = 4
SPECTRUM = 3.0  # power falls with wave number to this power
CLOUD_EDGE = 0.30  # field units over which a cloud's depth grows by one
CLOUD_HEIGHT_M = (600.0, 4500.0)
CIRRUS_SHARE = 0.22  # dates with cirrus about
SUN_AZIMUTH = np.radians(158.0)  # [rad] at the overpass, clockwise from north


@dataclass(frozen=True, eq=False)
class Sky:
    """Optical depths over a scene (H, W), and how dark shadows are."""

    cloud: Float
    cirrus: Float
    shadow: Float  # (H, W) 0 = lit, 1 = core of a shadow


@dataclass(frozen=True, eq=False)
class Draw:
    """What is drawn of a sky: windows of the fields, their mixture, and the clouds' height [m]."""

    clouds: _Window
    height: float
    cirrus: _Window
    strength: float  # optical depth of cirrus, 0 = none


@dataclass(frozen=True, eq=False)
class _Window:
    spot: NDArray[np.int64]  # (4,) row and column in each of two fields
    turn: float  # [rad] the mixture of the two
    pick: NDArray[np.int64]  # (2,) which fields


def draw(rng: np.random.Generator) -> Draw:
    """Draw a sky."""
    spot = rng.integers(0, DOMAIN, 4)
    turn = rng.uniform(0, 2 * np.pi)
    clouds = _Window(spot, turn, rng.integers(0, FIELDS, 2))
    height = rng.uniform(*CLOUD_HEIGHT_M)
    strength = rng.uniform(0.03, 0.25) if rng.random() < CIRRUS_SHARE else 0.0
    spot, pick = rng.integers(0, DOMAIN, 4), rng.integers(0, FIELDS, 2)
    return Draw(clouds, height, _Window(spot, rng.uniform(0, 2 * np.pi), pick), strength)


class Canvas:
    """Paints skies for one raster shape, mixed of a few smooth random fields."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int], pixel_size: float) -> None:
        row = np.fft.fftfreq(DOMAIN)[:, None]
        column = np.fft.rfftfreq(DOMAIN)[None, :]
        number = np.hypot(row, column)
        number[0, 0] = np.inf
        # Below two cells clouds are smooth.
        amplitude = number ** (-SPECTRUM / 2) * np.exp(-((number / 0.35) ** 2))
        noise = rng.standard_normal((FIELDS, DOMAIN, DOMAIN), dtype=np.float32)
        whole = np.fft.irfft2(np.fft.rfft2(noise) * amplitude, s=(DOMAIN, DOMAIN))
        fields = whole.astype(np.float32)
        fields -= fields.mean(axis=(1, 2), keepdims=True)
        fields /= fields.std(axis=(1, 2), keepdims=True)
        self._fields, self._ranks = fields, np.sort(fields[:, ::8, ::8].ravel())
        self._cell_m = CELL_PX * pixel_size
        self._weights = tuple(
            interpolation((np.arange(n) + 0.5) / CELL_PX) for n in shape
        )  # (H, h), (W, w)

    def sky(self, cover: float, sun_zenith: float, drawn: Draw) -> Sky:
        """A sky with about this share of cloud."""
        threshold = self._threshold(cover)
        away = drawn.height * np.tan(sun_zenith) / self._cell_m
        shift = (
            round(away * np.cos(SUN_AZIMUTH)),  # the shadow falls away from the sun: north
            round(away * np.sin(SUN_AZIMUTH)),
        )
        cloud = self._depth(drawn.clouds, threshold, (0, 0))
        shadow = self._depth(drawn.clouds, threshold, shift)
        return Sky(cloud, self._cirrus(drawn), 1 - np.exp(-shadow))

    def _threshold(self, cover: float) -> float:
        """Field value above which a share `cover` lies; out of reach for a clear sky."""
        ranks = self._ranks
        if cover < 0.004:
            return float(ranks[-1]) + 9.0
        return float(ranks[int(np.clip(1 - cover, 0, 1) * (len(ranks) - 1))])

    def _cirrus(self, drawn: Draw) -> Float:
        if drawn.strength == 0:
            return np.zeros(tuple(len(w) for w in self._weights), dtype=np.float32)
        veil = np.maximum(self._mixed(drawn.cirrus, (0, 0)) + 0.4, 0)
        return self._upsampled(veil) * np.float32(drawn.strength)

    def _depth(self, window: _Window, threshold: float, shift: tuple[int, int]) -> Float:
        """(H, W) optical depth of cloud, looked up `shift` cells away."""
        above = np.maximum(self._mixed(window, shift) - threshold, 0) / CLOUD_EDGE
        return self._upsampled(above * (1 + above))

    def _mixed(self, window: _Window, shift: tuple[int, int]) -> Float:
        """(h, w) a fresh field, mixed of two windows of the drawn ones."""
        mixed = np.float32(0)
        shares = (np.cos(window.turn), np.sin(window.turn))
        parts = zip(window.pick, window.spot.reshape(2, 2), shares, strict=True)
        for field, (row, column), share in parts:
            i, j = (
                (np.arange(weights.shape[1]) + start + step) % DOMAIN
                for weights, start, step in zip(self._weights, (row, column), shift, strict=True)
            )
            mixed = mixed + np.float32(share) * self._fields[field][np.ix_(i, j)]
        return np.asarray(mixed, dtype=np.float32)

    def _upsampled(self, cells: Float) -> Float:
        rows, columns = self._weights
        return np.asarray(rows @ cells @ columns.T)


def cover(ground: Float, sky: Sky, haze: float, bands: tuple[str, ...] = FINE) -> Float:
    """(B, H, W) the ground as seen through the sky, in these bands."""
    loss, colour, white, ice = (
        spectrum(name, bands).astype(np.float32)
        for name in ("shadow_loss", "haze", "cloud", "ice_loss")
    )
    seen = ground * (1 - loss[:, None, None] * sky.shadow)
    seen += (np.float32(haze) * colour)[:, None, None]
    through = np.exp(-(sky.cloud + sky.cirrus))
    seen *= through
    seen += white[:, None, None] * (1 - through)
    if ice.any():
        seen -= ice[:, None, None] * (np.exp(-sky.cloud) - through)
    return np.asarray(seen)


def halved(sky: Sky) -> Sky:
    """The sky as pixels of twice the size see it."""
    return Sky(*(blocks(part) for part in (sky.cloud, sky.cirrus, sky.shadow)))


def blocks(image: Float) -> Float:
    """(..., h, w) means of 2 x 2 pixels of (..., H, W); the edge goes on where a pixel is missing."""
    height, width = image.shape[-2:]
    if height % 2 or width % 2:
        ends = [(0, 0)] * (image.ndim - 2) + [(0, height % 2), (0, width % 2)]
        image = np.pad(image, ends, "edge")
    total = image[..., 0::2, 0::2] + image[..., 1::2, 0::2]
    total = total + image[..., 0::2, 1::2] + image[..., 1::2, 1::2]
    return np.asarray(total * np.float32(0.25))
