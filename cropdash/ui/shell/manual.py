"""The documentation beside the pages, from this machine: each page's menu leads to its guide.

It is built on the first call, and after a change; who asks meanwhile is told, and asks again.
"""

from __future__ import annotations

import html
import threading
from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

from cropdash import i18n
from cropdash.domain.errors import CropdashError
from cropdash.i18n import say
from cropdash.settings.folders import PROJECT

ADDRESS = "/docs"
_AGAIN_S = 3  # after which a browser asks again


class Documentation(Protocol):
    """What builds it: `cropdash.jobs.documentation`."""

    def site(self) -> Path:
        """The folder of the built site."""

    def is_current(self) -> bool:
        """True if it need not be built."""

    def build(self) -> None:
        """Build it. Raises CropdashError."""


def guide(page: str) -> str | None:
    """Address of the guide to a page of that English name; None where there is none."""
    name = page.lower().replace(" ", "_")
    there = (PROJECT / "docs" / "guide" / f"{name}.md").is_file()
    return f"{ADDRESS}/guide/{name}.html" if there else None


def routes(documentation: Documentation) -> list[Route | Mount]:
    """The site below `ADDRESS`."""
    return [Mount(ADDRESS, app=_Site(documentation))]


class _Site:
    """Hands out the site's files; builds them first where they are not there, or old."""

    def __init__(self, documentation: Documentation) -> None:
        self._of = documentation
        self._lock = threading.Lock()
        self._worker: threading.Thread | None = None
        self._failed = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One file, or a word on the one that is being made."""
        is_page = scope["path"].endswith((".html", "/"))
        if is_page and not self._of.is_current():
            answer: Response = self._wait(Request(scope))
            await answer(scope, receive, send)
            return
        files = StaticFiles(directory=self._of.site(), html=True, check_dir=False)
        await files(scope, receive, send)

    def _wait(self, request: Request) -> Response:
        failed = self._begin()
        asked = request.headers.get("accept-language", "")[:2]
        spoken = asked if asked in i18n.LANGUAGES else "en"
        with i18n.speaking(spoken):
            text = (
                say(failed) if failed else say("The documentation is being built: half a minute.")
            )
        again = "" if failed else f'<meta http-equiv="refresh" content="{_AGAIN_S}">'
        page = (
            f'<!doctype html><html lang="{spoken}"><meta charset="utf-8">{again}'
            f"<title>cropdash</title><p>{html.escape(text)}</p>"
        )
        return HTMLResponse(page, 503 if failed else 200, headers={"Cache-Control": "no-store"})

    def _begin(self) -> str:
        """Start building, unless somebody did; what went wrong with the build before, once."""
        with self._lock:
            failed, self._failed = self._failed, ""
            if not failed and (self._worker is None or not self._worker.is_alive()):
                self._worker = threading.Thread(target=self._build, daemon=True)
                self._worker.start()
        return failed

    def _build(self) -> None:
        try:
            self._of.build()
        except CropdashError as error:
            self._failed = str(error)
