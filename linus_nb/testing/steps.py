"""What a stand-in says, step by step: shared by the scripted model and the fake server."""

from __future__ import annotations

import enum
import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from linus_nb.errors import OptionError, ScriptError

_PIECE = re.compile(r"\s*\S+|\s+")


class Fault(enum.StrEnum):
    """A way in which a model server fails."""

    UNKNOWN_MODEL = "unknown_model"
    """404, in Ollama's own JSON."""
    HTML_404 = "html_404"
    """404 as a web page: something else than Ollama listens there."""
    BUSY = "busy"
    """503."""
    BROKEN = "broken"
    """500."""
    REFUSED = "refused"
    """Nothing listens at the port (for the whole server only)."""
    SILENT = "silent"
    """The request is taken and never answered."""
    STALL = "stall"
    """Half of the text, then nothing more."""
    SLOW = "slow"
    """The text, with 0.2 s before each piece unless the step has a ``piece_delay``."""
    CUT = "cut"
    """Half of the text, then the connection breaks."""
    UNFINISHED = "unfinished"
    """Half of the text, then a clean end without ``done``."""
    ERROR_LINE = "error_line"
    """Half of the text, then a line with an error."""
    LOAD = "load"
    """No text: ``done_reason`` is "load"."""
    EMPTY = "empty"
    """No text, ended properly."""
    THINK = "think"
    """A think tag with JSON inside before the text."""
    TOOL_CALL_AS_TEXT = "tool_call_as_text"
    """The step's tool call written as the text of the message."""
    BAD_ARGUMENTS = "bad_arguments"
    """A JSON object whose fields all have the wrong type."""
    LENGTH = "length"
    """Half of the text; ``done_reason`` is "length"."""
    NO_COUNTS = "no_counts"
    """The text without token counts."""


Predicate: TypeAlias = Callable[[Sequence[Any]], bool]


@dataclass(frozen=True, kw_only=True)
class Step:
    """One reply of a model.

    Parameters
    ----------
    text : str or dict
        What it says; a dict is said as JSON.
    tool_calls : sequence of dict
        Native tool calls, each with ``name`` and ``args``.
    input_tokens, output_tokens : int, optional
        Token counts. ``None``: the scripted model has none, the fake server counts words.
    done_reason : str
        "stop", "length" or "load".
    delay : float
        Seconds before the first piece of the text.
    piece_delay : float, optional
        Seconds before each further piece.
    error : Exception, optional
        Raised after the text (scripted model only).
    fault : Fault, optional
        How the server fails (fake server only).
    when : str or callable, optional
        Which calls the step is for: a regular expression that is searched in the last message's
        text, or a predicate on all messages. By default any call.

    Examples
    --------
    >>> Step(text={"answer": 4}).said
    '{"answer": 4}'
    """

    text: str | Mapping[str, Any] = ""
    tool_calls: Sequence[Mapping[str, Any]] = ()
    input_tokens: int | None = None
    output_tokens: int | None = None
    done_reason: str = "stop"
    delay: float = 0.0
    piece_delay: float | None = None
    error: Exception | None = None
    fault: Fault | None = None
    when: str | Predicate | None = None

    @property
    def said(self) -> str:
        """The text as the model says it."""
        return self.text if isinstance(self.text, str) else json.dumps(dict(self.text))

    def fits(self, messages: Sequence[Any], last_text: str) -> bool:
        """Tell whether this step is for a call with these messages."""
        if self.when is None:
            return True
        if isinstance(self.when, str):
            return re.search(self.when, last_text) is not None
        return bool(self.when(messages))


Reply: TypeAlias = str | Mapping[str, Any] | Step | Fault | Exception
ReplyFunction: TypeAlias = Callable[[Sequence[Any]], Reply]
Replies: TypeAlias = Sequence[Reply] | Mapping[str, Sequence[Reply]] | ReplyFunction


def as_step(reply: Reply, *, when: str | None = None) -> Step:
    """Return a reply as a Step for the calls that ``when`` says, unless it says so itself."""
    if isinstance(reply, Step):
        return replace(reply, when=when) if reply.when is None else reply
    if isinstance(reply, Fault):
        return Step(fault=reply, text="The answer is 42, as far as I know.", when=when)
    if isinstance(reply, Exception):
        return Step(error=reply, when=when)
    if isinstance(reply, str | Mapping):
        return Step(text=reply, when=when)
    raise OptionError(
        f"{reply!r} is no reply", hint='replies=["text", {"as": "json"}, Step(text="...")]'
    )


def pieces(text: str) -> list[str]:
    """Cut a text into the pieces in which it is streamed; joined they are the text.

    Examples
    --------
    >>> pieces("two  words ")
    ['two', '  words', ' ']
    """
    return _PIECE.findall(text)


class Script:
    """Steps that are taken in order, each once, by calls that may come at the same time.

    Parameters
    ----------
    replies : sequence, mapping or callable
        A sequence: each call takes the first step left that is for it. A mapping from a regular
        expression to a sequence: steps for calls whose last message matches it. A callable: asked
        at each call, with the messages; such a script never ends.
    """

    def __init__(self, replies: Replies) -> None:
        self._function: ReplyFunction | None = None
        self._left: list[Step] = []
        self._misses: list[str] = []
        self._taken = 0
        self._lock = threading.Lock()
        if isinstance(replies, str):
            raise OptionError(
                f"replies is the text {replies[:80]!r}; say how often",
                hint='["once"], or for every call: lambda messages: "always"',
            )
        if isinstance(replies, Mapping):
            self._left = [
                as_step(reply, when=key) for key, group in replies.items() for reply in group
            ]
        elif callable(replies):
            self._function = replies
        else:
            self._left = [as_step(reply) for reply in replies]

    @property
    def left(self) -> Replies:
        """The steps that nobody has asked for yet."""
        with self._lock:
            return self._function or tuple(self._left)

    def take(self, messages: Sequence[Any], last_text: str) -> Step:
        """Return the step for a call and use it up."""
        if self._function is not None:
            return as_step(self._function(messages))
        with self._lock:
            for index, step in enumerate(self._left):
                if step.fits(messages, last_text):
                    self._taken += 1
                    return self._left.pop(index)
            miss = f"no step is left for a call whose last message is {last_text[:200]!r}"
            self._misses.append(miss)
        raise ScriptError(
            f"{miss}; {self._taken} were taken before, {len(self._left)} are for other calls",
            hint="add a step to the script, or find out why the model is called once more",
        )

    def assert_finished(self) -> None:
        """Raise ScriptError if a call found no step, or steps were never asked for."""
        with self._lock:
            if self._misses:
                raise ScriptError(self._misses[0], hint="add a step to the script")
            if self._left:
                first = self._left[0].said[:80]
                raise ScriptError(
                    f"{len(self._left)} steps were not asked for; the first says {first!r}",
                    hint="take them out of the script, or find out why no call came",
                )
