"""Pictures for the docs: small, and a legend in them is as it is on the page."""

import numpy as np
from PIL import Image

from cropdash import legend
from cropdash.figures import palette
from docs.screenshots import reduced, sheet


def test_the_colours_of_a_legend_stay_as_they_are_beside_a_map_of_many() -> None:
    rng = np.random.default_rng(0)
    seen = rng.integers(60, 190, (900, 1440, 3), dtype=np.uint8)  # ground, where none is frequent
    seen[:, 1000:] = 255
    colours = [palette.rgb(item.colour) for item in legend.load().classes[:25]]
    for i, colour in enumerate(colours):
        seen[20 + 30 * i : 33 + 30 * i, 1010:1023] = colour
    made = reduced(Image.fromarray(seen))
    assert len(made.getcolors()) <= 256
    shown = np.asarray(made.convert("RGB"))
    for i, colour in enumerate(colours):
        assert (shown[20 + 30 * i : 33 + 30 * i, 1010:1023] == colour).all()
    assert np.abs(shown[:, :1000].astype(int) - seen[:, :1000]).mean() < 40


def test_a_sheet_holds_every_picture_in_its_place(tmp_path) -> None:
    paths = []
    for i, colour in enumerate(("red", "lime", "blue")):
        paths.append(tmp_path / f"{i}.png")
        Image.new("RGB", (80, 40), colour).save(paths[-1])
    whole = sheet(paths, 2, 20)
    assert whole.size == (40, 20)
    assert [whole.getpixel(at) for at in ((5, 5), (25, 5), (5, 15))] == [
        (255, 0, 0), (0, 255, 0), (0, 0, 255),
    ]  # fmt: skip
