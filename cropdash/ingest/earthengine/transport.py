"""The HTTP client under `ee`: every wait is bounded, every broken answer is named as such."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import httplib2
import requests
from requests.adapters import HTTPAdapter

from cropdash.ingest import http
from cropdash.ingest.earthengine import faults
from cropdash.ingest.earthengine.service import Service

MOST_AT_ONCE = 40  # https://developers.google.com/earth-engine/guides/usage
MOST_BYTES = 256 * 2**20  # of one answer; pixels have at most 48 MiB
_ENCODING = "Accept-Encoding"


class Transport:
    """Stands where `ee` and google-auth expect an httplib2.Http."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._session = requests.Session()
        self._session.auth = _as_it_is  # a password in ~/.netrc would take the token's place
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
        """The answer. Raises Transient if there is none, not a whole one, or one that may pass.

        What may pass is told here, as google-auth would wait on its own for some, and take others
        for a refusal.
        """
        service = self._service
        end = time.monotonic() + service.answer_s
        with http.passing(), self._session.request(
            method,
            uri,
            data=body,
            headers=_accepting_gzip(headers or {}),
            timeout=(service.connect_s, service.silence_s),
            stream=True,
        ) as answer:  # fmt: skip
            content = http.body(answer, end, MOST_BYTES)
            headers, status = answer.headers, answer.status_code
            if fault := faults.passing(status, headers, content):
                raise fault
            return httplib2.Response(dict(headers) | {"status": status}), content


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _accepting_gzip(headers: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name.lower() != _ENCODING.lower()}
    return kept | {_ENCODING: "gzip"}
