"""What a map sends to the browser: small, and nothing from elsewhere."""

import json
import re

import geopandas as gpd
import numpy as np
import pytest
from shapely import box
from shapely.geometry import shape

from cropdash import legend
from cropdash.figures import imagery, maps
from tests import worlds

GRID = worlds.grid((40, 60))


@pytest.fixture
def parcels() -> gpd.GeoDataFrame:
    left, bottom, _, _ = GRID.bounds
    boxes = [box(left + 50 * i, bottom + 20, left + 50 * i + 40, bottom + 90) for i in range(5)]
    return gpd.GeoDataFrame(
        {"parcel_id": [7, 8, 9, 12, 30], "crop": [1, 2, 0, 49, 5], "area_ha": [0.28] * 5},
        geometry=boxes,
        crs=GRID.crs,
    )


def test_geojson_holds_each_parcel_where_it_is(parcels):
    found = json.loads(maps.geojson(parcels, legend.load()))
    assert [f["properties"]["id"] for f in found["features"]] == parcels["parcel_id"].tolist()
    shapes = gpd.GeoSeries([shape(f["geometry"]) for f in found["features"]], crs=4326)
    back = shapes.to_crs(GRID.crs)
    # Simplified by at most a metre and rounded to a tenth of one.
    assert back.symmetric_difference(parcels.geometry.reset_index(drop=True)).area.max() < 60
    np.testing.assert_allclose(back.area, parcels.geometry.area, rtol=0.01)


def test_geojson_names_and_colours_come_from_the_legend(parcels):
    table = legend.load()
    for feature, crop in zip(
        json.loads(maps.geojson(parcels, table))["features"], parcels["crop"], strict=True
    ):
        item = table.classes[crop]
        assert feature["properties"]["colour"] == item.colour
        assert item.label().split(" (")[0] in feature["properties"]["label"]


def test_geojson_of_no_parcels_is_empty(parcels):
    assert json.loads(maps.geojson(parcels.iloc[:0], legend.load()))["features"] == []


def test_geojson_stays_small():
    """Ten thousand parcels must stay under 2 MB (a hundredth of that is measured here)."""
    n, (left, bottom, _, _) = 100, GRID.bounds
    rng = np.random.default_rng(0)
    corners = rng.uniform(0, 10_000, (n, 2)) + np.array([left, bottom])
    table = gpd.GeoDataFrame(
        {"parcel_id": range(10_000, 10_000 + n), "crop": [8] * n, "area_ha": [1.5] * n},
        geometry=[box(x, y, x + 120, y + 90) for x, y in corners],
        crs=GRID.crs,
    )
    assert len(maps.geojson(table, legend.load())) < 2_000_000 * 2 / 100


def rendered(*panels: maps.Panel) -> str:
    chart = maps.zone_map(GRID, "cache/parcels.json", panels)
    return str(chart.get_root().render())


def test_a_map_asks_nothing_of_another_host():
    page = rendered(maps.Panel("", base="cache/a.png"))
    links = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert links
    assert all(link.startswith("../../app/static/") for link in links), links
    assert "//cdn" not in page


def test_the_map_carries_urls_and_not_the_data():
    page = rendered(maps.Panel("Declared", "cache/a.png", "cache/b.png"))
    assert "../../app/static/cache/parcels.json" in page
    assert "../../app/static/cache/b.png" in page
    assert len(page) < 12_000


def test_the_view_is_that_of_the_warped_picture():
    page = rendered(maps.Panel("", base="cache/a.png"))
    (south, west), (north, east) = imagery.bounds(GRID)
    options = json.loads(re.search(r"cropdash\.panels\([^,]+, (\{.*\})\);", page)[1])
    assert options["bounds"] == [[south, west], [north, east]]
    assert [p["title"] for p in options["panels"]] == [""]


def test_a_command_says_what_to_show_and_names_urls_as_the_frame_sees_them():
    notes = {"7": "CNN: <b>x</b>"}  # tooltips are HTML: what comes from tables is escaped
    group = maps.command({"selected": 7, "base": "cache/c.png", "fill": 0.4, "notes": notes})
    (child,) = group._children.values()
    assert json.loads(child.state) == {
        "selected": 7,
        "notes": {"7": "CNN: &lt;b&gt;x&lt;/b&gt;"},
        "base": "../../app/static/cache/c.png",
        "fill": 0.4,
    }


def test_answers_are_escaped_and_found_by_parcel():
    told = json.loads(
        maps.answers([7, 30], [[1, 2, 1], [5, 5, 5]], [["a", "<b>"], ["c", "d"]], [2, 0])
    )
    assert told["7"] == {"crops": [1, 2, 1], "says": ["a", "&lt;b&gt;"], "code": 2}
    assert told["30"]["crops"] == [5, 5, 5]
    with pytest.raises(ValueError, match="zip"):
        maps.answers([7], [[1, 1, 1]], [], [0])


def test_panels_and_their_commands_name_every_url_as_the_frame_sees_it():
    panel = maps.Panel("", "cache/a.webp", "cache/b.png", over="cache/c.png", says=(0, 1))
    chart = maps.zone_map(GRID, "cache/p.json", [panel], answers_url="cache/said.json")
    page = str(chart.get_root().render())
    for name in ("a.webp", "b.png", "c.png", "p.json", "said.json"):
        assert f'"../../app/static/cache/{name}"' in page
    group = maps.command({"overlays": ["cache/d.png"], "over": "cache/e.png", "captions": ["x"]})
    (child,) = group._children.values()
    told = json.loads(child.state)
    assert told["overlays"] == ["../../app/static/cache/d.png"]
    assert told["over"] == "../../app/static/cache/e.png"
