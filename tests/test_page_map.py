"""Map, run without a browser: what is chosen, what is drawn, what is handed out."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import rasterio
from streamlit.testing.v1 import AppTest

from cropdash import i18n, legend
from cropdash.domain import Prediction
from cropdash.domain.errors import CorruptDataset
from cropdash.evaluate import conformal
from cropdash.figures.layers import AGREEMENT
from cropdash.i18n import LANGUAGES
from cropdash.storage.store import Store
from cropdash.ui.map import answers, counts, downloads, layers, legends
from cropdash.ui.map.layers import Look
from cropdash.ui.shell import assets, data
from cropdash.ui.widgets import parcel_answers, run_pair
from tests.visiting import (  # noqa: F401 (fixtures)
    MAP,
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


def pair() -> run_pair.Pair:
    zone = next(z for z in data.zones("demo") if z.split == "test")
    runs = {r.classifier: r for r in data.usable_runs("demo")}
    return run_pair.Pair("demo", zone, (runs["cnn"], runs["xgboost"]))


def of(mine: run_pair.Pair, **query: str) -> AppTest:
    """The page, opened at the pair's zone."""
    return show(MAP, dataset="demo", zone=mine.zone.zone_id, **query)


def without_first(whole: Prediction) -> Prediction:
    """The prediction but for its first parcel."""
    return Prediction(
        whole.crop,
        whole.confidence,
        whole.parcel_ids[1:],
        whole.parcel_probabilities[1:],
        whole.grid,
        whole.run,
    )


# what is chosen ----------------------------------------------------------------------------------


def test_one_run_alone_is_shown_twice_and_said(monkeypatch):
    (run,) = [r for r in data.usable_runs("demo") if r.classifier == "cnn"]
    monkeypatch.setattr(data, "usable_runs", lambda *_: (run,))
    assert "Only one run" in text(show(MAP, dataset="demo"))


def test_a_link_opens_with_all_its_choices():
    mine = pair()
    crop = int(np.bincount(mine.labels.crop[mine.labels.crop < 255]).argmax()) or 1
    name = legend.load().classes[crop].name
    app = of(
        mine, view="swipe", under="second", over="agreement", agree="1,4,9", opacity="40",
        shows="confidence", classes=f"{name},nonsense", everywhere="1", by="pixel",
    )  # fmt: skip
    told = sent(app)
    assert (told["only"], told["agree"], told["opacity"]) == ([crop], [1, 4], 0.4)
    assert told["captions"] == ["XGBoost", "Agreement"]
    assert titles(told) == ["Agreement", "Confidence", "Declared [ha]"]
    assert told["legend"][-1]["chosen"] == [name]
    assert told["legend"][0]["chosen"] == ["1", "4"]
    look = Look("confidence", "pixel", "class", True, (crop,), (1, 4))
    assert told["overlays"][0].endswith(layers.url(mine, "second", look))
    assert told["over"].endswith(layers.url(mine, "agreement", look))
    assert box(app, "Left of the divider").value == "second"


@pytest.mark.parametrize(
    "query",
    [
        {"view": "nine", "layer": "soil", "shows": "", "opacity": "nan"},
        {"opacity": "-5", "everywhere": "yes", "agree": ",,x", "classes": ",", "unit": "acres"},
        {"view": "swipe", "under": "x", "over": "y", "opacity": "1e9", "agree": "9" * 4000},
    ],
)
def test_what_the_address_cannot_mean_gives_way_to_the_usual(query):
    told = sent(of(pair(), **query))
    assert (told["opacity"], told["only"], told["agree"]) == (0.85, [], [])
    assert "Confidence" not in titles(told)


def test_one_layer_fills_the_map_and_the_address_keeps_it():
    mine = pair()
    app = of(mine, view="one")
    checked(box(app, "Layer").set_value("agreement").run())
    assert address(app, "layer") == "agreement"
    told = sent(app)
    assert told["captions"] == ["Agreement"]
    assert told["overlays"] == [f"../../app/static/{layers.url(mine, 'agreement', Look())}"]
    assert told["over"] is None


def test_a_scale_is_shown_only_where_a_model_is():
    mine = pair()
    declared, second = (
        sent(of(mine, view="one", layer=layer, shows="confidence", picture="NDVI"))
        for layer in ("declared", "second")
    )
    assert titles(declared) == ["Imagery", "Declared [ha]"]
    assert titles(second) == ["Confidence", "Imagery", "Declared [ha]"]


