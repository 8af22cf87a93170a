"""The style that goes with a downloaded raster."""

from xml.etree import ElementTree

import pytest

from cropdash import legend
from cropdash.figures import qgis
from cropdash.i18n import LANGUAGES, label, speaking


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_class_has_its_colour_and_name(language):
    table = legend.load()
    with speaking(language):
        said = {item.id: label(item) for item in table.classes}
        root = ElementTree.fromstring(qgis.class_style(table))  # noqa: S314 (our own text)
    entries = {int(e.get("value")): e for e in root.iter("paletteEntry")}
    assert set(entries) == {item.id for item in table.classes}
    for item in table.classes:
        assert entries[item.id].get("color") == item.colour
        assert entries[item.id].get("label") == said[item.id]
        assert (entries[item.id].get("alpha") == "0") == (item.id == 0)


def test_the_first_band_is_drawn_as_a_palette():
    root = ElementTree.fromstring(qgis.class_style(legend.load()))  # noqa: S314 (our own text)
    (renderer,) = root.iter("rasterrenderer")
    assert (renderer.get("type"), renderer.get("band")) == ("paletted", "1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_parcels_are_coloured_by_the_names_in_their_column(language):
    table = legend.load()
    with speaking(language):
        said = {item.id: label(item) for item in table.classes}
        root = ElementTree.fromstring(qgis.parcel_style(table, "declared"))  # noqa: S314 (our own)
    (renderer,) = root.iter("renderer-v2")
    assert (renderer.get("type"), renderer.get("attr")) == ("categorizedSymbol", "declared")
    fills = {
        symbol.get("name"): next(o for o in symbol.iter("Option") if o.get("name") == "color")
        for symbol in root.iter("symbol")
    }
    found = {category.get("value"): category for category in root.iter("category")}
    assert set(found) == {item.name for item in table.classes}
    for item in table.classes:
        category = found[item.name]
        assert category.get("label") == said[item.id]
        *parts, alpha = map(int, fills[category.get("symbol")].get("value").split(","))
        assert "#{:02x}{:02x}{:02x}".format(*parts) == item.colour.lower()
        assert alpha == (255 if item.id else 0)
