"""Simulated audits: how often the intervals hold the truth, and how often the sign test errs.

    python -m bench.audits [--audits 2000]

Landscapes of 400 to 20,000 parcels of very different sizes and a few to 25 crops of very different
frequency; a map that errs more on rare crops and on small parcels; another that is right equally
often. Each is audited by every design, and what the audit says is held against the whole
landscape. An interval counts where it is told: a class that the sample lacks has none.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cropdash.evaluate.audit import design, estimate, paired

DESIGNS = ("simple", "class", "disagreement")
Rng = np.random.Generator


@dataclass(frozen=True)
class Land:
    """All parcels of a landscape: what they are, what two maps say, and their hectares."""

    truth: NDArray[np.int64]
    a: NDArray[np.int64]
    b: NDArray[np.int64]
    area: NDArray[np.float64]


def landscape(rng: Rng) -> Land:
    """One of unequal classes and parcels, and two maps that are right equally often."""
    n, k = int(np.exp(rng.uniform(np.log(400), np.log(20_000)))), int(rng.integers(3, 26))
    truth = rng.choice(k, n, p=rng.dirichlet(np.full(k, 0.7)))
    area = rng.lognormal(0.6, rng.uniform(0.5, 1.1), n)
    skill = rng.uniform(0.55, 0.97) - 0.3 * rng.random(k)
    right = np.clip(skill[truth] + 0.08 * np.log(area / area.mean()), 0.05, 0.995)
    a, b = (_named(rng, truth, right, k) for _ in range(2))
    # Equally often right, to the parcel: wrong answers of the better one become right in the other.
    gap = int((a == truth).sum() - (b == truth).sum())
    worse = b if gap > 0 else a
    mended = rng.choice(np.flatnonzero(worse != truth), abs(gap), replace=False)
    worse[mended] = truth[mended]
    return Land(truth, a, b, area)


def _named(
    rng: Rng, truth: NDArray[np.int64], right: NDArray[np.float64], k: int
) -> NDArray[np.int64]:
    wrong = (truth + rng.integers(1, k, len(truth))) % k
    return np.where(rng.random(len(truth)) < right, truth, wrong)


def audit(land: Land, how: str, rng: Rng) -> tuple[estimate.Sample, NDArray[np.bool_]]:
    """A sample by a design, of the size that its own formula asks for."""
    n = len(land.truth)
    strata = np.zeros(n, np.int64)
    if how == "class":
        strata, _ = design.by_class(land.a, 30)
    elif how == "disagreement":
        strata = np.unique(land.a != land.b, return_inverse=True)[1].astype(np.int64)
    sizes = np.bincount(strata)
    error = float(rng.choice([0.02, 0.03, 0.04]))
    wanted = design.sample_size(sizes, np.full(len(sizes), 0.8), error)
    counts = design.allocate(sizes, wanted, least=10)
    keys = [str(i) for i in range(n)]
    taken = design.draw(keys, strata, counts, str(rng.integers(2**62)))
    parts = (strata[taken], sizes.astype(float), land.truth[taken], land.a[taken], land.area[taken])
    return estimate.Sample(*parts), taken


def judge(land: Land, how: str, rng: Rng) -> tuple[dict[str, list[bool]], float]:
    """Whether each interval holds what the landscape says, by kind; and the sign test's p-value."""
    sample, taken = audit(land, how, rng)
    held: dict[str, list[bool]] = defaultdict(list)
    right, total = land.truth == land.a, land.area.sum()
    mapped = np.bincount(land.a, land.area, minlength=int(land.truth.max()) + 1)
    _hold(held["overall, parcels"], estimate.overall(sample), right.mean())
    share = land.area[right].sum() / total
    _hold(held["overall, hectares"], estimate.overall(sample, by_area=True), share)
    for row in estimate.by_class(sample, mapped).to_dict("records"):
        k = row["class_id"]
        is_class, is_mapped = land.truth == k, land.a == k
        truths = {
            "users": right[is_mapped].mean() if is_mapped.any() else np.nan,
            "producers": right[is_class].mean() if is_class.any() else np.nan,
            "users_ha": _share(land.area, right & is_mapped, is_mapped),
            "producers_ha": _share(land.area, right & is_class, is_class),
            "area": land.area[is_class].sum(),
        }
        for name, value in truths.items():
            found = estimate.Estimate(
                *(row[f"{name}_{f}"] for f in ("value", "error", "low", "high")), 0
            )
            _hold(held[f"{name} of a class"], found, value)
    return held, paired.compare(sample, land.b[taken]).p_value


def _share(area: NDArray[np.float64], part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
    return float(area[part].sum() / area[whole].sum()) if whole.any() else np.nan


def _hold(held: list[bool], found: estimate.Estimate, truth: float) -> None:
    if np.isfinite(found.low) and np.isfinite(truth):
        held.append(bool(found.low - 1e-9 <= truth <= found.high + 1e-9))


def run(audits: int, seed: int = 0) -> dict[str, dict[str, tuple[float, int]]]:
    """By design and quantity, the share of intervals that hold and their number.

    "sign test" is the share of audits in which equal maps are called different at 5 %.
    """
    found: dict[str, dict[str, list[bool]]] = {how: defaultdict(list) for how in DESIGNS}
    for i in range(audits):
        rng = np.random.default_rng([seed, i])
        how, land = DESIGNS[i % len(DESIGNS)], landscape(rng)
        held, p = judge(land, how, rng)
        for name, values in held.items():
            found[how][name] += values
        found[how]["sign test"].append(p < 0.05)
    return {
        how: {name: (float(np.mean(v)), len(v)) for name, v in kinds.items()}
        for how, kinds in found.items()
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--audits", type=int, default=2000)
    begun, audits = time.monotonic(), options.parse_args().audits
    found = run(audits)
    names = list(found[DESIGNS[0]])
    print(
        f"{audits} audits, {audits // len(DESIGNS)} or so a design, each of a landscape of its own"
    )
    print("| held by the interval (95 %) | " + " | ".join(DESIGNS) + " | all |")
    print("| --- | " + "--- | " * (len(DESIGNS) + 1))
    for name in names:
        cells = [found[how][name] for how in DESIGNS]
        every = sum(s * n for s, n in cells) / sum(n for _, n in cells)
        told = [f"{s:.1%} of {n:,}" for s, n in cells]
        label = "sign test of equal maps errs (5 %)" if name == "sign test" else name
        print(f"| {label} | " + " | ".join(told) + f" | {every:.1%} |")
    print(f"{time.monotonic() - begun:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
