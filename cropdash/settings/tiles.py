"""A map of elsewhere to lie below zones: the operator's choice, and none unless it is made.

Whoever serves the tiles sees which part of the world is looked at.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from cropdash.domain.errors import ConfigError

VARIABLE, CREDIT = "CROPDASH_TILES", "CROPDASH_TILES_CREDIT"
_LONGEST = 500  # letters of an address, and of a credit
_LOOPBACK = r"(?:127\.0\.0\.1|localhost)"  # which alone may be asked without encryption
_ADDRESS = re.compile(
    rf"((?:https://[A-Za-z0-9][A-Za-z0-9.-]*|http://{_LOOPBACK})(?::\d{{1,5}})?)"
    r"(?:/(?:[A-Za-z0-9_.~@=&?%/-]|\{[xyz]\})*)"
)


@dataclass(frozen=True)
class Tiles:
    """Where tiles come from, and the words that their owner asks for."""

    address: str  # with {z}, {x} and {y}
    origin: str  # scheme, host and port: all that a browser is allowed to ask
    credit: str


def tiles() -> Tiles | None:
    """What the environment says; None where it says nothing.

    Raises ConfigError for what is no address of tiles.
    """
    value = os.environ.get(VARIABLE, "").strip()
    if not value:
        return None
    found = _ADDRESS.fullmatch(value[: _LONGEST + 1])
    held = all(value.count(gap) == 1 for gap in ("{z}", "{x}", "{y}"))
    if found is None or not held or len(value) > _LONGEST:
        raise ConfigError(
            "{a} is no address of tiles: {b}; write one that begins with https:// and holds"
            " z, x and y in braces, or leave it out.",
            a=VARIABLE,
            b=repr(value[:80]),
        )
    return Tiles(value, found[1], os.environ.get(CREDIT, "").strip()[:_LONGEST])
