"""Hides keys in texts: users and queries of addresses, tokens and passwords."""

from __future__ import annotations

import re

from cropdash.domain.message import Message

_ADDRESS = r"\b[a-z][a-z0-9+.\-]{1,20}://"
_USER = re.compile(rf"({_ADDRESS})[^\s/@'\"<>]+@", re.IGNORECASE)
_QUERY = re.compile(rf"({_ADDRESS}[^\s?#'\"<>]*[?#])[^\s'\"<>]+", re.IGNORECASE)
_LOGIN = re.compile(r"(?<![^\s'\"(])[^\s/@'\"<>()]+:[^\s/@'\"<>]+@(?=[\w.\-]+)")  # of no address
_PAIR = re.compile(
    r"\b((?:[a-z_\-]*(?:token|secret|password|passwd|api_?key|access_?key|subscription[_\-]key)|sig)"
    r"['\"]?\s*[=:]\s*['\"]?)[^\s&'\",;)]+",
    re.IGNORECASE,
)


def hidden(text: str) -> str:
    """The text without users and queries of addresses, tokens and passwords."""
    if isinstance(text, Message):
        told, whole = text.mapped(hidden), _hidden(str.__str__(text))
        return told if told == whole else whole  # else a key stands across template and values
    return _hidden(text)


def _hidden(text: str) -> str:
    text = _QUERY.sub(r"\1…", _USER.sub(r"\1", text))
    return _PAIR.sub(r"\1…", _LOGIN.sub("", text))