def test_opacity_and_ground_outside_parcels_go_into_the_address():
    app = of(pair(), by="pixel")
    (slider,) = app.slider
    checked(slider.set_value(30).run())
    (everywhere,) = app.toggle
    checked(everywhere.set_value(True).run())
    assert (address(app, "opacity"), address(app, "everywhere")) == ("30", "1")
    assert sent(app)["opacity"] == 0.3
    checked(app.slider[0].set_value(85).run())
    checked(app.toggle[0].set_value(False).run())
    assert address(app, "opacity") is address(app, "everywhere") is None


def titles(told: dict) -> list[str]:
    return [part["title"] for part in told["legend"]]


def test_the_legend_wears_the_colours_of_the_map_and_stands_by_area():
    mine = pair()
    classes = sent(of(mine))["legend"][-1]
    items = {item.name: item for item in legend.load().classes}
    assert all(e["colour"] == items[e["name"]].colour for e in classes["entries"])
    crop = mine.labels.crop
    areas = {e["name"]: (crop == items[e["name"]].id).sum() / 100 for e in classes["entries"]}
    declared = [a for a in areas.values() if a]
    assert declared == sorted(declared, reverse=True)
    shown = [e["amount"] for e in classes["entries"] if areas[e["name"]]]
    assert shown == [f"{area:,.1f}" for area in declared]
    assert set(items) - set(areas) >= {"background"}


@pytest.mark.parametrize("level", ["group", "family"])
def test_a_group_is_shown_and_chosen_whole(level):
    mine, table = pair(), legend.load()
    crop = int(np.bincount(mine.labels.crop[mine.labels.crop < 255], minlength=2)[1:].argmax()) + 1
    name = getattr(table.classes[crop], level)
    told = sent(of(mine, level=level, classes=name))
    members = [c.id for c in table.classes if getattr(c, level) == name]
    assert told["only"] == members
    assert told["groups"] == table.group_of(level).tolist()
    (entry,) = [e for e in told["legend"][-1]["entries"] if e["name"] == name]
    assert entry["classes"] == members
    look = Look(level=level)
    drawn = layers.drawn(mine, "declared", look)
    inside = np.isin(mine.labels.crop, members)
    seen = {tuple(c) for c in drawn.colours[drawn.codes[inside]][:, :3].tolist()}
    assert seen == {tuple(bytes.fromhex(entry["colour"][1:]))}


def test_parcels_wear_their_own_decision_and_pixels_theirs():
    mine = pair()
    prediction, ids = mine.predictions[0], mine.labels.parcel_id
    crop, sure = layers.named(mine, 0, "parcel")
    for i, answer in zip(prediction.parcel_ids, prediction.parcel_probabilities, strict=True):
        assert (crop[ids == i] == answer.argmax()).all()
        np.testing.assert_allclose(sure[ids == i], answer.max())
    assert not crop[~np.isin(ids, prediction.parcel_ids)].any()
    np.testing.assert_array_equal(layers.named(mine, 0, "pixel")[0], prediction.crop)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("view", ["four", "swipe", "one"])
def test_every_view_opens_in_every_language(view, language):
    mine = pair()
    parcel = str(mine.predictions[0].parcel_ids[0])
    app = of(mine, view=view, parcel=parcel, shows="confidence", lang=language)
    assert app.title[0].value == i18n.catalogue(language).get("Map", "Map")
    export = "Legend and counts (CSV)"
    assert i18n.catalogue(language).get(export, export) in [
        b.proto.label for b in app.get("download_button")
    ]


# what is drawn -----------------------------------------------------------------------------------


def opaque(mine, layer, look):
    """(H, W) True where a layer's picture, before it is warped, shows something."""
    picture = layers.drawn(mine, layer, look)
    return picture.colours[picture.codes][..., 3] > 0


def test_a_choice_of_classes_leaves_their_own_pixels_in_each_panel():
    mine = pair()
    first, second = mine.predictions
    crop = mine.labels.crop
    chosen = int(np.bincount(crop[(crop > 0) & (crop < 255)]).argmax())
    inside, look = mine.labels.parcel_id > 0, Look(unit="pixel", classes=(chosen,))
    np.testing.assert_array_equal(opaque(mine, "declared", look), crop == chosen)
    np.testing.assert_array_equal(opaque(mine, "first", look), inside & (first.crop == chosen))
    anyhow = (crop == chosen) | (first.crop == chosen) | (second.crop == chosen)
    mapped = (crop > 0) & (crop < 255)
    np.testing.assert_array_equal(opaque(mine, "agreement", look), mapped & anyhow)


