"""Where Earth Engine is, and how patiently it is asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import urlparse

from cropdash.domain.errors import ConfigError
from cropdash.files.retry import Retry

_PROJECT = re.compile(r"[a-z][a-z0-9-]{4,28}[a-z0-9]")
_THIS_MACHINE = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class Service:
    """An address and the bounds of every wait; holds no credentials and no connection."""

    url: str = "https://earthengine.googleapis.com"
    retry: Retry = field(default_factory=Retry)
    connect_s: float = 10.0
    silence_s: float = 330.0  # an interactive computation is ended by the service after 5 minutes
    answer_s: float = 600.0  # for one whole answer, however steadily it drips

    def __post_init__(self) -> None:
        where = urlparse(self.url)
        # A bearer token goes with every request, so it must not travel in the clear.
        if where.scheme != "https" and where.hostname not in _THIS_MACHINE:
            raise ConfigError("The address of Earth Engine must start with https://.")


def check_project(project: str) -> str:
    """Return a Cloud project's id; raises ConfigError if it can't be one."""
    if not _PROJECT.fullmatch(project):
        raise ConfigError(
            "Cloud project {a} can't be one: use its id, 6 to 30 lower-case letters, digits"
            " or '-', as the Cloud console shows it.",
            a=repr(project),
        )
    return project
