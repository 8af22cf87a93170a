"""Faults at random, seeded: no season is wrong, none is lost, and the counts are printed."""

from __future__ import annotations

import hashlib
import random
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from cropdash.domain import Zone
from cropdash.domain.errors import SourceUnavailable
from cropdash.ingest.earthengine import connect
from cropdash.ingest.earthengine.source import EarthEngineSource
from tests.ingest.earthengine import worlds
from tests.ingest.earthengine.service import Fault
from tests.ingest.earthengine.spoiling import AGAIN, CHANGES, a_page, half, nothing
from tests.ingest.earthengine.test_composite import SPRING, Kept, differ

ZONE = Zone("z", "north", "train", worlds.GRID)


class Campaign:
    """Faults that depend on the seed, the request and how often it came, not on threads."""

    def __init__(self, seed: int, share: float) -> None:
        self.seed, self.share = seed, share
        self.seen: Counter[bytes] = Counter()

    def __call__(self, ask, number):
        with_token = ask.kind == "token"
        what = ask.kind.encode() + (b"" if with_token else ask.body)
        self.seen[what] += 1
        key = hashlib.sha256(what + f"{self.seed} {self.seen[what]}".encode()).digest()
        rng = random.Random(key)
        if rng.random() >= self.share:
            return None
        faults = [Fault(s, retry_after=rng.choice(["", "3"])) for s in AGAIN]
        faults += [Fault(how="drop"), Fault(how="cut"), Fault(how="slow", seconds=0.6)]
        if ask.kind == "pixels":
            faults += [Fault(how="change", change=change) for change in CHANGES]
            faults += [Fault(400, message="User memory limit exceeded.")]
        else:
            faults += [Fault(how="change", change=change) for change in (half, nothing, a_page)]
        return rng.choice(faults)


@pytest.mark.usefixtures("fresh")
@pytest.mark.parametrize(("share", "seasons"), [(0.25, 4), (0.5, 3)])
def test_campaign_of_faults(google, service, share, seasons, capsys):
    google.assets, world = worlds.served()
    source = EarthEngineSource("my-project", Path("no.gpkg"), (ZONE,), SPRING, service=service)
    total: Counter[str] = Counter()
    wrong = lost = told = requests = 0
    source.composites(ZONE)
    quick = replace(source, service=replace(service, silence_s=0.25))
    for seed in range(seasons):
        connect.close()
        google.log.clear()
        google.faults.clear()
        google.fault = Campaign(seed, share)
        store = Kept()
        for _ in range(3):  # a run that gives up is followed by another
            try:
                cube = quick.composites(ZONE, kept=store)
                break
            except SourceUnavailable:
                told += 1
        else:
            lost += 1
            continue
        wrong += differ(cube, world) > 1
        requests += len(google.log)
        total += google.faults
    counts = ", ".join(f"{n} x {name}" for name, n in sorted(total.items()))
    with capsys.disabled():
        sys.stdout.write(
            f"\nEarth Engine, faults in {share:.0%} of answers: {requests} requests,"
            f" {sum(total.values())} faults ({counts}): {wrong} seasons wrong, {lost} lost,"
            f" {told} runs gave up, said so and were followed by another\n"
        )
    assert (wrong, lost) == (0, 0)
    assert sum(total.values()) > 10
