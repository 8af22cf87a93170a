"""A place built while its services fail: how much is wrong, how much is lost.

    python -m bench.faults --seeds 20

Loopback servers answer as a WFS, a GeoParquet file's host and a STAC catalogue do, and fail in a
drawn share of the requests; each seed's dataset is compared with the one from files. Then builds are
killed (SIGKILL) at drawn requests and gone on with.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.ingest import places
from tests.ingest.stac.api import serve


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--kills", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, serve(Path(folder)) as api:
        data = Path(folder) / "data"
        places.stock(api)
        reference = places.from_files(data / "files", api.url)
        start, counts = time.perf_counter(), Counter[str]()
        for seed in range(asked.seeds):
            counts += places.campaign(api, reference, data / "faults", [seed])
            print(f"seed {seed}: {places.told_of(counts)}", flush=True)
        print(f"{time.perf_counter() - start:.0f} s")
        start = time.perf_counter()
        kills, made = places.killed(api, data / "killed", asked.kills, seed=1)
        wrong = not places.alike(made, reference)
        print(
            f"{kills} kills by SIGKILL, then to the end: {len(made.built_zones())} of 3 zones,"
            f" {int(wrong)} datasets wrong, {time.perf_counter() - start:.0f} s"
        )


if __name__ == "__main__":
    main()
