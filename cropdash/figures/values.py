"""What a series, a histogram or a picture shows: a band, an index, or a further layer, by name."""

from __future__ import annotations

from cropdash.domain import indices, sentinel2
from cropdash.i18n import say, sentence

KINDS = {
    "bands": sentence("Bands"),
    "indices": sentence("Indices"),
    "layers": sentence("Further layers"),
}


def kind(name: str) -> str:
    """One of KINDS."""
    if name in indices.TABLE:
        return "indices"
    return "bands" if name in sentinel2.TABLE else "layers"


def title(name: str) -> str:
    """As an axis or a choice says it: 'NDVI', 'Reflectance B8', 'elevation'."""
    return say("Reflectance {band}", band=name) if kind(name) == "bands" else name


def spoken(name: str) -> str:
    """The same within a sentence."""
    return say("reflectance {band}", band=name) if kind(name) == "bands" else name


def about(name: str) -> str:
    """What it is: of an index its formula and source, of a band its place in the spectrum."""
    if name in indices.TABLE:
        index = indices.TABLE[name]
        return say(
            "{name}, {title}: {formula}. Source: {source}.",
            name=name, title=say(index.title), formula=index.formula, source=index.source,
        )  # fmt: skip
    if name in sentinel2.TABLE:
        band = sentinel2.TABLE[name]
        return say(
            "Reflectance of {name}, {title}, around {nm} nm; measured at {m} m.",
            name=name, title=say(band.title), nm=f"{band.centre_nm:.0f}", m=band.resolution_m,
        )  # fmt: skip
    return say("{name}, a layer that this dataset has beside its bands.", name=name)


def limits(name: str) -> dict[str, object]:
    """What an axis shows at least, as plotly takes it."""
    if name in indices.TABLE:
        index = indices.TABLE[name]
        return {"autorangeoptions": {"include": [index.low, index.high]}}
    return {"rangemode": "tozero"} if name in sentinel2.TABLE else {}


def digits(name: str) -> int:
    """Decimals that are worth showing."""
    return 3 if kind(name) == "bands" else 2
