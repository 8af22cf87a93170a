"""Contact sheets of the simulated landscape by month, into docs/landscapes.

    python -m docs.landscapes

Four regions and four months in true colour and as NDVI, with the stretch of the dashboard's month
slider; below them real Sentinel-2 of Flanders 2018 at the same scale, where ../shared/data is there.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from bench import transfer
from cropdash.domain import Cube
from cropdash.figures import imagery
from cropdash.prepare import composite
from cropdash.prepare.gapfill import fill_gaps
from cropdash.simulate.source import SimulatedSource

OUT = Path(__file__).resolve().parent / "landscapes"
REGIONS = {
    "nord_picardie": "Nord-Picardie",
    "brittany": "Brittany",
    "alsace": "Alsace",
    "mediterranean": "Mediterranean",
}
MONTHS = {3: "March", 5: "May", 7: "July", 10: "October"}
SIDE, GAP, HEAD, LEFT = 256, 8, 26, 120  # [px]


def main() -> None:
    OUT.mkdir(exist_ok=True)
    source = SimulatedSource(zones_per_region=1)
    cubes = {REGIONS[z.region]: build(source, z) for z in source.zones() if z.region in REGIONS}
    real = transfer.read_flanders()
    if real is not None:
        cubes["Flanders 2018\n(real, 640 m)"] = real[0]
    for mode, title in (("true_colour", "true colour"), ("NDVI", "NDVI")):
        path = OUT / f"{mode.lower()}.png"
        sheet(cubes, mode).quantize(256).save(path, optimize=True)
        print(f"{path.name}: {title}, {len(cubes)} places")


def build(source: SimulatedSource, zone) -> Cube:
    gappy = composite.stream(source.scenes(zone), source.season.periods)
    filled = fill_gaps(gappy.reflectance).astype(np.float32)
    return Cube(filled, gappy.clear_dates, gappy.periods, gappy.bands, gappy.grid)


def sheet(cubes: dict[str, Cube], mode: str) -> Image.Image:
    size = (LEFT + len(MONTHS) * (SIDE + GAP), HEAD + len(cubes) * (SIDE + GAP))
    whole = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(whole), ImageFont.load_default(15)
    for column, month in enumerate(MONTHS.values()):
        pen.text((LEFT + column * (SIDE + GAP), 4), month, "black", font)
    for row, (name, cube) in enumerate(cubes.items()):
        top = HEAD + row * (SIDE + GAP)
        pen.text((4, top), name, "black", font)
        for column, month in enumerate(MONTHS):
            period = next(p.id for p in cube.periods if p.start.month == month)
            picture = Image.fromarray(imagery.composite(cube, period, mode)).convert("RGB")
            picture = picture.resize((SIDE, SIDE), Image.Resampling.NEAREST)
            whole.paste(picture, (LEFT + column * (SIDE + GAP), top))
    return whole


if __name__ == "__main__":
    main()
