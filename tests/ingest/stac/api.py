"""A STAC API on the loopback device: search with pages, files by range, tokens, and faults."""

from __future__ import annotations

import datetime as dt
import json
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

CORE = "https://api.stacspec.org/v1.0.0"
CONFORMS = [f"{CORE}/core", f"{CORE}/item-search"]


class Api:
    """What the server holds, what it was asked, and how it is to fail."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.items: list[dict[str, Any]] = []
        self.page = 3
        self.methods = ("GET", "POST")
        self.log: list[tuple[str, str, dict[str, str]]] = []
        self.faults: Counter[str] = Counter()
        self.fault: Callable[[str], str | None] = lambda path: None  # named kinds, see Handler
        self.retry_after = "2"
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.url = ""
        self.slow_s = 1.5
        self.register: Any = None  # answers at /wfs as a Web Feature Service does

    def asked(self, start: str) -> int:
        return sum(path.startswith(start) for _, path, _ in self.log)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5
    api: Api

    def log_message(self, *args: Any) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        query = {k: v[0] for k, v in parse_qs(urlparse(self.path).query).items()}
        self.respond(query)

    def do_HEAD(self) -> None:
        self.respond({})

    def do_POST(self) -> None:
        self.respond(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def respond(self, query: dict[str, Any]) -> None:
        path = urlparse(self.path).path
        with self.api.lock:
            self.api.log.append((self.command, self.path, dict(self.headers)))
            fault = self.api.fault(path)
            if fault:
                self.api.faults[fault] += 1
        if path.startswith(("/files/", "/eodata/")):
            status, headers, body = self.file(path.split("/", 2)[2])
        else:
            status, headers, body = self.answer(path, query)
        if fault:
            if fault == "short":
                content = json.loads(body)
                content["features"] = content["features"][:-1]
                body = json.dumps(content).encode()
            status, body = self.spoil(fault, status, headers, body)
            if not status:
                return
        self.send(status, headers, body, half=fault == "half", drip=fault == "drip")

    def spoil(self, fault: str, status: int, headers: dict[str, str], body: bytes) -> Any:
        if fault in ("drop", "slow") or (fault == "half" and self.command == "HEAD"):
            if fault == "slow":
                self.api.stop.wait(self.api.slow_s)
            self.close_connection = True
            return 0, b""
        if fault == "cut":
            return status, body[: len(body) // 2]
        if fault in ("deep", "deeper"):
            levels = 400 if fault == "deep" else 100_000
            return status, b'{"features": ' + b"[" * levels + b"]" * levels + b"}"
        if fault.isdigit():
            if fault in ("429", "503"):
                headers["Retry-After"] = self.api.retry_after
            return int(fault), json.dumps({"description": f"told to say {fault}"}).encode()
        return status, body

    def send(
        self, status: int, headers: dict[str, str], body: bytes, half: bool, drip: bool
    ) -> None:
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if drip:
            for at in range(0, len(body), 200):
                self.wfile.write(body[at : at + 200])
                self.api.stop.wait(0.1)
        elif self.command != "HEAD":
            self.wfile.write(body[: len(body) // 2] if half else body)
        self.close_connection = self.close_connection or half

    def file(self, name: str) -> tuple[int, dict[str, str], bytes]:
        path = self.api.folder / name
        if not path.is_file():
            return 404, {}, b""
        data, asked = path.read_bytes(), self.headers.get("Range")
        tag = {"Accept-Ranges": "bytes", "ETag": f'"{zlib.crc32(data):08x}"'}
        if not asked:
            return 200, tag, data
        first, last = (int(x) for x in asked.removeprefix("bytes=").split("-"))
        if first >= len(data):
            return 416, {"Content-Range": f"bytes */{len(data)}"}, b""
        last = min(last, len(data) - 1)
        head = {"Content-Range": f"bytes {first}-{last}/{len(data)}"} | tag
        return 206, head, data[first : last + 1]

    def answer(self, path: str, query: dict[str, Any]) -> tuple[int, dict[str, str], bytes]:
        if path == "/":
            content = self.landing()
        elif path == "/search":
            content = self.search(query)
        elif path == "/wfs" and self.api.register is not None:
            content = self.api.register.answer(query)
        elif path.startswith("/sas/"):
            expiry = dt.datetime.now(dt.UTC) + dt.timedelta(hours=1)
            content = {"msft:expiry": expiry.isoformat(), "token": "sig=TOKEN&se=x&sp=r&st=y"}
        else:
            return 404, {}, b'{"description": "no such page"}'
        return 200, {"Content-Type": "application/json"}, json.dumps(content).encode()

    def landing(self) -> dict[str, Any]:
        search = {"rel": "search", "href": f"{self.api.url}/search", "type": "application/geo+json"}
        return {
            "type": "Catalog",
            "id": "loopback",
            "description": "items of a test",
            "stac_version": "1.0.0",
            "conformsTo": CONFORMS,
            "links": [
                {"rel": "self", "href": f"{self.api.url}/"},
                {"rel": "root", "href": f"{self.api.url}/"},
                *({**search, "method": method} for method in self.api.methods),
            ],
        }

    def search(self, query: dict[str, Any]) -> dict[str, Any]:
        listed = query["bbox"] if isinstance(query["bbox"], list) else query["bbox"].split(",")
        west, south, east, north = (float(x) for x in listed)
        first, last = query["datetime"].split("/")
        found = [
            item
            for item in self.api.items
            if item["collection"] in query["collections"]
            and first <= item["properties"]["datetime"] <= last
            and item["bbox"][0] <= east
            and item["bbox"][2] >= west
            and item["bbox"][1] <= north
            and item["bbox"][3] >= south
        ]
        at, size = int(query.get("token", 0)), min(self.api.page, int(query["limit"]))
        links = [self.following(query, at + size)] if at + size < len(found) else []
        return {
            "type": "FeatureCollection",
            "features": found[at : at + size],
            "links": links,
        }

    def following(self, query: dict[str, Any], at: int) -> dict[str, Any]:
        link = {"rel": "next", "href": f"{self.api.url}/search", "method": self.command}
        if self.command == "POST":
            return {**link, "body": {**query, "token": at}}
        words = "&".join(f"{k}={v}" for k, v in {**query, "token": at}.items())
        return {**link, "href": f"{link['href']}?{words}"}


class Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no news here."""


@contextmanager
def serve(folder: Path) -> Iterator[Api]:
    api = Api(folder)
    server = Server(("127.0.0.1", 0), type("Bound", (Handler,), {"api": api}))
    api.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield api
    finally:
        api.stop.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
