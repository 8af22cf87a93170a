import dataclasses
import itertools
import json

import numpy as np
import pytest
from pyproj import Transformer
from sklearn.metrics import accuracy_score, f1_score

from cropdash import classify, legend
from cropdash.classify import description, features, sampling, validation
from cropdash.classify.cnn import fit as cnn_fit
from cropdash.classify.cnn import patches
from cropdash.classify.cnn.encoding import Encoding, names_of
from cropdash.classify.description import schema_of
from cropdash.classify.inputs import Inputs
from cropdash.domain import Cube, Labels, Layer, Sample, Season
from cropdash.domain.errors import InvalidRaster, InvalidRun, NotEnoughData, TrainingFailed
from cropdash.settings import classifiers
from tests.classify import landscapes

SETTINGS = {
    "cnn": {
        "epochs": 6,
        "steps_per_epoch": 12,
        "batch_size": 4,
        "patch_size": 24,
        "unet_channels": (12, 16),
        "embedding": 16,
        "temporal_channels": 16,
        "temporal_hidden": 32,
        "half_precision": False,
        "learning_rate": 0.01,
        "ema_decay": 0.8,
        "threads": 1,
    },
    "xgboost": {"trees": 12, "pixels": 2000, "threads": 1},
    "forest": {"trees": 20, "pixels": 2000, "threads": 1},
}


def new(kind, **changes):
    values = {"classifier": kind, "dataset": "d", **SETTINGS[kind], **changes}
    return classify.build(classifiers.parse(values))


def fit(classifier, folder, train=None, validation=None, **hooks):
    told = []
    classifier.fit(
        train or [landscapes.sample("a", seed=1), landscapes.sample("b", (30, 44), seed=2)],
        [landscapes.sample("c", seed=3)] if validation is None else validation,
        folder=folder,
        on_epoch=hooks.get("on_epoch", told.append),
        should_stop=hooks.get("should_stop", lambda: False),
    )
    return told


@pytest.fixture(scope="module", params=list(SETTINGS))
def trained(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    classifier = new(request.param)
    told = fit(classifier, folder)
    classifier.save(folder)
    return classifier, folder, told


def encoding_of(zones, config):
    return Encoding.of(zones, schema_of(zones, config))


def test_a_model_learns_what_the_season_tells(trained):
    classifier, _, _ = trained
    unseen = landscapes.sample("d", (33, 47), seed=9)
    said = classifier.predict_proba(unseen.cube).argmax(axis=0)
    mapped = unseen.labels.crop > 0
    assert (said == unseen.labels.crop)[mapped].mean() > 0.9


def test_probabilities_are_whole_and_only_of_trained_classes(trained):
    classifier, _, _ = trained
    sample = landscapes.sample("d", (21, 35), seed=4)
    probabilities = classifier.predict_proba(sample.cube)
    assert probabilities.shape == (legend.load().n_classes, 21, 35)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=0), 1, atol=1e-4)
    others = [k for k in range(50) if k not in landscapes.CLASSES]
    assert not probabilities[others].any()


def test_a_loaded_model_says_the_same(trained):
    classifier, folder, _ = trained
    cube = landscapes.sample("d", seed=5).cube
    loaded = classify.load(folder)
    np.testing.assert_array_equal(loaded.predict_proba(cube), classifier.predict_proba(cube))
    assert loaded.config == classifier.config


def test_each_epoch_is_told_with_its_progress(trained):
    _, _, told = trained
    assert told[-1]["progress"] <= 1
    epochs = [t["epoch"] for t in told]
    assert epochs == list(range(epochs[0], epochs[-1] + 1, epochs[0]))  # a forest tells two at once
    wanted = {"train_loss", "validation_loss", "validation_accuracy", "validation_macro_f1"}
    assert wanted <= set(told[-1])
    assert told[-1]["validation_loss"] < max(told[0]["validation_loss"], 0.05)


def test_a_model_with_settings_of_another_version_is_refused_in_one_sentence(trained, tmp_path):
    _, folder, _ = trained
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    written = json.loads((tmp_path / "model.json").read_text())
    written["config"]["of_tomorrow"] = 0.5
    (tmp_path / "model.json").write_text(json.dumps(written))
    with pytest.raises(InvalidRun, match=r"another version .*of_tomorrow.* train it again"):
        classify.load(tmp_path)


