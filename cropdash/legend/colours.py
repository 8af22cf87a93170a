"""Colours for classes that have none: far apart for every eye, relatives in related hues."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Reals = NDArray[np.float64]
_STEP = 17  # of each channel between candidates: 16 values
_DARKEST, _LIGHTEST = 28.0, 90.0  # CIELAB lightness that shows on both themes
_GREY, _DULL = 8.0, 0.5  # chroma below which a colour is grey, and what is left of its worth
_LEAN, _FAR = (
    0.5,
    30.0,
)  # worth that a hue loses, [degrees] from its sector on which it has lost all
_NARROWEST = 8.0  # [degrees] half a sector
_PAPER = "#ffffff"
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
     [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
_WHITE = np.array([0.95047, 1.0, 1.08883])  # D65
# Machado et al. 2009 (doi:10.1109/TVCG.2009.113): what deuteranopes see, on linear RGB.
_DEUTAN = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
     [-0.011820, 0.042940, 0.968881]]
)  # fmt: skip
_PROTAN = np.array(
    [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
     [-0.003882, -0.048116, 1.051998]]
)  # fmt: skip
SIGHTS = {"common": np.eye(3), "deutan": _DEUTAN, "protan": _PROTAN}


def completed(given: Sequence[str], kin: Sequence[tuple[str, str]]) -> list[str]:
    """The colours, with one made for each class whose colour is empty.

    given: (K,) "#rrggbb" or ""; kin: (K,) family and group of each class. Each colour is the one
    furthest (CIELAB, for common and for deutan sight) from all there are, in the sector of hues
    of its group if that costs little. The same legend always gives the same colours.
    """
    if all(given):
        return list(given)
    candidates = _candidates()
    seen, hue, chroma = _sights(candidates), _hue(candidates), _chroma(candidates)
    nearest: Reals = np.full(len(candidates), np.inf)
    for colour in [*filter(None, given), _PAPER]:
        nearest = np.minimum(nearest, _distance(seen, _sights(_rgb(colour))))
    worth = np.where(chroma < _GREY, _DULL, 1.0)
    result = list(given)
    for i, middle, half in _turns(given, kin):
        off = np.maximum(np.abs((hue - middle + 180) % 360 - 180) - half, 0)
        best = int((nearest * worth * (1 - _LEAN * np.minimum(off / _FAR, 1))).argmax())
        result[i] = "#" + "".join(f"{channel:02x}" for channel in candidates[best])
        nearest = np.minimum(nearest, _distance(seen, [sight[best : best + 1] for sight in seen]))
    return result


def distances(colours: Sequence[str]) -> tuple[float, float]:
    """Least distance of two of the colours in CIELAB: for common and for deutan sight."""
    rgb = np.concatenate([_rgb(colour) for colour in colours])
    one, other = np.triu_indices(len(rgb), 1)
    common, deutan = (np.linalg.norm(s[one] - s[other], axis=1).min() for s in _sights(rgb))
    return float(common), float(deutan)


def apart(colours: Sequence[str], sight: str) -> Reals:
    """Distance (CIE 1976) of each pair of colours, in the order of `itertools.combinations`, as an
    eye of SIGHTS sees them."""
    light = _linear(np.concatenate([_rgb(colour) for colour in colours]))
    lab = _lab(np.clip(light @ SIGHTS[sight].T, 0, 1))
    one, other = np.triu_indices(len(lab), 1)
    found: Reals = np.linalg.norm(lab[one] - lab[other], axis=1)
    return found


def _turns(given: Sequence[str], kin: Sequence[tuple[str, str]]) -> list[tuple[int, float, float]]:
    """Class, middle and half width of its group's sector of hues [degrees], in order of choice.

    Groups stand around the circle by family; their sectors grow with the root of their classes.
    They choose in turn, the largest first, so that none is left with what the others spurned.
    """
    order = sorted((i for i, colour in enumerate(given) if not colour), key=lambda i: (kin[i], i))
    groups = [list(members) for _, members in groupby(order, key=lambda i: kin[i])]
    width = np.sqrt([len(members) for members in groups])
    ends = np.concatenate([[0.0], np.cumsum(width) / width.sum() * 360])
    turns = [
        (turn, -len(members), at, i)
        for at, members in enumerate(groups)
        for turn, i in enumerate(members)
    ]
    return [
        (i, float(ends[at] + ends[at + 1]) / 2, max(float(ends[at + 1] - ends[at]) / 2, _NARROWEST))
        for _, _, at, i in sorted(turns)
    ]


def _candidates() -> NDArray[np.int64]:
    """(C, 3) colours that stand out from white and from black."""
    channel = np.arange(0, 256, _STEP)
    rgb = np.stack(np.meshgrid(channel, channel, channel, indexing="ij"), axis=-1).reshape(-1, 3)
    lightness = _lab(_linear(rgb))[:, 0]
    return rgb[(lightness >= _DARKEST) & (lightness <= _LIGHTEST)]


def _sights(rgb: NDArray[np.int64]) -> list[Reals]:
    """(n, 3) CIELAB as most people see it, and as deuteranopes do."""
    light = _linear(rgb)
    return [_lab(light), _lab(np.clip(light @ _DEUTAN.T, 0, 1))]


def _distance(seen: Sequence[Reals], colour: Sequence[Reals]) -> Reals:
    """(C,) distance of each candidate from a colour: that of the sight that tells them apart least."""
    both = [np.linalg.norm(a - b, axis=1) for a, b in zip(seen, colour, strict=True)]
    nearer: Reals = np.minimum(*both)
    return nearer


def _hue(rgb: NDArray[np.int64]) -> Reals:
    lab = _lab(_linear(rgb))
    degrees: Reals = np.degrees(np.arctan2(lab[:, 2], lab[:, 1])) % 360
    return degrees


def _chroma(rgb: NDArray[np.int64]) -> Reals:
    lab = _lab(_linear(rgb))
    chroma: Reals = np.hypot(lab[:, 1], lab[:, 2])
    return chroma


def _rgb(colour: str) -> NDArray[np.int64]:
    return np.array([[int(colour[i : i + 2], 16) for i in (1, 3, 5)]])


def _linear(rgb: NDArray[np.int64]) -> Reals:
    share = rgb / 255
    light: Reals = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return light


def _lab(light: Reals) -> Reals:
    """(n, 3) CIELAB of linear sRGB."""
    xyz = light @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = f.T
    lab: Reals = np.column_stack([116 * y - 16, 500 * (x - y), 200 * (y - z)])
    return lab
