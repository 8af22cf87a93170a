"""The build of a place as a process of its own, to be killed: python -m tests.ingest.place_build DATA URL"""

import sys
from pathlib import Path

from tests.ingest import places

if __name__ == "__main__":
    data, url = Path(sys.argv[1]), sys.argv[2]
    outcome, _ = places.make(
        data, "near", places.service(url, places.quick()), places.endpoint(url, places.quick())
    )
    sys.exit(0 if not outcome.failed else 1)
