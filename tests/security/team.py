"""A server where one signs in: its users, its provider, and a small dataset with a run."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cropdash.storage import layout, users
from tests import factory
from tests.browser.conftest import Server, free_port, serve
from tests.security import provider as providers
from tests.security import talking

PASSWORD = "correct horse battery"  # noqa: S105 (of this test alone)
COOKIE_SECRET = "planted-cookie-secret-2187"  # noqa: S105
PEOPLE = {
    "otto": {"sub": "u-1", "email": "otto@example.org", "email_verified": True},
    "una": {"sub": "u-2", "email": "una@example.org", "email_verified": False},
    "mallory": {"sub": "anna", "email": "otto@example.org", "email_verified": False},
}


@dataclass
class Team:
    """A server where one signs in, its users and its provider."""

    server: Server
    users: Path
    provider: providers.Provider


@contextmanager
def team(folder: Path) -> Iterator[Team]:
    (folder / "data").mkdir()
    (folder / "models").mkdir()
    path, port = folder / "users.json", free_port()
    for name, role in (("vera", "viewer"), ("anna", "analyst"), ("olga", "operator")):
        users.put(path, name, role, PASSWORD)
    users.put(path, "otto@example.org", "viewer")
    with providers.running(PEOPLE) as provider:
        auth = {
            "redirect_uri": f"http://127.0.0.1:{port}/sign-in/back",
            "client_id": providers.CLIENT,
            "client_secret": providers.SECRET,
            "server_metadata_url": f"{provider.url}/.well-known/openid-configuration",
        }
        lines = [f"{name} = {json.dumps(value)}" for name, value in auth.items()]
        (folder / "secrets.toml").write_text("\n".join(["[auth]", *lines]))
        environment = {
            "CROPDASH_USERS": str(path),
            "STREAMLIT_SECRETS_FILES": str(folder / "secrets.toml"),
            "STREAMLIT_SERVER_COOKIE_SECRET": COOKIE_SECRET,
        }
        for server in serve(folder, environment, port):
            dataset = factory.write_dataset(folder / "data", "small", zones=2, size=64)
            factory.write_run(folder / "models", dataset, classifier="xgboost")
            yield Team(server, path, provider)


def cookie_of(here: Team, name: str) -> str:
    status, cookie, _ = talking.sign_in(here.server.url, name, PASSWORD)
    assert status == 303
    return cookie


def tree(here: Team) -> set[str]:
    places = (here.server.folder / "data", here.server.folder / "models")
    found = (path for place in places for path in place.rglob("*"))
    # What is joined for a page is nobody's work: it says again what the zones' files say.
    return {
        str(path)
        for path in found
        if layout.DATABASE not in path.name and layout.JOINED not in path.parts
    }
