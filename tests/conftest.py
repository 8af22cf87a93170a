"""Settings for all tests."""

import functools
import os
import sys
from collections.abc import Iterator

# Each of the processes that test at once keeps to one core, before NumPy is loaded: threads that share
# the cores with those of the others wait for them at work, which doubles the time of small products.
for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import hypothesis  # noqa: E402
import pytest  # noqa: E402
from streamlit.components.v2 import manifest_scanner  # noqa: E402

# AppTest looks through all installed packages at each visit of a page; once is enough.
manifest_scanner.scan_component_manifests = functools.cache(
    manifest_scanner.scan_component_manifests
)

# No test cuts the power: that a file outlasts a killed process is the kernel's doing, not the disk's.
os.fsync = lambda handle: None

# Jobs that tests run in their own process would make all tests after them give way to others.
os.nice = lambda by: 0

# Two trainings on two cores: threads that wait for the next step sleep instead of spinning.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# How long one example takes is the machine's load as often as the code's fault.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


@pytest.fixture(autouse=True)
def own_main_module() -> Iterator[None]:
    """Put back the main module that AppTest replaces.

    Spawned workers import the main module, and AppTest leaves its page there for the tests after.
    """
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Why a second try was needed: it may be a fault of a page."""
    for report in terminalreporter.stats.get("rerun", []):
        terminalreporter.write_line(f"{report.nodeid}, first try:")
        terminalreporter.write_line(report.longreprtext[-2_000:])
