"""Images as people have them: ready composites, .SAFE products, files by band; zones proposed."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pytest

from cropdash.domain import Grid
from cropdash.domain.errors import InvalidScene, NotEnoughData
from cropdash.prepare import composite
from cropdash.settings import sources
from docs.inputs import world
from docs.inputs.world import FOUR, FRAME, Safe

MAY, JULY = dt.date(2023, 5, 15), dt.date(2023, 7, 15)
FOLDERS = {"composites": world.composites, "one file": world.stacked}


def opened(folder, **values):
    config = sources.parse({"source": "local", "dataset": "d", "folder": folder, **values})
    return sources.of(config).open(config)


def cube_of(source, warn=pytest.fail):
    """The first zone's composites, whichever way the source makes them."""
    (zone, *_) = source.zones()
    if hasattr(source, "composites"):
        return source.composites(zone, warn)
    return composite.stream(source.scenes(zone, warn), source.season.periods)


def truth(day, cube):
    """(B, H, W) the land over a cube's grid."""
    row = round((FRAME.top - cube.grid.top) / 10)
    column = round((cube.grid.left - FRAME.left) / 10)
    height, width = cube.grid.shape
    return world.reflectance(day)[:, row : row + height, column : column + width]


@pytest.mark.parametrize("write", FOLDERS.values(), ids=FOLDERS)
def test_ready_composites_are_taken_as_they_are(tmp_path, write):
    world.zones(write(tmp_path))
    source = opened(tmp_path)
    assert (source.season.text, len(source.season.periods)) == ("2023", 12)
    cube = cube_of(source)
    for t, day in enumerate(world.days()):
        np.testing.assert_allclose(cube.reflectance[t], truth(day, cube), atol=6e-5)
    assert (cube.clear_dates == 1).all()


def test_beyond_the_edge_of_a_file_of_fractions_nothing_is_known(tmp_path):
    """Where a file declares what is missing 0 is a number, but not where it has no pixel at all."""
    values = world.reflectance(MAY)[:, :, :30]
    world.raster(tmp_path / "composites" / "2023-05.tif", values, FOUR, nodata=np.nan)
    source = opened(world.zones(tmp_path), season="2023-05..2023-05", margin=3)
    west, east = (replace(zone, margin=3).around for zone in source.zones())
    for zone in (west, east):
        cube = source.composites(zone)
        x = zone.grid.left + 10 * np.arange(30) + 5
        y = zone.grid.top - 10 * np.arange(30) - 5
        left, bottom, _, top = FRAME.bounds
        there = ((bottom < y) & (y < top))[:, None] & (left < x) & (x < left + 300)
        assert ((cube.clear_dates[0] > 0) == there).all()
        assert (np.isnan(cube.reflectance[0]).any(axis=0) == ~there).all()


def test_a_month_without_a_composite_is_told_and_left_open(tmp_path):
    world.zones(world.composites(tmp_path, months=[1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12]))
    told = []
    cube = cube_of(opened(tmp_path), told.append)
    assert told == ["There is no composite of 2023-05: it is filled from those beside it."]
    assert np.isnan(cube.reflectance[4]).all()
    assert not cube.clear_dates[4].any()
    assert cube.clear_dates[5].all()


def test_missing_pixels_and_counts_of_a_composite_are_its_own_word(tmp_path):
    values = np.concatenate([world.numbers(MAY), np.full((1, *FRAME.shape), 7, np.uint16)])
    values[2, 3, 4] = 0
    names = ("B8", "B4", "B3", "B2", "count")
    world.raster(tmp_path / "composites" / "2023-05.tif", values[[3, 2, 1, 0, 4]], names)
    cube = cube_of(opened(world.zones(tmp_path), season="2023-05..2023-05"))
    assert np.isnan(cube.reflectance[0, :, 3, 4]).all()
    assert cube.clear_dates[0, 3, 4] == 0
    assert cube.clear_dates[0].sum() == 7 * (24 * 24 - 1)
    seen = ~np.isnan(cube.reflectance[0])
    np.testing.assert_allclose(cube.reflectance[0][seen], truth(MAY, cube)[seen], atol=6e-5)


