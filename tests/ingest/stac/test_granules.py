import datetime as dt
import itertools

import pytest

from cropdash.domain import Grid
from cropdash.domain.errors import ConfigError, InvalidScene
from cropdash.ingest.solar import degrees
from cropdash.ingest.stac.endpoints import at
from cropdash.ingest.stac.granules import group_repeats, parse
from cropdash.ingest.stac.load import in_order
from tests.ingest.stac.products import ALL, FINE, NAMES

AHEAD = dt.timedelta(minutes=8)  # at 2 degrees east


def item(name="a", when="2023-05-03T10:50:31Z", baseline="05.09", tile="31UDQ", **properties):
    said = {"datetime": when, "s2:mgrs_tile": tile, "s2:processing_baseline": baseline}
    assets = {k: {"href": f"https://h/{k}.tif"} for k in NAMES["planetary"].values()}
    return {"id": name, "properties": {**said, **properties}, "assets": assets}


def test_repeats_keep_the_newest_processing_first_in_any_order():
    # Names and fields as the Planetary Computer, Copernicus and Earth Search write them.
    take = {"s2:datatake_id": "GS2A_20180521T105031_015201_N02.08"}
    again = {"s2:datatake_id": "GS2A_20180521T105031_015201_N05.00"}
    when = "2018-05-21T10:50:31.024000Z"
    items = [
        item("old", when, "02.08", **take),
        item("new", when, "05.00", **again, **{"s2:generation_time": "2023-08-01T00:00:00Z"}),
        item("newer", when, "05.00", **again, **{"s2:generation_time": "2023-09-01T00:00:00Z"}),
        item("other tile", when, "02.08", "31UEQ", **take),
        item("other day", "2018-05-24T10:50:31Z", "02.08"),
    ]
    for order in itertools.permutations(items):
        groups = group_repeats(parse(i, FINE, AHEAD) for i in order)
        assert [[g.name for g in group] for group in groups] == [
            ["newer", "new", "old"],
            ["other tile"],
            ["other day"],
        ]


def test_two_parts_of_a_tile_on_a_seam_of_datastrips_are_no_repeats():
    parts = [
        item(name, **{"s2:datastrip_id": f"S2A_OPER_MSI_L2A_DS_X_2023_S{start}_N05.09"})
        for name, start in (("0", "20230503T105031"), ("1", "20230503T105415"))
    ]
    assert len(group_repeats(parse(p, FINE, AHEAD) for p in parts)) == 2


def test_items_without_a_tile_repeat_none():
    pair = [parse(item(n, tile=""), FINE, AHEAD) for n in ("a", "b")]
    assert [g.tile for g in pair] == ["", ""]
    assert len(group_repeats(pair)) == 2


@pytest.mark.parametrize(
    ("name", "properties", "tile", "crs"),
    [
        ("S2A_MSIL2A_20230503T105031_R051_T31UDQ_20230503T1", {}, "31UDQ", "EPSG:32631"),
        ("S2A_1CCV_20230503_0_L2A", {}, "01CCV", "EPSG:32701"),
        ("x", {"grid:code": "MGRS-30TXT"}, "30TXT", "EPSG:32630"),
        ("x", {"s2:mgrs_tile": "40KCB"}, "40KCB", "EPSG:32740"),
        ("x", {}, "", ""),
    ],
)
def test_tiles_and_their_zone(name, properties, tile, crs):
    raw = item(name)
    del raw["properties"]["s2:mgrs_tile"]
    raw["properties"] |= properties
    granule = parse(raw, FINE, AHEAD)
    assert (granule.tile, granule.crs) == (tile, crs)


def test_the_order_of_overlap_is_own_grid_then_newest_then_name():
    grid = Grid("EPSG:32631", 500_000, 5_500_000, 10, (4, 5))
    wanted = [("c", "05.10", "31UDQ"), ("a", "05.09", "31UEQ"), ("b", "05.09", "31UFQ")]
    wanted += [("d", "05.10", "30UYV")]
    granules = [parse(item(n, baseline=b, tile=t), FINE, AHEAD) for n, b, t in wanted]
    for order in itertools.permutations(granules):
        groups = in_order(group_repeats(order), grid)
        assert [g[0].name for g in groups] == ["c", "a", "b", "d"]


@pytest.mark.parametrize(
    ("longitude", "when", "day"),
    [(2.0, "2023-05-03T10:50:31Z", 3), (170.0, "2023-05-03T22:40:00Z", 4)],
)
def test_a_day_is_the_zone_s_own(longitude, when, day):
    assert parse(item(when=when), FINE, dt.timedelta(hours=longitude / 15)).date.day == day


