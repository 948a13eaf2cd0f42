"""Finds the complete JSON values in a text, and never a piece of an incomplete one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"

_DEEPEST_DOUBLING = 3
"""How many braces too many are forgiven before an object; bounds the work on `{{{{…`."""


def json_values(text: str) -> Iterator[JsonValue]:
    """Give the outermost JSON values of ``text``, in their order.

    That is the whole of it, or else the objects and lists that stand in it. What an
    object contains that was cut off or is broken is not given: half a plan would look
    like a whole one. A doubled opening brace is forgiven.

    Examples
    --------
    >>> list(json_values('Sure: {"a": 1} and { {"b": 2} }'))
    [{'a': 1}, {'b': 2}]
    >>> list(json_values('{"tasks": [{"task": "add"}, {"ta'))
    []
    """
    try:
        yield json.loads(text)
    except (ValueError, RecursionError):
        for _, _, value in _spans(text):
            yield value


def rest_without_json(text: str) -> tuple[str, list[JsonValue], str]:
    """Return the text before the last JSON value (without others), all values, and the text after.

    Examples
    --------
    >>> rest_without_json('I call {"a": 1} now')
    ('I call ', [{'a': 1}], ' now')
    """
    before, end, values = "", 0, []
    for start, stop, value in _spans(text):
        before += text[end:start]
        values.append(value)
        end = stop
    return before, values, text[end:]


def _spans(text: str) -> Iterator[tuple[int, int, JsonValue]]:
    """Give (start, end, value) of each object and list that no other one holds."""
    position = doubled = 0
    while (start := _next_opening(text, position)) is not None:
        end = _end_of(text, start)
        value = _parsed(text[start:end]) if end is not None else None
        if end is not None and value is not None:
            yield start, end, value
            position, doubled = end, 0
        elif doubled < _DEEPEST_DOUBLING and _is_doubled(text, start):
            position, doubled = start + 1, doubled + 1
        elif end is not None:
            position, doubled = end, 0
        else:
            return


def _next_opening(text: str, position: int) -> int | None:
    found = [at for mark in "{[" if (at := text.find(mark, position)) >= 0]
    return min(found) if found else None


def _is_doubled(text: str, start: int) -> bool:
    return text[start] == "{" and text[start + 1 :].lstrip()[:1] == "{"


def _end_of(text: str, start: int) -> int | None:
    """Return the position after the bracket that closes the one at ``start``; None if none does."""
    depth, quoted, position = 0, False, start
    while position < len(text):
        mark = text[position]
        if quoted:
            position += mark == "\\"
            quoted = mark != '"'
        elif mark == '"':
            quoted = True
        elif mark in "{[":
            depth += 1
        elif mark in "}]":
            depth -= 1
            if depth == 0:
                return position + 1
        position += 1
    return None


def _parsed(text: str) -> JsonValue:
    """Return the object or list that ``text`` is, None if it is none."""
    try:
        value: JsonValue = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value
