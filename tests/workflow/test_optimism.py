"""Five ways to hold pixels back: nothing on two sides, and how much is held back."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from cropdash.domain.errors import NotEnoughData
from cropdash.settings import classifiers
from cropdash.storage import layout
from cropdash.workflow import optimism
from cropdash.workflow.zone_dataset import ZoneDataset
from tests import factory

CONFIG = classifiers.parse(
    {"classifier": "xgboost", "dataset": "demo", "trees": 3, "pixels": 1000, "threads": 1}
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("optimism")
    return factory.write_dataset(folder / "data", zones=10, size=50)


def units(fold_side, split):
    """What must not be on two sides: the unit's name at each labelled pixel."""
    found = set()
    for sample in fold_side:
        crop, zone = sample.labels.crop, sample.zone
        rows, columns = np.nonzero((crop > 0) & (crop < 255))
        names = {
            "pixel": zip(rows, columns, strict=True),
            "parcel": sample.labels.parcel_id[rows, columns],
            "patch": zip(rows // optimism.PATCH, columns // optimism.PATCH, strict=True),
            "zone": [0] * len(rows),
            "region": [0] * len(rows),
        }[split]
        place = zone.region if split == "region" else zone.zone_id
        found |= {(place, n if isinstance(n, tuple) else int(n)) for n in names}
    return found


@pytest.mark.parametrize("split", optimism.SPLITS)
def test_nothing_is_on_two_sides_and_nothing_is_lost(dataset, split) -> None:
    zones = dataset.built_zones()
    samples = ZoneDataset(dataset, zones)
    whole = units(samples, "pixel")
    scored = set()
    for fold in optimism.folds(samples, zones, split, 0):
        assert not units(fold.learned, split) & units(fold.scored, split)
        assert units(fold.learned, "pixel") | units(fold.scored, "pixel") == whole
        scored |= units(fold.scored, "pixel")
    share = len(scored) / len(whole)
    assert scored == whole if split == "region" else 0.08 < share < 0.35


def test_a_random_pixel_split_leaves_parcels_on_both_sides(dataset) -> None:
    zones = dataset.built_zones()
    (fold,) = optimism.folds(ZoneDataset(dataset, zones), zones, "pixel", 0)
    assert units(fold.learned, "parcel") & units(fold.scored, "parcel")


def test_the_table_names_every_split_and_is_kept(dataset, tmp_path) -> None:
    table = optimism.measure(dataset, CONFIG, progress=lambda s, d: None, models=tmp_path)
    rows = table.set_index("split")
    assert tuple(rows.index) == optimism.SPLITS
    assert rows.loc["zone", "flatters_by"] == 0
    expected = rows["accuracy"] - rows.loc["zone", "accuracy"]
    np.testing.assert_allclose(rows["flatters_by"], expected)
    expected = rows["macro_f1"] - rows.loc["zone", "macro_f1"]
    np.testing.assert_allclose(rows["flatters_f1_by"], expected)
    assert np.isnan(rows.loc["pixel", "parcel_accuracy"])
    assert rows["accuracy"].between(0, 1).all()
    kept = json.loads((tmp_path / layout.OPTIMISM.file).read_text())
    assert [row["split"] for row in kept["splits"]] == list(optimism.SPLITS)


def test_a_single_region_is_said_before_anything_is_trained(dataset, monkeypatch) -> None:
    only = tuple(replace(z, region="alsace") for z in dataset.built_zones())
    monkeypatch.setattr(type(dataset), "built_zones", lambda self: only)
    told = []
    with pytest.raises(NotEnoughData, match="in one region"):
        optimism.measure(dataset, CONFIG, progress=lambda stage, done: told.append(stage))
    assert not told


def test_too_few_zones_say_so(tmp_path) -> None:
    small = factory.write_dataset(tmp_path / "data", zones=2, size=40)
    with pytest.raises(NotEnoughData, match="are needed"):
        optimism.measure(small, CONFIG, progress=lambda s, d: None)


def test_another_year_is_scored_on_the_zones_that_are_held_back(dataset, tmp_path):
    other = factory.write_dataset(dataset.path.parent, "later", zones=10, size=50)
    table = optimism.measure(dataset, CONFIG, progress=lambda *_: None, year=other)
    rows = table.set_index("split")
    assert table["split"].tolist() == [*optimism.SPLITS, optimism.YEAR]
    # The other dataset is the same year here, so it must say what whole zones say.
    assert rows.loc[optimism.YEAR, "accuracy"] == rows.loc["zone", "accuracy"]
    assert rows.loc[optimism.YEAR, "flatters_by"] == 0
    few = factory.write_dataset(tmp_path, "few", zones=2, size=50)
    with pytest.raises(NotEnoughData, match="Dataset few lacks zone"):
        optimism.measure(dataset, CONFIG, progress=lambda *_: None, year=few)


def test_other_datasets_teach_but_on_the_ground_that_is_scored(dataset):
    other = factory.write_dataset(dataset.path.parent, "earlier", zones=10, size=50)
    config = CONFIG.model_copy(update={"extra_datasets": ("earlier",)})
    zones = dataset.built_zones()
    samples = ZoneDataset(dataset, zones)
    (fold,) = optimism.folds(samples, zones, "zone", 0)
    taught = optimism.with_others(optimism.another_year(fold, other), dataset, config)
    scored = {sample.zone.zone_id for sample in taught.scored}
    more = [sample.zone.zone_id for sample in taught.learned[len(fold.learned) :]]
    assert more
    assert not scored & set(more)
    assert set(more) <= {z.zone_id for z in other.built_zones() if z.split == "train"}
