"""Seconds per simulated zone at 256 and 1000 px a side, and the share of each step.

Run from the repository's root: python bench/simulator.py
"""

from __future__ import annotations

import os
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core: what a zone costs, not a machine
import sys

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from cropdash.domain import Zone
from cropdash.ingest.simulated import SimulatedSource, camera, landscape, register, sky, weather
from cropdash.ingest.simulated.tables import regions, stream

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
    ground = camera.ground_of(zone, land, passes, source.seed, str(source.year))
    lap("growth and reflectance of pieces")
    canvas = sky.Canvas(sky.fields(rng), zone.grid.shape, zone.grid.pixel_size)
    bank = camera.noise_bank(zone.grid.shape, rng)
    lap("random fields")
    for n in range(len(passes.dates)):
        above = canvas.sky(passes.cover[n], passes.sun_zenith[n], rng)
        lap("clouds, shadows, cirrus")
        bare = camera.blurred(camera.surface(ground, n), rng.uniform(-0.2, 0.2, 2))
        lap("pixels and point spread")
        seen = sky.cover(bare, above, passes.haze[n])
        camera.add_noise(seen, bank, rng)
        lap("sky over ground, noise")
        camera.classify(seen, above, ground.is_water, rng)
        lap("scene classification")
    return len(passes.dates)


if __name__ == "__main__":
    main()
