"""What a fault of Earth Engine means: ask again, ask for less, or tell the user."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cropdash.domain.errors import SourceUnavailable
from cropdash.files.retry import Transient, may_pass, retry_after

_LESS = ("total request size", "user memory limit exceeded", "computation timed out")
_WAY_OUT = {
    400: "this version of the program and the service no longer fit, so update the program",
    401: "renew the login with 'earthengine authenticate', or the key that CROPDASH_EE_KEY names",
    403: "register the Cloud project for Earth Engine, and give the account the roles"
    " 'Earth Engine Resource Viewer' and 'Service Usage Consumer' in it",
    404: "check the name of the Cloud project, and that the account may see it",
}


class TooLarge(Exception):
    """The service can't compute so many pixels in one request."""


def families() -> tuple[type[Exception], ...]:
    """Every kind of fault that `ee` and what lies under it lets through."""
    import google.auth.exceptions
    import googleapiclient.errors
    from ee import EEException

    # ValueError: neither JSON nor an array. The others: JSON of another shape than was promised.
    broken = (ValueError, EOFError, OSError, KeyError, TypeError, AttributeError)
    return (
        EEException,
        googleapiclient.errors.Error,
        google.auth.exceptions.GoogleAuthError,
        *broken,
    )


def judge(error: Exception) -> Exception:
    """The Transient, TooLarge or SourceUnavailable that a fault amounts to."""
    import google.auth.exceptions

    if _is_too_much(str(error)):
        return TooLarge(str(error))
    status = _status_of(error)
    if status:
        return _refusal(status, str(error))
    if isinstance(error, google.auth.exceptions.GoogleAuthError):
        if error.retryable:
            return Transient("the credentials could not be checked")
        return SourceUnavailable(
            "Earth Engine's login refuses the credentials: {a}.", a=_WAY_OUT[401]
        )
    said = _said(str(error)) if _is_of_ee(error) else ""
    return Transient(f"its answer was not what it should be{said}")


def passing(status: int, headers: Mapping[str, Any], content: bytes) -> Transient | None:
    """The fault of an answer that may be another the next time; None if it will not."""
    if not may_pass(status) or _is_too_much(content.decode(errors="replace")):
        return None
    return Transient(f"status {status}", retry_after(headers))


def _is_too_much(message: str) -> bool:
    return any(words in message.lower() for words in _LESS)


def _refusal(status: int, message: str) -> SourceUnavailable:
    way_out = _WAY_OUT.get(status, "check the Cloud project and the connection")
    return SourceUnavailable(
        "Earth Engine refuses the request (status {a}{b}): {c}.",
        a=status,
        b=_said(message),
        c=way_out,
    )


def _status_of(error: BaseException) -> int:
    """Of the answer behind a fault, 0 if there is none; `ee` keeps it in the context only."""
    from googleapiclient.errors import HttpError, UnknownApiNameOrVersion

    for fault in _chain(error):
        if isinstance(fault, HttpError):
            return int(fault.resp.status)
        if isinstance(fault, UnknownApiNameOrVersion):  # stands for the status 404 of discovery
            return 404
    return 0


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _is_of_ee(error: Exception) -> bool:
    from ee import EEException

    return isinstance(error, EEException)


def _said(message: str) -> str:
    """What the service says, shortened to a part of a sentence."""
    line = " ".join(message.split())[:200].rstrip(".")
    return f": {line}" if line and line.isprintable() and not line.startswith("<") else ""
