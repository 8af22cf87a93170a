"""Predict zones of any dataset with a trained run, one idempotent task a zone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cropdash import classify
from cropdash.classify.classifier import Classifier, Learned
from cropdash.domain import IGNORE, Cube, Float, Labels, Prediction, Sample, Zone, trimmed
from cropdash.domain.errors import CropdashError, InvalidRun
from cropdash.domain.message import Message
from cropdash.evaluate import applicability, parcels
from cropdash.evaluate.applicability import Applicability
from cropdash.files import atomic
from cropdash.jobs import execute
from cropdash.prepare import as_of
from cropdash.settings import classifiers
from cropdash.storage import beside, elsewhere
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.workflow import ensemble, seams
from cropdash.workflow.calibrate import Calibration, of_map

Progress = Callable[[str, float], None]
_KEYS = ("parcel_id", "register_id")
_MARK = 16  # hexadecimal digits of what a prediction is of


@dataclass
class Predicted:
    """What predicting did."""

    done: tuple[str, ...] = ()  # zones predicted now
    kept: tuple[str, ...] = ()  # that were predicted already, by these weights from these data
    failed: dict[str, str] = field(default_factory=dict)  # zone -> one sentence
    stopped: bool = False


@dataclass(frozen=True)
class Model:
    """A trained run as a worker holds it."""

    classifier: Classifier
    calibration: Calibration
    area: Applicability | None


def predict_zones(
    run: RunFolder,
    dataset: DatasetFolder,
    zones: Sequence[Zone],
    progress: Progress,
    *,
    workers: int = 1,
    scheduler: str = "",
    should_stop: Callable[[], bool] = lambda: False,
) -> Predicted:
    """Write the run's prediction of each zone, apart where the dataset is not the run's own.

    What these weights have predicted from these data already is left as it is. Raises InvalidRun
    for another legend, other bands or periods, and what a zone raises where all have failed so.
    """
    check_fits(run, dataset)
    there, weights = elsewhere.at(run, dataset.name), _weights(run)
    if there.path != run.path and (fitted := run.calibrated()):
        there.write_calibrated(fitted)
    atomic.clear_parts(there.predictions, older_than_s=3600.0)
    before = there.predicted_of()
    known = dataset.look()
    of = {z.zone_id: _of(weights, known[z.zone_id].said.mark) for z in zones}
    missing = [zone for zone in zones if before.get(zone.zone_id) != of[zone.zone_id]]
    found = Predicted(kept=tuple(z for z in of if before.get(z) == of[z]))
    first: CropdashError | None = None
    for outcome in execute.run(
        partial(predict_zone, run, dataset, weights),
        missing,
        workers=workers,
        scheduler=scheduler,
        should_stop=should_stop,
    ):
        zone_id = outcome.task.zone_id
        if outcome.fault is None:
            found.done += (zone_id,)
        else:
            found.failed[zone_id], first = outcome.error, first or outcome.fault
        reached = len(found.kept) + len(found.done) + len(found.failed)
        done, failed = (
            Message("Predicted {zone}", zone=zone_id),
            Message("Failed {zone}", zone=zone_id),
        )
        progress(failed if outcome.fault else done, reached / len(zones))
    if first is not None and not found.done and not found.kept:
        raise first
    found.stopped = len(found.done) + len(found.failed) < len(missing)
    return found


def predict_zone(run: RunFolder, dataset: DatasetFolder, weights: str, zone: Zone) -> None:
    """Predict one zone and write it; the model is loaded once a process. Safe to repeat."""
    model = _loaded(run.path, dataset.path, weights)
    of = _of(weights, dataset.mark(zone.zone_id))
    cube = dataset.cube(zone.zone_id, around=True)
    labels = dataset.labels(zone.zone_id, around=True)
    raw = model.classifier.predict_proba(cube)  # (K, H, W)
    said = concluded(raw, model.classifier, cube, labels, run.run_id, model.calibration, model.area)
    own, beyond = dataset.parcel_facts(zone.zone_id, _KEYS), dataset.beyond(zone.zone_id)
    there, season = elsewhere.at(run, dataset.name), dataset.description().season
    # What zones have to say of parcels that they share is of each one's own ground.
    inner = trimmed(raw, zone.margin), labels.inner(zone.margin)
    beside.write_edges(there, zone.zone_id, seams.sums(*inner, own, beyond))
    there.write_prediction(zone.zone_id, said, season, of, zone.margin)


def check_fits(run: RunFolder, dataset: DatasetFolder) -> None:
    """Raise InvalidRun unless the dataset's legend, bands and periods are those of the run."""
    described = dataset.description()
    if run.record().legend_hash != dataset.legend().hash:
        raise InvalidRun(
            "Run {a} names the classes of another legend than that of dataset {b}: build"
            " the dataset with the run's legend, or train a run on it.",
            a=run.run_id,
            b=dataset.name,
        )
    model = _loaded(run.path, dataset.path, _weights(run)).classifier
    members = getattr(model, "members", (model,))
    for member in members:
        if isinstance(member, Learned):
            told = member.schema.misfit(described.bands, described.season.periods)
            if told:
                raise InvalidRun(
                    "Dataset {a} does not fit run {b}: {c}", a=dataset.name, b=run.run_id, c=told
                )


