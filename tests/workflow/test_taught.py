"""Decisions in a training: taken in, counted, never those of a test zone, the same when it goes on."""

from __future__ import annotations

import pandas as pd
import pytest

from cropdash.domain import IGNORE
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.storage import decisions, layout, runs
from cropdash.storage.decisions import Parcel, Said
from cropdash.workflow import train
from cropdash.workflow.zone_dataset import material
from tests import factory

SMALL = {"classifier": "forest", "dataset": "demo", "trees": 3, "pixels": 1000, "threads": 1}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("taught")
    factory.write_dataset(folder / "data", zones=4, size=64)
    return Folders(folder / "data", folder / "models")


@pytest.fixture
def where(made):
    yield made
    for path in made.data.glob(f"{layout.DATABASE}*"):
        path.unlink()


def some(where: Folders, split: str, n: int) -> list[Parcel]:
    """The largest parcels of the zones of that side."""
    own = material(where, classifiers.parse(SMALL))
    parts = [own.dataset.parcels(zone.zone_id) for zone in getattr(own.zones, split)]
    held = pd.concat([p.drop(columns="geometry") for p in parts])
    held = held[held["crop"].between(1, 254)].nlargest(n, "n_pixels")
    columns = (held[name] for name in ("register_id", "zone_id", "parcel_id"))
    return [Parcel(str(i), str(z), int(p)) for i, z, p in zip(*columns, strict=True)]


def crops(where: Folders, decided: str, side: str = "learned") -> dict[tuple[str, int], set[int]]:
    """The classes of each parcel's pixels as a training sees them."""
    seen = getattr(material(where, classifiers.parse(SMALL | {"decisions": decided})), side)
    return {
        (s.zone.zone_id, int(p)): set(s.labels.crop[s.labels.parcel_id == p].tolist())
        for s in seen
        for p in set(s.labels.parcel_id.ravel().tolist()) - {0}
    }


def test_what_was_said_is_learned_and_nothing_of_a_test_zone(where):
    (one, two, three), (four,) = some(where, "train", 3), some(where, "validation", 1)
    (tested,) = some(where, "test", 1)
    said = [
        Said(one, "relabel", crop="maize_grain_silage"), Said(two, "leave_out"), Said(three, "doubtful"),
        Said(four, "leave_out"), Said(four, "keep"), Said(tested, "relabel", crop="maize_grain_silage"),
        Said(Parcel("gone"), "leave_out"),
    ]  # fmt: skip
    dataset = material(where, classifiers.parse(SMALL)).dataset
    name = dataset.legend().classes[5].name
    said = [Said(s.parcel, s.decision, crop=name if s.crop else "") for s in said]
    decisions.decide(where.data, "demo", said)
    before, after = crops(where, "ignore"), crops(where, "apply")
    changed = {place for place in before if before[place] != after[place]}
    assert changed == {(p.zone_id, p.parcel_id) for p in (one, two)}
    assert after[one.zone_id, one.parcel_id] == {5}
    assert after[two.zone_id, two.parcel_id] == {IGNORE}
    taught = material(where, classifiers.parse(SMALL | {"decisions": "apply"})).taught
    assert (taught.relabelled, taught.left_out, taught.in_test, taught.unknown) == (1, 1, 1, 1)
    assert set(taught.by_zone) == {one.zone_id, two.zone_id}


def test_a_training_says_how_many_it_used_and_goes_on_with_the_same(where):
    (one,) = some(where, "train", 1)
    decisions.decide(where.data, "demo", [Said(one, "leave_out")])
    run, told = runs.queue(where, classifiers.parse(SMALL | {"decisions": "apply"})), []
    train.train_run(run, where, progress=lambda stage, _: told.append(stage))
    assert any(stage.startswith("Decisions: 0 parcels") and "1 left out" in stage for stage in told)
    kept = layout.TAUGHT.find(run.path)
    assert kept["classes"] == {one.zone_id: {str(one.parcel_id): IGNORE}}
    decisions.undo(where.data, "demo")
    train.train_run(run, where, progress=lambda *_: None)
    assert layout.TAUGHT.find(run.path) == kept
