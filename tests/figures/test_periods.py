"""The slider and the legend of a map of periods."""

import json

from cropdash import legend
from cropdash.domain import Season, indices, sentinel2
from cropdash.figures import imagery, maps
from cropdash.figures import periods as slider
from cropdash.i18n import speaking
from tests import worlds

PERIODS = ("2022-11", "2022-12", "2023-01")


def test_periods_are_named_in_both_languages_without_the_machines_own():
    assert slider.slider(PERIODS)["names"] == ["November 2022", "December 2022", "January 2023"]
    with speaking("fr"):
        names = slider.slider(PERIODS)["names"]
    assert names[1] == "décembre 2022"
    dekads = [period.id for period in Season.of("2022-10..2023-09", "dekad").periods]
    assert slider.slider(dekads)["names"][:2] == ["1–10 October 2022", "11–20 October 2022"]
    assert len(set(slider.slider(dekads)["names"])) == 36
    with speaking("fr"):
        assert slider.slider(dekads)["names"][0] == "1er–10 octobre 2022"


def test_the_legend_names_the_most_frequent_crops_with_their_colour():
    table = legend.load()
    entries = slider.legend_entries({0: 99, 3: 5, 7: 1200, 9: 5}, table, ("true_colour", "NDVI"))
    assert entries[0]["mode"] == "NDVI"
    assert [e["colour"] for e in entries[1:]] == [table.classes[k].colour for k in (7, 3, 9)]
    assert "(1,200)" in entries[1]["label"]


def test_a_long_legend_says_how_many_are_left_out():
    entries = slider.legend_entries({k: 100 - k for k in range(1, 21)}, legend.load(), ("NDVI",))
    assert len(entries) == 14  # the scale, twelve crops, the rest
    assert entries[-1]["label"] == "8 more crops"


def test_every_index_that_can_be_a_picture_has_its_scale_with_its_own_ends():
    modes = imagery.modes(sentinel2.BAND_SETS["all"])
    entries = slider.legend_entries({}, legend.load(), modes)
    assert [e["mode"] for e in entries] == list(indices.TABLE)
    assert entries[list(indices.TABLE).index("NDMI")]["label"] == "NDMI −0.5 to 0.7"
    assert all(e["colour"].startswith("linear-gradient(") for e in entries)


def test_the_map_takes_slider_and_legend_and_frames_come_by_command():
    grid = worlds.grid((40, 60))
    more = slider.options(PERIODS, {1: 2}, legend.load(), ("NDVI",), dark=True)
    chart = maps.zone_map(grid, "cache/a.json", [maps.Panel("")], 300, more)
    script = chart.get_root().render()
    assert "periods.js" in script
    (panels,) = [
        c for c in chart._children.values() if hasattr(c, "options") and "periods" in c.options
    ]
    assert json.loads(panels.options)["periods"]["periods"] == list(PERIODS)
    (show,) = maps.command({"frames": {"2023-01": "cache/b.webp"}})._children.values()
    assert json.loads(show.state)["frames"] == {"2023-01": "../../app/static/cache/b.webp"}
