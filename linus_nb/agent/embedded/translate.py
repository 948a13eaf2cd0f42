"""Between Ollama's API and llama.cpp's: requests in, pieces of a reply out (pure)."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Json = dict[str, Any]

NANOSECONDS = 1_000_000_000
_PER_MILLISECOND = 1_000_000

_OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "seed": "seed",
    "stop": "stop",
    "num_predict": "max_tokens",
    "repeat_penalty": "repeat_penalty",
    "repeat_last_n": "repeat_last_n",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "mirostat": "mirostat",
    "mirostat_tau": "mirostat_tau",
    "mirostat_eta": "mirostat_eta",
}
"""Ollama's options by llama.cpp's names; what is not here has no counterpart."""


class EngineError(Exception):
    """llama.cpp refused the request; the message is its own."""


def engine_request(body: Mapping[str, Any]) -> Json:
    """Return Ollama's ``/api/chat`` or ``/api/generate`` body as a chat completion request.

    Examples
    --------
    >>> engine_request({"prompt": "Hi", "options": {"num_predict": 8}})["max_tokens"]
    8
    """
    request: Json = {
        "messages": [_message(index, item) for index, item in enumerate(chat_messages(body))],
        "stream": True,
        "stream_options": {"include_usage": True},
        "cache_prompt": True,
    }
    options = body.get("options") or {}
    for theirs, ours in _OPTIONS.items():
        if options.get(theirs) is not None:
            request[ours] = options[theirs]
    if request.get("max_tokens", 0) < 0:  # Ollama's way of saying: no limit
        del request["max_tokens"]
    if body.get("tools"):
        request["tools"] = body["tools"]
    response_format = _response_format(body.get("format"))
    return request if response_format is None else {**request, "response_format": response_format}


def chat_messages(body: Mapping[str, Any]) -> list[Json]:
    """Return the messages of either kind of body; none means: only load the model."""
    if "messages" in body:
        return list(body["messages"] or [])
    if not body.get("prompt"):
        return []
    user = {"role": "user", "content": body["prompt"]}
    return [{"role": "system", "content": body["system"]}, user] if body.get("system") else [user]


def _response_format(wanted: object) -> Json | None:
    if wanted == "json":
        return {"type": "json_object"}
    if isinstance(wanted, dict) and wanted:
        return {"type": "json_schema", "json_schema": {"name": "reply", "schema": wanted}}
    return None


def _message(index: int, message: Mapping[str, Any]) -> Json:
    translated: Json = {"role": message["role"], "content": message.get("content") or ""}
    calls = message.get("tool_calls") or []
    if calls:
        translated["tool_calls"] = [
            {
                "id": call.get("id") or f"call_{index}_{position}",
                "type": "function",
                "function": _with_text_arguments(call["function"]),
            }
            for position, call in enumerate(calls)
        ]
    if message.get("tool_call_id"):
        translated["tool_call_id"] = message["tool_call_id"]
    return translated


def _with_text_arguments(function: Mapping[str, Any]) -> Json:
    arguments = function.get("arguments") or {}
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"name": function["name"], "arguments": text}


@dataclass(slots=True)
class _ToolCall:
    name: str = ""
    arguments: str = ""


@dataclass(slots=True)
class EngineReply:
    """A reply of llama.cpp that is being received.

    Examples
    --------
    >>> reply = EngineReply()
    >>> reply.take({"choices": [{"delta": {"content": "Hi"}, "finish_reason": "length"}]})
    'Hi'
    >>> reply.ending(seconds=0.5)["done_reason"]
    'length'
    """

    finish_reason: str = "stop"
    usage: Json = field(default_factory=dict)
    timings: Json = field(default_factory=dict)
    _calls: dict[int, _ToolCall] = field(default_factory=dict)

    def take(self, chunk: Mapping[str, Any]) -> str:
        """Take one chunk and return its text.

        Raises
        ------
        EngineError
            The chunk says what is wrong with the request.
        """
        if "error" in chunk:
            error = chunk["error"]
            raise EngineError(
                str(error.get("message", error) if isinstance(error, dict) else error)
            )
        self.usage = chunk.get("usage") or self.usage
        self.timings = chunk.get("timings") or self.timings
        text = ""
        for choice in chunk.get("choices", ()):
            self.finish_reason = choice.get("finish_reason") or self.finish_reason
            delta = choice.get("delta") or {}
            text += delta.get("content") or ""
            self._take_calls(delta.get("tool_calls") or ())
        return text

    def _take_calls(self, parts: Any) -> None:
        for part in parts:
            call = self._calls.setdefault(part.get("index", 0), _ToolCall())
            function = part.get("function") or {}
            call.name += function.get("name") or ""
            call.arguments += function.get("arguments") or ""

    def tool_calls(self) -> list[Json]:
        """Return the tool calls in Ollama's form."""
        return [
            {"function": {"name": call.name, "arguments": json.loads(call.arguments or "{}")}}
            for _, call in sorted(self._calls.items())
        ]

    def ending(self, *, seconds: float) -> Json:
        """Return what Ollama says at the end: the reason, counts, and times in nanoseconds."""
        return {
            "done": True,
            "done_reason": "length" if self.finish_reason == "length" else "stop",
            "total_duration": int(seconds * NANOSECONDS),
            "load_duration": 0,
            "prompt_eval_count": self.usage.get("prompt_tokens", 0),
            "prompt_eval_duration": int(self.timings.get("prompt_ms", 0) * _PER_MILLISECOND),
            "eval_count": self.usage.get("completion_tokens", 0),
            "eval_duration": int(self.timings.get("predicted_ms", 0) * _PER_MILLISECOND),
        }


def reply_line(model: str, text: str, *, generate: bool, **members: Any) -> Json:
    """Return one object of Ollama's reply, of ``/api/generate`` or of ``/api/chat``."""
    content: Json = (
        {"response": text} if generate else {"message": {"role": "assistant", "content": text}}
    )
    stamp = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    return {"model": model, "created_at": stamp, **content, "done": False, **members}
