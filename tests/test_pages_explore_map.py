"""Explore, and what it shares with Map, run without a browser."""

from __future__ import annotations

import base64
import io

import numpy as np
import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from cropdash import legend
from cropdash.domain.errors import CorruptDataset
from cropdash.ui.shell import assets, data
from cropdash.ui.widgets import parcel_map
from tests.visiting import (  # noqa: F401 (fixtures)
    EXPLORE,
    MAP,
    a_test_zone,
    address,
    box,
    charts,
    checked,
    here,
    sent,
    show,
    text,
    world,
)


def test_without_a_parcel_the_page_says_what_to_do():
    app = show(EXPLORE, dataset="demo")
    assert box(app, "Parcel").placeholder == "Parcel: click it, or type its id"
    assert box(app, "Parcel").value is None
    assert address(app, "parcel") is None


def test_a_link_leads_where_it_says_whatever_the_page_before_still_sends():
    """A browser that has not heard yet where a box was moved sends what it stood at before."""
    tested = [zone.zone_id for zone in data.zones("demo") if zone.split == "test"]
    app = show(EXPLORE, dataset="demo", zone=tested[0])
    box(app, "Zone").set_value(tested[1])
    app.switch_page(MAP)
    app.query_params["zone"] = tested[0]
    checked(app.run())
    assert address(app, "zone") == tested[0]
    assert box(app, "Zone").value == tested[0]


def test_the_list_is_the_keyboard_twin_of_the_map():
    app = show(EXPLORE, dataset="demo")
    ids = data.series("demo", data.zones("demo")[0].zone_id)["parcel_id"]
    parcel = int(ids.iloc[-1])
    checked(box(app, "Parcel").set_value(parcel).run())
    assert address(app, "parcel") == str(parcel)
    assert f"NDVI of parcel {own(data.zones('demo')[0].zone_id, parcel)}" in text(app)
    checked(box(app, "Parcel").set_value(None).run())
    assert address(app, "parcel") is None


def own(zone: str, parcel: int) -> str:
    """The register's id of a parcel."""
    return data.parcels("demo", zone).set_index("parcel_id").loc[parcel, "register_id"]


def test_the_registers_id_finds_a_parcel():
    zone = a_test_zone()
    row = data.parcels("demo", zone).iloc[-1]
    found = parcel_map._found
    own = found("demo", zone, f" {row['register_id']} ")
    assert own == row["register_id"]  # as the address then says it
    table = data.parcels("demo", zone)
    assert parcel_map.numbered(table, own) == row["parcel_id"]
    assert parcel_map.numbered(table, str(row["parcel_id"])) == row["parcel_id"]
    assert parcel_map.numbered(table, "no such id") is None
    alike = table.assign(register_id=[*table["register_id"][:-1], "1"])  # reads like a number
    assert parcel_map.numbered(alike, "1") == row["parcel_id"]
    assert found("demo", zone, row["parcel_id"]) == str(row["parcel_id"])
    assert found("demo", zone, "no such id") == "no such id"  # which the page then says
    assert found("demo", zone, None) is None


def test_the_chart_of_a_parcel_holds_its_series():
    zone = a_test_zone()
    table = data.series("demo", zone)
    parcel = int(table["parcel_id"].iloc[0])
    app = show(EXPLORE, dataset="demo", zone=zone, parcel=str(parcel))
    lines = [t for c in charts(app) for t in c["data"] if t.get("name", "").startswith("Parcel")]
    assert [line["name"].split(":")[0] for line in lines] == [f"Parcel {own(zone, parcel)}"]
    hatched = [
        t for c in charts(app) for t in c["data"] if t.get("name", "").startswith("No clear")
    ]
    assert bool(hatched) == bool((table.loc[[parcel], "clear_share"] < 0.05).any())


def test_two_parcels_are_compared():
    zone = a_test_zone()
    first, second = map(int, data.series("demo", zone)["parcel_id"].unique()[:2])
    app = show(EXPLORE, dataset="demo", zone=zone, parcel=str(first))
    checked(box(app, "Compare with").set_value(second).run())
    assert compared(app) == {f"Parcel {own(zone, i)}" for i in (first, second)}
    assert address(app, "other") == str(second)


def compared(app: AppTest) -> set[str]:
    names = [t.get("name", "") for c in charts(app) for t in c["data"]]
    return {n.split(":")[0] for n in names if n.startswith("Parcel")}


def test_a_pair_comes_from_the_address():
    zone = a_test_zone()
    first, second = map(int, data.series("demo", zone)["parcel_id"].unique()[:2])
    app = show(EXPLORE, dataset="demo", zone=zone, parcel=str(first), other=str(second))
    assert compared(app) == {f"Parcel {own(zone, i)}" for i in (first, second)}


