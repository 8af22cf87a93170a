"""A zone's year as an animated picture that stands alone: each frame says its period and source."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from cropdash.domain import Grid
from cropdash.figures import imagery
from cropdash.figures.imagery import Rgba

_YEAR_MS, _STEP_MS = 10800, (200, 900)  # for all frames; a step stays long enough to be read
_REST_MS = 1200  # of the last frame, before it begins anew
_INK, _BELOW, _GROUND, _MISSING = "#ffffff", "#c9d2cc", "#141816", (128, 138, 132)
_LARGE, _SMALL, _GAP = 20, 12, 6  # [px] letters, and the room around them


def gif(
    pictures: Sequence[Rgba], periods: Sequence[str], source: str, grid: Grid, side: int
) -> bytes:
    """One frame a picture, at most `side` pixels long, with its period and the source below it.

    pictures: (H, W, 4) each, missing pixels transparent; periods: as they are shown. The step
    follows from their number: 0.2 to 0.9 s, so that a year takes some ten seconds.
    """
    frames = [
        _captioned(imagery.seen(picture, grid, side), period, source)
        for picture, period in zip(pictures, periods, strict=True)
    ]
    step = int(np.clip(_YEAR_MS / len(frames), *_STEP_MS))
    times = [step] * (len(frames) - 1) + [step + _REST_MS]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], duration=times, loop=0, disposal=1
    )
    return buffer.getvalue()


def _captioned(seen: Rgba, period: str, source: str) -> Image.Image:
    """The picture over a strip of words, in 256 colours of its own."""
    large, small = ImageFont.load_default(_LARGE), ImageFont.load_default(_SMALL)
    height, width = seen.shape[:2]
    lines = _lines(source, small, width - 2 * _GAP)
    strip = _LARGE + len(lines) * (_SMALL + 3) + 3 * _GAP
    made = Image.new("RGB", (width, height + strip), _GROUND)
    picture = Image.fromarray(seen, "RGBA")
    made.paste(Image.new("RGB", (width, height), _MISSING))
    made.paste(picture, mask=picture.getchannel("A"))
    drawn = ImageDraw.Draw(made)
    drawn.text((_GAP, height + _GAP), period, _INK, large)
    for i, line in enumerate(lines):
        top = height + _LARGE + 2 * _GAP + i * (_SMALL + 3)
        drawn.text((_GAP, top), line, _BELOW, small)
    return made.quantize(256)


def _lines(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> list[str]:
    """The words in lines no wider than `width` [px], but for a word that is wider itself."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and font.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines
