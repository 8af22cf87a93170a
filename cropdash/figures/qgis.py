"""A style for QGIS, so that a downloaded class raster wears the colours of the dashboard."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from cropdash.language import label
from cropdash.legend import Legend


def class_style(legend: Legend) -> bytes:
    """QML of a raster whose first band holds class ids; put beside the GeoTIFF as `<name>.qml`."""
    entries = "".join(
        f'<paletteEntry value="{item.id}" color="{item.colour}" alpha="{255 if item.id else 0}" '
        f"label={quoteattr(label(item))}/>"
        for item in legend.classes
    )
    return (
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>"
        '<qgis version="3.22" styleCategories="Symbology"><pipe>'
        '<rasterrenderer type="paletted" band="1" opacity="1" alphaBand="-1" nodataColor="">'
        f"<colorPalette>{entries}</colorPalette></rasterrenderer></pipe></qgis>"
    ).encode()