@pytest.mark.parametrize(("lost", "layer"), [("B02", "B2"), ("B8A", "B8A"), ("SCL", "SCL")])
def test_items_that_lack_something_are_named(lost, layer):
    raw = item("S2A_X")
    del raw["assets"][lost]
    with pytest.raises(InvalidScene, match=rf"S2A_X has no asset for {layer},"):
        parse(raw, ALL, AHEAD)
    if layer == "B8A":  # which the four do without
        assert len(parse(raw, FINE, AHEAD).hrefs) == 5


def test_items_without_time_or_address_are_named():
    with pytest.raises(InvalidScene, match=r"S2A_X.*time"):
        parse(item("S2A_X", when="yesterday"), FINE, AHEAD)
    raw = item("S2A_X")
    raw["assets"]["B04"] = {}
    with pytest.raises(InvalidScene, match=r"S2A_X.*address"):
        parse(raw, FINE, AHEAD)


@pytest.mark.parametrize("style", NAMES)
@pytest.mark.parametrize("bands", [FINE, ALL, ("B4", "B8", "B8A", "B12")])
def test_bands_are_found_by_each_provider_s_names(style, bands):
    """What a provider has of a band at other resolutions, or besides, is not read."""
    names = NAMES[style]
    raw = item()
    besides = ["B02_20m", "B02_60m", "B08_60m", "B8A_60m", "B11_60m", "SCL_60m", "visual", "nir09"]
    raw["assets"] = {key: {"href": f"https://h/{key}.tif"} for key in (*besides, *names.values())}
    hrefs = parse(raw, bands, AHEAD).hrefs
    assert hrefs == tuple(f"https://h/{names[layer]}.tif" for layer in (*bands, "SCL"))


def test_a_20_m_band_has_an_offset_of_its_own():
    """Copernicus says it by band, as a processing could leave one out."""
    raw = item(baseline="05.10")
    for key, offset in (("B04", -0.1), ("B11", 0)):
        raw["assets"][key]["raster:bands"] = [{"scale": 0.0001, "offset": offset}]
    found = parse(raw, ALL, AHEAD).offsets
    assert dict(zip(ALL, found, strict=True)) == dict.fromkeys(ALL, -1000) | {"B11": 0}


def test_the_box_in_degrees_holds_the_whole_zone():
    import pyproj

    grid = Grid("EPSG:32631", 250_000, 5_900_000, 10, (2000, 3000))
    west, south, east, north = degrees(grid)
    left, bottom, right, top = grid.bounds
    change = pyproj.Transformer.from_crs(grid.crs, "EPSG:4326", always_xy=True)
    points = [(left + (right - left) * i / 20, y) for i in range(21) for y in (bottom, top)]
    points += [(x, bottom + (top - bottom) * i / 20) for i in range(21) for x in (left, right)]
    for x, y in points:
        lon, lat = change.transform(x, y)
        assert west - 1e-9 <= lon <= east + 1e-9
        assert south - 1e-9 <= lat <= north + 1e-9


def test_endpoints_by_name_and_by_address():
    assert at("planetary-computer").signing == "planetary-computer"
    assert at("https://earth-search.aws.element84.com/v1/").name == "earth-search"
    assert at("https://stac.invalid/v1", "s2").collection == "s2"
    with pytest.raises(ConfigError, match="Name a provider"):
        at("nowhere")
    for bad in ("ftp://x/y", "stac.invalid", "https://me:secret@stac.invalid/v1"):
        with pytest.raises(ConfigError) as caught:
            at(bad)
        assert "secret" not in str(caught.value)


def test_missing_credentials_are_named_and_no_value_is_shown(monkeypatch):
    endpoint = at("copernicus")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "KEY")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    with pytest.raises(ConfigError, match="AWS_SECRET_ACCESS_KEY") as caught:
        endpoint.check_credentials()
    assert "KEY " not in str(caught.value).replace("AWS_SECRET_ACCESS_KEY ", "")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "HUSH")
    endpoint.check_credentials()


def test_a_tile_is_known_by_its_parts_as_well():
    raw = item("an item", tile="")
    raw["properties"].pop("s2:mgrs_tile", None)
    parts = {"utm_zone": 31, "latitude_band": "U", "grid_square": "DQ"}
    for prefix in ("mgrs", "sentinel"):
        raw["properties"] = {k: v for k, v in raw["properties"].items() if ":utm" not in k}
        told = {f"{prefix}:{name}": value for name, value in parts.items()}
        assert parse(raw | {"properties": raw["properties"] | told}, FINE, AHEAD).tile == "31UDQ"
