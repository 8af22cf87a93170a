"""The gallery's scripts run, and what they say is true."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import cropdash
from cropdash.domain.errors import ConfigError, DatasetNotFound, RunNotFound
from cropdash.settings import classifiers
from cropdash.settings.folders import folders
from cropdash.simulate.source import SimulatedSource
from cropdash.storage import runs
from cropdash.workflow.export import export
from docs.gallery import (
    area_with_interval,
    compare_two_runs,
    dossier,
    map_a_place,
    own_classifier,
)

SIZE = 48


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory):
    """Folders of their own, and scenes, parcels and zones as real data come."""
    folder = tmp_path_factory.mktemp("gallery")
    source = SimulatedSource(size=SIZE, zones_per_region=2)
    zones = [zone for zone in source.zones() if zone.zone_id.startswith("brittany")]
    export(source, zones, folder / "scenes_of_brittany")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CROPDASH_DATA", str(folder / "data"))
        patch.setenv("CROPDASH_MODELS", str(folder / "models"))
        yield folder


@pytest.fixture(scope="module")
def areas(place):
    """What the first script says; all others use what it built."""
    return map_a_place.main(str(place / "scenes_of_brittany"), "brittany", trees=20)


@pytest.fixture(scope="module")
def run(areas):
    """The run that the first script trained."""
    return cropdash.open_run(cropdash.runs().index[0])


def test_a_place_is_mapped_whole(areas, run):
    dataset = cropdash.open_dataset("brittany")
    zones = dataset.zones()
    assert zones.crs == 4326
    assert zones["is_built"].all()
    assert set(zones["split"]) == {"train", "test"}
    mapped = list(zones["zone"][zones["split"] == "test"])
    assert list(run.zones()) == mapped
    assert areas["ha"].sum() == pytest.approx(len(mapped) * (SIZE * 10) ** 2 / 1e4)
    said = run.map(mapped[0])
    images = dataset.images(mapped[0])
    assert images.dims == ("period", "band", "y", "x")
    assert images.sizes["band"] == 4
    np.testing.assert_array_equal(images.x, said.x)
    assert said.y.values[0] > said.y.values[-1]  # north first
    inside = zones.geometry[zones["zone"] == mapped[0]].to_crs(said.crs).iloc[0]
    left, _, _, top = inside.bounds
    assert left == pytest.approx(said.x.values[0] - 5, abs=1)
    assert top == pytest.approx(said.y.values[0] + 5, abs=1)


def test_scores_are_those_of_pixels_counted_by_hand(run):
    truth = run.dataset.labels(run.zones()[0]).crop.values
    said = run.map(run.zones()[0]).crop.values
    crops = (truth > 0) & (truth < 255)
    table = cropdash.score(run)
    assert table.loc["pixel", "n_scored"] == crops.sum()
    assert table.loc["pixel", "accuracy"] == pytest.approx((truth == said)[crops].mean())
    listed = cropdash.runs().loc[run.run_id]
    assert listed["pixel_accuracy"] == pytest.approx(table.loc["pixel", "accuracy"])


def test_two_runs_are_compared_on_the_same_parcels(run):
    table = compare_two_runs.main("brittany", trees=20)
    row = table.loc["accuracy"]
    assert row["difference"] == pytest.approx(row["left"] - row["right"])
    assert row["low"] <= row["difference"] <= row["high"]
    same = cropdash.compare(run, run)
    assert (same["difference"] == 0).all()
    newest = cropdash.runs().reset_index().groupby("classifier", sort=False)["run"].first()
    turned = cropdash.compare(newest["forest"], newest["xgboost"])
    assert turned.loc["accuracy", "difference"] == pytest.approx(-row["difference"])


def test_areas_have_intervals_that_hold_them(run):
    table = area_with_interval.main(run.run_id)
    sure = table[table["low_ha"].notna()]
    assert len(sure)
    assert (sure["low_ha"] <= sure["estimated_ha"]).all()
    assert (sure["estimated_ha"] <= sure["high_ha"]).all()
    assert table["mapped_ha"].sum() == pytest.approx((SIZE * 10) ** 2 / 1e4)


def test_a_dossier_holds_the_parcel_and_its_season(run, tmp_path):
    zone = run.zones()[0]
    parcels = run.parcels(zone)
    wanted = parcels.iloc[3]
    found = dossier.main(run.run_id, zone, str(wanted["register_id"]), str(tmp_path / "season.csv"))
    assert found["facts"]["predicted"] == wanted["predicted"]
    chances = found["facts"].filter(regex="^p_").astype(float)
    assert chances.sum() == pytest.approx(1, abs=1e-3)
    season = pd.read_csv(tmp_path / "season.csv")
    images = run.dataset.images(zone)
    assert list(season["period"]) == list(images.period.values)
    inside = run.dataset.labels(zone).parcel.values == wanted["parcel_id"]
    own = images.sel(band="B8").values[:, inside].mean(axis=1)
    np.testing.assert_allclose(season["B8_mean"], own, atol=0.02)
    assert found["outline"].crs is not None
    with pytest.raises(DatasetNotFound, match="no parcel"):
        run.dossier(zone, "nobody's")


def test_an_own_classifier_is_trained_like_any_other(run, monkeypatch):
    monkeypatch.setattr(classifiers, "MODULES", dict(classifiers.MODULES))
    trained = own_classifier.main("brittany")
    assert trained.settings["classifier"] == "centroid"
    assert cropdash.score(trained).loc["parcel", "accuracy"] > 0.2
    again = cropdash.predict(trained, run.zones())
    for zone, said in again.items():
        np.testing.assert_array_equal(said.crop, trained.map(zone).crop)
    classifiers.kinds.cache_clear()


def test_what_is_not_there_is_one_sentence(run):
    with pytest.raises(DatasetNotFound):
        cropdash.open_dataset("absent")
    with pytest.raises(RunNotFound):
        cropdash.open_run("absent")
    with pytest.raises(DatasetNotFound, match="no built zone"):
        cropdash.predict(run, ["absent"])
    with pytest.raises(ConfigError, match="colour"):
        cropdash.train("brittany", colour="red")
    with pytest.raises(ConfigError, match="no setting"):
        cropdash.build("brittany", source="local", folder=".", colour="red")
    bare = runs.create(folders().models, run.settings, {})
    with pytest.raises(ConfigError, match="predict first"):
        cropdash.score(bare.run_id)


def test_the_library_loads_nothing_until_it_is_asked():
    code = (
        "import sys, cropdash\n"
        "assert 'train' in dir(cropdash)\n"
        "print([n for n in ('numpy', 'pandas', 'geopandas', 'xarray', 'torch') if n in sys.modules])\n"
        "print(all(callable(getattr(cropdash, name)) for name in cropdash.__all__))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split("\n")[:2] == ["[]", "True"]
    with pytest.raises(AttributeError):
        cropdash.nothing  # noqa: B018