def test_a_parcel_is_not_compared_with_itself():
    zone = a_test_zone()
    parcel = str(data.parcels("demo", zone)["parcel_id"].iloc[0])
    app = show(EXPLORE, dataset="demo", zone=zone, parcel=parcel, other=parcel)
    assert box(app, "Compare with").value is None


def test_another_zone_lets_go_of_the_second_parcel():
    zones = [z.zone_id for z in data.zones("demo")]
    first, second = data.parcels("demo", zones[0])["parcel_id"].iloc[:2]
    app = show(EXPLORE, dataset="demo", zone=zones[0], parcel=str(first), other=str(second))
    checked(box(app, "Zone").set_value(zones[1]).run())
    assert address(app, "other") is None


def test_a_reflectance_is_drawn_against_the_range_of_the_class():
    zone = a_test_zone()
    table = data.parcels("demo", zone)
    row = table[table["crop"] > 0].nlargest(1, "n_pixels").iloc[0]
    app = show(EXPLORE, dataset="demo", zone=zone, parcel=str(row["parcel_id"]), value="B8")
    chart = next(
        c for c in charts(app) for t in c["data"] if t.get("name", "").startswith("Parcel")
    )
    assert chart["layout"]["yaxis"]["title"]["text"] == "Reflectance B8"
    usual = data.seasons("demo", "B8")
    middle = next(t for t in chart["data"] if t.get("name", "").endswith(": median"))
    expected = usual.loc[usual["crop"] == row["crop"], "p50"]
    np.testing.assert_allclose(values(middle["y"]), expected)


def values(given) -> np.ndarray:
    """Numbers of a chart, which travel as base64 or as a list."""
    if isinstance(given, dict):
        return np.frombuffer(base64.b64decode(given["bdata"]), dtype=given["dtype"])
    return np.array(given, dtype=float)


@pytest.mark.parametrize("period", ["2023-13", "", "May", "9" * 3000])
def test_a_period_that_the_dataset_lacks_gives_way_to_the_usual_one(period):
    app = show(EXPLORE, dataset="demo", period=period)
    assert sent(app)["period"] == "2023-05"


def test_the_map_is_told_period_picture_parcels_and_crops():
    zone = a_test_zone()
    crop = int(data.parcels("demo", zone)["crop"].mode().iloc[0])
    first, second = data.parcels("demo", zone)["parcel_id"].iloc[:2]
    name = legend.load().classes[crop].name
    app = show(
        EXPLORE, dataset="demo", zone=zone, period="2023-08", picture="NDVI", classes=name,
        parcel=str(first), other=str(second),
    )  # fmt: skip
    told = sent(app)
    wanted = {
        "period": "2023-08", "only": [crop],
        "selected": int(first), "other": int(second), "frames": None,
    }  # fmt: skip
    assert {k: told[k] for k in wanted} == wanted
    other = sent(show(EXPLORE, dataset="demo", zone=zone, period="2023-09", picture="NDVI"))
    assert other["base"] != told["base"]


def test_the_legend_lists_the_crops_by_area_and_says_what_a_choice_leaves():
    zone = a_test_zone()
    table, items = data.parcels("demo", zone), legend.load().classes
    crop = int(table.loc[table["crop"] > 0, "crop"].mode().iloc[0])
    told = sent(show(EXPLORE, dataset="demo", zone=zone, classes=f"{items[crop].name},no_such"))
    (part,) = told["legend"]
    areas = table.groupby("crop")["area_ha"].sum().sort_values(ascending=False)
    assert [e["name"] for e in part["entries"]] == [items[k].name for k in areas.index]
    assert part["chosen"] == [items[crop].name]
    assert f"{(table['crop'] == crop).sum():,} of {len(table):,} parcels outlined" in part["note"]


def test_a_zone_without_parcels_is_said(monkeypatch):
    empty = data.parcels("demo", a_test_zone()).iloc[:0]
    monkeypatch.setattr(data, "parcels", lambda *_: empty)
    monkeypatch.setattr(data, "parcel_names", lambda *_: {})
    monkeypatch.setattr(data, "listed_parcels", lambda *_: ())
    app = show(EXPLORE, dataset="demo", zone=a_test_zone())
    assert "No parcel is declared in this zone" in sent(app)["legend"][-1]["note"]


