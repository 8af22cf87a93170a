"""The build of tests.fetching as a process of its own, as the command line runs one."""

import sys
from pathlib import Path

from cropdash.jobs.worker import at_work, heeding_signals
from cropdash.storage.datasets import DatasetFolder
from tests import fetching


def main(data: Path, log: Path, workers: int, scheduler: str = "") -> None:
    source = fetching.FetchingSource(log, pause=0.01)
    folder = DatasetFolder(data, fetching.NAME)
    with at_work(folder.path) as reporter, heeding_signals() as came:
        fetching.run(
            source,
            data,
            workers=workers,
            scheduler=scheduler,
            progress=reporter.update,
            should_stop=lambda: came() or reporter.should_stop(),
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
