"""Styles for QGIS, so that downloaded rasters and parcels wear the colours of the dashboard."""

from __future__ import annotations

import re
from xml.sax.saxutils import quoteattr

from cropdash.domain import Legend
from cropdash.figures import palette
from cropdash.i18n import label

_HEAD = (
    "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
    '<qgis version="3.22" styleCategories="Symbology">'
)


_NO_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def class_style(legend: Legend) -> bytes:
    """QML of a raster whose first band holds class ids; put beside the GeoTIFF as `<name>.qml`."""
    entries = "".join(
        f'<paletteEntry value="{item.id}" color="{item.colour}" alpha="{255 if item.id else 0}" '
        f"label={_quoted(label(item))}/>"
        for item in legend.classes
    )
    return (
        f"{_HEAD}<pipe>"
        '<rasterrenderer type="paletted" band="1" opacity="1" alphaBand="-1" nodataColor="">'
        f"<colorPalette>{entries}</colorPalette></rasterrenderer></pipe></qgis>"
    ).encode()


def parcel_style(legend: Legend, column: str) -> bytes:
    """QML of parcels coloured by the class names in `column`."""
    categories = "".join(
        f'<category symbol="{item.id}" value={_quoted(item.name)} label={_quoted(label(item))} '
        'render="true"/>'
        for item in legend.classes
    )
    symbols = "".join(_fill(item.id, item.colour) for item in legend.classes)
    return (
        f'{_HEAD}<renderer-v2 type="categorizedSymbol" attr={_quoted(column)} symbollevels="0" '
        f'enableorderby="0" forceraster="0"><categories>{categories}</categories>'
        f"<symbols>{symbols}</symbols></renderer-v2></qgis>"
    ).encode()


def _quoted(text: str) -> str:
    """The text as an attribute's value; what XML can't hold reads as a replacement character."""
    return quoteattr(_NO_XML.sub("\ufffd", text))


def _fill(name: int, colour: str) -> str:
    red, green, blue = palette.rgb(colour)
    options = {
        "color": f"{red},{green},{blue},{255 if name else 0}",
        "outline_color": "70,70,70,255",
        "outline_width": "0.15",
        "style": "solid",
    }
    values = "".join(f'<Option type="QString" name="{k}" value="{v}"/>' for k, v in options.items())
    return (
        f'<symbol type="fill" name="{name}" alpha="1" clip_to_extent="1" force_rhr="0">'
        f'<layer class="SimpleFill" enabled="1" locked="0" pass="0"><Option type="Map">{values}'
        "</Option></layer></symbol>"
    )
