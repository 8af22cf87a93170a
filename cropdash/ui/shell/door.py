"""Lets nobody in who has not signed in, where the operator named users: outside all of Streamlit."""

from __future__ import annotations

import time
from collections import defaultdict, deque
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cropdash.domain import access
from cropdash.domain.access import Actor
from cropdash.settings import access as settings
from cropdash.ui.shell import tickets

SIGN_IN, SIGN_OUT = "/sign-in", "/sign-out"
_HEALTH = "/_stcore/health"
_UPLOAD = "/_stcore/upload_file/"
_DAY_S = 24 * 3600


class Door:
    """Passes on what somebody who has signed in asks for; the rest goes to the sign-in page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._uploaded: dict[str, deque[tuple[float, int]]] = defaultdict(deque)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or not."""
        if scope["type"] not in ("http", "websocket") or settings.users_file() is None:
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path in (_HEALTH, SIGN_IN) or path.startswith(f"{SIGN_IN}/"):
            await self._app(scope, receive, send)
            return
        who = _who(scope)
        if who.role is None:
            await _turned_away(scope)(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._app(scope, _while_valid(scope, receive), send)
        else:
            refused = self._refused_upload(scope, who) if path.startswith(_UPLOAD) else None
            await (refused or self._app)(scope, receive, send)

    def _refused_upload(self, scope: Scope, who: Actor) -> ASGIApp | None:
        """Files are taken into memory before a page sees them: the policy is asked here too."""
        if not who.may("upload"):
            return PlainTextResponse(access.refusal(who, "upload"), 403)
        limit, told = settings.upload_bytes_per_person(), Headers(scope=scope).get("content-length")
        if limit is None or scope["method"] == "DELETE":
            return None
        if told is None or not told.isdecimal():
            return PlainTextResponse("Say how long the file is.", 411)
        past, now = self._uploaded[who.name], time.monotonic()
        while past and past[0][0] < now - _DAY_S:
            past.popleft()
        if sum(size for _, size in past) + int(told) > limit:
            return PlainTextResponse("You have uploaded as much as one person may in a day.", 413)
        past.append((now, int(told)))
        return None


def _who(scope: Scope) -> Actor:
    cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
    return tickets.actor_of(cookies.get(tickets.COOKIE))


def _turned_away(scope: Scope) -> ASGIApp:
    """A page leads to the sign-in; everything else is refused."""
    if scope["type"] == "http" and "text/html" in Headers(scope=scope).get("accept", ""):
        wanted = scope["path"] + (
            f"?{query}" if (query := scope["query_string"].decode("latin-1")) else ""
        )
        return RedirectResponse(f"{SIGN_IN}?to={quote(wanted, safe='')}", 303)
    return PlainTextResponse("Sign in first.", 401)


def _while_valid(scope: Scope, receive: Receive) -> Receive:
    """What a socket is told, until who opened it has signed out elsewhere, or was taken away."""

    async def told() -> Message:
        message = await receive()
        if message["type"] == "websocket.receive" and _who(scope).role is None:
            return {"type": "websocket.disconnect", "code": 1008}
        return message

    return told
