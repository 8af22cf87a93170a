"""Datasets built from the loopback service: killed half-way, and taken up again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from cropdash.domain import Season
from cropdash.ingest.earthengine.source import EarthEngineSource
from tests.fetching import sums
from tests.ingest.earthengine import building, worlds
from tests.ingest.earthengine.service import Ask, Fault

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60


@pytest.fixture
def place(google, tmp_path):
    google.assets, _ = worlds.served()
    building.register(tmp_path)
    return tmp_path


def test_a_dataset_holds_the_composite(google, service, place):
    folder, built = building.run(service, place, place / "data")
    assert built.built == ("z0", "z1")
    assert google.asked("pixels") == 24
    _, days = worlds.served()
    median, count = worlds.composite(days["2023-03"], (4, *worlds.GRID.shape))
    columns = slice(0, building.WIDTHS[0])
    cube = folder.cube("z0")
    np.testing.assert_array_equal(cube.clear_dates[2], count[:, columns])
    seen = count[:, columns] > 0
    found = cube.reflectance[2][:, seen] * 10_000
    assert np.abs(found - median[:, :, columns][:, seen]).max() <= 1
    assert not list((place / "data").rglob("*.npz"))  # the months kept on the way are gone


def test_periods_that_came_later_are_fetched_alone(google, service, place):
    zone = building.zones()[0]
    source = EarthEngineSource(
        "my-project", building.register(place), building.zones(), Season.of(2023), service=service
    )
    whole = source.composites(zone)
    google.log.clear()
    part = source.part(Season.of("2023-03..2023-04")).composites(zone)
    assert google.asked("pixels") == 2
    np.testing.assert_array_equal(part.reflectance, whole.reflectance[2:4])
    np.testing.assert_array_equal(part.clear_dates, whole.clear_dates[2:4])


def test_a_season_of_ten_bands_and_dekads_is_taken_up_again(google, service, place):
    google.assets, days = worlds.served(worlds.TEN)
    season = Season.of("2022-10..2023-09", "dekad")
    chosen = {"season": season, "bands": worlds.TEN}
    google.fault = lambda ask, n: Fault(403) if ask.kind == "pixels" and n >= 9 else None
    _, stopped = building.run(service, place, place / "data", **chosen)
    assert stopped.built == ()
    google.fault = lambda ask, n: None
    google.log.clear()
    folder, built = building.run(service, place, place / "data", **chosen)
    assert built.built == ("z0", "z1")
    assert google.asked("pixels") == 2 * 36 - 9
    cube = folder.cube("z0")
    assert cube.reflectance.shape == (36, 10, worlds.GRID.shape[0], building.WIDTHS[0])
    assert (cube.periods, cube.bands) == (season.periods, worlds.TEN)
    t = next(t for t, period in enumerate(season.periods) if str(period).endswith("_2023-05-10"))
    median, count = worlds.composite(days["2023-05"], (10, *worlds.GRID.shape))
    columns = slice(0, building.WIDTHS[0])
    np.testing.assert_array_equal(cube.clear_dates[t], count[:, columns])
    seen = count[:, columns] > 0
    assert np.abs(cube.reflectance[t] * 10_000 - median[:, :, columns])[:, seen].max() <= 1
    assert not list((place / "data").rglob("*.npz"))


class Killer:
    """Kills a process when its request for pixels number `at` is read, the first being 0.

    As it asks for two at once, the kernel can have taken the next one too, for the service to
    read when the process is dead and the next one is at work. Here it always is so.
    """

    def __init__(self, at: int) -> None:
        self.at, self.arrived, self.lock = at, 0, threading.Lock()
        self.next_came, self.dead = threading.Event(), threading.Event()
        self.process: subprocess.Popen[bytes] | None = None

    def arriving(self, ask: Ask) -> None:
        if ask.kind != "pixels" or not ask.of("killed-project"):
            return
        with self.lock:
            number, self.arrived = self.arrived, self.arrived + 1
        if number == self.at:
            assert self.next_came.wait(PATIENCE_S)
            self.process.send_signal(signal.SIGKILL)
        elif number > self.at:
            self.next_came.set()
            self.dead.wait(PATIENCE_S)


@pytest.mark.parametrize("at", [3, 12, 17])
def test_after_a_kill_only_what_is_missing_is_fetched(google, service, place, at):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.ingest.earthengine.building", google.url, str(place)]
    killer = Killer(at)
    google.arriving = killer.arriving
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL) as child:
        killer.process = child
        assert child.wait(PATIENCE_S) == -signal.SIGKILL
    killer.dead.set()
    data = place / "killed"
    whole = list((data / building.NAME).glob("zones/*/manifest.json"))
    kept = 12 * len(whole) + len(list((data / building.NAME).glob("parts/*/2023-*.npz")))
    assert 1 <= kept <= at
    folder, built = building.run(service, place, data)
    assert google.asked("pixels", "my-project") == 24 - kept
    assert set(built.built) | set(built.kept) == {"z0", "z1"}
    reference, _ = building.run(service, place, place / "whole")
    assert sums(folder) == sums(reference)


def test_a_zone_that_is_refused_is_told_and_the_next_run_asks_for_the_rest(google, service, place):
    google.fault = lambda ask, n: (
        Fault(403, message="Not yet registered") if ask.kind == "pixels" and n >= 7 else None
    )
    _, built = building.run(service, place, place / "data")
    assert built.built == ()
    assert "register the Cloud project" in built.failed["z0"]
    google.fault = lambda ask, n: None
    google.log.clear()
    _, again = building.run(service, place, place / "data")
    assert again.built == ("z0", "z1")
    assert google.asked("pixels") == 24 - 7
