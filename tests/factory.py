"""A small dataset and runs on disk, for tests of pages: real scenes and files, made-up answers."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from cropdash.domain import Cube, Legend, Prediction, Season, Zone, sentinel2
from cropdash.domain.scores import RunScores, TestScores, UnitScores
from cropdash.domain.source import Warn, ignore
from cropdash.evaluate import parcel_probabilities
from cropdash.prepare.gapfill import fill_gaps
from cropdash.prepare.series import parcel_series
from cropdash.settings import classifiers
from cropdash.settings.folders import Folders
from cropdash.simulate.source import SimulatedSource
from cropdash.storage import runs, seasons, status
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.workflow import build, score

_PLACE = tempfile.TemporaryDirectory()
_kept: dict[object, dict[str, Path]] = {}  # zones that were built, by what they follow from


@dataclass(frozen=True)
class SomeZones:
    """The first zones of a simulated landscape; every other one is a test zone."""

    whole: SimulatedSource
    n: int

    @property
    def name(self) -> str:
        return self.whole.name

    @property
    def season(self) -> Season:
        return self.whole.season

    @property
    def bands(self) -> tuple[str, ...]:
        return self.whole.bands

    def zones(self) -> tuple[Zone, ...]:
        regions = dict.fromkeys(z.region for z in self.whole.zones())
        chosen = [z for r in regions for z in self.whole.zones() if z.region == r][: self.n]
        return tuple(chosen)

    def parcels(self, zone: Zone):
        return self.whole.parcels(zone)

    def scenes(self, zone: Zone, warn: Warn = ignore):
        return self.whole.scenes(zone, warn)


def write_ten_bands(data: Path, name: str = "dekads", *, zones: int = 4, size: int = 64):
    """A dataset of ten bands and 36 ten-day periods."""
    season, bands = Season.of("2022-10..2023-09", "dekad"), sentinel2.BAND_SETS["all"]
    source = SomeZones(SimulatedSource(0, size, season, bands, zones_per_region=2), zones)
    return _build(source, data, name, "Ten days, ten bands")


def write_dataset(
    data: Path,
    name: str = "demo",
    *,
    zones: int = 4,
    size: int = 64,
    seed: int = 0,
    legend: Legend | None = None,
) -> DatasetFolder:
    """Build a few simulated zones, half of them test zones; by default with the French legend."""
    source = SomeZones(SimulatedSource(seed=seed, size=size, zones_per_region=2), zones)
    return _build(source, data, name, "Simulated landscape 2023", legend)


def _build(
    source: SomeZones, data: Path, name: str, title: str, legend: Legend | None = None
) -> DatasetFolder:
    """A zone that this process built before is copied: what follows from its source is the same."""
    folder = DatasetFolder(data, name)
    kept = _kept.setdefault((source.whole, legend and legend.hash), {})
    for zone in source.zones():
        if zone.zone_id in kept and not folder.zone_folder(zone.zone_id).exists():
            shutil.copytree(kept[zone.zone_id], folder.zone_folder(zone.zone_id))
    description = build.describe(source, name, title, {"size": source.whole.size}, legend)
    result = build.build(
        source, folder, description, legend=legend, progress=lambda stage, done: None
    )
    assert not result.failed, result.failed
    for zone_id in result.built:
        place = Path(tempfile.mkdtemp(dir=_PLACE.name)) / zone_id
        kept[zone_id] = Path(shutil.copytree(folder.zone_folder(zone_id), place))
    return folder


def with_noise_after(dataset: DatasetFolder, zone: Zone, day: dt.date, seed: int) -> None:
    """Put noise, and its clouds, into all periods that are not over by the day."""
    rng, cube = np.random.default_rng(seed), dataset.cube(zone.zone_id)
    n = sum(period.end <= day for period in cube.periods)
    clear = cube.clear_dates.copy()
    clear[n:] = rng.integers(0, 3, clear[n:].shape)
    seen = np.where(clear[:, None] > 0, cube.reflectance, np.float32(np.nan))
    seen[n:] = np.where(clear[n:, None] > 0, rng.random(seen[n:].shape), np.nan)
    noisy = Cube(
        fill_gaps(seen), clear, cube.periods, cube.bands, cube.grid, cube.layers, cube.last_crop
    )
    labels = dataset.labels(zone.zone_id)
    dataset.write_zone(
        zone, noisy, labels, dataset.parcels(zone.zone_id), parcel_series(noisy, labels),
        dataset.report(zone.zone_id),
    )  # fmt: skip


def write_run(
    models: Path,
    dataset: DatasetFolder,
    *,
    classifier: str = "cnn",
    state: status.State = "done",
    seed: int = 0,
    accuracy: float = 0.8,
) -> RunFolder:
    """A run whose answers are the truth, but for a share of parcels; scored by the true scorer."""
    config = classifiers.parse({"classifier": classifier, "dataset": dataset.name, "seed": seed})
    run = runs.queue(Folders(dataset.path.parent, models), config)
    rng = np.random.default_rng(seed)
    for epoch in range(1, 6):
        run.append_epoch(
            {
                "epoch": epoch,
                "train_loss": 2 / epoch,
                "validation_loss": 2.2 / epoch,
                "validation_accuracy": accuracy * (1 - 0.5 / epoch),
                "validation_macro_f1": accuracy * (0.6 - 0.3 / epoch),
                "learning_rate": 1e-3,
                "progress": epoch / 5,
            }
        )
    season = dataset.description().season
    zones = [z for z in dataset.built_zones() if z.split == "test"]
    if state == "done":
        for zone in zones:
            answers = _answers(dataset, zone, run, accuracy, rng)
            run.write_prediction(zone.zone_id, answers, season)
        learned = [dataset.labels(z.zone_id) for z in dataset.built_zones() if z.split == "train"]
        trained = set().union(*(np.unique(labels.crop).tolist() for labels in learned)) - {0, 255}
        score.score_run(run, dataset, zones, trained=trained, seconds={"train": 12.0})
    now = time.time()
    finished = now if state in status.FINAL else 0.0
    status.write(
        run.path,
        status.Status(
            state,
            "Done",
            float(state == "done"),
            created=now,
            started=now - 60,
            heartbeat=now,
            finished=finished,
        ),
    )
    (run.path / "worker.log").write_text("100% Scoring\n", encoding="utf-8")
    return run


def ask_by(world: Folders, run_id: str, day: dt.date, seed: int) -> None:
    """Give a run answers by a day, as a season's scoring writes them."""
    run, dataset = runs.find(world.models, run_id), DatasetFolder(world.data, "demo")
    dated, season = seasons.at(run, day), dataset.description().season
    seasons.begin(dated, {})
    zones = [z for z in dataset.built_zones() if z.zone_id in run.predicted_zones()]
    rng = np.random.default_rng(seed)
    for zone in zones:
        said = run.prediction(zone.zone_id)
        p = said.parcel_probabilities ** rng.uniform(0.2, 1)  # not so sure yet
        p = p / np.maximum(p.sum(axis=1, keepdims=True), 1e-9)
        early = replace(said, parcel_probabilities=p.astype(np.float32))
        dated.write_prediction(zone.zone_id, early, season)
    score.score_run(dated, dataset, zones)


