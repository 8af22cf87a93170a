"""What a run says before its season is over: predicted, calibrated and scored by date."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from cropdash.classify.classifier import Classifier
from cropdash.domain import Period, Sample, Zone
from cropdash.domain.errors import ConfigError, InvalidRun
from cropdash.domain.message import Message
from cropdash.evaluate import parcels, season
from cropdash.evaluate.applicability import Applicability
from cropdash.files import atomic
from cropdash.prepare import as_of
from cropdash.storage import seasons, summaries
from cropdash.storage.datasets import DatasetFolder
from cropdash.storage.runs import RunFolder
from cropdash.workflow import calibrate
from cropdash.workflow.calibrate import Calibration
from cropdash.workflow.predict import load, predict, weights_path
from cropdash.workflow.score import score_run

Progress = Callable[[str, float], None]


class KnownBy(Sequence[Sample]):
    """Zones of a dataset as they could be seen on a day, read when asked for."""

    def __init__(self, dataset: DatasetFolder, zones: Sequence[Zone], day: dt.date) -> None:
        self._dataset, self._zones, self._day = dataset, tuple(zones), day

    def __len__(self) -> int:
        return len(self._zones)

    def __getitem__(self, index: int) -> Sample:  # type: ignore[override]
        zone = self._zones[index]
        cube = as_of.known_by(self._dataset.cube(zone.zone_id), self._day)
        return Sample(zone, cube, self._dataset.labels(zone.zone_id))

    def __iter__(self) -> Iterator[Sample]:
        return (self[i] for i in range(len(self)))


def days_of(periods: Sequence[Period]) -> tuple[dt.date, ...]:
    """The days on which a season can be asked: the last one of each of its periods."""
    return tuple(period.end for period in periods)


def score_by_date(
    run: RunFolder,
    dataset: DatasetFolder,
    days: Sequence[dt.date],
    *,
    progress: Progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> None:
    """Predict and score the run's test zones as they could be seen on each of the days.

    How sure the model may be is fitted anew for each day, on the zones that its training held out.
    Days of which there are scores of the same weights and data are left as they are.

    Raises InvalidRun for a run without scores of the whole season, ConfigError for a day on which
    no period is over, or by which more was over than the dataset knows.
    """
    whole = run.scores()
    if whole is None:
        raise InvalidRun("Run {a} has no scores yet: let it finish, or evaluate it.", a=run.run_id)
    described = dataset.description()
    for day in days:
        if as_of.ended(described.season.periods, day) > len(described.periods):
            raise ConfigError(
                "Dataset {a} is known until {b}, which tells nothing of {c}: ask by an earlier day, or"
                " add what came since with 'python -m cropdash build {a} --as-of {c}'.",
                a=dataset.name,
                b=described.known.end,
                c=day,
            )
    zones = [described.zone(zone_id) for zone_id in whole.test.zones]
    _check_complete(dataset, [*whole.test.zones, *Calibration.from_json(run.calibrated()).zones])
    asked = _asked(run, dataset)
    model = load(run, dataset)
    for i, day in enumerate(days):
        if should_stop():
            return
        told = _within(progress, i / len(days), 1 / len(days))
        dated = seasons.at(run, day)
        if seasons.is_of(dated, asked):
            continue
        seasons.begin(dated, asked)
        _predict_by(day, run, dated, dataset, model, zones, told)
        score_run(dated, dataset, zones, trained=whole.trained_classes)


def _check_complete(dataset: DatasetFolder, zone_ids: Sequence[str]) -> None:
    """Raise ConfigError for a zone to which a build did not come to add the latest periods."""
    until, known = dataset.description().known.end.isoformat(), dataset.look()
    for zone_id in zone_ids:
        if known[zone_id].is_built and known[zone_id].said.until < until:
            raise ConfigError(
                "Zone {a} of dataset {b} is known until {c}, others until {d}: complete it first with"
                " 'python -m cropdash build {b}'.",
                a=zone_id,
                b=dataset.name,
                c=known[zone_id].said.until,
                d=until,
            )


def _asked(run: RunFolder, dataset: DatasetFolder) -> dict[str, str]:
    return {"weights": atomic.checksum(weights_path(run)), "data": dataset.fingerprint()}


def leave_out(
    run: RunFolder,
    dataset: DatasetFolder,
    *,
    progress: Progress,
    should_stop: Callable[[], bool] = lambda: False,
) -> pd.DataFrame:
    """Which period decides: what is lost with each under cloud, see `evaluate.season.lost_without`.

    Of the run's test zones, calibrated as the run is; kept for the same weights and data. Raises
    InvalidRun where the run was scored on other data: what is lost would be lost of something else.
    """
    asked, scored = _asked(run, dataset), run.scores()
    if kept := seasons.without(run, asked):
        return pd.DataFrame(kept)
    if scored is not None and scored.dataset_fingerprint != asked["data"]:
        raise InvalidRun(
            "Run {a} was scored on what dataset {b} held before: 'python -m cropdash predict {a}' and"
            " 'python -m cropdash evaluate {a}' score it anew.",
            a=run.run_id,
            b=dataset.name,
        )
    model, whole = load(run, dataset), run.calibration()
    fitted, periods = Calibration.from_json(run.calibrated()), dataset.description().periods
    zones, found = list(whole["zone_id"].unique()), dict[str, list[pd.DataFrame]]()
    for i, zone in enumerate(zones):
        cube, labels = dataset.cube(str(zone), around=True), dataset.labels(str(zone), around=True)
        truth = whole[whole["zone_id"] == zone].set_index("parcel_id")["truth"]
        for j, period in enumerate(periods):
            if should_stop():
                return season.lost_without(whole, {})
            done = (i + j / len(periods)) / len(zones)
            progress(Message("Without {period} in {zone}", period=period, zone=zone), done)
            said = model.predict_proba(as_of.without(cube, period))
            means = parcels.parcel_probabilities(said, labels.parcel_id)
            named = fitted.of_parcels(means.probabilities).argmax(axis=1)
            table = pd.DataFrame({"zone_id": zone, "parcel_id": means.ids, "named": named})
            table = table[table["parcel_id"].isin(truth.index)]
            right = table["named"].to_numpy() == truth.loc[table["parcel_id"]].to_numpy()
            found.setdefault(period.id, []).append(table.assign(correct=right))
    lost = season.lost_without(whole, {name: pd.concat(part) for name, part in found.items()})
    rows = [{str(k): v for k, v in row.items()} for row in lost.to_dict("records")]
    seasons.write_without(run, asked, rows)
    return lost


def by_clear_dates(
    run: RunFolder, dataset: DatasetFolder, day: dt.date
) -> tuple[dt.date, pd.DataFrame]:
    """Parcels named right by a day, by their clear dates since spring, and the day that this is."""
    decided = seasons.at(run, day).calibration()
    about = dataset.description()
    start = season.counted_from(about.season, day, about.zones[0].grid)
    clear = summaries.clear_by_parcel(dataset, list(decided["zone_id"].unique()), start, day)
    told = season.by_clear_dates(decided, clear.set_index(["zone_id", "parcel_id"])["clear"])
    return start, told


def tables(
    run: RunFolder, dataset: DatasetFolder, days: Sequence[dt.date]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores by date, and from when each class is named; see `evaluate.season`."""
    dated = {day: seasons.at(run, day) for day in days}
    decided = {day: of.calibration() for day, of in dated.items()}
    scores = {day: found for day, of in dated.items() if (found := of.scores())}
    confusions = {day: of.confusions() for day, of in dated.items()}
    by_date = season.by_date(scores, confusions, decided, dataset.legend().n_classes)
    return by_date, season.first_named(decided)


