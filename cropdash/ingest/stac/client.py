"""pystac-client with this project's patience: bounded waits, repeats, sentences for refusals."""

from __future__ import annotations

import datetime as dt
import email.utils
import json
from typing import Any
from urllib.parse import urlparse

import requests
from pystac_client.stac_api_io import StacApiIO

from cropdash.domain.errors import SourceUnavailable
from cropdash.ingest.stac.patience import Patience, Transient

MOST_BYTES = 64 * 1024**2  # of one answer; a page of 100 items is about 2 MB
_CHUNK = 1024  # small, since the clock is looked at between chunks alone
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
_WAY_OUT = {
    400: "check the collection and the year",
    401: "check the credentials in the environment",
    403: "check the credentials in the environment and that the collection is open to you",
    404: "check the address and the collection",
}


class ApiIO(StacApiIO):
    """Requests that are tried again when the fault is the service's or the network's."""

    def __init__(self, patience: Patience) -> None:
        super().__init__(max_retries=None)
        self._patience = patience

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
        return fetch_json(self.session, request, self._patience)


def fetch_json(session: requests.Session, request: requests.Request, patience: Patience) -> str:
    """Text of a JSON answer. Raises SourceUnavailable in one sentence."""
    host = urlparse(str(request.url)).netloc

    def give_up(cause: str) -> SourceUnavailable:
        return SourceUnavailable(
            f"{host} did not answer as it should ({cause}): try again later; what is built stays."
        )

    return patience.run(lambda: _ask(session, request, patience, host), give_up)


def retry_after(headers: Any) -> float:
    """[s] from a Retry-After header, which holds seconds or a date; 0 if there is none."""
    value = str(headers.get("Retry-After") or "").strip()
    if value.isdigit():
        return float(value)
    try:
        until = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return 0.0
    now = dt.datetime.now(until.tzinfo or dt.UTC)
    return max(0.0, (until.replace(tzinfo=now.tzinfo) - now).total_seconds())


def check_status(status: int, headers: Any, host: str, said: str = "") -> None:
    """Raises Transient where asking again may help, SourceUnavailable where it can't."""
    if status < 400:
        return
    if status in _AGAIN or status >= 500:
        raise Transient(f"status {status}", retry_after(headers))
    way_out = _WAY_OUT.get(status, "check the address and the settings")
    raise SourceUnavailable(f"{host} refuses the request (status {status}{said}): {way_out}.")


def _ask(
    session: requests.Session, request: requests.Request, patience: Patience, host: str
) -> str:
    try:
        settings = session.merge_environment_settings(str(request.url), {}, True, None, None)
        answer = session.send(
            session.prepare_request(request),
            timeout=(patience.connect, patience.read),
            **settings,
        )
        with answer:
            text = _body(answer, patience)
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


def _body(answer: requests.Response, patience: Patience) -> str:
    """The text, within the time and size that an answer is given however slowly it drips."""
    started, parts, size = patience.clock(), [], 0
    for part in answer.iter_content(_CHUNK):
        parts.append(part)
        size += len(part)
        if patience.clock() - started > patience.read:
            raise Transient(f"slower than {patience.read:g} s")
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
