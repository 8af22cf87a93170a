"""pystac-client by way of our own requests."""

from __future__ import annotations

from typing import Any

import requests
from pystac_client.stac_api_io import StacApiIO

from cropdash.ingest import http
from cropdash.ingest.stac.endpoints import Endpoint


class ApiIO(StacApiIO):
    """Requests that are tried again when the fault is the service's or the network's."""

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(max_retries=None)
        self.session = http.Link()
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
        return http.fetch_json(request, session=self.session, **self._endpoint.patience)
