"""Classes, agreement and confidence as pictures of few colours: quick to write, small to send."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cropdash.domain import Bytes, Float, Grid, Legend, Level
from cropdash.figures import imagery, palette
from cropdash.i18n import sentence
from cropdash.legend.colours import completed

# What it means, colour, whether it is hatched; in the order of the codes of `agreement`. Blue and
# orange, light and dark: every eye tells them apart (`python -m bench.colours`).
AGREEMENT = (
    (sentence("Both right"), "#e4ebe6", False),
    (sentence("Only {first} right"), "#2166ac", False),
    (sentence("Only {second} right"), "#f08a24", False),
    (sentence("Both wrong, same answer"), "#2b2b2b", True),
    (sentence("Both wrong, different answers"), "#8d8d8d", True),
)
_HATCH = (200, 90, 90, 255)  # lines over what is hatched
_PITCH = 6  # [px] between lines
CONFIDENCE = ("#4a1070", "#f6e16b")  # unsure, sure


class Indexed(NamedTuple):
    """A picture as codes and their colours."""

    codes: Bytes  # (H, W); 0 is transparent
    colours: NDArray[np.uint8]  # (256, 4)


def classes(codes: Bytes, colours: Sequence[str]) -> Indexed:
    """Classes, or groups, in their colours; transparent at code 0 and beyond the last.

    colours: by code.
    """
    known = np.where(codes < len(colours), codes, 0).astype(np.uint8)
    return Indexed(known, _table(colours[1:]))


def group_colours(legend: Legend, level: Level) -> list[str]:
    """Colour of each class or group of a level, by its index; those of groups are made for them."""
    if level == "class":
        return [item.colour for item in legend.classes]
    names = legend.groups(level)
    kin = {getattr(c, level): c.family for c in legend.classes}
    given = [legend.classes[0].colour, *[""] * (len(names) - 1)]
    return completed(given, [(kin[name], name) for name in names])


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
    colours, n = _table([colour for _, colour, _ in AGREEMENT]), len(AGREEMENT)
    colours[n + 1] = _HATCH
    rows, columns = np.indices(codes.shape)
    hatched = np.isin(codes, [k for k, (_, _, is_hatched) in enumerate(AGREEMENT) if is_hatched])
    on_line = hatched & ((rows + columns) % _PITCH < 2)
    drawn = np.where(on_line, n + 1, np.where(codes < n, codes + 1, 0))
    return Indexed(drawn.astype(np.uint8), colours)


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
