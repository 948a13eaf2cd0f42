"""Recognises a tool call that came as JSON text, in the forms that models write; pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from linus_nb.agent.json_values import JsonValue, json_values, rest_without_json

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

Arguments: TypeAlias = "dict[str, JsonValue]"

_MARKS = re.compile(r"</?(tool_call|function_call)>|\[TOOL_CALLS\]|<\|python_tag\|>|```\w*")
_FENCE = re.compile(r"\s*```tool_(code|call)\b", re.IGNORECASE)
_NAME_KEYS = ("name", "tool", "tool_name", "function", "action")
_ARGUMENT_KEYS = ("arguments", "parameters", "args", "input", "tool_input", "action_input")


def tool_calls_in(value: JsonValue) -> list[tuple[str, Arguments]]:
    """Return the tool calls that a JSON value is, with their arguments; [] if it is none.

    Examples
    --------
    >>> tool_calls_in({"name": "add", "arguments": {"a": 2}})
    [('add', {'a': 2})]
    >>> tool_calls_in({"name": "Ada", "born": 1815})
    []
    """
    if isinstance(value, list):
        calls = [tool_calls_in(item) for item in value]
        return [call for group in calls for call in group] if all(calls) else []
    if not isinstance(value, dict):
        return []
    for wrapper in ("tool_calls", "function"):
        if isinstance(value.get(wrapper), dict | list):
            return tool_calls_in(value[wrapper])
    name = first_of(value, _NAME_KEYS)
    arguments = first_of(value, _ARGUMENT_KEYS)
    if isinstance(arguments, str):
        arguments = next(json_values(arguments), None)
    if isinstance(name, str) and isinstance(arguments, dict):
        return [(name, arguments)]
    return []


def is_tool_call(answer: str, tools: Container[str]) -> bool:
    """Return whether an answer is nothing but tool calls, or ends with the call of a known tool.

    Examples
    --------
    >>> is_tool_call('{"name": "search", "arguments": {"q": "x"}}', tools=())
    True
    >>> is_tool_call('Let me see: {"name": "add", "arguments": {"a": 2}}', tools={"add"})
    True
    >>> is_tool_call('{"name": "Ada", "born": 1815}', tools=())
    False
    """
    if _FENCE.match(answer):
        return True
    before, values, after = rest_without_json(_MARKS.sub(" ", answer))
    calls = [call for value in values for call in tool_calls_in(value)]
    if not calls or after.strip():
        return False
    return not before.strip() or any(name in tools for name, _ in calls)


def first_of(value: Mapping[str, JsonValue], keys: tuple[str, ...]) -> JsonValue:
    """Return the value of the first of ``keys`` that has one, else None.

    Examples
    --------
    >>> first_of({"steps": [1], "plan": [2]}, ("tasks", "steps", "plan"))
    [1]
    """
    return next((value[key] for key in keys if value.get(key) is not None), None)
