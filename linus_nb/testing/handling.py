"""How the fake server handles a request: which path, which step, one slot after the other."""

from __future__ import annotations

import asyncio
from time import perf_counter_ns
from typing import TYPE_CHECKING, Any, Final

from linus_nb.errors import OptionError, ScriptError
from linus_nb.testing.answers import (
    VERSION,
    Answer,
    answer,
    called,
    line,
    refusal,
    show,
    tags,
    unknown_model,
)
from linus_nb.testing.steps import Fault, Script, Step, as_step

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Sequence

    from linus_nb.testing.wire import Connection, ReceivedRequest

_WHOLE_SERVER: Final = frozenset({Fault.SILENT, Fault.HTML_404})  # these answer no path at all


class Handler:
    """Answers requests from a script, ``parallel`` of them at a time.

    Parameters
    ----------
    script : Script
        What is answered.
    models : sequence of str
        Installed models, with their tags.
    parallel : int
        Requests served at once.
    piece_delay : float
        Seconds before each further piece of a text.
    fault : Fault or None
        What every request meets.
    changed : callable
        Called whenever ``serving`` has changed.
    """

    def __init__(
        self,
        script: Script,
        models: Sequence[str],
        *,
        parallel: int,
        piece_delay: float,
        fault: Fault | None,
        changed: Callable[[], None],
    ) -> None:
        self.script = script
        self.models = models
        self.piece_delay = piece_delay
        self.fault = fault
        self.serving = 0
        self.max_serving = 0
        self._changed = changed
        self._slots = asyncio.Semaphore(parallel)

    async def respond(self, connection: Connection, request: ReceivedRequest) -> None:
        """Answer one request."""
        if self.fault in _WHOLE_SERVER:
            return await self._play(connection, request, Step(fault=self.fault))
        handlers: dict[str, Callable[[], Coroutine[Any, Any, None]]] = {
            "/": lambda: connection.send("Ollama is running"),
            "/api/version": lambda: connection.send({"version": VERSION}),
            "/api/tags": lambda: connection.send(tags(self.models)),
            "/api/ps": lambda: connection.send(tags(self.models)),
            "/api/show": lambda: self._show(connection, request),
            "/api/chat": lambda: self._generate(connection, request),
            "/api/generate": lambda: self._generate(connection, request),
        }
        handler = handlers.get(request.path)
        if handler is None:
            return await connection.send("404 page not found", status=404)
        return await handler()

    def _installed(self, request: ReceivedRequest) -> bool:
        return request.model in self.models or f"{request.model}:latest" in self.models

    async def _show(self, connection: Connection, request: ReceivedRequest) -> None:
        if not self._installed(request):
            return await connection.send(unknown_model(request.model), status=404)
        return await connection.send(show(request.model))

    async def _generate(self, connection: Connection, request: ReceivedRequest) -> None:
        if not self._installed(request):
            return await connection.send(unknown_model(request.model), status=404)
        if not request.messages:  # how Ollama is asked to load a model
            return await self._play(connection, request, Step(fault=Fault.LOAD))
        if self.fault is not None:
            return await self._play(connection, request, as_step(self.fault))
        try:
            step = self.script.take(request.messages, request.last_text)
        except ScriptError as error:  # kept by the script for assert_finished
            return await connection.send({"error": str(error)}, status=500)
        return await self._play(connection, request, step)

    async def _play(self, connection: Connection, request: ReceivedRequest, step: Step) -> None:
        if step.error is not None:
            raise OptionError(
                f"a server cannot raise {step.error!r} in its client",
                hint="say what it does: Fault.BROKEN, Fault.CUT, ...",
            )
        refused = refusal(step.fault, request.model)
        if refused is not None:
            return await connection.send(refused[1], status=refused[0])
        if step.fault is Fault.SILENT:
            await _for_ever()
        return await self._serve(connection, request, answer(step, request, self.piece_delay))

    async def _serve(self, connection: Connection, request: ReceivedRequest, reply: Answer) -> None:
        arrived = perf_counter_ns()
        async with self._slots:
            self.serving += 1
            self.max_serving = max(self.max_serving, self.serving)
            self._changed()
            try:
                speak = _stream if request.body.get("stream", True) else _say_at_once
                await speak(connection, request, reply, arrived)
            finally:
                self.serving -= 1
                self._changed()


async def _for_ever() -> None:
    """Wait until the client leaves or the server stops: both cancel the conversation."""
    await asyncio.Event().wait()


async def _timed(reply: Answer) -> AsyncIterator[str]:
    if not reply.pieces:
        await asyncio.sleep(reply.delay)
    for index, piece in enumerate(reply.pieces):
        seconds = reply.piece_delay if index else reply.delay
        if seconds:
            await asyncio.sleep(seconds)
        yield piece


class _Clock:
    """The durations of a reply, as Ollama gives them: in nanoseconds, the queue in the total."""

    def __init__(self, arrived: int) -> None:
        self.arrived = arrived
        self.started = self.first_piece = perf_counter_ns()

    def durations(self) -> dict[str, int]:
        ended = perf_counter_ns()
        return {
            "total_duration": ended - self.arrived,
            "load_duration": 0,
            "prompt_eval_duration": self.first_piece - self.started,
            "eval_duration": ended - self.first_piece,
        }


async def _stream(
    connection: Connection, request: ReceivedRequest, reply: Answer, arrived: int
) -> None:
    clock = _Clock(arrived)
    connection.begin_lines()
    first = True
    async for piece in _timed(reply):
        if first:
            clock.first_piece = perf_counter_ns()
            first = False
        await connection.send_line(line(request, piece))
    if reply.ending == "stall":
        await _for_ever()
    if reply.ending == "cut":
        return connection.close()
    if reply.ending == "error":
        await connection.send_line({"error": "an error was encountered while running the model"})
    if reply.ending == "done":
        if reply.tool_calls:
            await connection.send_line(called(request, reply))
        await connection.send_line(_last(request, reply, clock, ""))
    return await connection.end_lines()


async def _say_at_once(
    connection: Connection, request: ReceivedRequest, reply: Answer, arrived: int
) -> None:
    clock = _Clock(arrived)
    text = "".join([piece async for piece in _timed(reply)])
    if reply.ending == "stall":
        await _for_ever()
    if reply.ending in {"cut", "unfinished"}:
        return connection.close()
    if reply.ending == "error":
        error = {"error": "an error was encountered while running the model"}
        return await connection.send(error, status=500)
    return await connection.send(called(request, reply) | _last(request, reply, clock, text))


def _last(request: ReceivedRequest, reply: Answer, clock: _Clock, text: str) -> dict[str, Any]:
    return line(
        request,
        text,
        done=True,
        done_reason=reply.done_reason,
        **clock.durations(),
        **reply.counts,
    )
