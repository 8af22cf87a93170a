"""Credentials, whose content is never told, and whether services answer."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from cropdash.domain.errors import CropdashError
from cropdash.ingest import probe
from cropdash.settings.build import BuildConfig, StacBuild
from cropdash.workflow.doctor.finding import Finding

EARTH_ENGINE = "earthengine"
EE_KEY = "CROPDASH_EE_KEY"  # path of a service account's key file
EE_DISCOVERY = "https://earthengine.googleapis.com/$discovery/rest?version=v1"
_LOGIN = Path(".config", "earthengine", "credentials")  # written by 'earthengine authenticate'
_KEY_PARTS = ("client_email", "private_key", "token_uri")


def credentials(configs: Sequence[BuildConfig], endpoint: str | None) -> Iterator[Finding]:
    """Of Earth Engine, where it is needed or a key is named; of the STAC providers in use."""
    needed = endpoint == EARTH_ENGINE or any(c.source == EARTH_ENGINE for c in configs)
    if needed or os.environ.get(EE_KEY):
        yield _earth_engine()
    for provider in _providers(configs, endpoint):
        yield from _stac(provider)


def endpoints(configs: Sequence[BuildConfig], endpoint: str | None) -> Iterator[Finding]:
    """Whether the services answer that were asked for, or that unfinished builds need."""
    if endpoint == EARTH_ENGINE or any(c.source == EARTH_ENGINE for c in configs):
        yield _answers("Earth Engine", EE_DISCOVERY, "resources")
    for provider in _providers(configs, endpoint):
        try:
            address = _address(provider)
        except CropdashError as error:
            yield Finding(False, "endpoint", str(error))
        else:
            yield _answers(provider, address, "stac_version")


def _earth_engine() -> Finding:
    subject = "Earth Engine credentials"
    if key := os.environ.get(EE_KEY):
        ok, text = _key_file(Path(key))
        return Finding(ok, subject, text)
    if os.access(Path.home() / _LOGIN, os.R_OK):
        return Finding(True, subject, "a login of your own")
    return Finding(
        False, subject, f"none; set {EE_KEY} to the path of a service account's key file, or run"
        " 'earthengine authenticate' once.",
    )  # fmt: skip


def _key_file(path: Path) -> tuple[bool, str]:
    """Whether it can be read and is a key; nothing of what it holds is told."""
    try:
        held = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        return False, f"the file that {EE_KEY} names can't be read ({error.strerror})."
    except ValueError:
        return False, f"the file that {EE_KEY} names is not JSON: download the key again."
    if not isinstance(held, dict) or not all(held.get(part) for part in _KEY_PARTS):
        return (
            False,
            f"the file that {EE_KEY} names is no service account's key: download it again.",
        )
    if path.stat().st_mode & 0o077:
        return True, "a service account's key, which others may read: chmod 600 it"
    return True, "a service account's key"


def _providers(configs: Sequence[BuildConfig], endpoint: str | None) -> tuple[str, ...]:
    names = [c.endpoint for c in configs if isinstance(c, StacBuild)]
    if endpoint not in (None, EARTH_ENGINE):
        names.insert(0, str(endpoint))
    return tuple(dict.fromkeys(names))


def _stac(provider: str) -> Iterator[Finding]:
    from cropdash.ingest.stac import endpoints

    found = endpoints.PROVIDERS.get(provider)
    if found is None or not found.credentials:
        return
    missing = [name for name in found.credentials if not os.environ.get(name)]
    text = f"set {' and '.join(missing)} in the environment." if missing else "set"
    yield Finding(not missing, f"{provider} credentials", text)


def _address(provider: str) -> str:
    from cropdash.ingest import stac

    return (stac.at(provider) if "://" in provider else stac.named(provider)).url


def _answers(subject: str, address: str, key: str) -> Finding:
    try:
        found = probe.fetch_json(address)
    except CropdashError as error:
        return Finding(False, subject, f"{error} Check the connection and the address.")
    if not isinstance(found, dict) or key not in found:
        return Finding(
            False, subject, "it answers, but not as such a service does: check the address."
        )
    return Finding(True, subject, "it answers")
