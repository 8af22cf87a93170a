"""The slider and the legend of a map of periods."""

import json

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


def test_every_index_that_can_be_a_picture_has_its_scale_with_its_own_ends():
    scales = {mode: slider.scale(mode) for mode in imagery.modes(sentinel2.BAND_SETS["all"])}
    assert [mode for mode, found in scales.items() if found] == list(indices.TABLE)
    (entry,) = scales["NDMI"]
    assert entry["label"] == "NDMI −0.5 to 0.7"
    assert entry["colour"].startswith("linear-gradient(")


def test_the_map_takes_slider_and_legend_and_frames_come_by_command():
    grid = worlds.grid((40, 60))
    more = maps.legend_options("#000000") | {"periods": slider.slider(PERIODS)}
    chart = maps.zone_map(grid, "cache/a.json", [maps.Panel("")], more)
    script = chart.get_root().render()
    assert "periods.js" in script
    (panels,) = [
        c for c in chart._children.values() if hasattr(c, "options") and "periods" in c.options
    ]
    told = json.loads(panels.options)
    assert told["periods"]["periods"] == list(PERIODS)
    assert told["legendName"] == "Legend of the map"
    lats, lons = zip(*told["zone"], strict=True)
    (south, west), (north, east) = told["bounds"]
    assert south <= min(lats) < max(lats) <= north
    assert west <= min(lons) < max(lons) <= east
    (show,) = maps.command({"frames": {"2023-01": "cache/b.webp"}})._children.values()
    assert json.loads(show.state)["frames"] == {"2023-01": "../../app/static/cache/b.webp"}
