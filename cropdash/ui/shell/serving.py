"""What the server does besides running pages."""

from __future__ import annotations

import importlib
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
from cropdash.ui.shell import frame

# Streamlit's script looks for its server beside the page first (/Explore/_stcore/health), then at
# the root, and a browser logs each miss as an error. This tells it the root beforehand.
_ROOT = "<script>window.__streamlit = {BACKEND_BASE_URL: location.origin + '/'}</script>"
# Before the first paint, so that nothing jumps.
_HEAD = (
    f'{_ROOT}<link rel="stylesheet" href="/app/static/page.css">'
    '<script src="/app/static/page.js" defer></script>'
)
_SHELL = Path(st.__file__).parent / "static" / "index.html"
# Nothing that knows Streamlit: its caches and components must not come before its runtime.
_LOADED_FIRST = ("cropdash.storage.store", "cropdash.figures.maps", "cropdash.figures.series")


def routes() -> list[Route]:
    """One for each page of the menu."""
    addresses = [page.address for page in frame.PAGES]
    return [Route(f"/{address}", _shell, methods=["GET"]) for address in addresses]


async def _shell(request: Request) -> HTMLResponse:
    html = _SHELL.read_text(encoding="utf-8").replace("<head>", "<head>" + _HEAD, 1)
    spoken = request.query_params.get("lang") or request.headers.get("accept-language", "")[:2]
    if spoken in i18n.LANGUAGES:
        html = html.replace('<html lang="en">', f'<html lang="{spoken}">', 1)
    return HTMLResponse(html, headers={"Cache-Control": "no-cache"})


@asynccontextmanager
async def warm_up(app: Any) -> AsyncIterator[None]:
    """Load what pages need while the first reader's browser still loads its own script."""
    threading.Thread(target=_load, daemon=True).start()
    yield


def _load() -> None:
    for name in _LOADED_FIRST:
        importlib.import_module(name)
