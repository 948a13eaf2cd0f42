"""Tools for a model whose chat template knows none: in its prompt, and in its reply's form (pure).

llama.cpp leaves tools out without a word where the template has no place for them. Here they
stand in the system message, and the reply is held to a JSON object that is either the call of
one of them, or a response.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linus_nb.agent.embedded.translate import Json

_CALL, _RESPONSE = "tool_call", "response"
_HOW = (
    f'Reply in JSON: either {{"{_CALL}": {{"name": ..., "arguments": {{...}}}}}} to call one of '
    f'these tools, or {{"{_RESPONSE}": "..."}} to reply to the user.\nTools:\n'
)


def with_tools(request: Json, tools: Sequence[Mapping[str, Any]]) -> Json:
    """Return a chat completion request that offers tools in words and by a schema.

    Examples
    --------
    >>> add = {"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}
    >>> request = with_tools({"messages": [{"role": "user", "content": "2 + 2?"}]}, [add])
    >>> [message["role"] for message in request["messages"]]
    ['system', 'user']
    """
    functions = [tool["function"] for tool in tools]
    told = _HOW + "\n".join(json.dumps(function, ensure_ascii=False) for function in functions)
    first, *rest = map(_in_words, request["messages"])
    if first["role"] == "system":
        messages = [{**first, "content": f"{first['content']}\n\n{told}"}, *rest]
    else:
        messages = [{"role": "system", "content": told}, first, *rest]
    schema = {"anyOf": [_object(_CALL, {"anyOf": [*map(_call_of, functions)]}), _SAID]}
    form = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}}
    bare = {key: value for key, value in request.items() if key != "tools"}
    return {**bare, "messages": messages, "response_format": form}


def read_reply(text: str) -> tuple[str, list[Json]]:
    """Return what a reply in that form says, and its tool calls as Ollama gives them.

    Examples
    --------
    >>> read_reply('{"tool_call": {"name": "add", "arguments": {"a": 2}}}')
    ('', [{'function': {'name': 'add', 'arguments': {'a': 2}}}])
    >>> read_reply('{"response": "It is 4."}'), read_reply('{"respo')
    (('It is 4.', []), ('{"respo', []))
    """
    try:
        said = json.loads(text)
    except ValueError:  # cut at the token limit
        return text, []
    if isinstance(said, dict) and isinstance(call := said.get(_CALL), dict):
        return "", [{"function": {"name": call["name"], "arguments": call["arguments"]}}]
    return (
        (str(said[_RESPONSE]), []) if isinstance(said, dict) and _RESPONSE in said else (text, [])
    )


def _in_words(message: Json) -> Json:
    """Return a message with its tool calls as the text that they were."""
    if not message.get("tool_calls"):
        return {"role": message["role"], "content": message["content"]}
    function = message["tool_calls"][0]["function"]
    call = {"name": function["name"], "arguments": json.loads(function["arguments"])}
    return {"role": message["role"], "content": json.dumps({_CALL: call}, ensure_ascii=False)}


def _call_of(function: Mapping[str, Any]) -> Json:
    arguments = {"type": "object", **(function.get("parameters") or {})}
    properties = {"name": {"const": function["name"]}, "arguments": arguments}
    return {"type": "object", "properties": properties, "required": ["name", "arguments"]}


def _object(key: str, schema: Json) -> Json:
    return {"type": "object", "properties": {key: schema}, "required": [key]}


_SAID = _object(_RESPONSE, {"type": "string"})
