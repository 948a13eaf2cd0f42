"""What the fake server answers: pure functions from a step and a request to JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from linus_nb.testing.steps import Fault, Step, pieces

if TYPE_CHECKING:
    from linus_nb.testing.wire import ReceivedRequest

SLOW_PIECE_DELAY: Final = 0.2  # seconds
VERSION: Final = "0.12.0"
PAGE_404: Final = "<html><head><title>404 Not Found</title></head><body>Not Found</body></html>"
_HALVED: Final = frozenset(
    {Fault.STALL, Fault.CUT, Fault.UNFINISHED, Fault.ERROR_LINE, Fault.LENGTH}
)
_ENDINGS: Final[dict[Fault | None, Literal["stall", "cut", "unfinished", "error"]]] = {
    Fault.STALL: "stall",
    Fault.CUT: "cut",
    Fault.UNFINISHED: "unfinished",
    Fault.ERROR_LINE: "error",
}
_WRONG_TYPES: Final[dict[str, object]] = {"object": "text", "array": "text"}


@dataclass(frozen=True)
class Answer:
    """A reply that begins: what is streamed, how long it takes and how it ends."""

    pieces: Sequence[str]
    tool_calls: Sequence[Mapping[str, Any]]
    done_reason: str
    counts: Mapping[str, int]
    delay: float
    piece_delay: float
    ending: Literal["done", "stall", "cut", "unfinished", "error"]


def unknown_model(name: str) -> dict[str, str]:
    """Return the body of Ollama's own 404."""
    return {"error": f"model '{name}' not found"}


def refusal(fault: Fault | None, model: str) -> tuple[int, object] | None:
    """Return status and body of a fault that refuses the request; None if it does not."""
    refusals: dict[Fault, tuple[int, object]] = {
        Fault.UNKNOWN_MODEL: (404, unknown_model(model)),
        Fault.HTML_404: (404, PAGE_404),
        Fault.BUSY: (503, {"error": "server busy, please try again. maximum pending requests"}),
        Fault.BROKEN: (500, {"error": "llama runner process has terminated"}),
    }
    return refusals.get(fault) if fault is not None else None


def answer(step: Step, request: ReceivedRequest, piece_delay: float) -> Answer:
    """Work out what the server says.

    Parameters
    ----------
    step : Step
        The step, with its fault.
    request : ReceivedRequest
        What was asked.
    piece_delay : float
        Seconds before each further piece, where the step does not say.
    """
    said = pieces(_text(step, request))
    if step.fault in _HALVED:
        said = said[: max(1, len(said) // 2)]
    reasons = {Fault.LENGTH: "length", Fault.LOAD: "load"}
    default_delay = SLOW_PIECE_DELAY if step.fault is Fault.SLOW else piece_delay
    as_text = step.fault is Fault.TOOL_CALL_AS_TEXT
    return Answer(
        pieces=said,
        tool_calls=[] if as_text else [_tool_call(call) for call in step.tool_calls],
        done_reason=reasons.get(step.fault, step.done_reason) if step.fault else step.done_reason,
        counts={} if step.fault is Fault.NO_COUNTS else _counts(step, request, len(said)),
        delay=step.delay,
        piece_delay=default_delay if step.piece_delay is None else step.piece_delay,
        ending=_ENDINGS.get(step.fault, "done"),
    )


def _text(step: Step, request: ReceivedRequest) -> str:
    if step.fault in {Fault.EMPTY, Fault.LOAD}:
        return ""
    if step.fault is Fault.THINK:
        return f'<think>Perhaps {{"tasks": []}} would do?</think>\n{step.said}'
    if step.fault is Fault.TOOL_CALL_AS_TEXT:
        called = step.tool_calls or [{"name": "calculator", "args": {"expression": "6 * 7"}}]
        return json.dumps({"name": called[0]["name"], "parameters": called[0].get("args", {})})
    if step.fault is Fault.BAD_ARGUMENTS:
        return json.dumps(_wrong_values(request.body.get("format")))
    return step.said


def _wrong_values(schema: object) -> dict[str, object]:
    """Return an object with the schema's fields, each of a type that it does not allow."""
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    wrong = {name: _WRONG_TYPES.get(kind.get("type", ""), {}) for name, kind in properties.items()}
    return wrong or {"arguments": None}


def _tool_call(call: Mapping[str, Any]) -> dict[str, Any]:
    return {"function": {"name": call["name"], "arguments": dict(call.get("args", {}))}}


def _counts(step: Step, request: ReceivedRequest, said: int) -> dict[str, int]:
    words = sum(len(str(message.get("content") or "").split()) for message in request.messages)
    return {
        "prompt_eval_count": max(1, words) if step.input_tokens is None else step.input_tokens,
        "eval_count": max(1, said) if step.output_tokens is None else step.output_tokens,
    }


def line(request: ReceivedRequest, text: str, **fields: Any) -> dict[str, Any]:
    """Return one JSON line of a reply, in the form of the path that was asked."""
    said: dict[str, Any] = (
        {"response": text}
        if request.path == "/api/generate"
        else {"message": {"role": "assistant", "content": text}}
    )
    head = {"model": request.body.get("model", ""), "created_at": _now()}
    return head | said | {"done": False} | fields


def called(request: ReceivedRequest, reply: Answer) -> dict[str, Any]:
    """Return the line that holds a reply's native tool calls."""
    message = {"role": "assistant", "content": "", "tool_calls": list(reply.tool_calls)}
    return line(request, "", message=message) if reply.tool_calls else {}


def tags(models: Sequence[str]) -> dict[str, Any]:
    """Return the list of models, as /api/tags and /api/ps give it."""
    return {"models": [_model(name) for name in models]}


def show(name: str) -> dict[str, Any]:
    """Return what /api/show says of a model."""
    return {
        "modelfile": f"FROM {name}",
        "template": "{{ .Prompt }}",
        "details": _model(name)["details"],
        "model_info": {"general.architecture": "fake", "fake.context_length": 8192},
        "capabilities": ["completion", "tools"],
        "modified_at": _now(),
    }


def _model(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "model": name,
        "modified_at": _now(),
        "size": 0,
        "digest": hashlib.sha256(name.encode()).hexdigest(),
        "details": {"format": "gguf", "family": "fake", "families": ["fake"]},
    }


def _now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
