"""A model's reply: gathered piece by piece, then a plain record."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import UsageMetadata, add_usage

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import ollama

NANOSECONDS = 1e9
_CUT_AT_LIMIT = frozenset({"length", "max_tokens"})


@dataclass(frozen=True, slots=True)
class ToolRequest:
    """A tool call in the model's own format."""

    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model said, once.

    Parameters
    ----------
    text : str
        The reply as it came: nothing is parsed or taken away.
    model : str
        The model's name, with the badge "toy model" on the embedded one.
    truncated : bool
        The reply was cut at the token limit.
    input_tokens, output_tokens : int or None
        Counts; None where the server did not say.
    seconds : float
        From having the slot to the last piece.
    first_token_seconds : float or None
        From having the slot to the first piece with text.
    server_queue_seconds : float or None
        Time that the server spent neither loading, reading nor writing; None if unknown.
    tool_calls : tuple of ToolRequest
        Tool calls in the model's own format, if any.
    """

    text: str
    model: str
    truncated: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float = 0.0
    first_token_seconds: float | None = None
    server_queue_seconds: float | None = None
    tool_calls: tuple[ToolRequest, ...] = ()


@dataclass(slots=True)
class Incoming:
    """A reply that is being received."""

    on_token: Callable[[str], object] | None = None
    _texts: list[str] = field(default_factory=list)
    _calling: AIMessageChunk | None = None
    _called: list[ToolRequest] = field(default_factory=list)
    _usage: UsageMetadata | None = None
    _metadata: dict[str, Any] = field(default_factory=dict)
    _started: float = 0.0
    _first: float | None = None

    @property
    def text(self) -> str:
        """What has arrived."""
        return "".join(self._texts)

    def start(self) -> None:
        """Start the clock: the slot is had."""
        self._started = perf_counter()

    def add(self, piece: AIMessage) -> None:
        """Take the next piece."""
        text = str(piece.text)
        if text:
            self._first = self._first or perf_counter() - self._started
            self._texts.append(text)
            if self.on_token is not None:
                self.on_token(text)
        if isinstance(piece, AIMessageChunk) and piece.tool_call_chunks:
            self._calling = piece if self._calling is None else self._calling + piece
        elif piece.tool_calls:
            self._called += _requests(piece)
        if piece.usage_metadata is not None:
            self._usage = add_usage(self._usage, piece.usage_metadata)
        self._metadata.update(piece.response_metadata)

    def from_ollama(self, model: str, last: ollama.ChatResponse) -> Reply:
        """Return the reply, with counts and durations from Ollama's last line."""
        seconds = perf_counter() - self._started
        return Reply(
            text=self.text,
            model=model,
            truncated=last.done_reason == "length",
            input_tokens=last.prompt_eval_count,
            output_tokens=last.eval_count,
            seconds=seconds,
            first_token_seconds=self._first,
            server_queue_seconds=queued_seconds(seconds, last),
            tool_calls=self._tool_calls(),
        )

    def from_message(self, model: str) -> Reply:
        """Return the reply, with what LangChain's messages tell."""
        usage = self._usage
        return Reply(
            text=self.text,
            model=model,
            truncated=_was_cut(self._metadata),
            input_tokens=usage["input_tokens"] if usage else None,
            output_tokens=usage["output_tokens"] if usage else None,
            seconds=perf_counter() - self._started,
            first_token_seconds=self._first,
            tool_calls=self._tool_calls(),
        )

    def _tool_calls(self) -> tuple[ToolRequest, ...]:
        gathered = _requests(self._calling) if self._calling is not None else []
        return (*self._called, *gathered)


def queued_seconds(seconds: float, last: ollama.ChatResponse) -> float | None:
    """Return how long the request lay at the server, from the durations that it reports.

    Ollama counts loading, reading the prompt and writing the reply; what is left of the
    time that the call took is waiting for its turn (and the network).

    Examples
    --------
    >>> import ollama
    >>> last = ollama.ChatResponse(message={"role": "assistant"}, eval_duration=2_000_000_000)
    >>> queued_seconds(5.0, last)
    3.0
    """
    if not last.eval_duration:
        return None
    parts = (last.load_duration, last.prompt_eval_duration, last.eval_duration)
    return max(0.0, seconds - sum(part or 0 for part in parts) / NANOSECONDS)


def _requests(message: AIMessage) -> list[ToolRequest]:
    return [ToolRequest(call["name"], call["args"]) for call in message.tool_calls]


def _was_cut(metadata: Mapping[str, Any]) -> bool:
    said = (metadata.get("finish_reason"), metadata.get("stop_reason"), metadata.get("done_reason"))
    return any(str(reason).lower() in _CUT_AT_LIMIT for reason in said)
