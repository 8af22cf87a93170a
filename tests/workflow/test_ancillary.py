"""Further layers and last year's register on their way from files to a trained model."""

import numpy as np
import pytest
from rasterio.transform import from_origin

from cropdash.cli import build
from cropdash.domain.errors import InvalidRun
from cropdash.settings import classifiers, sources
from cropdash.settings.folders import Folders
from cropdash.storage import runs
from cropdash.storage.datasets import DatasetFolder
from cropdash.workflow import train
from tests import factory
from tests.worlds import FLANDERS, geotiff, grid, needs

WANTS = {
    "layers": "elevation,VV,embedding_*",
    "last_crop": True,
    "trees": 8,
    "pixels": 2_000,
    "threads": 1,
}


def quiet(stage, done):
    pass


def covering(path, *values):
    """A GeoTIFF in degrees around the zones, with a value a band."""
    at = {"crs": "EPSG:4326", "transform": from_origin(2, 52, 0.04, 0.03)}
    return geotiff(
        path,
        grid((90, 150)),
        np.ones((len(values), 90, 150)) * np.reshape(values, (-1, 1, 1)),
        **at,
    )


@needs(FLANDERS)
def test_a_build_takes_all_from_files_and_a_run_learns_from_it(tmp_path, monkeypatch):
    terrain = covering(tmp_path / "terrain.tif", 42)
    radar = covering(tmp_path / "s1" / "VV_2018-05.tif", -12).parent
    embedding = covering(tmp_path / "embedding.tif", 1, 2, 3)
    folders = Folders(tmp_path / "data", tmp_path / "models")
    monkeypatch.setenv("CROPDASH_DATA", str(folders.data))
    monkeypatch.setenv("CROPDASH_MODELS", str(folders.models))
    register = next(FLANDERS.glob("*.gpkg"))  # as if each field had borne the same the year before
    values = {
        "source": "local", "dataset": "flanders", "folder": FLANDERS,
        "layers": f"elevation={terrain},{radar},{embedding}", "previous_register_path": register,
    }  # fmt: skip
    build.run(sources.parse(values))
    dataset = DatasetFolder(folders.data, "flanders")
    for zone in dataset.built_zones():
        sample = dataset.sample(zone)
        np.testing.assert_allclose(sample.cube.layer("elevation"), 42, atol=1e-3)
        assert (sample.cube.layer("embedding_3") == 3).all()
        known = [
            p.id
            for p, v in zip(sample.cube.periods, sample.cube.layer("VV"), strict=True)
            if not np.isnan(v).any()
        ]
        assert known == ["2018-05"]
        assert dataset.report(zone.zone_id)["layers_known"]["VV"] == pytest.approx(1 / 12, abs=1e-4)
        crop = sample.labels.crop
        declared = (crop > 0) & (crop < 255) & (sample.labels.parcel_id > 0)
        assert (sample.cube.last_crop == crop)[declared].mean() > 0.95
    values = {"classifier": "xgboost", "dataset": "flanders", **WANTS}
    run = runs.queue(folders, classifiers.parse(values))
    train.train_run(run, folders, progress=quiet)
    assert run.scores().test.pixel.n_scored > 0


def test_what_a_dataset_lacks_is_said_before_training(tmp_path):
    factory.write_dataset(tmp_path / "data", zones=4, size=40)
    folders = Folders(tmp_path / "data", tmp_path / "models")
    for name, wanted in (("layers", "elevation"), ("last_crop", True), ("indices", "NDMI")):
        values = {"classifier": "xgboost", "dataset": "demo", name: wanted}
        run = runs.queue(folders, classifiers.parse(values))
        with pytest.raises(InvalidRun, match=f"(setting|set) {name}"):
            train.train_run(run, folders, progress=quiet)
        assert not run.epochs().size
