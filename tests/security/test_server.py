"""What the server answers to whom, over plain sockets: a browser would mend half of it."""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import anyio
import pytest
from starlette.responses import PlainTextResponse
from streamlit import config

from cropdash.ui.shell import guard
from tests.browser.conftest import Server

SOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
}
PAGES = ("/", "/Explore", "/_stcore/health", "/app/static/panels.js")


def ask(server: Server, path: str, method: str = "GET", **more: str) -> tuple[int, dict[str, str]]:
    """Status and headers of the answer; `Host` is the server's own unless it is given."""
    host, port = urlsplit(server.url).hostname, urlsplit(server.url).port
    headers = {"Host": f"{host}:{port}"} | {k.replace("_", "-"): v for k, v in more.items()}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    with socket.create_connection((str(host), int(port or 0)), timeout=20) as link:
        link.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        got = b""
        while b"\r\n\r\n" not in got:
            got += link.recv(4096) or pytest.fail("The server hung up.")
    first, *rest = got.split(b"\r\n\r\n")[0].decode().split("\r\n")
    pairs = (line.partition(":") for line in rest)
    return int(first.split()[1]), {name.strip().lower(): value.strip() for name, _, value in pairs}


def own(server: Server) -> str:
    return str(urlsplit(server.url).netloc)


@pytest.mark.parametrize("path", PAGES)
def test_pages_answer_to_the_server_s_names_alone(server, path):
    port = urlsplit(server.url).port
    for name in (f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}", "LOCALHOST"):
        assert ask(server, path, Host=name)[0] == 200, name
    for name in (f"evil.example:{port}", "127.0.0.1.evil.example", "", "localhost@evil.example"):
        assert ask(server, path, Host=name)[0] == 400, name


def test_the_socket_opens_to_the_server_s_own_pages_alone(server):
    here, port = own(server), urlsplit(server.url).port
    stream = "/_stcore/stream"
    assert ask(server, stream, Origin=f"http://{here}", **SOCKET)[0] == 101
    assert ask(server, stream, **SOCKET)[0] == 101  # no browser: it names no page
    for origin in (
        "http://evil.example",
        "null",
        f"http://evil.example:{port}",
        "http://127.0.0.1:9",  # another server of this machine, which Streamlit lets in
        "http://localhost",
        f"http://{here}.evil.example",
        f"http://{here}@evil.example",
    ):
        assert ask(server, stream, Origin=origin, **SOCKET)[0] == 403, origin
    # A name of the attacker's that points here: page, host and origin agree.
    rebound = f"evil.example:{port}"
    assert ask(server, stream, Host=rebound, Origin=f"http://{rebound}", **SOCKET)[0] in (400, 403)


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE"])
def test_another_site_s_page_changes_nothing(server, method):
    path = "/_stcore/upload_file/a/b"
    assert ask(server, path, method, Origin="http://evil.example", Content_Length="0")[0] == 403


def test_nothing_is_shared_with_other_sites(server):
    _, headers = ask(server, "/_stcore/health", Origin="http://evil.example")
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize("path", ["/_stcore/metrics", "/_stcore/agent/openapi.json"])
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_closed_addresses(server, path, method):
    assert ask(server, path, method, Content_Length="0")[0] == 404


@pytest.mark.parametrize("path", [*PAGES, "/_stcore/metrics", "/absent"])
def test_every_answer_tells_the_browser_what_it_may(server, path):
    _, headers = ask(server, path)
    for name, value in guard.headers().items():
        assert headers[name.lower()] == value
    assert "frame-ancestors 'self'" in headers["content-security-policy"]


def test_an_operator_s_proxy_may_be_let_in(monkeypatch):
    options = {"server.allowedHosts": [], "server.corsAllowedOrigins": ["https://maps.example"]}
    monkeypatch.setattr(guard.st, "get_option", options.__getitem__)

    said: list[int] = []

    async def send(message):
        if message["type"] == "http.response.start":
            said.append(message["status"])

    app = PlainTextResponse("in")
    for layer in reversed(guard.middleware()):
        app = layer.cls(app, *layer.args, **layer.kwargs)
    for origin in (b"https://maps.example", b"https://other.example"):
        headers = [(b"host", b"any.example"), (b"origin", origin)]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": headers}
        # In a thread of its own: the browser of earlier tests leaves a loop running in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(anyio.run, app, scope, None, send).result(timeout=20)
    assert said == [200, 403]


def test_no_run_of_a_page_is_followed_by_a_look_through_all_modules():
    """Which the thread that answers all sessions would do; see .streamlit/config.toml."""
    assert config.get_option("server.fileWatcherType") == "none"