@pytest.mark.parametrize("shows", ["class", "confidence"])
def test_ground_outside_of_parcels_is_shown_on_request(shows):
    mine = pair()
    outside = mine.labels.parcel_id == 0
    assert outside.any()
    named = mine.predictions[1].crop > 0
    assert not opaque(mine, "second", Look(shows, "pixel"))[outside].any()
    shown = opaque(mine, "second", Look(shows, "pixel", everywhere=True))
    assert (shown >= named).all()


def test_a_choice_of_agreement_leaves_its_pixels_alone():
    mine = pair()
    codes, look = layers.agreement_codes(mine, "pixel"), Look(unit="pixel", agreement=(1, 4))
    np.testing.assert_array_equal(opaque(mine, "agreement", look), np.isin(codes, (1, 4)))
    for layer in ("declared", "first", "second"):
        assert not opaque(mine, layer, look)[~np.isin(codes, (1, 4))].any()


def test_codes_of_agreement_cover_the_declared_crops():
    mine = pair()
    codes, crop = layers.agreement_codes(mine, "pixel"), mine.labels.crop
    np.testing.assert_array_equal(codes < 255, (crop > 0) & (crop < 255))
    right = [float(np.isin(codes[codes < 255], c).mean()) for c in ([0, 1], [0, 2])]
    for share, prediction in zip(right, mine.predictions, strict=True):
        inside = codes < 255
        assert share == pytest.approx((prediction.crop == crop)[inside].mean())


def test_a_picture_is_not_drawn_anew_for_what_does_not_change_it():
    mine = pair()
    plain, sure = Look(), Look("confidence", everywhere=True)
    same = {layer: layers.url(mine, layer, plain) for layer in layers.LAYERS}
    assert layers.url(mine, "declared", sure) == same["declared"]
    assert layers.url(mine, "agreement", sure) == same["agreement"]
    assert layers.url(mine, "first", sure) != same["first"]
    assert len(set(same.values())) == len(same)
    turned = run_pair.Pair(mine.dataset, mine.zone, mine.runs[::-1])
    assert layers.url(turned, "agreement", plain) != same["agreement"]


def test_the_page_sends_urls_and_not_what_is_said_of_each_parcel():
    app = of(pair())
    (component,) = app.get("component_instance")
    assert len(component.proto.json_args) < 45_000
    assert "70%" not in component.proto.json_args  # of a tooltip


def test_what_is_said_of_each_parcel_is_what_the_models_say(monkeypatch):
    mine, kept = pair(), []
    monkeypatch.setattr(assets, "publish", lambda key, suffix, make: kept.append(make()) or "x")
    layers.answers_url(mine)
    told, items = json.loads(kept[0]), legend.load().classes
    declared = data.parcels("demo", mine.zone.zone_id).set_index("parcel_id")["crop"]
    assert set(told) == {str(i) for i in mine.predictions[0].parcel_ids}
    for i, said in told.items():
        first, second = (parcel_answers.answer_of(p, int(i)) for p in mine.predictions)
        crops = [int(declared.loc[int(i)]), int(first.argmax()), int(second.argmax())]
        assert said["crops"] == crops
        assert said["says"][1] == f"XGBoost: {items[crops[2]].label()}, {second.max():.0%}"
        right = [k == crops[0] for k in crops[1:]]
        expected = {(True, True): 0, (True, False): 1, (False, True): 2}.get(tuple(right))
        if expected is not None and crops[0] > 0:
            assert said["code"] == expected


def test_runs_that_know_other_parcels_share_those_of_both(monkeypatch):
    mine = pair()
    first, second = mine.predictions
    short = without_first(second)
    monkeypatch.setattr(run_pair.Pair, "predictions", (first, short))
    found = layers.parcel_answers(mine)
    np.testing.assert_array_equal(found[:, 0], second.parcel_ids[1:])
    np.testing.assert_array_equal(found[:, 2], run_pair.best(first)[1:])
    np.testing.assert_array_equal(found[:, 3], run_pair.best(short))


def test_a_parcel_that_the_zone_has_lost_is_left_out(monkeypatch):
    mine, parcels = pair(), data.parcels
    lost = int(mine.predictions[0].parcel_ids[0])
    monkeypatch.setattr(
        data, "parcels", lambda *at: parcels(*at)[lambda table: table["parcel_id"] != lost]
    )
    found = layers.parcel_answers(mine)
    assert lost not in found[:, 0]
    assert len(found) == len(mine.predictions[0].parcel_ids) - 1