def test_damaged_imagery_is_one_sentence_and_the_rest_of_the_page_stays(monkeypatch):
    def damaged(*_: object) -> None:
        raise CorruptDataset("Imagery of zone a can't be read: build the zone again.")

    monkeypatch.setattr(data, "imagery", damaged)
    monkeypatch.setattr(assets, "publish", lambda key, suffix, make: make() and "cache/none")
    app = show(EXPLORE, dataset="demo")
    assert [e.value for e in app.error] == [
        "Imagery of zone a can't be read: build the zone again."
    ]
    assert box(app, "Parcel").options


VIEWS = ("imbalance", "shares", "dates", "sizes", "bands", "seasons")


@pytest.mark.parametrize("view", VIEWS)
def test_every_chart_opens_from_the_address_with_title_alternative_text_and_data(view):
    app = show(EXPLORE, dataset="demo", view=view)
    (chart,) = app.get("plotly_chart")
    assert chart.proto.alt
    assert f"**{chart.proto.alt}**" in [m.value for m in app.markdown]
    assert [b.proto.label for b in app.get("download_button")] == ["Data (CSV)"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"view": "imbalance", "split": "both"}, "Pixels of each declared crop"),
        ({"view": "shares", "level": "family", "unit": "hectares"}, "Families of each zone"),
        ({"view": "dates", "shown": "empty_share"}, "Filled pixels"),
        ({"view": "sizes", "sizes": "crop"}, "by crop"),
        ({"view": "sizes", "sizes": "region"}, "by region"),
        ({"view": "bands", "where": "all"}, "parcel means of all zones"),
        ({"view": "seasons", "value": "B8"}, "Mean reflectance B8"),
        ({"view": "nothing", "unit": "miles", "region": "atlantis"}, "Pixels of each declared"),
    ],
)
def test_a_chart_follows_the_address(query, said):
    assert said in text(show(EXPLORE, dataset="demo", **query))


def test_seasons_show_the_crops_of_the_address():
    usual = data.seasons("demo")
    first, second = usual.loc[usual["crop"] > 0, "crop"].unique()[:2]
    items = legend.load().classes
    names = f"{items[first].name},{items[second].name}"
    app = show(EXPLORE, dataset="demo", view="seasons", lines=names)
    named = [t["name"] for c in charts(app) for t in c["data"] if t.get("mode") == "lines+markers"]
    assert [n.split(" (")[0] for n in named] == [
        items[k].label().split(" (")[0] for k in (first, second)
    ]


def test_no_crop_chosen_says_what_to_do():
    assert "choose other crops" in text(show(EXPLORE, dataset="demo", view="seasons", lines=""))


@pytest.mark.parametrize("page", [EXPLORE, MAP])
def test_another_zone_lets_go_of_the_parcel(page):
    zones = [z.zone_id for z in data.zones("demo") if z.split == "test"]
    parcel = data.parcels("demo", zones[0])["parcel_id"].iloc[0]
    app = show(page, dataset="demo", zone=zones[0], parcel=str(parcel))
    assert address(app, "parcel") == str(parcel)
    checked(box(app, "Zone").set_value(zones[1]).run())
    assert address(app, "zone") == zones[1]
    assert address(app, "parcel") is None


@pytest.mark.parametrize("parcel", ["²", "٣", "-1", "9" * 5000, "1e3", ""])
@pytest.mark.parametrize("page", [EXPLORE, MAP])
def test_a_parcel_that_no_zone_has_is_not_selected(page, parcel):
    app = show(page, dataset="demo", zone=a_test_zone(), parcel=parcel)
    assert box(app, "Parcel").value is None


def test_imbalance_follows_unit_split_and_region():
    app = show(EXPLORE, dataset="demo", part="dataset")
    counts = data.class_counts("demo")
    region = sorted(counts["region"].unique())[0]
    for label, value in (("Unit", "hectares"), ("Zones", "test")):
        (group,) = [g for g in app.get("button_group") if g.proto.label == label]
        group.set_value(value)
    checked(box(app, "Region").set_value(region).run())
    chosen = counts[(counts["split"] == "test") & (counts["region"] == region)]
    bars = next(c for c in charts(app) if c["layout"].get("xaxis", {}).get("type") == "log")
    expected = chosen[chosen["crop"] > 0].groupby("crop")["hectares"].sum()
    assert len(values(bars["data"][0]["x"])) == (expected > 0).sum()
    assert "Hectares" in text(app)


def test_csv_of_a_table_reads_back():
    table = pd.DataFrame({"class": ["Maïs, doux", "Blé"], "pixels": [1, 2]})
    pd.testing.assert_frame_equal(pd.read_csv(io.BytesIO(data.csv(table))), table)
