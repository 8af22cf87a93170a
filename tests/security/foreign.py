"""A world of which every text that others may write is one that somewhere is taken for orders."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import geopandas as gpd

from cropdash import legend
from cropdash.domain import CropClass, CropCode, Legend, Zone
from cropdash.settings import sources
from cropdash.settings.folders import Folders
from cropdash.simulate.source import SimulatedSource
from cropdash.storage import decisions, layout, status
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.zone_states import Teller
from tests import factory
from tests.security.payloads import EVIL


def poison(mark: str) -> str:
    """Markdown, HTML and a picture by reference in one; told from others by its mark."""
    return (
        f"![{mark}]({EVIL}/{mark}.png) [{mark}]({EVIL}/) <img src='{EVIL}/i.png'> **{mark}**"
        f" `{mark}` <{EVIL}/auto> $x$ :red[{mark}] #{mark}"
    )


class Foreign(factory.SomeZones):
    """Zones whose parcels' ids are foreign words."""

    def parcels(self, zone: Zone) -> gpd.GeoDataFrame:
        found = super().parcels(zone)
        return found.assign(ID_PARCEL=[f"{poison('id')} {i}" for i in found["ID_PARCEL"]])


def table() -> Legend:
    """The French legend with foreign names at all levels, and for its codes."""
    known = legend.load()

    def labels(mark: str) -> dict[str, str]:
        return {"en": poison(mark), "fr": poison(f"fr{mark}")}

    def named(item: CropClass) -> CropClass:
        if not item.id:
            return item
        group, family = f"{poison('group')}{item.group}", f"{poison('family')}{item.family}"
        return replace(item, labels=labels(f"class{item.id}"), group=group, family=family)

    def meaning(code: CropCode) -> CropCode:
        return replace(code, labels=labels(f"code{code.code}"))

    codes = {name: meaning(code) for name, code in known.codes.items()}
    return Legend(tuple(map(named, known.classes)), codes)


def write(folder: Path) -> Folders:
    """The world: a dataset, two runs that are done and one that failed, a build that failed."""
    where = Folders(folder / "data", folder / "models")
    source = Foreign(SimulatedSource(size=48, zones_per_region=2), 4)
    dataset = factory._build(source, where.data, "demo", poison("title"), table())
    record = layout.DATASET.read(dataset.path)
    for zone in record["zones"]:
        zone["region"] = poison("region")
    layout.DATASET.write(dataset.path, record)
    factory.write_run(where.models, dataset, classifier="xgboost", seed=2, accuracy=0.5)
    factory.write_run(where.models, dataset, classifier="cnn", seed=1, accuracy=0.8)
    failed = factory.write_run(where.models, dataset, classifier="cnn", state="failed")
    now = time.time()
    end = status.Status("failed", poison("stage"), 0.5, poison("error"), now, now, now, now)
    status.write(failed.path, end)
    other = DatasetFolder(where.data, "broken")
    other.path.mkdir()
    other.configure(sources.parse({"source": "simulated", "dataset": "broken", "size": 32}))
    other.describe(replace(dataset.description(), name="broken"))
    status.write(other.path, end)
    status.write(dataset.path, end)
    for zone in dataset.description().zones:
        Teller(other.path, zone.zone_id).failed(poison("reason"))
    for zone in dataset.built_zones():
        told = dataset.parcels(zone.zone_id)[:20]
        said = [
            decisions.Said(decisions.Parcel(i, zone.zone_id, n), "doubtful", poison("note"))
            for i, n in zip(told["register_id"], told["parcel_id"].tolist(), strict=True)
        ]
        decisions.decide(where.data, "demo", said, source=poison("source"))
    return where
