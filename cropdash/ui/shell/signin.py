"""The pages where one signs in and out: a password of the file of users, or the team's provider.

They are plain HTML beside Streamlit, which runs a page's script before it knows to whom. The
provider (OpenID Connect) is the section [auth] of Streamlit's secrets; who of its people may come
in stands in the file of users, under the verified e-mail address or the subject.
"""

from __future__ import annotations

import html
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias
from urllib.parse import parse_qs, quote, urlsplit

import anyio
import streamlit as st
from authlib.integrations.starlette_client import OAuth, OAuthError
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from cropdash import i18n
from cropdash.domain.access import Actor
from cropdash.domain.errors import CropdashError
from cropdash.i18n import say
from cropdash.settings import access as settings
from cropdash.settings import folders
from cropdash.storage import record, users
from cropdash.ui.shell import frame, tickets
from cropdash.ui.shell.door import SIGN_IN, SIGN_OUT

WITH, BACK = f"{SIGN_IN}/with", f"{SIGN_IN}/back"  # the provider, and the way back from it
_TRIES, _TRIES_S = 10, 600.0  # wrong passwords for a name, in this time, before it waits
_REMEMBERED = 5_000  # names and addresses
_FORM_BYTES = 8_000
_TO = "signed_in_to"  # where one wanted to go, kept while one is at the provider

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]
_wrong: dict[tuple[str, str], deque[float]] = defaultdict(deque)  # by name and address
_at_once = anyio.CapacityLimiter(2)  # a check of a password takes 64 MB and all of a core


def routes() -> list[Route]:
    """Sign in by a form or with the provider, and out."""
    return [
        Route(SIGN_IN, _spoken(_ask), methods=["GET"]),
        Route(SIGN_IN, _spoken(_answer), methods=["POST"]),
        Route(WITH, _spoken(_to_provider), methods=["GET"]),
        Route(BACK, _spoken(_from_provider), methods=["GET"]),
        Route(SIGN_OUT, _sign_out, methods=["GET"]),
    ]


def provider() -> dict[str, Any] | None:
    """The section [auth] of Streamlit's secrets; None without one."""
    secrets = st.secrets.load_if_toml_exists() and st.secrets.get("auth")
    return dict(secrets) if secrets else None


def _spoken(handler: Handler) -> Handler:
    """Answers in the language of the reader's browser."""

    async def answer(request: Request) -> Response:
        asked = request.headers.get("accept-language", "")[:2]
        with i18n.speaking(asked if asked in i18n.LANGUAGES else "en"):
            return await handler(request)

    return answer


async def _ask(request: Request) -> Response:
    return _page(request)


async def _answer(request: Request) -> Response:
    form = await _form(request)
    name, password = form.get("name", "").strip().lower(), form.get("password", "")
    path = settings.users_file()
    if path is None:
        return RedirectResponse("/", 303)
    whence = (name[:100], request.client.host if request.client else "")
    if _waits(whence):
        wrong = say("Too many wrong passwords for this name: wait ten minutes, then try again.")
        return _page(request, wrong, 429, form.get("to", ""))
    try:
        who = await anyio.to_thread.run_sync(users.checked, path, name, password, limiter=_at_once)
        if who is not None:
            return _let_in(request, who, "a password", form.get("to", ""))
    except CropdashError as error:
        return _page(request, say(str(error)), 503, form.get("to", ""))
    _wrong[whence].append(time.monotonic())
    return _page(request, say("Name or password is wrong."), 403, form.get("to", ""))


async def _to_provider(request: Request) -> Response:
    chosen = provider()
    if chosen is None or settings.users_file() is None:
        return RedirectResponse(SIGN_IN, 303)
    request.session[_TO] = request.query_params.get("to", "")
    try:
        client = _client(chosen)
        answer: Response = await client.authorize_redirect(request, chosen["redirect_uri"])
    except Exception as error:  # a boundary: the provider's words, whatever they are, are not ours
        return _failed(request, error)
    return answer


async def _from_provider(request: Request) -> Response:
    chosen, path = provider(), settings.users_file()
    if chosen is None or path is None:
        return RedirectResponse(SIGN_IN, 303)
    to = str(request.session.pop(_TO, ""))
    try:
        token = await _client(chosen).authorize_access_token(request)
        claims = dict(token["userinfo"])
    except Exception as error:  # a boundary, as above: a false token, a provider that is gone
        return _failed(request, error)
    try:
        who = _known(claims)
    except CropdashError as error:
        return _page(request, say(str(error)), 503, to)
    if who is None:
        told = say(
            "The provider knows you as {name}, and the operator has not let you in: ask them.",
            name=claims.get("email") or claims.get("sub"),
        )
        return _page(request, told, 403, to)
    return _let_in(request, who, "the provider", to)


async def _sign_out(request: Request) -> Response:
    answer = RedirectResponse(SIGN_IN, 303)
    answer.delete_cookie(tickets.COOKIE, path="/")
    return answer


