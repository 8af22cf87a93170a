"""Seconds per simulated zone at 256 and 1000 px a side, the share of each step, and memory.

    python -m bench.simulator [--bands 10m]

Memory is the peak of a process that makes one zone's scenes and its monthly medians, and of one
that does so for three zones, one after the other: if a zone were kept, the second would be higher.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core: what a zone costs, not a machine

from cropdash.domain import Zone
from cropdash.domain.sentinel2 import bands_of
from cropdash.prepare import composite
from cropdash.simulate import conditions, landscape, register, sensor, sky, weather
from cropdash.simulate.ground import ground_of, surface
from cropdash.simulate.source import SimulatedSource
from cropdash.simulate.tables import COARSE, FINE, stream

REGIONS = ("paris_basin", "brittany", "mediterranean")


def main(bands: tuple[str, ...]) -> None:
    for size in (256, 1000):
        source = SimulatedSource(size=size, zones_per_region=1, bands=bands)
        zones = [zone for zone in source.zones() if zone.region in REGIONS]
        next(iter(source.scenes(zones[0])))  # tables are read and modules loaded
        steps: dict[str, float] = {}
        scenes = 0
        for zone in zones:
            scenes += time_zone(source, zone, steps)
        total = sum(steps.values())
        print(
            f"{size} px, {len(bands)} bands: {total / len(zones):.2f} s per zone, "
            f"{scenes / len(zones):.0f} scenes"
        )
        for step, seconds in steps.items():
            print(f"  {step:<38} {seconds / total:6.1%}")
        one, three = (memory(size, count, bands) for count in (1, len(zones)))
        print(f"  peak memory of one zone {one:.2f} GB, of {len(zones)} in turn {three:.2f} GB")


def memory(size: int, count: int, bands: tuple[str, ...]) -> float:
    """[GB] at most held by a process of its own that makes so many zones."""
    command = [sys.executable, "-m", "bench.simulator", "--bands", ",".join(bands)]
    command += ["--make", str(size), str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def make(size: int, count: int, bands: tuple[str, ...]) -> None:
    source = SimulatedSource(size=size, zones_per_region=1, bands=bands)
    for zone in [zone for zone in source.zones() if zone.region in REGIONS][:count]:
        composite.stream(source.scenes(zone), source.season.periods)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6)


def time_zone(source: SimulatedSource, zone: Zone, steps: dict[str, float]) -> int:
    """Add the seconds of each step; number of scenes."""

    def lap(step: str) -> None:
        nonlocal start
        now = time.perf_counter()
        steps[step] = steps.get(step, 0.0) + now - start
        start = now

    start = time.perf_counter()
    land = landscape.lay_out(zone, source.seed)
    lap("fields and crops")
    register.declare(zone, land, source.seed)
    lap("register")
    year = source.season.year
    of = conditions.of(zone, source.seed, year)
    passes = weather.acquire(year, of, stream(source.seed, zone.zone_id, "bench"))
    groups = (FINE, COARSE) if set(source.bands) - set(FINE) else (FINE,)
    ground = ground_of(zone, land, {year: passes}, source.season, source.seed, groups)
    lap("growth and reflectance of pieces")
    camera = sensor.Camera(zone, source.seed, year, groups)
    lap("random fields")
    for n in range(len(passes.dates)):
        chance = camera.draw()
        above = camera.canvas.sky(passes.cover[n], passes.sun_zenith[n], chance.sky)
        lap("clouds, shadows, cirrus")
        bare = sensor.blurred(surface(ground, n), chance.shift)
        lap("pixels and point spread")
        seen = sky.cover(bare, above, passes.haze[n])
        sensor.add_noise(seen, camera.bank, chance.noise)
        lap("sky over ground, noise")
        sensor.classify(seen, above, ground.is_water, chance)
        lap("scene classification")
        if COARSE in groups:
            camera.look_20m(ground, n, above, passes, n, chance)
            lap("bands of 20 m")
    return len(passes.dates)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bands", type=bands_of, default=bands_of("10m"))
    parser.add_argument("--make", type=int, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.make:
        make(*arguments.make, arguments.bands)
    else:
        main(arguments.bands)
