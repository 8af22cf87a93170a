"""What the server does besides running pages."""

from __future__ import annotations

import html
import importlib
import ipaddress
import json
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from cropdash import i18n
from cropdash.domain.errors import ConfigError, CropdashError
from cropdash.i18n import say, sentence
from cropdash.settings import access as settings
from cropdash.storage import users
from cropdash.ui.shell import frame, later, signin

# Streamlit's script looks for its server beside the page first (/Explore/_stcore/health), then at
# the root, and a browser logs each miss as an error. This tells it the root beforehand.
_ROOT = "<script>window.__streamlit = {BACKEND_BASE_URL: location.origin + '/'}</script>"
# What a keyboard may skip to, in each language: the page's words come too late for it.
_SKIPS = (sentence("Skip to the content"), sentence("Skip to the choice of a parcel"))
_HERE = ("localhost",)  # beside addresses of the loopback
_SHELL = Path(st.__file__).parent / "static" / "index.html"
# Nothing that knows Streamlit: its caches and components must not come before its runtime.
_LOADED_FIRST = ("cropdash.storage.store", "cropdash.figures.maps", "cropdash.figures.series")


def routes() -> list[Route]:
    """One for each page of the menu, and those where one signs in.

    Ends the process with one sentence where it would serve whom it must not.
    """
    try:
        check_served()
    except CropdashError as error:
        sys.exit(f"Error: {error}")
    addresses = [page.address for page in frame.PAGES]
    pages = [Route(f"/{address}", _shell, methods=["GET"]) for address in addresses]
    return [*pages, *later.routes(), *signin.routes()]


def check_served() -> None:
    """Refuse to serve others without a sign-in, unless the operator says so aloud.

    Raises ConfigError; also where the file of users can't be read, or the provider is half set.
    """
    path, chosen = settings.users_file(), signin.provider()
    settings.jobs_per_person(), settings.upload_bytes_per_person()  # numbers, or a sentence now
    if path is not None:
        users.read(path)
        wanted = ("client_id", "client_secret", "server_metadata_url", "redirect_uri")
        if missing := [name for name in wanted if chosen and not chosen.get(name)]:
            raise ConfigError(
                "The section [auth] of Streamlit's secrets lacks {a}: add what your provider"
                " gave you.",
                a=", ".join(missing),
            )
        return
    if chosen is not None:
        raise ConfigError(
            "The section [auth] of Streamlit's secrets names a provider, and {a} no file of"
            " users: who may come in, and as what, stands there.",
            a=settings.USERS,
        )
    if others := _others():
        raise ConfigError(
            "This would let everybody who reaches {a} do everything: set {b} to a file of"
            " users, or {c}=1 if that is what you want.",
            a=", ".join(others),
            b=settings.USERS,
            c=settings.OPEN,
        )


def _others() -> list[str]:
    """Addresses and names beside this machine's own that the server answers at, unless said aloud."""
    if settings.is_open():
        return []
    address = st.get_option("server.address") or "0.0.0.0"  # noqa: S104 (Streamlit's default)
    names = st.get_option("server.allowedHosts") or ["*"]
    return [name for name in dict.fromkeys([address, *names]) if not _is_here(name)]


def _is_here(name: str) -> bool:
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name.lower() in _HERE


async def _shell(request: Request) -> HTMLResponse:
    page = _SHELL.read_text(encoding="utf-8").replace("<head>", "<head>" + _head(), 1)
    spoken = request.query_params.get("lang") or request.headers.get("accept-language", "")[:2]
    if spoken in i18n.LANGUAGES:
        page = page.replace('<html lang="en">', f'<html lang="{spoken}">', 1)
    return HTMLResponse(page, headers={"Cache-Control": "no-cache"})


def _head() -> str:
    """Before the first paint, so that nothing jumps."""
    words = {}
    for language in i18n.LANGUAGES:
        with i18n.speaking(language):
            words[language] = [say(text) for text in _SKIPS]
    told = html.escape(json.dumps(words))
    return (
        f"{_ROOT}{later.tag()}"
        '<link rel="stylesheet" href="/app/static/page.css">'
        f'<script src="/app/static/page.js" data-skips="{told}" defer></script>'
    )


@asynccontextmanager
async def warm_up(app: Any) -> AsyncIterator[None]:
    """Load what pages need while the first reader's browser still loads its own script."""
    threading.Thread(target=_load, daemon=True).start()
    yield


def _load() -> None:
    for name in _LOADED_FIRST:
        importlib.import_module(name)
