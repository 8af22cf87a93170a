"""Which database decisions, names of runs and the record live in: said by the operator alone."""

from __future__ import annotations

import os
import re

from cropdash.domain.errors import ConfigError

ADDRESS = (
    "CROPDASH_DATABASE"  # postgresql://user:password@host:5432/name; unset: a file beside the data
)
# User and password hold no letter that would end them early, so that `domain.secret` finds them.
_ADDRESS = re.compile(
    r"postgres(?:ql)?://(?P<rest>(?:[\w.~!$&()*+,;=:%\-]+@)?"
    r"(?:[\w.\-]+|\[[\da-fA-F:]+\])?(?::\d{1,5})?(?:/[^\s@#]*)?)",
    re.ASCII,
)


def address() -> str | None:
    """The address of the team's PostgreSQL; None where the database is a file beside the data.

    Raises ConfigError for an address of anything else, without quoting it: it holds a password.
    """
    given = os.environ.get(ADDRESS, "").strip()
    if not given:
        return None
    if (found := _ADDRESS.fullmatch(given)) and found["rest"]:
        return f"postgresql+psycopg://{found['rest']}"
    raise ConfigError(
        "{a} is no address of a PostgreSQL database: write postgresql://host:5432/name with other"
        " signs of a password as %2F and the like, or leave it out to keep a file beside the data.",
        a=ADDRESS,
    )
