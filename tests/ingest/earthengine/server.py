"""Earth Engine on the loopback device: discovery, algorithms, tokens, values and pixels."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

from tests.ingest.earthengine.graph import Refused, document
from tests.ingest.earthengine.service import Ask, Fault, Google, Reply

_PATHS = (
    ("GET", r"/\$discovery/rest", "discovery"),
    ("POST", r"/token", "token"),
    ("GET", r"/v1(?:alpha)?/projects/[^/]+/algorithms", "algorithms"),
    ("POST", r"/v1(?:alpha)?/projects/[^/]+/value:compute", "value"),
    ("POST", r"/v1(?:alpha)?/projects/[^/]+/image:computePixels", "pixels"),
)


@cache
def packed(body: bytes) -> bytes:
    return gzip.compress(body, 1)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 30
    google: Google

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        self.respond()

    def do_POST(self) -> None:
        self.respond()

    def respond(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlparse(self.path).path)
        kind = next((k for m, p, k in _PATHS if m == self.command and re.fullmatch(p, path)), "")
        ask = Ask(kind, path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.google.arriving(ask)
        with self.google.entered(ask) as fault:
            self.send(self.reply(ask, fault), fault)

    def reply(self, ask: Ask, fault: Fault | None) -> Reply:
        if fault and fault.status:
            return fault.reply()
        try:
            return self.answer(ask)
        except Refused as refusal:
            return Fault(400, message=str(refusal)).reply()

    def answer(self, ask: Ask) -> Reply:
        if ask.kind == "token":
            form = {k: v[0] for k, v in parse_qs(ask.body.decode()).items()}
            return self.google.give_token(form)
        if not ask.kind:
            return Fault(404, message="Not found.").reply()
        if not self.google.knows(ask.headers.get("authorization", "")):
            return Fault(401, message="Request had invalid authentication credentials.").reply()
        if ask.kind == "discovery":
            return Reply(200, document("cloud_api_discovery_document.json"))
        if ask.kind == "algorithms":
            return Reply(200, document("algorithms.json"))
        if ask.kind == "value":
            return Reply(200, self.google.value(json.loads(ask.body)))
        return Reply(200, self.google.pixels(ask.body), "application/octet-stream")

    def send(self, reply: Reply, fault: Fault | None) -> None:
        how = fault.how if fault else ""
        if how == "slow":
            self.google.stop.wait(fault.seconds)
        if how in ("drop", "slow"):
            self.close_connection = True
            return
        body = fault.change(reply.body) if how == "change" else reply.body
        self.send_response(reply.status)
        for key, value in {**reply.headers, "Content-Type": reply.kind}.items():
            self.send_header(key, value)
        if "gzip" in self.headers.get("Accept-Encoding", ""):  # as the real one does
            self.send_header("Content-Encoding", "gzip")
            body = packed(body)
        in_chunks = hashlib.sha256(body).digest()[0] % 2  # one way or the other, always the same
        if in_chunks:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.write(body, bool(in_chunks), fault)

    def write(self, body: bytes, in_chunks: bool, fault: Fault | None) -> None:
        how = fault.how if fault else ""
        size = max(1, len(body) // 4)
        for at in range(0, len(body), size):
            part = body[at : at + size]
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if in_chunks else part)
            if how == "drip":
                self.google.stop.wait(fault.seconds / 4)
            if how == "cut":  # less than was announced
                self.close_connection = True
                return
        if in_chunks:
            self.wfile.write(b"0\r\n\r\n")


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news here."""


@contextmanager
def serve() -> Iterator[Google]:
    """A service with no assets, until the end of the block."""
    google = Google()
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"google": google}))
    google.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield google
    finally:
        google.stop.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
