"""HTTP as this project asks: bounded waits and sizes, repeats, sentences for what goes wrong."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlparse

import requests
import urllib3

from cropdash.domain.errors import SourceUnavailable
from cropdash.files.retry import GaveUp, Retry, Transient, may_pass, retry_after

MOST_BYTES = 64 * 2**20  # of one answer of JSON; a page of 100 items is about 2 MB
_PIECE = 2**16
_WAY_OUT = {
    400: "check the collection and the year",
    401: "check the credentials in the environment",
    403: "check the credentials in the environment and that the collection is open to you",
    404: "check the address and the collection",
}


def fetch_json(
    request: requests.Request,
    *,
    session: requests.Session | None = None,
    retry: Retry | None = None,
    connect_s: float = 5.0,
    answer_s: float = 5.0,
    way_out: str = "try again later; what is built stays",
) -> str:
    """Text of a JSON answer; without `retry` it is asked for once. Raises SourceUnavailable."""
    where = urlparse(str(request.url))
    if where.scheme not in ("http", "https"):
        raise SourceUnavailable(f"{where.scheme or 'It'} is not http: use an address of a service.")

    def ask() -> str:
        prepared = link.prepare_request(request)
        prepared.headers["Accept-Encoding"] = "gzip"
        settings = link.merge_environment_settings(str(request.url), {}, True, None, None)
        end = time.monotonic() + answer_s
        with _in_words(where.netloc), link.send(
            prepared, timeout=(connect_s, answer_s), **settings
        ) as answer:  # fmt: skip
            text = body(answer, end, MOST_BYTES).decode("utf-8", errors="replace")
        _check(answer, where.netloc, text)
        return text

    link = session or requests.Session()
    try:
        return (retry or Retry(attempts=1)).run(ask)
    except GaveUp as fault:
        raise SourceUnavailable(
            f"{where.netloc} did not answer as it should ({fault}): {way_out}."
        ) from None
    finally:
        if session is None:
            link.close()


@contextmanager
def _in_words(host: str) -> Iterator[None]:
    try:
        with passing():
            yield
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        raise SourceUnavailable(f"{host} is not an address that can be asked: check it.") from None


@contextmanager
def passing() -> Iterator[None]:
    """Say as a Transient how the way to an answer broke off."""
    try:
        yield
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        raise
    except (requests.Timeout, urllib3.exceptions.TimeoutError):
        raise Transient("it did not answer in time") from None
    except requests.exceptions.SSLError:
        raise Transient("no secure connection was possible") from None
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
        raise Transient("the connection broke off") from None


def body(answer: requests.Response, end: float, most: int) -> bytes:
    """The whole body of a streamed answer, unpacked, by the time `end` and of `most` bytes.

    read1 returns what is there, so that the clock is looked at in time; urllib3 would unpack on
    the way, and read on until there is something to show for it.
    """
    parts, size = [], 0
    while part := answer.raw.read1(_PIECE, decode_content=False):
        parts.append(part)
        size += len(part)
        if time.monotonic() > end:
            raise Transient("its answer did not end in time")
        if size > most:
            raise SourceUnavailable(
                f"{urlparse(answer.url).netloc} sent more than {most >> 20} MB in one answer: check"
                " the address."
            )
    packed = answer.headers.get("Content-Encoding", "").lower() == "gzip"
    return unpacked(b"".join(parts), most) if packed else b"".join(parts)


def unpacked(content: bytes, most: int) -> bytes:
    """What was packed by gzip. Raises Transient where it is not whole."""
    unpacking = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)  # 16: with a gzip header
    try:
        result = unpacking.decompress(content, most)
    except zlib.error:
        raise Transient("its answer could not be unpacked") from None
    if not unpacking.eof:
        raise Transient("its answer was not whole")
    return result


def _check(answer: requests.Response, host: str, text: str) -> None:
    """Raises Transient where asking again may help, SourceUnavailable where it can't."""
    status = answer.status_code
    if may_pass(status):
        raise Transient(f"status {status}", retry_after(answer.headers))
    if status >= 400:
        way_out = _WAY_OUT.get(status, "check the address and the settings")
        raise SourceUnavailable(
            f"{host} refuses the request (status {status}{_said(text)}): {way_out}."
        )
    try:
        json.loads(text)
    except ValueError:
        raise Transient("the answer is not whole JSON") from None


def _said(text: str) -> str:
    """What the service says of its refusal, shortened to a part of a sentence."""
    try:
        answer: Any = json.loads(text)
        words = answer.get("description") or answer.get("detail") or answer.get("message") or ""
    except (ValueError, AttributeError):
        return ""
    line = " ".join(str(words).split())[:160]
    return f": {line}" if line.isprintable() and line else ""
