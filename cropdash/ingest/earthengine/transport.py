"""The HTTP client under `ee`: every wait is bounded, every broken answer is named as such."""

from __future__ import annotations

import time
from typing import Any

import httplib2
import requests
import urllib3
from requests.adapters import HTTPAdapter

from cropdash.ingest.earthengine.retry import Transient
from cropdash.ingest.earthengine.service import Service

MOST_AT_ONCE = 40  # https://developers.google.com/earth-engine/guides/usage
MOST_BYTES = 256 * 2**20  # of one answer; pixels have at most 48 MiB
_PIECE = 2**16


class Transport:
    """Stands where `ee` and google-auth expect an httplib2.Http."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._session = requests.Session()
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, HTTPAdapter(pool_maxsize=MOST_AT_ONCE, max_retries=0))

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: Any = None,
        headers: Any = None,
        **_: Any,  # redirections, connection_type, timeout: what httplib2 would take
    ) -> tuple[httplib2.Response, bytes]:
        """The answer, of whatever status. Raises Transient if there is none, or not a whole one."""
        service = self._service
        end = time.monotonic() + service.answer_s
        try:
            with self._session.request(
                method,
                uri,
                data=body,
                headers=headers,
                timeout=(service.connect_s, service.silence_s),
                stream=True,
            ) as answer:
                content = _body(answer, end)
                return httplib2.Response(
                    dict(answer.headers) | {"status": answer.status_code}
                ), content
        except (requests.Timeout, urllib3.exceptions.TimeoutError):
            raise Transient("it did not answer in time") from None
        except requests.exceptions.SSLError:
            raise Transient("no secure connection was possible") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError):
            raise Transient("the connection broke off") from None


def _body(answer: requests.Response, end: float) -> bytes:
    """The whole body; read1 returns what is there, so that the clock is looked at in time."""
    parts, size = [], 0
    while part := answer.raw.read1(_PIECE, decode_content=True):
        parts.append(part)
        size += len(part)
        if time.monotonic() > end:
            raise Transient("its answer did not end in time")
        if size > MOST_BYTES:
            raise Transient("its answer was longer than any can be")
    return b"".join(parts)
