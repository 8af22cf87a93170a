"""The year as an animated picture: read again as any viewer reads it."""

import io

import numpy as np
import pytest
from PIL import Image, ImageChops

from cropdash.figures import animation, imagery
from tests import worlds

COLOURS = ((200, 40, 30), (20, 160, 60), (40, 60, 220))


def plain(colour: tuple[int, int, int], shape: tuple[int, int]) -> np.ndarray:
    return np.full((*shape, 4), (*colour, 255), np.uint8)


@pytest.mark.parametrize("shape", [(40, 90), (90, 40)])
def test_each_frame_shows_its_picture_with_a_caption_of_its_own(shape: tuple[int, int]) -> None:
    grid = worlds.grid(shape)
    pictures = [plain(colour, shape) for colour in COLOURS]
    names = ["May 2023", "Août 2023", "11–20 September 2023"]
    found = animation.gif(pictures, names, "True colour · Zone 1 · Simulated landscape", grid, 60)
    film = Image.open(io.BytesIO(found))
    assert (film.format, film.n_frames, film.info["loop"]) == ("GIF", 3, 0)
    height, width = imagery.seen(pictures[0], grid, 60).shape[:2]
    assert max(height, width) <= 60
    assert film.width == width
    strips, times = [], []
    for i, colour in enumerate(COLOURS):
        film.seek(i)
        times.append(film.info["duration"])
        frame = film.convert("RGB")
        middle = np.array(frame.getpixel((width // 2, height // 2)))
        assert np.abs(middle - colour).max() <= 12  # of 256 colours in all
        strips.append(frame.crop((0, height, width, frame.height)))
    assert all(ImageChops.difference(strips[0], other).getbbox() for other in strips[1:])
    assert times[0] == times[1] < times[2]  # the last one rests


def test_ground_that_is_missing_is_grey_and_not_black() -> None:
    shape = (30, 50)
    picture = plain((250, 250, 250), shape)
    picture[:, :25] = 0
    grid = worlds.grid(shape)
    film = Image.open(io.BytesIO(animation.gif([picture], ["May"], "Here", grid, 100)))
    height, width = imagery.seen(picture, grid, 100).shape[:2]
    left = np.array(film.convert("RGB").getpixel((width // 5, height // 2)))
    assert np.abs(left - (128, 138, 132)).max() <= 12


def test_a_long_source_is_broken_into_lines_that_fit() -> None:
    shape, grid = (20, 60), worlds.grid((20, 60))
    one = Image.open(
        io.BytesIO(animation.gif([plain(COLOURS[0], shape)], ["May"], "Here", grid, 80))
    )
    long = "A source that takes very many words to say what it is and where it is from"
    many = Image.open(
        io.BytesIO(animation.gif([plain(COLOURS[0], shape)], ["May"], long, grid, 80))
    )
    assert many.width == one.width
    assert many.height > one.height + 30
