"""Do the lights of the Review page find declarations that are wrong?

    python -m bench.review FOLDER [--seed 0]

FOLDER holds data/ and models/ with the demo and its runs (`python -m bench.demo FOLDER` makes
them). The simulated landscape knows what truly grows where: a few per cent of its declarations are
wrong. Prints how many of the red and amber ones are, how many of the wrong ones are found, and what
chance alone would give.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from cropdash.evaluate import suspicion
from cropdash.simulate import landscape, tables
from cropdash.storage.store import RunInfo, Store

RED, AMBER = 0.05, 0.20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="Of the landscape.")
    arguments = parser.parse_args()
    store = Store(arguments.folder / "data", arguments.folder / "models")
    newest = {run.classifier: run for run in reversed(store.runs("demo")) if run.scores}
    for name, runs in {
        **{k: [v] for k, v in newest.items()},
        "both": list(newest.values()),
    }.items():
        report(name, judged(store, runs, arguments.seed))


def judged(store: Store, runs: list[RunInfo], seed: int) -> pd.DataFrame:
    """The evidence on every parcel of the test zones, and whether its declaration is wrong."""
    tables_, said = [], [[] for _ in runs]
    shared = set.intersection(*(set(run.zones) for run in runs))
    for zone in (z for z in store.zones("demo") if z.zone_id in shared):
        parcels = store.parcels("demo", zone.zone_id)
        parcels = parcels.assign(wrong=parcels["register_id"].astype(str).map(wrong_in(zone, seed)))
        answers = [
            store.parcel_prediction(run.run_id, zone.zone_id).set_index("parcel_id") for run in runs
        ]
        kept = parcels[(parcels["crop"] > 0) & parcels["parcel_id"].isin(answers[0].index)]
        tables_.append(kept[["crop", "wrong"]])
        for rows, answer in zip(said, answers, strict=True):
            rows.append(answer.loc[kept["parcel_id"]].filter(regex=r"^p_\d+$").to_numpy(np.float32))
    table = pd.concat(tables_, ignore_index=True)
    thresholds = [store.calibrated(run.run_id).get("threshold") for run in runs]
    found = suspicion.evidence(
        table["crop"].to_numpy(np.int64), [np.concatenate(rows) for rows in said], thresholds
    )
    found["light"] = suspicion.lights(found, RED, AMBER)
    found["wrong"] = table["wrong"].fillna(False).to_numpy(bool)
    return found[found["judged"]]


def wrong_in(zone, seed: int) -> dict[str, bool]:
    """Register id -> whether a crop of another class grows there than is declared."""
    land = landscape.lay_out(zone, seed)
    codes = tables.codes()
    grows = dict(zip(codes["code"], codes["grows_as"], strict=True))
    block = int.from_bytes(zone.zone_id.encode()[-6:], "big") % 9_000 + 1_000
    return {
        f"{block}{i:05d}": bool(land.growth[i] != grows[land.code[i]])
        for i in np.flatnonzero(land.code != "")
    }


def report(name: str, found: pd.DataFrame) -> None:
    wrong = found["wrong"]
    print(
        f"{name}: {len(found):,} parcels judged, {wrong.sum()} truly misdeclared ({wrong.mean():.1%})"
    )
    for light in (suspicion.RED, suspicion.AMBER, suspicion.GREEN):
        rows = found[found["light"] == light]
        print(
            f"  {light:<6}{len(rows):6,}  of these wrong {rows['wrong'].mean():6.1%}  "
            f"of the wrong found {rows['wrong'].sum() / wrong.sum():6.1%}"
        )
    order = suspicion.ranked(found)["wrong"].to_numpy()
    for share in (0.01, 0.05):
        first = order[: round(len(order) * share)]
        print(
            f"  first {share:.0%}: {first.mean():.1%} wrong, {first.sum() / wrong.sum():.1%} found"
        )
    print(f"  area under the curve {auc(1 - found['supported'].to_numpy(), wrong.to_numpy()):.3f}")


def auc(score: np.ndarray, wrong: np.ndarray) -> float:
    """Chance that a wrong declaration is more doubtful than a right one."""
    ranks = pd.Series(score).rank().to_numpy()
    n = int(wrong.sum())
    return float((ranks[wrong].sum() - n * (n + 1) / 2) / (n * (len(wrong) - n)))


if __name__ == "__main__":
    main()
