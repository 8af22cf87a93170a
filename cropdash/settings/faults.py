"""What pydantic finds wrong with a setting, as a part of a sentence."""

from __future__ import annotations

from typing import Any

from cropdash.domain.message import Message

# By pydantic's own name of the fault; the gaps are those of its context.
_KNOWN = {
    "greater_than_equal": Message("it must be {ge} or more"),
    "greater_than": Message("it must be more than {gt}"),
    "less_than_equal": Message("it must be {le} or less"),
    "less_than": Message("it must be less than {lt}"),
    "literal_error": Message("it must be {expected}"),
    "int_parsing": Message("it must be a whole number"),
    "int_type": Message("it must be a whole number"),
    "int_from_float": Message("it must be a whole number"),
    "float_parsing": Message("it must be a number"),
    "float_type": Message("it must be a number"),
    "bool_parsing": Message("it must be true or false"),
    "string_too_short": Message("it must have {min_length} letters or more"),
    "string_too_long": Message("it must have {max_length} letters or fewer"),
    "string_type": Message("it must be a text"),
}


def told(item: Any) -> str:
    """One of `ValidationError.errors()`: what is wrong, without the setting and its value."""
    if item["type"] == "value_error":
        return str(item["ctx"]["error"])
    if known := _KNOWN.get(item["type"]):
        return Message(known.template, **item.get("ctx", {}))
    text = str(item["msg"])
    return text[:1].lower() + text[1:]