def test_ten_days_are_found_by_day_and_by_both_ends(tmp_path):
    for name in ("20230501", "2023-05-11_2023-05-20", "20230525"):
        world.raster(tmp_path / "composites" / f"{name}.tif", world.numbers(MAY), FOUR)
    world.zones(tmp_path)
    cube = cube_of(opened(tmp_path, season="2023-05..2023-05", every="dekad"))
    assert cube.clear_dates.all()
    with pytest.raises(InvalidScene, match=r"both lie in the period 2023-05: .* --every dekad"):
        cube_of(opened(tmp_path, season="2023-05..2023-05"))
    (tmp_path / "composites" / "20230525.tif").rename(tmp_path / "composites" / "2023-05.tif")
    with pytest.raises(InvalidScene, match="is not the period 2023-05-01_2023-05-10"):
        cube_of(opened(tmp_path, season="2023-05..2023-05", every="dekad"))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["2023-05", "2023-06", "2023-07", "2023-08"], "lacks B2, B3, B4, B8"),
        (["a", "b", "c", "d"], "No band of composites.tif says its period"),
    ],
)
def test_one_file_must_say_period_and_band(tmp_path, names, said):
    world.raster(tmp_path / "composites.tif", world.numbers(MAY), names)
    with pytest.raises(InvalidScene, match=said):
        cube_of(opened(world.zones(tmp_path)), lambda _: None)


def test_a_file_without_a_period_is_named(tmp_path):
    world.raster(tmp_path / "composites" / "spring.tif", world.numbers(MAY), FOUR)
    with pytest.raises(InvalidScene, match=r"spring\.tif: no period such as 2023-05"):
        _ = opened(world.zones(tmp_path)).season


# products ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("baseline", "offset", "day"),
    [
        ("05.09", -1000, MAY),
        ("04.00", -1000, dt.date(2022, 5, 15)),
        ("03.01", None, dt.date(2021, 5, 15)),
        ("05.00", -1000, dt.date(2019, 5, 15)),  # processed again
    ],
)
@pytest.mark.parametrize("suffix", ["jp2", "tif"])
def test_a_safe_folder_is_read_by_its_metadata(tmp_path, baseline, offset, day, suffix):
    world.safe(tmp_path / "scenes", Safe(day, baseline, offset), suffix=suffix)
    source = opened(world.zones(tmp_path))
    assert source.season.text == str(day.year)
    cube = cube_of(source)
    at = day.month - 1
    np.testing.assert_allclose(cube.reflectance[at], truth(day, cube), atol=6e-5)
    assert (cube.clear_dates.sum(axis=(1, 2)) > 0).sum() == 1


def test_of_a_tile_processed_twice_the_newer_is_read_and_tiles_of_a_day_are_one_scene(tmp_path):
    world.safe(tmp_path, Safe(MAY, "04.00", add=700))
    world.safe(tmp_path, Safe(MAY, "05.10"))
    right = Grid(FRAME.crs, FRAME.left + 120, FRAME.top, 10.0, FRAME.shape)
    world.safe(tmp_path, Safe(MAY, "05.10", tile="T31UEP"), frame=right)
    source = opened(world.zones(tmp_path))
    (zone, *_) = source.zones()
    (scene,) = source.scenes(zone, pytest.fail)
    cube = cube_of(source)
    np.testing.assert_allclose(scene.reflectance, truth(MAY, cube), atol=6e-5)
    assert cube.clear_dates.max() == 1


@pytest.mark.parametrize(
    ("of", "said"),
    [
        (Safe(MAY, level="Level-1C"), "is Level-1C: fetch its Level-2A product"),
        (Safe(MAY, offset=None), "has baseline 05.09 and no BOA_ADD_OFFSET"),
        (Safe(MAY, quantification=1000), "counts reflectance in 1000"),
        (Safe(MAY, extra={'band_id="3"': 'band_id="x"'}), "BOA_ADD_OFFSET of the metadata"),
        (
            Safe(MAY, extra={"<n1:General_Info>": "<!DOCTYPE a><n1:General_Info>"}),
            "a type of its own",
        ),
        (Safe(MAY, extra={"</n1:General_Info>": ""}), "can't be read as XML"),
    ],
)
def test_metadata_that_are_not_understood_are_a_sentence(tmp_path, of, said):
    world.safe(tmp_path, of)
    told = []
    with pytest.raises(InvalidScene):
        cube_of(opened(world.zones(tmp_path), season="2023"), told.append)
    assert len(told) == 1
    assert said in told[0]
    assert told[0].count(". ") == 0


def bands(
    folder,
    suffix="jp2",
    add=1000,
    time="20230515T105621",
    names=("B02", "B03", "B04", "B08", "SCL"),
):
    values = world.with_scl(world.numbers(MAY) + np.uint16(add))
    options = (
        {"driver": "JP2OpenJPEG", "QUALITY": "100", "REVERSIBLE": "YES"} if suffix == "jp2" else {}
    )
    for name, plane in zip(names, values, strict=True):
        stem = f"T31UDP_{time}_{name}" + ("_10m" if name != "SCL" and suffix == "jp2" else "")
        world.raster(folder / f"{stem}.{suffix}", plane[None], **options)
    return folder


