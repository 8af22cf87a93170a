"""Zones for print: where they lie, and what one of them looks like beside what is said of it."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pyproj import Transformer

from cropdash.domain import Cube, Legend, Zone
from cropdash.figures import imagery, palette, wording
from cropdash.i18n import number

_INCH, _TEXT = 2.54, 7  # [cm]; [points]
_MOST = 420  # [px] of a picture's side
_AROUND = 0.35  # of the zones' extent that is shown around them, degrees at least


def places(zones: Sequence[Zone], size_cm: tuple[float, float] = (9.0, 7.5)) -> bytes:
    """SVG of the zones' places, those learned from and those held out apart, on countries' edges."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(size_cm[0] / _INCH, size_cm[1] / _INCH), layout="constrained")
    axes = figure.add_subplot()
    points = np.array([_middle(zone) for zone in zones])
    low, high = points.min(axis=0), points.max(axis=0)
    pad = np.maximum((high - low) * _AROUND, 0.5)
    (left, bottom), (right, top) = low - pad, high + pad
    for ring in _countries():
        axes.plot(ring[:, 0], ring[:, 1], color=palette.LIGHT.hatch, lw=0.5)
    colours = dict(zip(("train", "test"), palette.model_colours(False), strict=True))
    for split, mark in (("train", "s"), ("test", "D")):
        of = [i for i, zone in enumerate(zones) if zone.split == split]
        if of:
            axes.scatter(points[of, 0], points[of, 1], 22, color=colours[split], marker=mark,
                         label=wording.term(split), zorder=3)  # fmt: skip
    axes.set(xlim=(left, right), ylim=(bottom, top))
    axes.set_aspect(1 / np.cos(np.radians((bottom + top) / 2)))
    axes.tick_params(labelsize=_TEXT - 1, length=2, width=0.5)
    axes.xaxis.set_major_formatter(lambda value, _: number(value, ".3g") + "° E")
    axes.yaxis.set_major_formatter(lambda value, _: number(value, ".3g") + "° N")
    axes.legend(fontsize=_TEXT, frameon=False, loc="best")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def photograph(cube: Cube, period: str) -> bytes:
    """PNG of a zone in true colour, or what its bands allow."""
    mode = imagery.modes(cube.bands)[0]
    return _png(imagery.composite(cube, period, mode)[..., :3])


def classes(named: NDArray[np.integer], legend: Legend) -> bytes:
    """PNG of a zone's classes in the legend's colours; what is no class is white."""
    colours = np.full((256, 3), 255, np.uint8)
    colours[: legend.n_classes] = [palette.rgb(crop.colour) for crop in legend.classes]
    return _png(colours[named])


def apart(one: NDArray[np.integer], other: NDArray[np.integer]) -> bytes:
    """PNG: dark where two maps name the same pixel differently."""
    ink = np.array(palette.rgb(palette.LIGHT.text), np.uint8)
    return _png(np.where((one != other)[..., None], ink, np.uint8(240)).astype(np.uint8))


def _png(picture: NDArray[np.uint8]) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(picture), "RGB")
    scale = max(1, _MOST // max(image.size))
    if scale > 1:
        image = image.resize((image.width * scale, image.height * scale), Image.Resampling.NEAREST)
    image.thumbnail((2 * _MOST, 2 * _MOST), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _middle(zone: Zone) -> tuple[float, float]:
    left, bottom, right, top = zone.grid.bounds
    to = Transformer.from_crs(zone.grid.crs, "EPSG:4326", always_xy=True)
    lon, lat = to.transform((left + right) / 2, (bottom + top) / 2)
    return float(lon), float(lat)


@cache
def _countries() -> list[NDArray[np.float64]]:
    """Rings of the countries' outlines, longitude and latitude."""
    path = files("cropdash") / "resources" / "countries.geojson"
    told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    rings = []
    for feature in told["features"]:
        shape = feature["geometry"]
        parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        rings += [np.array(ring) for part in parts for ring in part]
    return rings
