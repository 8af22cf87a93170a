"""HTTP as this project asks: bounded waits and sizes, repeats, sentences for what goes wrong."""

from __future__ import annotations

import html
import json
import re
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urljoin, urlparse

import requests
import urllib3

from cropdash.domain.errors import SourceUnavailable
from cropdash.domain.message import Message
from cropdash.files import atomic
from cropdash.files.retry import GaveUp, Retry, Transient, may_pass, retry_after

MOST_BYTES = 64 * 2**20  # of one answer of JSON; a page of 100 items is about 2 MB
_PIECE = 2**16
_DOWN = ("https", "http")  # a redirect that gives up the secure connection
# What services of the OGC's say of a request that they don't take, with any status.
_REFUSED = re.compile(r"<(?:\w+:)?(?:ExceptionText|ServiceException)\b[^>]*>([^<]{1,4000})<")
_RANGE = re.compile(r"bytes (\d{1,15})-(\d{1,15})/(\d{1,15})")
_WAY_OUT = {
    400: "check the collection and the year",
    401: "check the credentials in the environment",
    403: "check the credentials in the environment and that the collection is open to you",
    404: "check the address and the collection",
}

T = TypeVar("T")


class Link(requests.Session):
    """A session that follows a redirect only where it stays as safe as the first address."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = 5

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        target = super().get_redirect_target(resp)
        if target is not None:
            before, now = urlparse(str(resp.url)), urlparse(urljoin(str(resp.url), target))
            if now.scheme not in ("http", "https") or (before.scheme, now.scheme) == _DOWN:
                raise SourceUnavailable(
                    "{a} sends on to an address of another kind ({b}): check the address.",
                    a=before.netloc,
                    b=now.scheme[:20],
                )
        return target


LATER = Message("try again later; what is built stays")


@dataclass(frozen=True)
class Patience:
    """How long and how often a service is asked."""

    retry: Retry = field(default_factory=lambda: Retry(attempts=6, base=1.0, deadline=300.0))
    connect_s: float = 10.0
    answer_s: float = 120.0  # for one whole answer, however steadily it drips


def fetch_json(
    request: requests.Request,
    *,
    session: requests.Session | None = None,
    retry: Retry | None = None,
    connect_s: float = 5.0,
    answer_s: float = 5.0,
    way_out: str = LATER,
) -> str:
    """Text of a JSON answer; without `retry` it is asked for once. Raises SourceUnavailable."""
    patience = Patience(retry or Retry(attempts=1), connect_s, answer_s)

    def judge(answer: requests.Response, content: bytes) -> str:
        text = content.decode("utf-8", errors="replace")
        try:
            atomic.check_depth(json.loads(text))
        except (ValueError, RecursionError):
            if said := _said(content):
                raise SourceUnavailable(
                    "{a} refuses the request{b}: check the address and the settings.",
                    a=urlparse(str(request.url)).netloc,
                    b=said,
                ) from None
            raise Transient("the answer is not whole JSON") from None
        return text

    return _asked(request, session, patience, way_out, MOST_BYTES, judge)


@dataclass(frozen=True)
class Part:
    """Bytes of a file on the net, the size of the whole, and which version of it they are of."""

    content: bytes
    total: int
    version: str  # its entity tag, else when it was last changed; "" where neither is said


def fetch_part(
    url: str, first: int, size: int, *, patience: Patience, session: requests.Session | None = None
) -> Part:
    """`size` bytes of a file, by a range (RFC 9110, 14.2), or all that follow where fewer do.

    Raises SourceUnavailable, also for a service that would send the whole file.
    """
    request = requests.Request("GET", url, headers={"Range": f"bytes={first}-{first + size - 1}"})
    host = urlparse(url).netloc

    def judge(answer: requests.Response, content: bytes) -> Part:
        said = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if answer.status_code != 206 or said is None:
            raise SourceUnavailable(
                "{a} gives no part of a file (status {b}): download it whole, and give it as"
                " --register.",
                a=host,
                b=answer.status_code,
            )
        start, last, total = map(int, said.groups())
        if (start, last) != (first, min(first + size, total) - 1):
            raise Transient("the answer is another part of the file")
        if len(content) != last + 1 - start:
            raise Transient("the answer is not whole")
        version = answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""
        return Part(content, total, version)

    def announced(answer: requests.Response) -> bool:
        """Whether a body may be read: that of a whole file is not."""
        return answer.status_code == 206 or answer.status_code >= 400

    way_out = "try again later, nothing was kept of it"
    return _asked(request, session, patience, way_out, size + 2**16, judge, announced)


def _asked(
    request: requests.Request,
    session: requests.Session | None,
    patience: Patience,
    way_out: str,
    most: int,
    judge: Callable[[requests.Response, bytes], T],
    announced: Callable[[requests.Response], bool] = lambda answer: True,
) -> T:
    """What `judge` makes of an answer of at most so many bytes; asked again while that may help."""
    where = urlparse(str(request.url))
    if where.scheme not in ("http", "https"):
        raise SourceUnavailable(
            "{a} is not http: use an address of a service.", a=where.scheme or "It"
        )

    def ask() -> T:
        prepared = link.prepare_request(request)
        prepared.headers["Accept-Encoding"] = "identity" if "Range" in prepared.headers else "gzip"
        settings = link.merge_environment_settings(str(request.url), {}, True, None, None)
        end = time.monotonic() + patience.answer_s
        with _in_words(where.netloc), link.send(
            prepared, timeout=(patience.connect_s, patience.answer_s), **settings
        ) as answer:  # fmt: skip
            content = body(answer, end, most) if announced(answer) else b""
        _check(answer, where.netloc, content)
        return judge(answer, content)

    link = session or Link()
    try:
        return patience.retry.run(ask)
    except GaveUp as fault:
        raise SourceUnavailable(
            "{a} did not answer as it should ({b}): {c}.", a=where.netloc, b=fault, c=way_out
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
        raise SourceUnavailable(
            "{a} is not an address that can be asked: check it.", a=host
        ) from None


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
                "{a} sent more than {b} MB in one answer: check the address.",
                a=urlparse(answer.url).netloc,
                b=most >> 20,
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


def _check(answer: requests.Response, host: str, content: bytes) -> None:
    """Raises Transient where asking again may help, SourceUnavailable where it can't."""
    status = answer.status_code
    if may_pass(status):
        raise Transient(f"status {status}", retry_after(answer.headers))
    if status >= 400:
        way_out = _WAY_OUT.get(status, "check the address and the settings")
        raise SourceUnavailable(
            "{a} refuses the request (status {b}{c}): {d}.",
            a=host,
            b=status,
            c=_said(content),
            d=way_out,
        )


def _said(text: bytes) -> str:
    """What the service says of its refusal, shortened to a part of a sentence."""
    try:
        answer: Any = json.loads(text)
        words = answer.get("description") or answer.get("detail") or answer.get("message") or ""
    except (ValueError, AttributeError, RecursionError):
        refused = _REFUSED.search(text.decode("utf-8", errors="replace"))
        words = html.unescape(refused[1]) if refused else ""
    line = " ".join(str(words).split())[:160]
    return f": {line}" if line.isprintable() and line else ""
