"""What a run says before its season is over, and what a campaign by its lamps would find.

    python -m bench.season FOLDER [--seed 0] [--visits 40]

FOLDER holds data/ and models/ with the simulated landscape `demo` and runs of it that
`python -m cropdash season RUN` has scored by date. The landscape knows which declarations are wrong
(see `bench.review`). Prints the scores by date, what the usual rules of the lamps would have asked
for and found, and how the curve of caught against visited lies by the lamps' order and by the
model's top probability alone.
"""

from __future__ import annotations

import argparse
import datetime as dt
from pathlib import Path

import numpy as np
import pandas as pd

from bench.review import wrong_in
from cropdash.evaluate import lamps, season, suspicion
from cropdash.evaluate.lamps import Means, Rules
from cropdash.storage.store import RunInfo, Store


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="Of the landscape.")
    parser.add_argument("--visits", type=int, default=40, help="That can be made until each date.")
    arguments = parser.parse_args()
    store = Store(arguments.folder / "data", arguments.folder / "models")
    for run in store.runs("demo"):
        if run.days:
            report(store, run, arguments.seed, arguments.visits)


def report(store: Store, run: RunInfo, seed: int, visits: int) -> None:
    whole = run.scores.test
    print(f"{run.run_id}, in season: {run.config['in_season']}")
    print(f"  whole season {whole.pixel.accuracy:.3f} pixels, {whole.parcel.accuracy:.3f} parcels")
    scores = {day: store.run(run.by(day)).scores for day in run.days}
    table = season.by_date(
        scores,
        {day: store.confusions(run.by(day)) for day in run.days},
        {day: store.calibration(run.by(day)) for day in run.days},
        store.legend("demo").n_classes,
    )
    columns = ["as_of", "accuracy", "accuracy_low", "accuracy_high", "of_last", "macro_f1"]
    parcels = table[table["unit"] == "parcel"][[*columns, "ece", "covered"]]
    print(parcels.round(3).to_string(index=False))
    told = {day: evidence(store, run, day, seed) for day in run.days}
    lit = lamps.lamps(told, Rules())
    wrong = told[run.days[-1]].set_index(lamps.KEYS)["wrong"]
    print(lamps.campaign(lit, told, wrong, Means(visits)).round(3).to_string(index=False))
    for day, found in told.items():
        judged = found[found["judged"]]
        truth = judged["wrong"].to_numpy(bool)
        areas = [
            area(lamps.curve(doubt.to_numpy(np.float64), truth))
            for doubt in (-judged["supported"], -judged["top"])
        ]
        print(f"  {day}: area under the curve {areas[0]:.3f} by the declared class's probability, "
              f"{areas[1]:.3f} by the top one's")  # fmt: skip


def area(curve: pd.DataFrame) -> float:
    """Mean share of the wrong declarations that are caught over all shares visited."""
    return float(np.trapezoid(curve["caught"], curve["visited"]))


def evidence(store: Store, run: RunInfo, day: dt.date, seed: int) -> pd.DataFrame:
    """The evidence on every parcel of the test zones by the day, and whether it is wrong."""
    kept, said = [], []
    for zone in (z for z in store.zones("demo") if z.zone_id in run.zones):
        parcels = store.parcels("demo", zone.zone_id)
        wrong = parcels["register_id"].astype(str).map(wrong_in(zone, seed))
        answer = store.parcel_prediction(run.by(day), zone.zone_id).set_index("parcel_id")
        there = (parcels["crop"] > 0) & parcels["parcel_id"].isin(answer.index)
        rows = pd.DataFrame(parcels[["zone_id", "parcel_id", "crop", "n_pixels"]]).assign(
            wrong=wrong.fillna(False).astype(bool)
        )[there]
        kept.append(rows)
        said.append(answer.loc[rows["parcel_id"]].filter(regex=r"^p_\d+$").to_numpy(np.float32))
    table, answers = pd.concat(kept, ignore_index=True), np.concatenate(said)
    declared = table["crop"].to_numpy(np.int64)
    found = suspicion.evidence(declared, [answers], [None])
    return pd.concat([table.drop(columns="crop"), found], axis=1).assign(top=answers.max(axis=1))


if __name__ == "__main__":
    main()