def test_damaged_missing_and_foreign_models_are_refused(trained, tmp_path):
    _, folder, _ = trained
    with pytest.raises(InvalidRun, match="no trained model"):
        classify.load(tmp_path)
    names = [p.name for p in folder.iterdir() if p.is_file()]
    for name in names:
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    for name in names:
        if not name.startswith("checkpoint"):
            whole = (tmp_path / name).read_bytes()
            (tmp_path / name).write_bytes(whole[: len(whole) // 2])
            with pytest.raises(InvalidRun, match="train it again"):
                classify.load(tmp_path)
            (tmp_path / name).write_bytes(whole)
    model = tmp_path / "model.json"
    model.write_text(model.read_text().replace(legend.load().hash, "0" * 16))
    with pytest.raises(InvalidRun, match="another legend"):
        classify.load(tmp_path)


def test_cubes_of_another_kind_are_refused(trained):
    classifier, _, _ = trained
    cube = landscapes.sample("d").cube
    short = Cube(
        cube.reflectance[:6],
        cube.clear_dates[:6],
        Season.of(2023).periods[:6],
        cube.bands,
        cube.grid,
    )
    renamed = Cube(
        cube.reflectance, cube.clear_dates, cube.periods, ("B8", "B4", "B3", "B2"), cube.grid
    )
    for other in (short, renamed):
        with pytest.raises(InvalidRaster, match="12 periods from 01-01 to 12-01 of B2, B3, B4, B8"):
            classifier.predict_proba(other)


@pytest.mark.parametrize("kind", ["cnn", "xgboost", "forest"])
def test_missing_series_poison_nothing(kind, tmp_path):
    plain = landscapes.sample("a", seed=1)
    values = plain.cube.reflectance.copy()
    values[:, :, :6, :9] = np.nan
    values[3, 1, 20, 20] = np.nan
    cube = Cube(
        values, plain.cube.clear_dates, plain.cube.periods, plain.cube.bands, plain.cube.grid
    )
    classifier = new(kind)
    fit(classifier, tmp_path, train=[Sample(plain.zone, cube, plain.labels)])
    assert np.isfinite(classifier.predict_proba(cube)).all()


@pytest.mark.parametrize("kind", ["cnn", "xgboost", "forest"])
def test_the_same_seed_gives_the_same_model(kind, tmp_path):
    cube = landscapes.sample("d", seed=5).cube
    said = []
    for _ in range(2):
        classifier = new(kind, **({"epochs": 2} if kind == "cnn" else {"trees": 3}))
        fit(classifier, tmp_path)
        said.append(classifier.predict_proba(cube))
    np.testing.assert_array_equal(*said)


@pytest.mark.parametrize("kind", ["cnn", "xgboost", "forest"])
def test_one_zone_and_no_validation_are_enough(kind, tmp_path):
    classifier = new(kind)
    told = fit(classifier, tmp_path, train=[landscapes.sample("a", (17, 23))], validation=[])
    assert told[-1]["progress"] == 1
    classifier.save(tmp_path)
    classify.load(tmp_path)


@pytest.mark.parametrize("kind", ["cnn", "xgboost", "forest"])
def test_a_stop_ends_training_and_keeps_a_model(kind, tmp_path):
    told = []
    classifier = new(kind)
    fit(classifier, tmp_path, on_epoch=told.append, should_stop=lambda: bool(told))
    assert 1 <= len(told) <= 2
    classifier.save(tmp_path)
    classify.load(tmp_path)


@pytest.mark.parametrize("kind", ["cnn", "xgboost", "forest"])
def test_nothing_labelled_says_so(kind, tmp_path):
    plain = landscapes.sample("a")
    empty = Labels(np.zeros_like(plain.labels.crop), plain.labels.parcel_id, plain.labels.grid)
    with pytest.raises(NotEnoughData, match="mapped crop"):
        fit(new(kind), tmp_path, train=[Sample(plain.zone, plain.cube, empty)])


@pytest.mark.parametrize("kind", ["cnn", "xgboost", "forest"])
def test_a_class_without_a_series_is_not_a_trained_class(kind, tmp_path):
    plain = landscapes.sample("a", seed=1)
    values, crop = plain.cube.reflectance.copy(), plain.labels.crop.copy()
    crop[:6, :9] = 41
    values[:, :, :6, :9] = np.nan
    cube = Cube(
        values, plain.cube.clear_dates, plain.cube.periods, plain.cube.bands, plain.cube.grid
    )
    labels = Labels(crop, plain.labels.parcel_id, plain.labels.grid)
    classifier = new(kind)
    fit(classifier, tmp_path, train=[Sample(plain.zone, cube, labels)], validation=[])
    assert not classifier.predict_proba(plain.cube)[41].any()


def test_a_stop_does_not_wait_for_the_validation_zones(tmp_path):
    asked = []

    def should_stop():
        asked.append(1)
        return len(asked) > 12  # the steps of an epoch

    classifier = new("cnn")
    told = fit(classifier, tmp_path, should_stop=should_stop)
    assert len(told) == 1
    assert "validation_loss" not in told[0]
    classifier.predict_proba(landscapes.sample("d").cube)  # what was learned so far is kept


def test_a_small_area_is_not_seen_over_and_over():
    zones = [landscapes.sample("a", (20, 25))]
    config = new("cnn").config.model_copy(update={"steps_per_epoch": 500})
    encoding = encoding_of(zones, config)
    assert len(patches.Patches(zones, encoding, config)) == 30
    wide = [landscapes.sample(f"z{i}", (90, 97)) for i in range(4)]
    pixels = 4 * 90 * 97
    assert len(patches.Patches(wide, encoding, config)) == 3 * pixels // (4 * 24 * 24)


def of_unequal_parcels(seed=1):
    """Parcels of 4, 64 and 640 pixels, each size with a crop of its own."""
    found = landscapes.sample("a", (40, 48), seed=seed)
    rows, columns = np.indices((40, 48))
    sides = np.select([columns < 16, columns < 32], [2, 8], 40)
    ids = 1 + (rows // sides) * 100 + columns % 16 // sides + columns // 16 * 10_000
    crop = np.select([columns < 16, columns < 32], landscapes.CLASSES[:2], landscapes.CLASSES[2])
    labels = Labels(crop.astype(np.uint8), ids.astype(np.int32), found.labels.grid)
    return dataclasses.replace(found, labels=labels)


@pytest.mark.parametrize(("weighting", "power"), [("none", 0.0), ("parcel", 0.75)])
def test_rows_of_the_trees_are_drawn_by_the_size_of_their_parcel(weighting, power):
    zone = of_unequal_parcels()
    config = new("xgboost", weighting=weighting).config
    schema = schema_of([zone], config)
    found = np.zeros(50)
    for number in range(1_000):
        rng = np.random.default_rng(number)
        (pixels,) = sampling.choose([zone], schema, 12, config.weighting, rng)
        assert len(set(pixels)) == 12
        found += np.bincount(zone.labels.crop.ravel()[pixels], minlength=50)
    chances = np.array([4.0, 64.0, 640.0]) ** -power
    np.testing.assert_allclose(
        found[list(landscapes.CLASSES)] / found.sum(), chances / chances.sum(), atol=0.02
    )


def test_zones_past_the_memory_limit_take_turns(monkeypatch):
    zones = [landscapes.sample(f"z{i}", seed=i) for i in range(5)]
    config = new("cnn", steps_per_epoch=3, location=False).config
    encoding = encoding_of(zones, config)
    assert len(list(patches.Patches(zones, encoding, config))) == 3
    one = zones[0].cube.reflectance.nbytes * 5 // 4  # NDVI is a fifth channel
    monkeypatch.setattr(patches, "MEMORY", 2 * one)
    drawn = patches.Patches(zones, encoding, config)
    seen = set()
    for epoch in range(12):
        drawn.epoch_of = lambda epoch=epoch: epoch
        assert len(list(drawn)) == 3
        assert len(drawn._kept) <= 2
        seen |= set(drawn._kept)
    assert seen == set(range(5))


def test_an_infinite_loss_ends_training_with_a_sentence(tmp_path, monkeypatch):
    whole = cnn_fit.F.cross_entropy
    monkeypatch.setattr(cnn_fit.F, "cross_entropy", lambda *a, **k: whole(*a, **k) * float("inf"))
    with pytest.raises(TrainingFailed, match="learning rate"):
        fit(new("cnn"), tmp_path)


def test_an_untrained_model_says_so(tmp_path):
    for kind in SETTINGS:
        with pytest.raises(InvalidRun, match="not trained"):
            new(kind).predict_proba(landscapes.sample().cube)
        with pytest.raises(InvalidRun, match="not trained"):
            new(kind).save(tmp_path)


def test_ignored_pixels_are_not_learned_from():
    plain = landscapes.sample("a")
    crop = plain.labels.crop.copy()
    crop[:10] = 255
    sample = Sample(plain.zone, plain.cube, Labels(crop, plain.labels.parcel_id, plain.labels.grid))
    mask = features.labelled(sample)
    assert not mask[:10].any()
    assert not mask[crop == 0].any()


def test_table_has_one_row_per_pixel_in_raster_order():
    cube = landscapes.sample("a", (9, 14)).cube
    names = features.table_names(cube.bands, 12, Inputs("indices", ("NDVI",)))
    rows = features.table(cube, Inputs("indices", ("NDVI",)))
    assert rows.shape == (9 * 14, len(names))
    y, x = 5, 11
    row = rows[y * 14 + x]
    assert row[names.index("05 B8")] == cube.reflectance[4, 3, y, x]
    assert row[names.index("05 NDVI")] == cube.ndvi[4, y, x]
    assert row[names.index("06 NDVI change")] == cube.ndvi[5, y, x] - cube.ndvi[4, y, x]
    assert row[names.index("NDVI maximum")] == cube.ndvi[:, y, x].max()


@pytest.mark.parametrize("kind", ["cnn", "xgboost", "forest"])
def test_held_out_pixels_of_classes_never_trained_count_as_errors_of_both_models(kind, tmp_path):
    train, held = landscapes.sample("a", seed=1), landscapes.sample("c", (40, 35), seed=3)
    crop = train.labels.crop
    crop = np.where(crop == landscapes.CLASSES[2], 0, crop)  # seen in the held-out zone alone
    train = dataclasses.replace(train, labels=dataclasses.replace(train.labels, crop=crop))
    changes = {"cnn": {"epochs": 1, "ema_decay": 0.0}}.get(kind, {"trees": 1})
    classifier = new(kind, **changes)
    (told,) = fit(classifier, tmp_path, [train], [held])
    mask = features.labelled(held)
    truth, said = held.labels.crop[mask], classifier.predict_proba(held.cube).argmax(axis=0)[mask]
    assert told["validation_accuracy"] == pytest.approx(accuracy_score(truth, said))
    f1 = f1_score(truth, said, labels=np.unique(truth), average="macro", zero_division=0)
    assert told["validation_macro_f1"] == pytest.approx(f1)


def test_rows_are_drawn_whatever_zone_has_none():
    """Shares of chances that are rounded add up to more than 1 once in a while."""
    sides = [(40, 31), (33, 44), (27, 38), (51, 22), (36, 29)]
    config = new("xgboost").config
    empty = landscapes.sample("e")
    empty = dataclasses.replace(
        empty, labels=dataclasses.replace(empty.labels, crop=np.zeros_like(empty.labels.crop))
    )
    for seed in range(40):
        zones = [landscapes.sample(f"z{i}", side, seed + i) for i, side in enumerate(sides)]
        schema, rng = schema_of(zones, config), np.random.default_rng(seed)
        chosen = sampling.choose([*zones, empty], schema, 500, config.weighting, rng)
        assert sum(map(len, chosen)) == 500
        assert len(chosen[-1]) == 0


def test_scores_of_an_epoch_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    truth, said = rng.integers(0, 5, 200), rng.integers(0, 7, 200)
    found = validation.scores(validation.counts(truth, said, 9))
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, said))
    macro = f1_score(truth, said, labels=np.unique(truth), average="macro", zero_division=0)
    assert found["macro_f1"] == pytest.approx(macro)


def test_the_place_of_a_zone_is_one_point_and_zones_side_by_side_are_one_place():
    zones = [landscapes.sample("a", (20, 34), seed=1), landscapes.sample("b", (31, 22), seed=2)]
    for zone in zones:
        latitude, longitude = features.coordinates(zone.cube.grid)
        assert latitude.shape == zone.cube.grid.shape
        assert np.ptp(latitude) == np.ptp(longitude) == 0
        left, bottom, right, top = zone.cube.grid.bounds
        to_grid = Transformer.from_crs("EPSG:4326", zone.cube.grid.crs, always_xy=True)
        x, y = to_grid.transform(longitude[0, 0], latitude[0, 0])
        assert (x, y) == pytest.approx(((left + right) / 2, (top + bottom) / 2), abs=2)
    encoding = encoding_of(zones, new("cnn", location=True).config)
    assert encoding.names[-2:] == ("latitude", "longitude")
    assert (np.ptp(encoding.quantiles[:, -2:], axis=2) >= 1.7).all()  # [degrees], of two places


def test_channels_and_columns_are_named_one_by_one_whatever_is_seen():
    cube = with_context()
    dynamic = Layer("VV", np.zeros((12, *cube.grid.shape), np.float32))
    cube = dataclasses.replace(cube, layers=(*cube.layers, dynamic))
    for location, heights, radar, last_crop in itertools.product((False, True), repeat=4):
        layers = (("elevation", 1),) * heights + (("VV", 12),) * radar
        seen = Inputs("indices", ("NDVI", "EVI2"), location, layers, last_crop)
        columns = features.table_names(cube.bands, 12, seen)
        assert features.table(cube, seen).shape[1] == len(columns) == len(set(columns))
        assert columns.count("elevation") == heights  # a layer that is still appears once
        assert sum(name.endswith(" VV") for name in columns) == 12 * radar
        schema = description.TrainingSchema(cube.bands, ("01-01",) * 12, seen, (6,))
        names = names_of(schema)
        of = Encoding(
            seen,
            cube.bands,
            names,
            np.zeros((12, len(names), 67), np.float32),
            np.zeros((1, 2), np.float32),
        )
        channels = of.of_cube(cube)
        assert channels.shape == (12, 6 + 2 * location + heights + radar + last_crop, 20, 34)
        assert len(set(names)) == len(names) == channels.shape[1]
        if last_crop:
            assert (channels[:, -1] == 7).all()  # a class id is no quantity


def test_inputs_survive_json_and_a_star_stands_for_all_that_begin_alike():
    cube = landscapes.sample("a", (9, 14)).cube
    flat = np.zeros((1, 9, 14), np.float32)
    many = tuple(Layer(f"A{i:02d}", flat + i) for i in range(64))
    cube = dataclasses.replace(cube, layers=(Layer("elevation", flat), *many))
    config = new("xgboost", layers="A*", indices="NDVI,EVI2").config
    seen = Inputs.of(config, cube)
    assert seen.layers == tuple((f"A{i:02d}", 1) for i in range(64))
    assert Inputs.from_json(json.loads(json.dumps(seen.to_json()))) == seen
    names = features.table_names(cube.bands, 12, seen)
    assert features.table(cube, seen)[5, names.index("A63")] == 63


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"layers": "elevation"}, "layer elevation with 1 values, which the zone does not have"),
        ({"last_crop": True}, "last year's crops, which the zone does not have"),
        ({"indices": "NDMI"}, "wants NDMI, for which the zone lacks B11"),
    ],
)
def test_what_a_zone_lacks_is_one_sentence(changes, said):
    with pytest.raises(InvalidRaster, match=said):
        Inputs.of(new("xgboost", **changes).config, landscapes.sample().cube)


