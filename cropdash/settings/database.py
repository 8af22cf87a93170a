"""Which database decisions, names of runs and the record live in: said by the operator alone."""

from __future__ import annotations

import os

from cropdash.domain.errors import ConfigError

ADDRESS = (
    "CROPDASH_DATABASE"  # postgresql://user:password@host:5432/name; unset: a file beside the data
)
_SCHEMES = ("postgresql://", "postgres://")


def address() -> str | None:
    """The address of the team's PostgreSQL; None where the database is a file beside the data.

    Raises ConfigError for an address of anything else, without quoting it: it holds a password.
    """
    given = os.environ.get(ADDRESS, "").strip()
    if not given:
        return None
    for scheme in _SCHEMES:
        if given.startswith(scheme) and len(given) > len(scheme):
            return f"postgresql+psycopg://{given.removeprefix(scheme)}"
    raise ConfigError(
        "{a} is no address of a PostgreSQL database: write"
        " postgresql://host:5432/name, or leave it out to keep a file"
        " beside the data.",
        a=ADDRESS,
    )
