"""Loops over pixels as machine code."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Returned = TypeVar("Returned")
_MAKING = threading.Lock()


def compiled(loops: Callable[..., Returned]) -> Callable[..., Returned]:
    """The function, compiled by numba when it is first called, and kept in the user's cache from then on.

    It takes arrays and numbers alone, runs without the interpreter's lock, and checks no bounds:
    who calls it does.
    """
    made: list[Callable[..., Returned]] = []

    @wraps(loops)
    def call(*values: Any) -> Returned:
        with _MAKING:
            if not made:
                made.append(_made(loops))
        try:
            return made[0](*values)
        except OSError:  # compiled, but not kept: the disk is full
            return made[0](*values)

    return call


def _made(loops: Callable[..., Returned]) -> Callable[..., Returned]:
    import numba  # half a second, which a page need not wait
    from platformdirs import user_cache_path

    # Never beside the code: an installed package is left as it is.
    kept = user_cache_path("cropdash", appauthor=False) / "compiled"
    numba.config.CACHE_DIR = numba.config.CACHE_DIR or str(kept)
    try:
        ready: Callable[..., Returned] = numba.njit(loops, nogil=True, cache=True)
    except RuntimeError:  # no folder can be written to
        ready = numba.njit(loops, nogil=True)
    return ready