@pytest.mark.parametrize("kind", ["cnn", "xgboost", "forest"])
def test_ten_bands_and_their_indices_are_learned_from(kind, tmp_path):
    def ten(name, seed):
        plain = landscapes.sample(name, (24, 20), seed=seed)
        noise = np.random.default_rng(seed).normal(0.2, 0.01, (12, 6, 24, 20)).astype(np.float32)
        reflectance = np.concatenate([plain.cube.reflectance, noise], axis=1)
        bands = (*plain.cube.bands, "B5", "B6", "B7", "B8A", "B11", "B12")
        cube = dataclasses.replace(plain.cube, reflectance=reflectance, bands=bands)
        return dataclasses.replace(plain, cube=cube)

    classifier = new(kind, indices="NDVI,NDMI,NDRE")
    fit(classifier, tmp_path, train=[ten("a", 1)], validation=[ten("b", 2)])
    classifier.save(tmp_path)
    said = classify.load(tmp_path).predict_proba(ten("c", 3).cube)
    np.testing.assert_array_equal(said, classifier.predict_proba(ten("c", 3).cube))
    with pytest.raises(InvalidRaster, match="of B2, B3, B4, B8, B5"):
        classifier.predict_proba(landscapes.sample("d").cube)


@pytest.mark.parametrize(
    ("season", "fits"),
    [
        (Season.of(2024), True),  # a leap year
        (Season.of("2022-10..2023-09"), False),
        (Season.of("2023-01-01..2023-04-30", "dekad"), False),  # twelve as well
    ],
)
def test_a_model_is_bound_to_the_days_on_which_periods_begin(season, fits):
    cube = landscapes.sample("a", (9, 14)).cube
    schema = description.schema_of([landscapes.sample("a")], new("xgboost").config)
    other = dataclasses.replace(cube, periods=season.periods)
    if fits:
        schema.check(other)
    else:
        with pytest.raises(InvalidRaster, match="12 periods from 01-01 to 12-01"):
            schema.check(other)


