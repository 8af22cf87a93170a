"""Classes, agreement and confidence as pictures of few colours: quick to write, small to send."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cropdash.domain import Bytes, Float, Grid, Legend
from cropdash.figures import imagery, palette
from cropdash.i18n import sentence

AGREEMENT = (  # what it means, colour; in the order of the codes of `agreement`
    (sentence("Both right"), "#3b8f5a"),
    (sentence("Only {first} right"), "#3f6fd1"),
    (sentence("Only {second} right"), "#e08a1e"),
    (sentence("Both wrong, same answer"), "#7b3f6e"),
    (sentence("Both wrong, different answers"), "#c0392b"),
)
CONFIDENCE = ("#4a1070", "#f6e16b")  # unsure, sure


class Indexed(NamedTuple):
    """A picture as codes and their colours."""

    codes: Bytes  # (H, W); 0 is transparent
    colours: NDArray[np.uint8]  # (256, 4)


def classes(crop: Bytes, legend: Legend) -> Indexed:
    """Classes in their colours; transparent where background or not a class."""
    colours = _table([item.colour for item in legend.classes[1:]])
    return Indexed(np.where(crop < legend.n_classes, crop, 0).astype(np.uint8), colours)


def confidence(values: Float) -> Indexed:
    """(H, W) probability of the chosen class: dark = unsure, light = sure."""
    codes = 1 + np.rint(np.clip(np.nan_to_num(values), 0, 1) * 254)
    low, high = (np.array(palette.rgb(c)) for c in CONFIDENCE)
    share = np.linspace(0, 1, 255)[:, None]
    colours = np.zeros((256, 4), np.uint8)
    colours[1:] = np.column_stack([low + (high - low) * share, np.full(255, 255)])
    return Indexed(codes.astype(np.uint8), colours)


def agreement(
    truth: NDArray[np.integer], first: NDArray[np.integer], second: NDArray[np.integer]
) -> Bytes:
    """Index into AGREEMENT where a mapped crop is declared, 255 elsewhere; of pixels or parcels."""
    codes = np.select(
        [(first == truth) & (second == truth), first == truth, second == truth, first == second],
        [0, 1, 2, 3],
        4,
    ).astype(np.uint8)
    codes[(truth == 0) | (truth == 255)] = 255
    return codes


def of_agreement(codes: Bytes) -> Indexed:
    """(H, W) codes of `agreement` in their colours."""
    colours = _table([colour for _, colour in AGREEMENT])
    return Indexed(np.where(codes < len(AGREEMENT), codes + 1, 0).astype(np.uint8), colours)


def narrowed(picture: Indexed, shown: NDArray[np.bool_]) -> Indexed:
    """The picture where `shown`, transparent elsewhere."""
    return Indexed(np.where(shown, picture.codes, 0).astype(np.uint8), picture.colours)


def png(picture: Indexed, grid: Grid) -> bytes:
    """The picture warped like `imagery.png`, a fifth of its time and a third of its bytes."""
    image = Image.fromarray(imagery.warped(picture.codes, grid), "P")
    image.putpalette(picture.colours[:, :3].tobytes())
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=4, transparency=picture.colours[:, 3].tobytes())
    return buffer.getvalue()


def _table(colours: Sequence[str]) -> NDArray[np.uint8]:
    """(256, 4): transparent at 0, then the colours from 1 on."""
    table = np.zeros((256, 4), np.uint8)
    for code, colour in enumerate(colours, 1):
        table[code] = (*palette.rgb(colour), 255)
    return table
