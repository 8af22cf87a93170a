"""Whether a source's credentials are configured; they are never read, shown or written here."""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st

from cropdash.i18n import say

EE_KEY = "CROPDASH_EE_KEY"  # path of a service account's key file
_LOGIN = Path(".config", "earthengine", "credentials")  # written by 'earthengine authenticate'
_STAC = {"copernicus": ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
_GREEN, _GREY = ":material/key:", ":material/key_off:"


def earthengine() -> None:
    """Say which way into Earth Engine is configured, or how to set one up."""
    if key := os.environ.get(EE_KEY):
        if Path(key).is_file():
            _reassure(say("A service account's key is configured."))
        else:
            st.warning(
                say("{name} is set, but there is no such file: check its path.", name=EE_KEY)
            )
    elif (Path.home() / _LOGIN).is_file():
        _reassure(say("A login of your own is stored on this machine."))
    else:
        st.warning(
            say(
                "No credentials: set **{name}** to the path of a service account's key file and "
                "start the dashboard again, or run `earthengine authenticate` once.",
                name=EE_KEY,
            ),
            icon=_GREY,
        )


def stac(provider: str) -> None:
    """Say whether the provider's credentials are set, or that it needs none."""
    needed = _STAC.get(provider, ())
    missing = [name for name in needed if not os.environ.get(name)]
    if missing:
        st.warning(
            say(
                "No credentials: set **{names}** in the environment and start the dashboard again.",
                names="**, **".join(missing),
            ),
            icon=_GREY,
        )
    elif needed:
        _reassure(say("Credentials are configured."))
    else:
        _reassure(say("No account is needed, unless your provider asks for one."))


def _reassure(sentence: str) -> None:
    st.caption(f"{_GREEN} {sentence}")