def _answers(
    dataset: DatasetFolder, zone: Zone, run: RunFolder, accuracy: float, rng: np.random.Generator
) -> Prediction:
    labels = dataset.labels(zone.zone_id)
    k = dataset.legend().n_classes
    present = np.unique(labels.crop[(labels.crop > 0) & (labels.crop < 255)])
    said = rng.choice(present, int(labels.parcel_id.max()) + 1)
    truth = np.zeros_like(said)
    truth[labels.parcel_id.ravel()] = labels.crop.ravel()
    right = (rng.random(said.size) < accuracy) & np.isin(truth, present)
    crop = np.where(right, truth, said)[labels.parcel_id].astype(np.uint8)
    probabilities = np.full((k, *zone.grid.shape), 0.0, np.float32)
    probabilities[present] = 0.3 / len(present)
    np.put_along_axis(probabilities, crop[None].astype(int), 0.7 + 0.3 / len(present), axis=0)
    means = parcel_probabilities(probabilities, labels.parcel_id)
    return Prediction(
        crop, probabilities.max(axis=0), means.ids, means.probabilities, zone.grid, run.run_id
    )


def scores(
    zones: tuple[str, ...] = ("a_1",), n_classes: int = 1, **pixel: float | None
) -> RunScores:
    """Scores of which all are undefined, but those of pixels that are given."""
    named = ("accuracy", "macro_precision", "macro_recall", "macro_f1", "weighted_f1", "kappa")

    def of(unit: str, **found: float | None) -> UnitScores:
        return UnitScores(
            unit, "class", "out", "supported", **{**dict.fromkeys(named), "n_scored": 0.0, **found},
            classes_averaged=tuple(range(1, n_classes + 1)), never_trained=(),
            never_trained_share=None,
        )  # fmt: skip

    test = TestScores(zones, of("pixel", **pixel), of("parcel"), of("hectare"))
    return RunScores(test, (1,), "")
