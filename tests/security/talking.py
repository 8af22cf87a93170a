"""Talking to the dashboard without a browser: HTTP with cookies, and the page's own socket."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect


def request(
    url: str, path: str, method: str = "GET", body: str | None = None, **headers: str
) -> tuple[int, http.client.HTTPMessage, str]:
    """Status, headers and text of one answer; redirects are not followed."""
    link = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    link.request(method, path, body, named)
    answer = link.getresponse()
    text = answer.read().decode("utf-8", "replace")
    link.close()
    return answer.status, answer.headers, text


def sign_in(url: str, name: str, password: str, **more: str) -> tuple[int, str, str]:
    """Status, the cookie ("" if there is none) and the text of the answer to the form."""
    body = urlencode({"name": name, "password": password, **more})
    kind = "application/x-www-form-urlencoded"
    status, headers, text = request(url, "/sign-in", "POST", body, Content_Type=kind)
    return status, (headers.get("Set-Cookie") or "").partition(";")[0], text


@contextmanager
def socket(url: str, cookie: str = "") -> Iterator[ClientConnection]:
    """The socket of a page, opened as no browser does: without an origin."""
    headers = {"Cookie": cookie} if cookie else {}
    address = url.replace("http", "ws") + "/_stcore/stream"
    with connect(address, additional_headers=headers, max_size=None, open_timeout=30) as link:
        yield link


def press(
    link: ClientConnection, button: str | None = None, page: str = "", query: str = ""
) -> list[ForwardMsg]:
    """Run a page, the first by default, with a press of a button by its id; all that it answers."""
    asked = BackMsg()
    asked.rerun_script.page_name, asked.rerun_script.query_string = page, query
    if button is not None:
        widget = asked.rerun_script.widget_states.widgets.add()
        widget.id, widget.trigger_value = button, True
    link.send(asked.SerializeToString())
    return answers(link)


def answers(link: ClientConnection) -> list[ForwardMsg]:
    """What the page sends until its script has run to its end."""
    got = []
    while True:
        message = ForwardMsg()
        message.ParseFromString(bytes(link.recv(timeout=120)))  # type: ignore[arg-type]
        got.append(message)
        if message.WhichOneof("type") == "script_finished" and message.script_finished == 0:
            return got


def button_of(messages: list[ForwardMsg], label: str) -> tuple[str, bool]:
    """Id of a button by the start of its label, and whether it is disabled."""
    for message in messages:
        if message.WhichOneof("type") == "delta":
            element = message.delta.new_element
            if element.WhichOneof("type") == "button" and element.button.label.startswith(label):
                return element.button.id, element.button.disabled
    raise AssertionError(f"There is no button {label!r}.")


def said(messages: list[ForwardMsg]) -> str:
    """All texts that were sent, roughly."""
    return "\n".join(str(message) for message in messages)
