"""The replaying side of a cassette: answers from the file; no model is asked or needed."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel

from linus_nb import errors
from linus_nb.agent.calls import Reply, ToolRequest
from linus_nb.errors import AgentError, CassetteError
from linus_nb.events import current_node
from linus_nb.testing.cassettes.differences import canonical, first_difference, nearest
from linus_nb.testing.cassettes.records import Call, Tape, plain_request, settings_of
from linus_nb.testing.cassettes.secrets import secrets_around

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from langchain_core.messages import BaseMessage
    from langchain_core.outputs import ChatResult

    from linus_nb.agent.calls import ModelSource
    from linus_nb.agent.interception import ModelRequest, OnToken

_ANEW = "delete the file to record it anew"
_LONGER = 60.0
"""Seconds that a call which was cancelled waits, beyond what it took, to be cancelled again."""


class RecordedModel(BaseChatModel):
    """Stands for a model that was decided on when the cassette was recorded."""

    model: str
    small: bool = False
    embedded: bool = False
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    stop: list[str] | None = None
    num_ctx: int | None = None
    num_predict: int | None = None
    max_tokens: int | None = None

    @property
    def _llm_type(self) -> str:
        return "recorded"

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        raise CassetteError(
            f"{self.model!r} was asked {len(messages)} messages past the cassette that replays it",
            hint="use the agent inside the with block",
        )


class Player:
    """Gives each call the reply that was recorded for it, from any task or thread."""

    replays = True

    def __init__(self, tape: Tape, *, paced: bool) -> None:
        self._tape = tape
        self._paced = paced
        self._unused = dict.fromkeys(range(len(tape.calls)))
        self._misses: list[CassetteError] = []
        self._lock = threading.Lock()

    @property
    def calls(self) -> tuple[Call, ...]:
        """What was recorded."""
        return tuple(self._tape.calls)

    async def resolve(self, source: ModelSource) -> BaseChatModel:
        """Return a stand-in for the model that the source led to."""
        settings = settings_of(source)
        for decided in self._tape.models:
            if decided.settings == settings:
                return RecordedModel(
                    model=decided.model,
                    small=decided.small,
                    embedded=decided.embedded,
                    **decided.options,
                )
        recorded = self._tape.models[0].settings if self._tape.models else {}
        difference = first_difference(recorded, settings)
        raise self._missed(f"no such model was recorded; {difference}")

    async def call(
        self,
        request: ModelRequest,
        on_token: OnToken | None,
        ask: Callable[[ModelRequest, OnToken | None], Awaitable[Reply]],  # noqa: ARG002
    ) -> Reply:
        """Return the recorded reply, or raise the recorded error."""
        call = self._take(request)
        playing = _Playing(call, paced=self._paced)
        await playing.speak(on_token)
        if call.reply is not None:
            return playing.reply(call.reply)
        if call.error is not None:
            raise _error(call.error)
        await asyncio.sleep(call.seconds + _LONGER)
        raise self._missed(
            f"it was cancelled after {call.seconds:.1f} s when recorded, and is not now"
        )

    def assert_finished(self) -> None:
        """Raise CassetteError if a call was not recorded so, or recorded ones were not made."""
        if self._misses:
            raise CassetteError(self._misses[0].message, hint=_ANEW)
        left = [self._tape.calls[number] for number in self._unused]
        left = [call for call in left if not call.cancelled]  # it may not even have begun now
        if left:
            where = ", ".join(sorted({_where(call.node, call.phase) for call in left}))
            raise CassetteError(f"{len(left)} recorded calls were not made: {where}", hint=_ANEW)

    def _take(self, request: ModelRequest) -> Call:
        """Return the record for a request and use it up, one of the same node first."""
        plain, node = plain_request(request, secrets_around(request.model)), current_node()
        asked = canonical(plain)
        with self._lock:
            same = [n for n in self._unused if canonical(self._tape.calls[n].request) == asked]
            if same:
                number = min(same, key=lambda n: (self._tape.calls[n].node != node, n))
                del self._unused[number]
                return self._tape.calls[number]
            closest = nearest(self._tape.calls, self._unused, node, request.phase, plain)
        difference = None if closest is None else first_difference(closest.request, plain)
        if closest is None:
            said = "the cassette is empty"
        elif difference is None:
            said = "the same call is made more often than it was recorded"
        else:
            said = f"it is not as recorded; {difference}"
        raise self._missed(f"{_where(node, request.phase)}: {said}")

    def _missed(self, message: str) -> CassetteError:
        error = CassetteError(message, hint=_ANEW)
        self._misses.append(error)
        return error


class _Playing:
    """A recorded reply on its way."""

    def __init__(self, call: Call, *, paced: bool) -> None:
        self._call = call
        self._paced = paced
        self._started = perf_counter()

    async def speak(self, on_token: OnToken | None) -> None:
        """Pass the text on, piece by piece."""
        await self._until(0.0)
        for seconds, text in self._call.pieces:
            await self._until(seconds)
            if on_token is not None:
                on_token(text)
        if not self._call.cancelled:
            await self._until(self._call.seconds)

    def reply(self, said: dict[str, Any]) -> Reply:
        """Return the reply; its times are the recorded ones only if it was played so."""
        calls = tuple(ToolRequest(**call) for call in said["tool_calls"])
        text = "".join(piece for _, piece in self._call.pieces)
        reply = Reply(**{**said, "text": text, "tool_calls": calls})
        if self._paced:
            return reply
        took = perf_counter() - self._started
        return replace(reply, seconds=took, first_token_seconds=None, server_queue_seconds=None)

    async def _until(self, seconds: float) -> None:
        passed = perf_counter() - self._started
        left = self._call.waited + seconds - passed if self._paced else 0.0
        await asyncio.sleep(max(0.0, left))


def _error(told: dict[str, str | None]) -> AgentError:
    """Return the error that was recorded; one of another version becomes a plain AgentError."""
    kind: type[AgentError] = getattr(errors, str(told["class"]), AgentError)
    return kind(str(told["message"]), hint=told["hint"])


def _where(node: str, phase: str) -> str:
    return f"node {node!r}, phase {phase!r}" if node else f"phase {phase!r}"
