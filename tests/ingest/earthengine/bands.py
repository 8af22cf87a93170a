"""Models of Earth Engine's functions of single images, in numpy; see algebra.py."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from cropdash.domain import Grid
from tests.ingest.earthengine.graph import Refused, function
from tests.ingest.earthengine.images import Image, Layers, constant, image_of

BYTE = np.dtype(np.uint8)


@function("Image.constant")
def _(a: dict[str, Any]) -> Image:
    return constant(a["value"])


@function("Image.select")
def _(a: dict[str, Any]) -> Image:
    """Selectors are regular expressions or positions."""
    image = image_of(a["input"])
    places: list[int] = []
    for selector in a["bandSelectors"]:
        found = [i for i, name in enumerate(image.names) if re.fullmatch(str(selector), name)]
        if not found:
            raise Refused(f"Band pattern {selector!r} did not match any of {image.names}.")
        places += found
    names = a["newNames"] or [image.names[i] for i in places]
    return image.like(
        lambda grid: [image.on(grid)[i] for i in places], names, [image.types[i] for i in places]
    )


@function("Image.rename")
def _(a: dict[str, Any]) -> Image:
    image = image_of(a["input"])
    if len(a["names"]) != len(image.names):
        raise Refused(f"Image.rename: {len(a['names'])} names for {len(image.names)} bands.")
    return image.like(image.on, a["names"])


@function("Image.addBands")
def _(a: dict[str, Any]) -> Image:
    below, above = image_of(a["dstImg"]), image_of(a["srcImg"])
    if set(below.names) & set(above.names) or a["names"] is not None:
        raise Refused("Image.addBands: bands that share names are not modelled.")
    return below.like(
        lambda grid: below.on(grid) + above.on(grid),
        below.names + above.names,
        below.types + above.types,
    )


@function("Image.mask")
def _(a: dict[str, Any]) -> Image:
    image = image_of(a["image"])
    if a["mask"] is not None:
        raise Refused("Image.mask with a mask is not modelled.")

    def compute(grid: Grid) -> Layers:
        return [(valid, np.ones_like(valid)) for _, valid in image.on(grid)]

    return image.like(compute, types=[BYTE] * len(image.names))


@function("Image.updateMask")
def _(a: dict[str, Any]) -> Image:
    image, mask = image_of(a["image"]), image_of(a["mask"])
    if len(mask.names) != 1:
        raise Refused("Image.updateMask: a mask of several bands is not modelled.")

    def compute(grid: Grid) -> Layers:
        ((values, there),) = mask.on(grid)
        return [(v, valid & there & (values != 0)) for v, valid in image.on(grid)]

    return image.like(compute)


@function("Image.unmask")
def _(a: dict[str, Any]) -> Image:
    """The type becomes one that holds both what was there and what is filled in."""
    image, fill = image_of(a["input"]), image_of(a["value"])
    if a["sameFootprint"] is not False or len(fill.names) != 1:
        raise Refused("Image.unmask within a footprint is not modelled.")
    kinds = [np.promote_types(kind, fill.types[0]) for kind in image.types]

    def compute(grid: Grid) -> Layers:
        ((other, there),) = fill.on(grid)
        return [(np.where(ok, v, other), ok | there) for v, ok in image.on(grid)]

    return image.like(compute, types=kinds)


@function("Image.reduce")
def _(a: dict[str, Any]) -> Image:
    image, (name, _) = image_of(a["image"]), a["reducer"]
    if name != "all":
        raise Refused(f"An image's {name} is not modelled.")

    def compute(grid: Grid) -> Layers:
        values, valid = map(np.stack, zip(*image.on(grid), strict=True))
        return [(((values != 0) | ~valid).all(axis=0), valid.any(axis=0))]

    return image.like(compute, ["all"], [BYTE], keep=False)


@function("Image.round")
def _(a: dict[str, Any]) -> Image:
    image = image_of(a["value"])
    return image.like(
        lambda grid: [(np.round(v), valid) for v, valid in image.on(grid)],
        types=[np.int64] * len(image.names),
    )


@function("Image.toUint16")
def _(a: dict[str, Any]) -> Image:
    """Out of range becomes the nearest that is in it; parts of a unit are cut off."""
    image = image_of(a["value"])
    return image.like(
        lambda grid: [(np.trunc(v).clip(0, 65535), valid) for v, valid in image.on(grid)],
        types=[np.uint16] * len(image.names),
    )


def _binary(
    name: str, combine: Callable[[Any, Any], Any], kind: Callable[..., np.dtype[Any]]
) -> None:
    @function(f"Image.{name}")
    def _(a: dict[str, Any]) -> Image:
        """Of one band with each, or band by band; valid where both are."""
        one, other = image_of(a["image1"]), image_of(a["image2"])
        count = max(len(one.names), len(other.names))
        if {len(one.names), len(other.names)} - {1, count}:
            raise Refused(f"Image.{name}: images of {one.names} and {other.names}.")

        def spread(parts: Any) -> Any:
            return list(parts) * (count if len(parts) == 1 else 1)

        def compute(grid: Grid) -> Layers:
            pairs = zip(spread(one.on(grid)), spread(other.on(grid)), strict=True)
            return [(combine(v, w), m & n) for (v, m), (w, n) in pairs]

        kinds = [kind(*pair) for pair in zip(spread(one.types), spread(other.types), strict=True)]
        longer = one if len(one.names) >= len(other.names) else other
        return longer.like(compute, types=kinds, keep=False)


def _byte(*_: Any) -> np.dtype[Any]:
    return BYTE


for _name, _combine in (
    ("gt", operator.gt), ("gte", operator.ge), ("lte", operator.le), ("eq", operator.eq),
    ("and", np.logical_and),
):  # fmt: skip
    _binary(_name, _combine, _byte)
_binary("min", np.minimum, np.promote_types)
_binary("multiply", operator.mul, np.promote_types)
