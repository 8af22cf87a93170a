"""pystac-client as this project asks: bounded waits, repeats, sentences for refusals."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlparse

import requests
from pystac_client.stac_api_io import StacApiIO

from cropdash.domain.errors import SourceUnavailable
from cropdash.files.retry import GaveUp, Transient, may_pass, retry_after
from cropdash.ingest.stac.endpoints import Endpoint

MOST_BYTES = 64 * 1024**2  # of one answer; a page of 100 items is about 2 MB
_CHUNK = 1024  # small, since the clock is looked at between chunks alone
_WAY_OUT = {
    400: "check the collection and the year",
    401: "check the credentials in the environment",
    403: "check the credentials in the environment and that the collection is open to you",
    404: "check the address and the collection",
}


class ApiIO(StacApiIO):
    """Requests that are tried again when the fault is the service's or the network's."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(max_retries=None)
        self._endpoint = endpoint

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """The answer's text, which is JSON. Raises SourceUnavailable."""
        verb = (method or "GET").upper()
        body = {"json" if verb == "POST" else "params": parameters or {}}
        request = requests.Request(verb, href, headers=headers, **body)  # type: ignore[arg-type]
        return fetch_json(self.session, request, self._endpoint)


def fetch_json(session: requests.Session, request: requests.Request, endpoint: Endpoint) -> str:
    """Text of a JSON answer. Raises SourceUnavailable in one sentence."""
    host = urlparse(str(request.url)).netloc

    try:
        return endpoint.retry.run(lambda: _ask(session, request, endpoint, host))
    except GaveUp as fault:
        raise SourceUnavailable(
            f"{host} did not answer as it should ({fault}): try again later; what is built stays."
        ) from None


def check_status(status: int, headers: Any, host: str, said: str = "") -> None:
    """Raises Transient where asking again may help, SourceUnavailable where it can't."""
    if status < 400:
        return
    if may_pass(status):
        raise Transient(f"status {status}", retry_after(headers))
    way_out = _WAY_OUT.get(status, "check the address and the settings")
    raise SourceUnavailable(f"{host} refuses the request (status {status}{said}): {way_out}.")


def _ask(
    session: requests.Session, request: requests.Request, endpoint: Endpoint, host: str
) -> str:
    try:
        settings = session.merge_environment_settings(str(request.url), {}, True, None, None)
        answer = session.send(
            session.prepare_request(request),
            timeout=(endpoint.connect_s, endpoint.answer_s),
            **settings,
        )
        with answer:
            text = _body(answer, endpoint.answer_s)
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema):
        raise SourceUnavailable(f"{host} is not an address that can be asked: check it.") from None
    except requests.RequestException as error:
        raise Transient(type(error).__name__) from None
    check_status(answer.status_code, answer.headers, host, _said(text))
    try:
        json.loads(text)
    except ValueError:
        raise Transient("the answer is not whole JSON") from None
    return text


def _body(answer: requests.Response, limit_s: float) -> str:
    """The text, within the time and size that an answer is given however slowly it drips."""
    end, parts, size = time.monotonic() + limit_s, [], 0
    for part in answer.iter_content(_CHUNK):
        parts.append(part)
        size += len(part)
        if time.monotonic() > end:
            raise Transient(f"slower than {limit_s:g} s")
        if size > MOST_BYTES:
            raise SourceUnavailable(
                f"{urlparse(answer.url).netloc} sent more than {MOST_BYTES >> 20} MB in one answer:"
                " check that the address is a STAC API."
            )
    return b"".join(parts).decode("utf-8", errors="replace")


def _said(text: str) -> str:
    """What the service says of its refusal, shortened to a part of a sentence."""
    try:
        answer = json.loads(text)
    except ValueError:
        return ""
    if not isinstance(answer, dict):
        return ""
    words = answer.get("description") or answer.get("detail") or answer.get("message") or ""
    line = " ".join(str(words).split())[:160]
    return f": {line}" if line.isprintable() and line else ""
