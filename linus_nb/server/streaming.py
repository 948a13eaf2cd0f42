"""The two ways to say a run: as one JSON reply, or as server-sent events."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import TYPE_CHECKING, Protocol

from starlette.responses import Response

from linus_nb.server.problems import without_secrets
from linus_nb.server.values import encoded, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Receive, Scope, Send

    from linus_nb.events import Event
    from linus_nb.server.problems import Problem
    from linus_nb.server.values import Json

EVENT_STREAM = "text/event-stream"
_WHOLE_RESULTS = ("result", "response")  # the reply's last event has it all
_LONGEST_EVENT = 20_000  # characters


class Voice(Protocol):
    """How a client is told about a run."""

    async def event(self, event: Event) -> None:
        """Tell an event."""

    async def answer(self, answer: dict[str, Json]) -> None:
        """Tell how it ended, and end the reply."""

    async def problem(self, problem: Problem) -> None:
        """Tell why there is no answer, and end the reply."""

    def close(self) -> None:
        """Do nothing any more."""


class WholeReply:
    """Says nothing until the end."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._reply = (scope, receive, send)

    async def event(self, event: Event) -> None:
        """Say nothing."""

    async def answer(self, answer: dict[str, Json]) -> None:
        """Send the answer."""
        await Response(encoded(answer), media_type="application/json")(*self._reply)

    async def problem(self, problem: Problem) -> None:
        """Send the problem."""
        await problem.response()(*self._reply)

    def close(self) -> None:
        """Do nothing: there is nothing to stop."""


class EventStream:
    """Says each event as it comes, and something every few seconds also if none comes.

    The reply begins with the first event, so that what goes wrong before it (no slot, a state
    without a key) still has its own HTTP status.
    """

    def __init__(self, scope: Scope, receive: Receive, send: Send, heartbeat: float) -> None:
        self._reply = (scope, receive, send)
        self._send = send
        self._heartbeat = heartbeat
        self._beating: asyncio.Task[None] | None = None

    async def event(self, event: Event) -> None:
        """Send an event."""
        await self._say(event.kind, event_as_json(event))

    async def answer(self, answer: dict[str, Json]) -> None:
        """Send the answer as the last event, ``result``."""
        await self._say("result", answer)
        await self._end()

    async def problem(self, problem: Problem) -> None:
        """Send the problem as the last event, ``error``, or as the whole reply."""
        if self._beating is None:
            await problem.response()(*self._reply)
        else:
            await self._say("error", problem.as_json())
            await self._end()

    def close(self) -> None:
        """Stop the heartbeat."""
        if self._beating is not None:
            self._beating.cancel()

    async def _say(self, kind: str, data: dict[str, Json]) -> None:
        if self._beating is None:
            await self._begin()
        await self._body(b"event: %b\ndata: %b\n\n" % (kind.encode(), encoded(data)))

    async def _begin(self) -> None:
        self._beating = asyncio.create_task(self._beat())
        headers = _headers(("content-type", EVENT_STREAM), ("cache-control", "no-store"))
        await self._send({"type": "http.response.start", "status": 200, "headers": headers})

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            await self._body(b": still running\n\n")

    async def _body(self, body: bytes, *, more: bool = True) -> None:
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def _end(self) -> None:
        self.close()
        await self._body(b"", more=False)


def event_as_json(event: Event) -> dict[str, Json]:
    """Return the fields of an event, without a whole result.

    Examples
    --------
    >>> from linus_nb.events import Token
    >>> event_as_json(Token(0.5, "r1", "greet", text="hi"))
    {'kind': 'token', 'time': 0.5, 'run_id': 'r1', 'node': 'greet', 'text': 'hi'}
    """
    told: dict[str, Json] = {"kind": event.kind}
    for field in dataclasses.fields(event):
        if field.name not in _WHOLE_RESULTS or event.kind == "tool_finished":
            clean = without_secrets if field.name == "error" else str
            value = getattr(event, field.name)
            told[field.name] = plain(value, max_characters=_LONGEST_EVENT, clean=clean)
    return told


def _headers(*pairs: tuple[str, str]) -> Iterable[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in pairs]
