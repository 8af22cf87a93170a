"""Seconds per simulated zone at 256 and 1000 px a side, the share of each step, and memory.

    python -m bench.simulator

Memory is the peak of a process that makes one zone's scenes and its monthly medians, and of one
that does so for three zones, one after the other: if a zone were kept, the second would be higher.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core: what a zone costs, not a machine

from cropdash.domain import Zone
from cropdash.prepare import composite
from cropdash.simulate import SimulatedSource, landscape, register, sensor, sky, weather
from cropdash.simulate.tables import regions, stream

REGIONS = ("paris_basin", "brittany", "mediterranean")


def main() -> None:
    for size in (256, 1000):
        source = SimulatedSource(size=size, zones_per_region=1)
        zones = [zone for zone in source.zones() if zone.region in REGIONS]
        next(iter(source.scenes(zones[0])))  # tables are read and modules loaded
        steps: dict[str, float] = {}
        scenes = 0
        for zone in zones:
            scenes += time_zone(source, zone, steps)
        total = sum(steps.values())
        print(f"{size} px: {total / len(zones):.2f} s per zone, {scenes / len(zones):.0f} scenes")
        for step, seconds in steps.items():
            print(f"  {step:<38} {seconds / total:6.1%}")
        one, three = (memory(size, count) for count in (1, len(zones)))
        print(f"  peak memory of one zone {one:.2f} GB, of {len(zones)} in turn {three:.2f} GB")


def memory(size: int, count: int) -> float:
    """[GB] at most held by a process of its own that makes so many zones."""
    command = [sys.executable, "-m", "bench.simulator", str(size), str(count)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def make(size: int, count: int) -> None:
    source = SimulatedSource(size=size, zones_per_region=1)
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
    region = regions()[zone.region]
    rng = stream(source.seed, zone.zone_id, "bench")
    passes = weather.acquire(source.year, region, rng)
    ground = sensor.ground_of(zone, land, passes, source.seed, str(source.year))
    lap("growth and reflectance of pieces")
    canvas = sky.Canvas(sky.fields(rng), zone.grid.shape, zone.grid.pixel_size)
    bank = sensor.noise_bank(zone.grid.shape, rng)
    lap("random fields")
    for n in range(len(passes.dates)):
        above = canvas.sky(passes.cover[n], passes.sun_zenith[n], rng)
        lap("clouds, shadows, cirrus")
        bare = sensor.blurred(sensor.surface(ground, n), rng.uniform(-0.2, 0.2, 2))
        lap("pixels and point spread")
        seen = sky.cover(bare, above, passes.haze[n])
        sensor.add_noise(seen, bank, rng)
        lap("sky over ground, noise")
        sensor.classify(seen, above, ground.is_water, rng)
        lap("scene classification")
    return len(passes.dates)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        make(int(sys.argv[1]), int(sys.argv[2]))
    else:
        main()