def _predict_by(
    day: dt.date,
    run: RunFolder,
    dated: RunFolder,
    dataset: DatasetFolder,
    model: Classifier,
    zones: Sequence[Zone],
    progress: Progress,
) -> None:
    """Calibrate by that day, and write what is said of the zones into the day's folder."""
    mapped, fitted = dataset.description().season, Calibration.from_json(run.calibrated())
    progress(Message("Calibrating by {a}", a=day), 0.0)
    if fitted.zones:
        held_out = [dataset.description().zone(zone_id) for zone_id in fitted.zones]
        fitted = calibrate.fit(model, KnownBy(dataset, held_out, day), np.asarray(fitted.prior))
    dated.write_calibrated(fitted.to_json())
    arrays = run.applicability()
    area = None if arrays is None else Applicability.from_arrays(arrays)
    for i, zone in enumerate(zones):
        name = zone.zone_id
        progress(Message("Predicting {a} by {b}", a=name, b=day), (i + 1) / (len(zones) + 1))
        cube = as_of.known_by(dataset.cube(name, around=True), day)
        said = predict(model, cube, dataset.labels(name, around=True), run.run_id, fitted, area)
        dated.write_prediction(name, said, mapped, margin=zone.margin)


def _within(progress: Progress, start: float, share: float) -> Progress:
    """Progress of a part that begins at `start` and is `share` of the whole."""
    return lambda stage, done: progress(stage, start + share * done)