def test_a_prediction_of_a_zone_that_lay_elsewhere_is_said(monkeypatch):
    read = data.prediction
    moved = lambda *of: replace(read(*of), grid=replace(read(*of).grid, left=0.0))  # noqa: E731
    monkeypatch.setattr(data, "prediction", moved)
    app = show(MAP, dataset="demo")
    assert "before it was built anew" in text(app)
    assert not app.get("component_instance")


def test_a_damaged_prediction_is_one_sentence(monkeypatch):
    def damaged(*_: object) -> None:
        raise CorruptDataset("The prediction can't be read: predict the zone again.")

    monkeypatch.setattr(data, "prediction", damaged)
    app = show(MAP, dataset="demo")
    assert {e.value for e in app.error} == {"The prediction can't be read: predict the zone again."}


# counts ------------------------------------------------------------------------------------------


def test_counts_of_the_legend_are_those_of_the_rasters():
    mine = pair()
    crop = mine.labels.crop
    inside = (crop > 0) & (crop < 255)
    table = counts.of_classes(mine).set_index("class_id")
    assert table["declared"].sum() == table["first"].sum() == inside.sum()
    assert table["declared"].is_monotonic_decreasing
    hectares = counts.of_classes(mine, "hectares").set_index("class_id")
    np.testing.assert_allclose(hectares, table / 100)
    for k in table.index:
        assert table.loc[k, "second"] == (mine.predictions[1].crop[inside] == k).sum()


def test_parcels_are_counted_by_their_most_probable_class():
    mine = pair()
    table = counts.of_classes(mine, "parcels").set_index("class_id")
    declared = data.parcels("demo", mine.zone.zone_id).set_index("parcel_id")["crop"]
    whole = mine.predictions[0]
    mapped = [i for i, p in enumerate(whole.parcel_ids) if 0 < declared.loc[p] < 255]
    expected = Counter(int(whole.parcel_probabilities[i].argmax()) for i in mapped)
    assert {k: n for k, n in table["first"].items() if n} == expected
    assert table["declared"].sum() == len(mapped)


def test_shares_of_agreement_add_up():
    for unit in ("parcel", "pixel"):
        table = counts.of_agreement(pair(), unit, "class")
        assert table["share"].sum() == pytest.approx(1)
        assert len(table) == len(AGREEMENT)


def test_the_legend_of_a_zone_without_a_mapped_crop_is_said(monkeypatch):
    empty = pd.DataFrame({"class_id": [], "declared": [], "first": [], "second": []})
    monkeypatch.setattr(counts, "of_classes", lambda *_: empty)
    (part,) = [p for p in sent(of(pair()))["legend"] if p.get("kind") == "classes"]
    assert part["note"] == "No mapped crop is declared in this zone."


# one parcel --------------------------------------------------------------------------------------


def test_both_models_say_what_they_hold_probable():
    mine = pair()
    prediction = mine.predictions[0]
    app = of(mine, parcel=str(prediction.parcel_ids[0]))
    bars = next(c for c in charts(app) if [t.get("name") for t in c["data"]] == list(mine.names))
    best = legend.load().classes[int(prediction.parcel_probabilities[0].argmax())].label()
    assert any(best.split(" (")[0][:12] in t for t in bars["layout"]["yaxis"]["ticktext"])


def test_a_parcel_without_a_pixel_has_no_answer_and_stays_in_the_table(monkeypatch):
    mine = pair()
    first, second = mine.predictions
    gone, kept = map(int, first.parcel_ids[:2])
    short = without_first(first)
    assert parcel_answers.answer_of(short, gone) is None
    assert parcel_answers.answer_of(short, kept) is not None
    monkeypatch.setattr(run_pair.Pair, "predictions", (short, without_first(second)))
    table = downloads.answers(mine).set_index("parcel_id")
    assert gone in table.index
    assert table.loc[gone, ["first_class", "agreement"]].isna().all()


