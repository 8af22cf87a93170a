"""Models of Earth Engine's functions of numbers, filters, collections and reducers, in numpy.

Each does what the function's description in the list of algorithms says; where that leaves a
choice, what is least convenient to the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import shapely

from cropdash.domain import Grid
from tests.ingest.earthengine.graph import Refused, function
from tests.ingest.earthengine.images import Collection, Image, Layers, image_of, same_bands

# Numbers, lists, dates, geometries


@function("Number.add")
def _(a: dict[str, Any]) -> Any:
    return a["left"] + a["right"]


@function("Number.multiply")
def _(a: dict[str, Any]) -> Any:
    return a["left"] * a["right"]


@function("List.sequence")
def _(a: dict[str, Any]) -> list[Any]:
    if a["count"] is not None or a["end"] is None:
        raise Refused("Only sequences with an end are modelled.")
    return np.arange(a["start"], a["end"] + a["step"] / 2, a["step"]).tolist()


@function("List.map")
def _(a: dict[str, Any]) -> list[Any]:
    return [a["baseAlgorithm"](item) for item in a["list"]]


@function("Date")
def _(a: dict[str, Any]) -> float:
    return float(a["value"])


@function("DateRange")
def _(a: dict[str, Any]) -> tuple[float, float]:
    start, end = float(a["start"]), float(a["end"])
    if end <= start:
        raise Refused("DateRange: the end is not after the start.")
    return start, end


@function("GeometryConstructors.Polygon")
def _(a: dict[str, Any]) -> Any:
    if a["geodesic"] is not False or a["crs"] is not None:
        raise Refused("Only plain polygons in degrees are modelled.")
    return shapely.Polygon(a["coordinates"][0])


@function("Feature")
def _(a: dict[str, Any]) -> Any:
    return a["geometry"]


# Filters, as questions to an image


@function("Filter.dateRangeContains")
def _(a: dict[str, Any]) -> Callable[[Image], bool]:
    start, end = a["leftValue"]
    name = a["rightField"]

    def holds(image: Image) -> bool:
        when = image.properties.get(name)
        return when is not None and start <= when < end

    return holds


@function("Filter.stringContains")
def _(a: dict[str, Any]) -> Callable[[Image], bool]:
    return lambda image: a["rightValue"] in str(image.properties.get(a["leftField"], ""))


@function("Filter.not")
def _(a: dict[str, Any]) -> Callable[[Image], bool]:
    return lambda image: not a["filter"](image)


@function("Filter.intersects")
def _(a: dict[str, Any]) -> Callable[[Image], bool]:
    if a["leftField"] != ".all":
        raise Refused("Only footprints are modelled.")
    place = a["rightValue"]
    return lambda image: image.footprint is None or bool(image.footprint.intersects(place))


# Collections


@function("Collection.filter")
def _(a: dict[str, Any]) -> Collection:
    return Collection([image for image in a["collection"].images if a["filter"](image)])


@function("Collection.limit")
def _(a: dict[str, Any]) -> Collection:
    images, key = a["collection"].images, a["key"]
    if key is not None:
        if any(key not in image.properties for image in images):
            raise Refused(f"Collection.limit: an image has no property {key!r} to sort by.")
        images = sorted(images, key=lambda i: i.properties[key], reverse=not a["ascending"])
    return Collection(images if a["limit"] is None else images[: int(a["limit"])])


@function("Collection.map")
def _(a: dict[str, Any]) -> Collection:
    return Collection([a["baseAlgorithm"](image) for image in a["collection"].images])


@function("Collection.first")
def _(a: dict[str, Any]) -> Image:
    return a["collection"].images[0]


@function("ImageCollection.fromImages")
def _(a: dict[str, Any]) -> Collection:
    return Collection([image_of(image) for image in a["images"]])


@function("ImageCollection.merge")
def _(a: dict[str, Any]) -> Collection:
    """Indices get a prefix, so that they stay apart."""
    return Collection(
        [
            image.like(image.on)
            if "system:index" not in image.properties
            else _indexed(image, f"{side}_{image.properties['system:index']}")
            for side, key in ((1, "collection1"), (2, "collection2"))
            for image in a[key].images
        ]
    )


def _indexed(image: Image, index: str) -> Image:
    renamed = image.like(image.on)
    renamed.properties["system:index"] = index
    return renamed


@function("ImageCollection.mosaic")
def _(a: dict[str, Any]) -> Image:
    """Last on top; each band is taken where it is valid."""
    images = a["collection"].images
    if not images:
        return Image((), (), lambda grid: [])
    first = same_bands(images)
    kinds = [np.result_type(*kinds) for kinds in zip(*(i.types for i in images), strict=True)]

    def compute(grid: Grid) -> Layers:
        result = []
        for layers in zip(*(image.on(grid) for image in images), strict=True):
            values, valid = layers[0]
            for above, there in layers[1:]:
                values, valid = np.where(there, above, values), valid | there
            result.append((values, valid))
        return result

    return first.like(compute, types=kinds, keep=False)


@function("ImageCollection.reduce")
def _(a: dict[str, Any]) -> Image:
    name, settings = a["reducer"]
    if name != "median":
        raise Refused(f"A collection's {name} is not modelled.")
    images = a["collection"].images
    if len(images) > settings["maxRaw"]:
        raise Refused(f"A median of {len(images)} would be an estimate.")
    if not images:
        return Image((), (), lambda grid: [])
    first = same_bands(images)
    names = [f"{band}_median" for band in first.names]

    def compute(grid: Grid) -> Layers:
        return [
            _median(np.stack([v for v, _ in layers]), np.stack([m for _, m in layers]))
            for layers in zip(*(image.on(grid) for image in images), strict=True)
        ]

    return first.like(compute, names, [np.float64] * len(names), keep=False)


def _median(values: Any, valid: Any) -> Any:
    """Mean of the two middle values of an even number."""
    held = np.sort(np.where(valid, values, np.inf), axis=0)
    count = valid.sum(axis=0)
    places = np.stack([(count - 1).clip(0) // 2, count // 2]).clip(0, len(values) - 1)
    middle = np.take_along_axis(held, places, axis=0).mean(axis=0)
    return np.where(count > 0, middle, 0), count > 0


@function("reduce.count")
def _(a: dict[str, Any]) -> Image:
    """Not valid where there is none to count."""
    images = a["collection"].images
    if not images:
        return Image((), (), lambda grid: [])
    first = same_bands(images)

    def compute(grid: Grid) -> Layers:
        counts = [
            np.sum([m for _, m in layers], axis=0)
            for layers in zip(*(image.on(grid) for image in images), strict=True)
        ]
        return [(count, count > 0) for count in counts]

    return first.like(compute, types=[np.int32] * len(first.names), keep=False)


# Reducers, as their names with what they are set to


@function("Reducer.median")
def _(a: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "median", {"maxRaw": a["maxRaw"] or 0}


@function("Reducer.mean")
def _(a: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "mean", {}


@function("Reducer.allNonZero")
def _(a: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    return "all", {}
