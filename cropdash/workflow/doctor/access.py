"""Credentials, whose content is never told, and whether services answer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

import requests

from cropdash.domain.errors import CropdashError
from cropdash.domain.message import Message
from cropdash.ingest import http
from cropdash.settings import sources
from cropdash.settings.build import BuildConfig
from cropdash.settings.sources import Service
from cropdash.workflow.doctor.finding import Finding

_CHECK = Message("check the connection and the address")


def services(configs: Sequence[BuildConfig], endpoint: str | None) -> Iterator[Finding]:
    """Credentials of the services that were asked for or that unfinished builds need; do they answer?"""
    found: dict[str, Service] = {}
    if endpoint is not None:
        asked = _named(endpoint)
        if asked is None:
            yield Finding(
                False, "endpoint", f"no source has a service {endpoint!r}: give a provider's name, "
                "or an address that starts with https://.",
            )  # fmt: skip
        else:
            found[asked.address] = asked
    for config in configs:
        needed = sources.of(config).service(config.model_dump())
        if needed is not None:
            found.setdefault(needed.address, needed)
    for service in found.values():
        yield from _credentials(service)
        yield _answers(service)


def _named(endpoint: str) -> Service | None:
    for kind in sources.kinds():
        try:
            service = kind.service({"endpoint": endpoint})
        except CropdashError:  # an address that can't be one
            continue
        if service is not None:
            return service
    return None


def _credentials(service: Service) -> Iterator[Finding]:
    if service.credentials is not None:
        held = service.credentials()
        yield Finding(held.ok, f"{service.name} credentials", held.text)


def _answers(service: Service) -> Finding:
    try:
        found = json.loads(
            http.fetch_json(requests.Request("GET", service.address), way_out=_CHECK)
        )
    except CropdashError as error:
        return Finding(False, service.name, str(error))
    if not isinstance(found, dict) or service.key not in found:
        return Finding(
            False, service.name, "it answers, but not as such a service does: check the address."
        )
    return Finding(True, service.name, "it answers")
