"""Ways in which an answer can go wrong."""

from __future__ import annotations

import numpy as np

from tests.ingest.earthengine.service import Fault, loaded, saved

AGAIN = (408, 429, 500, 502, 503, 504)


def wrong_type(body: bytes) -> bytes:
    answer = loaded(body)
    return saved(answer.astype([(name, np.int32) for name in answer.dtype.names]))


def wrong_shape(body: bytes) -> bytes:
    return saved(loaded(body).T)


def wrong_bands(body: bytes) -> bytes:
    return saved(loaded(body)[["B2", "B3", "B4", "clear_dates"]])


def no_records(body: bytes) -> bytes:
    return saved(loaded(body)["B2"])


def contradiction(body: bytes) -> bytes:
    answer = loaded(body)
    answer["clear_dates"][2, 3] ^= 0xFFFF
    return saved(answer)


def more_dates_than_days(body: bytes) -> bytes:
    """Of any month."""
    answer = loaded(body)
    answer["clear_dates"][answer["clear_dates"] > 0] = 32
    return saved(answer)


def half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def nothing(body: bytes) -> bytes:
    return b""


def a_page(body: bytes) -> bytes:
    return b"<html>Sign in to this network</html>"


def objects(body: bytes) -> bytes:
    """A file that numpy would have to unpickle."""
    return body.replace(b"<u2", b"|O ", 1)


CHANGES = (wrong_type, wrong_shape, wrong_bands, no_records, contradiction,
           more_dates_than_days, half, nothing, a_page,
           objects)  # fmt: skip
BROKEN = (Fault(how="drop"), Fault(how="cut"), Fault(how="slow", seconds=1.0))