@pytest.mark.parametrize("threshold", [0.005, 0.2, None])
def test_the_verdict_names_both_models_and_their_sets(monkeypatch, threshold):
    mine = pair()
    monkeypatch.setattr(Store, "calibrated", lambda self, run: {"threshold": threshold})
    app = of(mine, parcel=str(mine.predictions[0].parcel_ids[0]))
    said = [m.value for m in app.markdown if "as declared." in m.value]
    assert len(said) == 2
    assert all(f"**{name}**" in line for name, line in zip(mine.names, said, strict=True))
    sets = [c.value for c in app.caption if "Its class set" in c.value]
    assert len(sets) == (0 if threshold is None else 2)
    for line, prediction, run in zip(sets, mine.predictions, mine.runs, strict=False):
        inside = answers.class_set(run, prediction.parcel_probabilities[0])
        probabilities = prediction.parcel_probabilities[0][inside]
        assert (np.diff(probabilities) <= 0).all()
        assert (probabilities >= threshold).all() or len(inside) == 1
        named = line.partition("set: ")[2].partition(". Of all")[0]
        assert named.count(",") == len(inside) - 1
        assert "Of all parcels, 9 in 10" in line


# files -------------------------------------------------------------------------------------------


def test_downloaded_parcels_hold_both_answers(tmp_path, monkeypatch):
    monkeypatch.setattr(Store, "calibrated", lambda self, run: {"threshold": 0.01})
    mine, path = pair(), tmp_path / "parcels.gpkg"
    path.write_bytes(downloads.geopackage(mine))
    table = gpd.read_file(path).set_index("parcel_id")
    source = data.parcels("demo", mine.zone.zone_id)
    assert len(table) == len(source)
    assert table.crs == source.crs
    names = np.array([item.name for item in legend.load().classes])
    for name, prediction in zip(("first", "second"), mine.predictions, strict=True):
        rows, said = table.loc[prediction.parcel_ids], prediction.parcel_probabilities
        for ending, share, rank in (
            ("", "confidence", 1), ("_2", "probability_2", 2), ("_3", "probability_3", 3),
        ):  # fmt: skip
            expected = np.sort(said, axis=1)[:, -rank]
            np.testing.assert_allclose(rows[f"{name}_{share}"], expected, rtol=1e-6)
            picked = [
                said[i, list(names).index(c)] for i, c in enumerate(rows[f"{name}_class{ending}"])
            ]
            np.testing.assert_allclose(picked, expected, rtol=1e-6)
        sizes = conformal.class_sets(said, 0.01).sum(axis=1)
        assert [len(s.split(";")) for s in rows[f"{name}_set"]] == sizes.tolist()


def test_downloaded_parcels_say_whether_the_models_agree():
    table = downloads.answers(pair())
    mapped = table[(table["crop"] > 0) & table["first_class"].notna()]
    first = mapped["first_class"] == mapped["declared"]
    second = mapped["second_class"] == mapped["declared"]
    both = mapped["first_class"] == mapped["second_class"]
    expected = {
        "both_right": first & second,
        "first_right": first & ~second,
        "second_right": second & ~first,
        "same_error": ~first & both,
        "different_errors": ~first & ~second & ~both,
    }
    for word, wanted in expected.items():
        assert ((mapped["agreement"] == word) == wanted).all()
    assert table.loc[table["crop"] == 0, "agreement"].isna().all()
    assert tuple(expected) == downloads.AGREEMENT


def test_the_archive_holds_rasters_with_styles_of_their_names():
    mine = pair()
    with zipfile.ZipFile(io.BytesIO(downloads.archive(mine))) as bundle:
        assert bundle.testzip() is None
        names = set(bundle.namelist())
        rasters = [n for n in names if n.endswith(".tif")]
        assert len(rasters) == 2
        drawn = [*rasters, *(n for n in names if n.endswith(".gpkg"))]
        assert {n.rpartition(".")[0] + ".qml" for n in drawn} <= names
        content = bundle.read(next(n for n in rasters if mine.runs[1].run_id in n))
    with rasterio.MemoryFile(content) as memory, memory.open() as raster:
        np.testing.assert_array_equal(raster.read(1), mine.predictions[1].crop)


def test_one_run_twice_is_one_raster_in_the_archive():
    mine = pair()
    twice = run_pair.Pair(mine.dataset, mine.zone, (mine.runs[0], mine.runs[0]))
    with zipfile.ZipFile(io.BytesIO(downloads.archive(twice))) as bundle:
        assert len(bundle.namelist()) == len(set(bundle.namelist())) == 5


def test_the_legend_is_handed_out_whole_in_every_unit():
    mine = pair()
    table = pd.read_csv(io.BytesIO(data.csv(legends.whole_legend(mine))))
    items = legend.load().classes
    assert table["colour"].tolist() == [items[k].colour for k in table["class_id"]]
    np.testing.assert_allclose(table["declared_hectares"], table["declared_pixels"] / 100)
    assert {f"second_{unit}" for unit in counts.UNITS} <= set(table.columns)
