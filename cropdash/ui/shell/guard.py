"""Who may ask the server, and what its answers allow a browser: outside all of Streamlit.

The hosts are Streamlit's own setting, `server.allowedHosts`, which it heeds for its socket alone.
"""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cropdash.domain.errors import ConfigError
from cropdash.settings.tiles import tiles
from cropdash.ui.shell.door import Door

# Pages are made here alone: whatever a text makes a browser ask for elsewhere is not asked for.
# Streamlit and Leaflet write styles and scripts into their pages, and one compiles its charts.
_POLICY = (
    "default-src 'self'",
    "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src 'self' 'unsafe-inline'",
    "font-src 'self' data:",
    "connect-src 'self' data: blob:",
    "worker-src 'self' blob:",
    "frame-ancestors 'self'",
    "form-action 'self'",
    "base-uri 'self'",
    "object-src 'none'",
)
_HEADERS = {
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# What no page asks for: numbers, agents, and Streamlit's own ways to sign in.
_CLOSED = ("/_stcore/metrics", "/_stcore/agent/", "/auth/", "/oauth2callback/")
_READING = frozenset(("GET", "HEAD", "OPTIONS"))


def headers() -> dict[str, str]:
    """What every answer says; pictures may also come from the host of tiles, where one is set."""
    try:
        known = tiles()
    except ConfigError:  # is told on the pages that would show them
        known = None
    images = f"img-src 'self' data: blob: {known.origin if known else ''}".strip()
    return {"Content-Security-Policy": "; ".join((*_POLICY, images))} | _HEADERS


def middleware() -> list[Middleware]:
    """What every request passes, in this order, before Streamlit sees it."""
    named = st.get_option("server.allowedHosts") or ["*"]
    hosts = [f"[{name}]" if ":" in name else name for name in named]  # as an address writes ::1
    return [
        Middleware(Guard),
        Middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False),
        Middleware(Door),
    ]


class Guard:
    """Refuses other sites' pages and closed addresses; adds `headers` to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app, self._headers = app, headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return

        async def told(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        refusal = _refusal(scope)
        answer: ASGIApp = PlainTextResponse(refusal[1], refusal[0]) if refusal else self._app
        await answer(scope, receive, told)


def _refusal(scope: Scope) -> tuple[int, str] | None:
    """Status and sentence where the request is not let in."""
    if any(part in f"{scope['path']}/" for part in _CLOSED):
        return 404, "Not found."
    changes = scope["type"] == "websocket" or scope["method"] not in _READING
    if changes and not _is_own(Headers(scope=scope)):
        return 403, "This page is not the server's own."
    return None


def _is_own(headers: Headers) -> bool:
    """True for our own pages, origins that the operator allows, and what is no browser.

    Streamlit itself lets in whatever stands on this machine, on any port.
    """
    origin = headers.get("origin")
    if origin is None or origin in st.get_option("server.corsAllowedOrigins"):
        return True
    return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