def _known(claims: dict[str, Any]) -> Actor | None:
    """The user that an ID token names: a verified address or the subject, without a password."""
    path = settings.users_file()
    named = [claims.get("email")] if claims.get("email_verified") is True else []
    listed = users.read(path) if path else {}
    for name in [*named, claims.get("sub")]:
        user = listed.get(str(name).lower())
        if name and user is not None and not user.password:
            return Actor(str(name).lower(), user.role)
    return None


def _client(chosen: dict[str, Any]) -> Any:
    return OAuth().register(
        "provider",
        client_id=chosen["client_id"],
        client_secret=chosen["client_secret"],
        server_metadata_url=chosen["server_metadata_url"],
        client_kwargs={"scope": "openid email profile", "code_challenge_method": "S256"},
    )


def _failed(request: Request, error: Exception) -> Response:
    """The kind of the fault alone: its text may hold what the provider was told."""
    kind = error.error if isinstance(error, OAuthError) else type(error).__name__
    told = say("The provider did not sign you in ({why}): try again.", why=str(kind)[:80])
    return _page(request, told, 502)


def _let_in(request: Request, who: Actor, how: str, to: str) -> Response:
    record.note(folders.folders().data, "sign in", f"with {how}", who=who)
    answer = RedirectResponse(_own(to), 303)
    safe = request.url.scheme == "https"
    answer.set_cookie(
        tickets.COOKIE, tickets.issue(who.name), max_age=tickets.LASTS_S, path="/",
        httponly=True, samesite="lax", secure=safe,
    )  # fmt: skip
    return answer


def _own(to: str) -> str:
    """Where one wanted to go if it is one of our pages, else the first page."""
    wanted = urlsplit(to)
    known = {f"/{page.address}" for page in frame.PAGES}
    if wanted.scheme or wanted.netloc or wanted.path not in known or "\\" in to:
        return "/"
    return wanted.path + (f"?{wanted.query}" if wanted.query else "")


def _waits(whence: tuple[str, str]) -> bool:
    """True after too many wrong passwords; forgets old ones, and the oldest of too many names."""
    if len(_wrong) > _REMEMBERED:
        del _wrong[next(iter(_wrong))]
    tries, now = _wrong[whence], time.monotonic()
    while tries and tries[0] < now - _TRIES_S:
        tries.popleft()
    return len(tries) >= _TRIES


async def _form(request: Request) -> dict[str, str]:
    """The fields of a short form; empty for one that is too long or is none."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _FORM_BYTES:
            return {}
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=8)
    except ValueError:  # too many
        return {}
    return {name: values[0] for name, values in fields.items()}


_PAGE = """<!doctype html><html lang="{language}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>cropdash</title><link rel="icon" href="data:,"><style>
:root {{ color-scheme: light dark; --green: light-dark(#2f6b3a, #7fce92);
  --on-green: light-dark(#fff, #0d1410); }}
body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 0; min-height: 100vh; display: grid;
  place-items: center; background: light-dark(#fff, #0e1117); color: light-dark(#0d1410, #fafafa); }}
main {{ width: min(20rem, 88vw); }} h1 {{ font-size: 1.6rem; margin: 0 0 1rem; }}
label {{ display: block; margin-top: .75rem; }}
input {{ box-sizing: border-box; width: 100%; padding: .55rem; font: inherit; border-radius: .4rem;
  border: 1px solid light-dark(#8a948d, #6b7480); background: transparent; color: inherit; }}
button, a.button {{ display: block; box-sizing: border-box; width: 100%; margin-top: 1.1rem;
  padding: .6rem; font: inherit; text-align: center; text-decoration: none; cursor: pointer;
  border: 0; border-radius: .4rem; background: var(--green); color: var(--on-green); }}
.wrong {{ border-left: 4px solid light-dark(#9b2c2c, #ff8a80); padding-left: .75rem; }}
</style></head><body><main><h1>cropdash</h1>{wrong}{ways}</main></body></html>"""


def _page(request: Request, wrong: str = "", status: int = 200, to: str = "") -> HTMLResponse:
    to = _own(to or request.query_params.get("to", ""))
    ways = [_form_html(to)]
    if provider() is not None:
        label = html.escape(say("Sign in with your organisation"))
        there = f"{WITH}?to={quote(to, safe='')}"
        ways.append(f'<a class="button" href="{there}">{label}</a>')
    said = f'<p class="wrong" role="alert">{html.escape(wrong)}</p>' if wrong else ""
    text = _PAGE.format(language=i18n.current(), wrong=said, ways="".join(ways))
    return HTMLResponse(text, status, headers={"Cache-Control": "no-store"})


def _form_html(to: str) -> str:
    name, password, button = (
        html.escape(text) for text in (say("Your name"), say("Password"), say("Sign in"))
    )
    return (
        f'<form method="post" action="{SIGN_IN}"><input type="hidden" name="to" value="{html.escape(to)}">'
        f'<label>{name}<input name="name" autocomplete="username" required autofocus></label>'
        f'<label>{password}<input name="password" type="password" required'
        f' autocomplete="current-password"></label><button>{button}</button></form>'
    )