def load(run: RunFolder, dataset: DatasetFolder) -> Classifier:
    """The run's trained model; of an ensemble its members as one."""
    if not classifiers.kind(run.config["classifier"]).joins:
        return classify.load(run.path, dataset.legend())
    return ensemble.load(run, dataset.legend())


def weights_path(run: RunFolder) -> Path:
    """The file that holds the run's trained model; raises InvalidRun if there is none."""
    path = run.path / classifiers.kind(run.config["classifier"]).weights
    if path.is_file():
        return path
    raise InvalidRun("Run {a} has no trained model yet: let its training finish.", a=run.run_id)


@lru_cache(maxsize=1)
def _loaded(run: Path, dataset: Path, weights: str) -> Model:
    """The model of these `weights`, which are no more than the mark of what is loaded."""
    folder, data = RunFolder(run), DatasetFolder(dataset.parent, dataset.name)
    arrays = folder.applicability()
    area = None if arrays is None else Applicability.from_arrays(arrays)
    return Model(load(folder, data), Calibration.from_json(folder.calibrated()), area)


def _weights(run: RunFolder) -> str:
    """A mark of all that a run's answers depend on."""
    digest = hashlib.sha256(atomic.checksum(weights_path(run)).encode())
    digest.update(repr(sorted(run.calibrated().items())).encode())
    digest.update(str(run.applicability() is not None).encode())
    return digest.hexdigest()[:_MARK]


def _of(weights: str, data: str) -> str:
    return f"{weights}-{data}"


def predict(
    classifier: Classifier,
    cube: Cube,
    labels: Labels,
    run_id: str,
    calibration: Calibration | None = None,
    area: Applicability | None = None,
) -> Prediction:
    """Class and confidence of every pixel, mean probabilities and dissimilarity of every parcel."""
    raw = classifier.predict_proba(cube)  # (K, H, W)
    return concluded(raw, classifier, cube, labels, run_id, calibration or Calibration(), area)


def concluded(
    probabilities: Float,
    classifier: Classifier,
    cube: Cube,
    labels: Labels,
    run_id: str,
    calibration: Calibration,
    area: Applicability | None = None,
) -> Prediction:
    """As `predict`, from the (K, H, W) probabilities that the classifier has given."""
    means = parcels.parcel_probabilities(probabilities, labels.parcel_id)
    means = means._replace(probabilities=calibration.of_parcels(means.probabilities))
    probabilities = calibration.of_pixels(of_map(classifier, probabilities, cube))
    return Prediction(
        crop=probabilities.argmax(axis=0).astype(np.uint8),
        confidence=probabilities.max(axis=0),
        parcel_ids=means.ids,
        parcel_probabilities=means.probabilities,
        grid=cube.grid,
        run=run_id,
        dissimilarity=None if area is None else _dissimilarity(area, cube, labels),
    )


def _dissimilarity(area: Applicability, cube: Cube, labels: Labels) -> NDArray[np.float32]:
    """(P,) by the periods that are known, of the cube and of what was learned from."""
    near = area.first(as_of.known(cube.reflectance) * len(cube.bands))
    return near.dissimilarity(seasons(cube, labels)[:, : len(near.mean)])


def seasons(cube: Cube, labels: Labels) -> NDArray[np.float32]:
    """(P, T * B) mean reflectance of each parcel, in the order of ids."""
    values = cube.reflectance.reshape(-1, *cube.grid.shape)
    return parcels.parcel_probabilities(values, labels.parcel_id).probabilities


def applicability_of(learned: Sequence[Sample], seed: int) -> Applicability | None:
    """By the mapped parcels of the training zones; None where only one zone has any."""
    found, crops, zones = [], [], []
    for i, sample in enumerate(learned):
        ids = np.unique(sample.labels.parcel_id[sample.labels.parcel_id > 0])
        crop = parcels.declared(sample.labels, ids)
        mapped = (crop > 0) & (crop != IGNORE)
        found.append(seasons(sample.cube, sample.labels)[mapped])
        crops.append(crop[mapped])
        zones.append(np.full(int(mapped.sum()), i))
    if sum(len(zone) > 0 for zone in zones) < 2:
        return None
    values = np.concatenate(found)
    known = np.flatnonzero(~np.isnan(values).all(axis=0))  # not those of a season that goes on
    every = values[:, : known.max(initial=-1) + 1], np.concatenate(crops), np.concatenate(zones)
    return applicability.fit(*every, np.random.default_rng(seed))
