"""Streamlit's largest modules, each behind a small one that fetches it once the page's picture is seen.

While a browser reads 5 MB of charts it draws nothing. A map of modules in the served page puts the
small ones in their place; of a version of Streamlit that has none by these names it maps nothing.
"""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

_SHELL = Path(st.__file__).parent / "static" / "index.html"
_BUILT = _SHELL.parent / "static" / "js"
_ENTRY = re.compile(r'<script type="module"[^>]* src="\./static/js/([\w.-]+)"')
_HEAVY = ("PlotlyChart", "DataFrame", "StreamlitSyntaxHighlighter")  # charts, tables, coloured code
_TAIL = 4096  # bytes at the end of a module, in which it says what it gives
_GIVES = re.compile(r"export\{([^{}]*)\};?\s*$")
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_ADDRESS = "/later/"


def routes() -> list[Route]:
    """Where the small ones are."""
    return [Route(_ADDRESS + "{name}", _small, methods=["GET"])]


def tag() -> str:
    """The map, to stand in a page before its first module; only what Streamlit's own asks for is mapped."""
    names = {f"/static/js/{name}": _ADDRESS + name for name in _modules()}
    entry = _ENTRY.search(_SHELL.read_text(encoding="utf-8"))
    if not names or entry is None:
        return ""
    # For the page's first module alone: those that belong to a heavy one find that itself.
    told = json.dumps({"scopes": {f"/static/js/{entry[1]}": names}})
    return f'<script type="importmap">{told}</script>'


async def _small(request: Request) -> Response:
    gives = _modules().get(request.path_params["name"])
    if gives is None:
        return PlainTextResponse("Not found.", 404)
    name, own = request.path_params["name"], [n for n in gives if n != "default"]
    lines = [
        'import { pictured } from "/app/static/pictured.js";',
        "await pictured;",
        f'const heavy = await import("/static/js/{name}");',
        *(f"export const {n} = heavy.{n};" for n in own),
        *(["export default heavy.default;"] if "default" in gives else []),
    ]
    return Response("\n".join(lines), media_type="text/javascript")


@cache
def _modules() -> dict[str, tuple[str, ...]]:
    """Name of each heavy module's file, and what it gives; those that can be read so."""
    found = {}
    for kind in _HEAVY:
        for path in _BUILT.glob(f"{kind}.*.js"):
            if gives := _given(path):
                found[path.name] = gives
    return found


def _given(path: Path) -> tuple[str, ...]:
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - _TAIL, 0))
        tail = file.read().decode("utf-8", "replace")
    said = _GIVES.search(tail)
    names = [part.split(" as ")[-1].strip() for part in said[1].split(",")] if said else []
    return tuple(names) if all(_NAME.fullmatch(name) for name in names) else ()
