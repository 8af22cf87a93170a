"""What the server does besides running pages."""

from __future__ import annotations

import html
import importlib
import json
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
from cropdash.i18n import say, sentence
from cropdash.ui.shell import frame

# Streamlit's script looks for its server beside the page first (/Explore/_stcore/health), then at
# the root, and a browser logs each miss as an error. This tells it the root beforehand.
_ROOT = "<script>window.__streamlit = {BACKEND_BASE_URL: location.origin + '/'}</script>"
# What a keyboard may skip to, in each language: the page's words come too late for it.
_SKIPS = (sentence("Skip to the content"), sentence("Skip to the choice of a parcel"))
_SHELL = Path(st.__file__).parent / "static" / "index.html"
# Nothing that knows Streamlit: its caches and components must not come before its runtime.
_LOADED_FIRST = ("cropdash.storage.store", "cropdash.figures.maps", "cropdash.figures.series")


def routes() -> list[Route]:
    """One for each page of the menu."""
    addresses = [page.address for page in frame.PAGES]
    return [Route(f"/{address}", _shell, methods=["GET"]) for address in addresses]


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
        f'{_ROOT}<link rel="stylesheet" href="/app/static/page.css">'
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
