"""The slider and the legend of a map of months."""

import json

from cropdash import legend
from cropdash.figures import maps, months
from cropdash.i18n import speaking
from tests import worlds

PERIODS = ("2022-11", "2022-12", "2023-01")


def test_months_are_named_in_both_languages_without_the_machines_own():
    assert months.slider(PERIODS)["names"] == ["November 2022", "December 2022", "January 2023"]
    with speaking("fr"):
        names = months.slider(PERIODS)["names"]
    assert names[1] == "décembre 2022"


def test_the_legend_names_the_most_frequent_crops_with_their_colour():
    table = legend.load()
    entries = months.legend_entries({0: 99, 3: 5, 7: 1200, 9: 5}, table)
    assert entries[0]["mode"] == "ndvi"
    assert [e["colour"] for e in entries[1:]] == [table.classes[k].colour for k in (7, 3, 9)]
    assert "(1,200)" in entries[1]["label"]


def test_a_long_legend_says_how_many_are_left_out():
    entries = months.legend_entries({k: 100 - k for k in range(1, 21)}, legend.load())
    assert len(entries) == 14  # the scale, twelve crops, the rest
    assert entries[-1]["label"] == "8 more crops"


def test_a_zone_without_parcels_has_the_scale_alone():
    assert len(months.legend_entries({}, legend.load())) == 1


def test_the_map_takes_slider_and_legend_and_frames_come_by_command():
    grid = worlds.grid((40, 60))
    more = months.options(PERIODS, {1: 2}, legend.load(), dark=True)
    chart = maps.zone_map(grid, "cache/a.json", [maps.Panel("")], 300, more)
    script = chart.get_root().render()
    assert "months.js" in script
    (panels,) = [
        c for c in chart._children.values() if hasattr(c, "options") and "months" in c.options
    ]
    assert json.loads(panels.options)["months"]["periods"] == list(PERIODS)
    (show,) = maps.command({"frames": {"2023-01": "cache/b.webp"}})._children.values()
    assert json.loads(show.state)["frames"] == {"2023-01": "../../app/static/cache/b.webp"}
