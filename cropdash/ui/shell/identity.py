"""Who reads this page, and what they may not do."""

from __future__ import annotations

import html
from typing import Any

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from cropdash.domain import access
from cropdash.domain.access import NOBODY, Action, Actor
from cropdash.i18n import say
from cropdash.settings import access as settings
from cropdash.ui.shell import tickets
from cropdash.ui.shell.door import SIGN_OUT
from cropdash.ui.shell.literal import literal


def of_reader() -> Actor | None:
    """Who has signed in on this page; None where nobody has to."""
    if settings.users_file() is None:
        return None
    if get_script_run_ctx(suppress_warning=True) is None:
        return NOBODY  # a thread of the server's that is no page
    return tickets.actor_of(st.context.cookies.get(tickets.COOKIE))


access.follow(of_reader)


def barred(action: Action) -> str | None:
    """Why this reader may not do this; None if they may."""
    who = access.actor()
    return None if who.may(action) else say(access.refusal(who, action))


def button(label: str, action: Action, **more: Any) -> bool:
    """A button for an action; where the reader may not do it, it is disabled and says why."""
    why = barred(action)
    pressed = st.button(label, **(more | {"disabled": True} if why else more))
    if why:
        st.caption(literal(why))
    return pressed


def greet() -> None:
    """In the menu: who is signed in, as what, and the way out. Nothing where nobody signs in."""
    if settings.users_file() is None:
        return
    who = access.actor()
    if who.role is None:
        st.error(say("You are signed out: load this page again."))
        st.stop()
    told = say("{name}, {role}", name=who.name, role=say(who.role))
    out = html.escape(say("Sign out"))
    st.html(f'<small>{html.escape(told)} · <a href="{SIGN_OUT}">{out}</a></small>')
