"""What the loopback Earth Engine holds, what it was asked, and how it is to fail."""

from __future__ import annotations

import base64
import io
import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from cropdash.domain import Grid
from tests.ingest.earthengine import algebra, bands
from tests.ingest.earthengine.graph import Graph, Refused, function
from tests.ingest.earthengine.images import Collection, Image

LIMIT = 50_331_648  # [bytes] of one answer, as the service's own message has it
SECRET = "ya29.NEVER-TO-BE-SEEN-"  # noqa: S105 (every token given here starts so)
_REASONS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


@dataclass(frozen=True)
class Ask:
    """One request."""

    kind: str  # "discovery", "algorithms", "token", "value", "pixels"
    path: str
    headers: dict[str, str]
    body: bytes

    def of(self, project: str) -> bool:
        """True for a project's request; for everybody's if it is ""."""
        return not project or f"/projects/{project}/" in self.path


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes
    kind: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


def _same(body: bytes) -> bytes:
    return body


@dataclass(frozen=True)
class Fault:
    """A status with a message, or a way in which the answer goes wrong."""

    status: int = 0
    how: str = ""  # "drop", "slow", "cut", "drip", "change"
    message: str = "told to fail"
    retry_after: str = ""
    seconds: float = 0.0
    change: Callable[[bytes], bytes] = _same
    html: bool = False

    @property
    def name(self) -> str:
        if self.status:
            return f"{self.status}{' ' + self.message if self.message != 'told to fail' else ''}"
        return self.change.__name__ if self.how == "change" else self.how

    def reply(self) -> Reply:
        headers = {"Retry-After": self.retry_after} if self.retry_after else {}
        if self.html:
            return Reply(self.status, b"<html>Bad gateway</html>", "text/html", headers)
        reason = _REASONS.get(self.status, "UNKNOWN")
        error = {"code": self.status, "message": self.message, "status": reason}
        return Reply(self.status, json.dumps({"error": error}).encode(), headers=headers)


class Google:
    """The state of a loopback service."""

    def __init__(self) -> None:
        self.url = ""
        self.stop = threading.Event()
        self.lock = threading.Lock()
        self.computing = threading.Lock()
        self.tokens: set[str] = set()
        self.claims: list[dict[str, Any]] = []  # of those who asked for a token
        self._numbers = itertools.count()
        self._answers: dict[Any, tuple[Any, bytes]] = {}  # with the assets, so that they stay
        self.reset()

    def reset(self) -> None:
        """Forget all but the tokens."""
        self.assets: dict[str, list[Image]] = {}
        self.limit = LIMIT
        self.most_pixels = 0  # of a request; 0: any number
        self.arriving: Callable[[Ask], None] = lambda ask: None  # may hold a request up
        self.fault: Callable[[Ask, int], Fault | None] = lambda ask, number: None
        self.log: list[Ask] = []
        self.faults: Counter[str] = Counter()
        self.busy = self.busiest = 0

    def asked(self, kind: str, project: str = "") -> int:
        """Requests of a kind, on behalf of a project or of any."""
        return sum(ask.kind == kind and ask.of(project) for ask in self.log)

    @contextmanager
    def entered(self, ask: Ask) -> Iterator[Fault | None]:
        """Count a request; gives the fault with which it is answered."""
        with self.lock:
            fault = self.fault(ask, self.asked(ask.kind))
            self.log.append(ask)
            if fault:
                self.faults[fault.name] += 1
            self.busy += ask.kind == "pixels"
            self.busiest = max(self.busiest, self.busy)
        try:
            yield fault
        finally:
            with self.lock:
                self.busy -= ask.kind == "pixels"

    def give_token(self, form: dict[str, str]) -> Reply:
        """A token for an assertion that the key of this service has signed."""
        head, claims, signature = form.get("assertion", "..").split(".")
        key().public_key().verify(
            _decoded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256()
        )
        self.claims.append(json.loads(_decoded(claims)))
        token = f"{SECRET}{next(self._numbers)}"
        self.tokens.add(token)
        content = {"access_token": token, "expires_in": 3600, "token_type": "Bearer"}
        return Reply(200, json.dumps(content).encode())

    def knows(self, authorization: str) -> bool:
        return authorization.removeprefix("Bearer ") in self.tokens

    def value(self, request: dict[str, Any]) -> bytes:
        with _holding(self.assets):
            return json.dumps({"result": Graph(request["expression"]).result()}).encode()

    def pixels(self, body: bytes) -> bytes:
        """The file that answers a request; the same request is computed once."""
        key = id(self.assets), self.limit, self.most_pixels, body
        with self.computing:
            if key not in self._answers:
                with _holding(self.assets):
                    self._answers[key] = self.assets, self._compute(json.loads(body))
            return self._answers[key][1]

    def _compute(self, request: dict[str, Any]) -> bytes:
        grid = grid_of(request["grid"])
        image = Graph(request["expression"]).result()
        if request["fileFormat"] != "NPY":
            raise Refused(f"File format {request['fileFormat']} is not modelled.")
        size = grid.shape[0] * grid.shape[1]
        counted = size * sum(kind.itemsize + 1 for kind in image.types)
        if counted > self.limit:
            raise Refused(
                f"Total request size ({counted} bytes) must be less than or equal to"
                f" {self.limit} bytes."
            )
        if self.most_pixels and size > self.most_pixels:
            raise Refused("User memory limit exceeded.")
        records = np.zeros(grid.shape, dtype=list(zip(image.names, image.types, strict=True)))
        for name, (values, valid) in zip(image.names, image.on(grid), strict=True):
            # What is masked holds anything; here, what a caller could least overlook.
            records[name] = np.where(valid, values, np.iinfo(values.dtype).max)
        return saved(records)


def saved(array: Any) -> bytes:
    """A .npy file."""
    out = io.BytesIO()
    np.save(out, array, allow_pickle=False)
    return out.getvalue()


def loaded(body: bytes) -> Any:
    return np.load(io.BytesIO(body), allow_pickle=False)


def grid_of(described: dict[str, Any]) -> Grid:
    """The grid of a request. Raises Refused unless it is north-up with square pixels."""
    transform, size = described["affineTransform"], described["dimensions"]
    step = transform["scaleX"]
    if transform["scaleY"] != -step or transform.get("shearX") or transform.get("shearY"):
        raise Refused("Only north-up grids are modelled.")
    crs = described.get("crsCode") or described["crsWkt"]
    shape = (size["height"], size["width"])
    return Grid(crs, transform["translateX"], transform["translateY"], step, shape)


_held = threading.local()


@contextmanager
def _holding(assets: dict[str, list[Image]]) -> Iterator[None]:
    _held.assets = assets
    yield


@function("ImageCollection.load")
def _load(a: dict[str, Any]) -> Collection:
    if a["id"] not in _held.assets:
        raise Refused(f"ImageCollection.load: ImageCollection asset '{a['id']}' not found.")
    return Collection(list(_held.assets[a["id"]]))


@cache
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_file(url: str) -> dict[str, str]:
    """What a service account's key file holds."""
    private = key().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return {
        "type": "service_account",
        "project_id": "my-project",
        "private_key_id": "0",
        "private_key": private.decode(),
        "client_email": "reader@my-project.iam.gserviceaccount.com",
        "token_uri": f"{url}/token",
    }


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


__all__ = [
    "Ask",
    "Fault",
    "Google",
    "Reply",
    "algebra",
    "bands",
    "grid_of",
    "key_file",
    "loaded",
    "saved",
]
