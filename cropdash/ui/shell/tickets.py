"""The cookie of who has signed in: a name, signed by the server, held against the file of users.

What somebody may do stands in the file alone, so that a changed role counts at once.
"""

from __future__ import annotations

import streamlit as st
from itsdangerous import BadSignature, URLSafeTimedSerializer

from cropdash.domain.access import NOBODY, Actor
from cropdash.domain.errors import CropdashError
from cropdash.settings import access as settings
from cropdash.storage import users

COOKIE = "cropdash_signed_in"
LASTS_S = 12 * 3600  # [s] after which one signs in again


def issue(name: str) -> str:
    """The cookie's value for a user of the file."""
    path = settings.users_file()
    user = users.read(path)[name] if path else None
    return str(_signer().dumps([name, user.mark if user else ""]))


def actor_of(cookie: str | None) -> Actor:
    """Who a cookie says; nobody where it is missing, false, too old, or its user is gone."""
    path = settings.users_file()
    if not cookie or path is None:
        return NOBODY
    try:
        name, mark = _signer().loads(cookie, max_age=LASTS_S)
        user = users.read(path).get(name)
    except (BadSignature, CropdashError, ValueError, TypeError):
        return NOBODY
    return Actor(name, user.role) if user and user.mark == mark else NOBODY


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(st.get_option("server.cookieSecret"), salt=COOKIE)