@pytest.mark.parametrize("years", [(2023, 2024), (2024, 2023), (2023, 2027)])
def test_sixteen_days_of_any_year_are_alike(years):
    days = [description.days_of(Season.of(f"{y - 1}-10..{y}-09", "16d").periods) for y in years]
    assert description.same_days(*days)
    later = Season.of(f"{years[0] - 1}-10-04..{years[0]}-09-30", "16d").periods
    assert not description.same_days(days[0], description.days_of(later))


def with_context():
    cube = landscapes.sample("a", (20, 34), seed=1).cube
    shape = cube.grid.shape
    heights = np.full((1, *shape), 90, np.float32)
    more = {"layers": (Layer("elevation", heights),), "last_crop": np.full(shape, 7, np.uint8)}
    return dataclasses.replace(cube, **more)


def test_patches_are_moved_about_in_training_only_by_the_settings():
    zones = [landscapes.sample("a", (40, 36), seed=1)]
    still, moved = (
        new("cnn", location=True, location_noise=noise, steps_per_epoch=4).config
        for noise in (0.0, 0.3)
    )
    encoding = encoding_of(zones, still)
    places = []
    for config in (still, moved):
        batches = list(patches.Patches(zones, encoding, config))
        places.append(np.concatenate([batch.inputs[:, :, -2:].numpy() for batch in batches]))
    still_there, moved_about = (p.transpose(0, 2, 1, 3, 4).reshape(len(p), 2, -1) for p in places)
    for of_patch in (still_there, moved_about):
        assert np.ptp(of_patch, axis=2).max() < 1e-6  # the whole patch, the whole year
        unknown = (of_patch == 0).all(axis=(1, 2))
        assert 0 < unknown.sum() < len(unknown)  # some patches may lie anywhere
    known = moved_about[(moved_about != 0).all(axis=(1, 2))]
    assert 0.1 < known.std() < 0.6


def test_a_network_from_before_a_setting_is_refused_and_not_misread(tmp_path):
    classifier = new("cnn", epochs=1)
    fit(classifier, tmp_path)
    classifier.save(tmp_path)
    model = json.loads((tmp_path / "model.json").read_text())
    del model["config"]["embedding"]  # as if it had been trained when there was none
    (tmp_path / "model.json").write_text(json.dumps(model))
    with pytest.raises(InvalidRun, match="train it again"):
        classify.load(tmp_path)
