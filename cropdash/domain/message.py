"""A sentence that keeps its template and values, so that it can be translated when it is read.

It may be written by a worker and read by somebody else, in another language: kept are the English
template, which the catalogues know, and the values of its gaps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any

Value = str | int | float | bool | None
_GAP = re.compile(r"\{(\w+)\}")
_GOES_ON = re.compile(r"[.,;:)]| \(")  # behind a gap: the sentence in it ends without its full stop
_KEYS = {"message", "values"}
_LONGEST_PATH = 400  # letters
_DEEPEST = 8  # messages within messages


class Message(str):
    """English text: a template whose {gaps} are filled; values may be messages themselves."""

    template: str
    values: dict[str, Value]

    def __new__(cls, template: str, /, **values: object) -> Message:
        """Values that are neither numbers nor messages are kept as their text."""
        kept = {name: _plain(value) for name, value in values.items()}
        self = super().__new__(cls, filled(template, kept))
        self.template, self.values = template, kept
        return self

    def __str__(self) -> str:
        """Itself: `str(error)` is still a message."""
        return self

    def mapped(self, change: Callable[[str], str]) -> Message:
        """The message with each text among its values changed."""
        return Message(self.template, **{n: _changed(v, change) for n, v in self.values.items()})


def filled(template: str, values: dict[str, Value], told: Callable[[Value], object] = str) -> str:
    """The template with its gaps filled, each value made a text by `told`; unknown gaps stay."""

    def one(gap: re.Match[str]) -> str:
        if gap[1] not in values:
            return gap[0]
        value = values[gap[1]]
        text = str(told(value))
        inside = " " in text and _GOES_ON.match(template, gap.end())
        return text.rstrip(".") if inside else text

    return _GAP.sub(one, template)


def joined(sentences: Iterable[str]) -> Message:
    """Several sentences in a row as one message."""
    first, *rest = sentences
    whole = first if isinstance(first, Message) else Message("{a}", a=first)
    for sentence in rest:
        whole = Message("{a} {b}", a=whole, b=sentence)
    return whole


def as_json(value: Any) -> Any:
    """A document with its messages as objects, which `from_json` makes messages again."""
    if isinstance(value, Message):
        return {"message": value.template, "values": as_json(value.values)}
    if isinstance(value, dict):
        return {name: as_json(one) for name, one in value.items()}
    return [as_json(one) for one in value] if isinstance(value, list | tuple) else value


def from_json(value: Any, depth: int = 0) -> Any:
    """A document as it was given to `as_json`; an object that is no message stays what it is."""
    if isinstance(value, list):
        return [from_json(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == _KEYS and _is_message(value) and depth < _DEEPEST:
        values = {name: from_json(one, depth + 1) for name, one in value["values"].items()}
        if all(isinstance(one, str | int | float | None) for one in values.values()):
            return Message(value["message"], **values)
    return {name: from_json(one, depth) for name, one in value.items()}


def _is_message(value: dict[str, Any]) -> bool:
    return isinstance(value["message"], str) and isinstance(value["values"], dict)


def _plain(value: object) -> Value:
    if isinstance(value, BaseException):
        value = value.args[0] if len(value.args) == 1 else str(value)
    if isinstance(value, PurePath) and len(str(value)) > _LONGEST_PATH:  # quoted as far as it helps
        half = _LONGEST_PATH // 2
        return f"{str(value)[:half]}…{str(value)[-half:]}"
    return value if value is None or isinstance(value, str | int | float) else str(value)


def _changed(value: Value, change: Callable[[str], str]) -> Value:
    if isinstance(value, Message):
        return value.mapped(change)
    return change(value) if isinstance(value, str) else value