def test_bands_as_downloaded_are_one_scene(tmp_path):
    bands(tmp_path / "scenes")
    cube = cube_of(opened(world.zones(tmp_path)))
    np.testing.assert_allclose(cube.reflectance[4], truth(MAY, cube), atol=6e-5)


@pytest.mark.parametrize(("applied", "add"), [(True, 0), (False, 1000)])
def test_a_cog_s_numbers_are_told_by_the_item_beside_it(tmp_path, applied, add):
    bands(
        tmp_path / "scenes" / "S2A_31UDP", "tif", add, names=("blue", "green", "red", "nir", "scl")
    )
    item = {
        "id": "x", "assets": {"red": {"raster:bands": [{"offset": -0.1}]}},
        "properties": {
            "datetime": "2023-05-15T10:56:21Z", "s2:processing_baseline": "05.09",
            "earthsearch:boa_offset_applied": applied,
        },
    }  # fmt: skip
    (tmp_path / "scenes" / "S2A_31UDP" / "item.json").write_text(json.dumps(item))
    cube = cube_of(opened(world.zones(tmp_path)))
    np.testing.assert_allclose(cube.reflectance[4], truth(MAY, cube), atol=6e-5)


def test_a_cog_of_which_nobody_knows_whether_it_was_shifted_is_a_sentence(tmp_path):
    bands(tmp_path / "scenes", "tif", 0)
    told = []
    with pytest.raises(InvalidScene):
        cube_of(opened(world.zones(tmp_path), season="2023"), told.append)
    assert "so its radiometric offset is unknown: put the product's MTD_MSIL2A.xml" in told[0]


def test_what_is_packed_and_what_is_not_there_are_told(tmp_path):
    world.zones(tmp_path)
    with pytest.raises(InvalidScene, match=r"no GeoTIFF and no \.SAFE product"):
        _ = opened(tmp_path).season
    (tmp_path / "S2A.SAFE.zip").write_bytes(b"PK")
    with pytest.raises(InvalidScene, match=r"S2A\.SAFE\.zip is packed: unpack it"):
        _ = opened(tmp_path).season


@pytest.mark.parametrize("begin", [b"<VRTDataset/>", b"II*\0", b"\0" * 40])
def test_what_is_called_jp2_is_read_as_nothing_else(tmp_path, begin):
    bands(tmp_path / "scenes")
    path = next((tmp_path / "scenes").glob("*B08*"))
    path.write_bytes(begin + path.read_bytes()[len(begin) :])
    told = []
    with pytest.raises(InvalidScene):
        cube_of(opened(world.zones(tmp_path), season="2023"), told.append)
    assert "layer B8" in told[0]


# zones that nobody listed --------------------------------------------------------


def test_zones_are_proposed_so_that_what_can_be_tested_is(tmp_path):
    world.register(world.composites(tmp_path) / "parcels.gpkg")
    source = opened(tmp_path, size=16)
    found = source.zones()
    assert len(found) == 3
    assert {zone.split for zone in found} == {"train", "test"}
    for zone in found:
        assert zone.grid.shape == (16, 16)
        assert (zone.grid.left - FRAME.left) % 160 == 0
        assert not source.parcels(zone).empty
    left = Grid(FRAME.crs, FRAME.left, FRAME.top, 10.0, (24, 24))
    world.register(tmp_path / "parcels.gpkg", frame=left)
    with pytest.raises(NotEnoughData, match=r"hold 1 squares of 24 pixels .* --size"):
        opened(tmp_path, size=24).zones()


def test_a_register_of_another_place_is_said_to_be_one(tmp_path):
    away = replace(FRAME, left=FRAME.left + 50_000)
    world.register(world.composites(tmp_path) / "parcels.gpkg", frame=away)
    with pytest.raises(NotEnoughData, match=r"parcels.gpkg holds no parcel where the images are"):
        opened(tmp_path, size=16).zones()


def test_register_and_zones_may_lie_elsewhere(tmp_path):
    world.composites(tmp_path / "images")
    world.register(tmp_path / "r.gpkg", ids="gid", codes="crop", layer="fields")
    world.zones(tmp_path, "mine.geojson")
    source = opened(
        tmp_path / "images", register_path=tmp_path / "r.gpkg", zones_path=tmp_path / "mine.geojson",
        id_column="gid", code_column="crop", layer="fields",
    )  # fmt: skip
    assert [zone.zone_id for zone in source.zones()] == ["west", "east"]
    assert set(source.parcels(source.zones()[0])["CODE_CULTU"]) == set(world.CODES)
