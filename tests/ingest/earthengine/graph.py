"""Walks an expression as Earth Engine's REST API takes it, node by node.

https://developers.google.com/earth-engine/reference/rest/v1/Expression. Functions that are not in
the wheel's own list of algorithms, not modelled here, or called with other arguments than that
list names are refused, so that nothing passes that the service might not know.
"""

from __future__ import annotations

import importlib.resources
import json
from collections.abc import Callable
from functools import cache
from typing import Any

Function = Callable[[dict[str, Any]], Any]
MODELLED: dict[str, Function] = {}


class Refused(Exception):
    """The service's answer to what it can't compute; becomes a status 400."""


def function(name: str) -> Callable[[Function], Function]:
    """Enter a model of one of the service's functions; it takes the arguments by name."""

    def enter(model: Function) -> Function:
        MODELLED[name] = model
        return model

    return enter


@cache
def document(name: str) -> bytes:
    """A JSON file that the wheel of earthengine-api ships with its tests."""
    return (importlib.resources.files("ee") / "tests" / name).read_bytes()


@cache
def signatures() -> dict[str, dict[str, dict[str, Any]]]:
    """Arguments by name, by name of the function."""
    listed = json.loads(document("algorithms.json"))["algorithms"]
    return {
        algorithm["name"].removeprefix("algorithms/"): {
            argument["argumentName"]: argument for argument in algorithm.get("arguments", ())
        }
        for algorithm in listed
    }


class Graph:
    """An expression; values that depend on no argument are computed once."""

    def __init__(self, expression: dict[str, Any]) -> None:
        self._values = expression["values"]
        self._result = expression["result"]
        self._free: dict[str, frozenset[str]] = {}
        self._known: dict[Any, Any] = {}
        self._bound: list[Any] = []  # keeps arguments alive, as they are known by identity

    def result(self) -> Any:
        return self._referred(self._result, {})

    def _referred(self, name: str, scope: dict[str, Any]) -> Any:
        key = name, frozenset((free, id(scope[free])) for free in self._needs(name))
        if key not in self._known:
            self._known[key] = self._value(self._values[name], scope)
        return self._known[key]

    def _needs(self, name: str) -> frozenset[str]:
        if name not in self._free:
            self._free[name] = self._free_in(self._values[name])
        return self._free[name]

    def _free_in(self, node: Any) -> frozenset[str]:
        """Names of arguments that a value takes from the functions around it."""
        if isinstance(node, list):
            return frozenset().union(*map(self._free_in, node))
        if not isinstance(node, dict) or "constantValue" in node:
            return frozenset()
        if "argumentReference" in node:
            return frozenset([node["argumentReference"]])
        if "valueReference" in node:
            return self._needs(node["valueReference"])
        if "functionDefinitionValue" in node:
            definition = node["functionDefinitionValue"]
            return self._needs(definition["body"]) - frozenset(definition["argumentNames"])
        return self._free_in(list(node.values()))

    def _value(self, node: dict[str, Any], scope: dict[str, Any]) -> Any:
        ((kind, content),) = node.items()
        if kind == "constantValue":
            return content
        if kind == "valueReference":
            return self._referred(content, scope)
        if kind == "argumentReference":
            return scope[content]
        if kind == "arrayValue":
            return [self._value(item, scope) for item in content["values"]]
        if kind == "dictionaryValue":
            return {key: self._value(item, scope) for key, item in content["values"].items()}
        if kind == "functionDefinitionValue":
            return self._closure(content, scope)
        if kind == "functionInvocationValue":
            return self._call(content, scope)
        raise Refused(f"Expression of unknown kind {kind}.")

    def _closure(self, definition: dict[str, Any], scope: dict[str, Any]) -> Callable[..., Any]:
        def call(*arguments: Any) -> Any:
            self._bound.extend(arguments)
            names = definition["argumentNames"]
            return self._referred(
                definition["body"], {**scope, **dict(zip(names, arguments, strict=True))}
            )

        return call

    def _call(self, invocation: dict[str, Any], scope: dict[str, Any]) -> Any:
        name = invocation.get("functionName", "")
        if name not in signatures() or name not in MODELLED:
            raise Refused(f"Unknown function {name!r}.")
        known, given = signatures()[name], invocation.get("arguments", {})
        for unknown in given.keys() - known.keys():
            raise Refused(f"{name} has no argument {unknown!r}.")
        for argument, described in known.items():
            if argument not in given and not described.get("optional"):
                raise Refused(f"{name}: required argument ({argument}) missing.")
        defaults = {key: described.get("defaultValue") for key, described in known.items()}
        return MODELLED[name](
            defaults | {key: self._value(item, scope) for key, item in given.items()}
        )
