"""Does a run for a client that may leave: the one place where a request waits for a run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.responses import Response

from linus_nb.errors import RequestRefusedError
from linus_nb.server.problems import problem_of
from linus_nb.server.streaming import EventStream, Voice, WholeReply

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from linus_nb.events import Event
    from linus_nb.server.limits import Gate, Limits
    from linus_nb.server.runs import LiveRuns, ServedRun


class RunReply(Response):
    """A reply that is made by running something.

    The run begins when a slot of the gate is free. It is stopped, and all that it waits for
    with it, when the client leaves, when it takes too long, and when it is told to by its id.

    Parameters
    ----------
    run : ServedRun
        What is run.
    gate : Gate
        Where its slot comes from.
    live : LiveRuns
        Where it can be found while it goes on.
    limits : Limits
        How long it may take.
    as_stream : bool
        Whether the reply is a stream of events.
    """

    def __init__(
        self, run: ServedRun, gate: Gate, live: LiveRuns, limits: Limits, *, as_stream: bool
    ) -> None:
        super().__init__()
        self._run = run
        self._gate = gate
        self._live = live
        self._limits = limits
        self._as_stream = as_stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run, and reply; leave at once when the client does."""
        voice: Voice = (
            EventStream(scope, receive, send, self._limits.heartbeat_seconds)
            if self._as_stream
            else WholeReply(scope, receive, send)
        )
        answering = asyncio.create_task(self._answer(voice))
        leaving = asyncio.create_task(_client_left(receive))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            await _stopped(answering, leaving)
            await voice.problem(problem_of(_server_stops()))
            raise
        finally:
            voice.close()
            await _stopped(answering, leaving)
        if not answering.cancelled():
            answering.result()

    async def _answer(self, voice: Voice) -> None:
        try:
            async with self._gate.slot():
                last = await self._run_in_time(voice)
                answer = self._run.answer(last)
        except Exception as error:  # noqa: BLE001 - told to the client, logged if not ours
            await voice.problem(problem_of(error))
        else:
            await voice.answer(answer)

    async def _run_in_time(self, voice: Voice) -> Event | None:
        seconds = self._limits.max_run_seconds
        try:
            async with asyncio.timeout(seconds) as clock:
                return await self._run_until_stopped(voice)
        except TimeoutError as error:
            if not clock.expired():
                raise  # the run's own: a model that is silent
            raise RequestRefusedError(
                f"the run was stopped after {seconds:g} s, the longest that this server allows",
                hint="create_app(..., limits=Limits(max_run_seconds=...))",
                status=504,
            ) from error

    async def _run_until_stopped(self, voice: Voice) -> Event | None:
        """Run to the end or until its id is stopped; tell the events and return the last."""
        stop, event = _Stop(), None
        try:
            async with _closing(self._run.events()) as events:
                async for event in events:
                    if event.run_id:
                        self._live.add(event.run_id, stop)
                    await voice.event(event)
        except asyncio.CancelledError:
            if not stop.told:
                raise
            stop.task.uncancel()
        finally:
            if event is not None:
                self._live.discard(event.run_id)
        return event


@asynccontextmanager
async def _closing(events: AsyncIterator[Event]) -> AsyncIterator[AsyncIterator[Event]]:
    """Stop the run behind ``events`` at the end, however that comes."""
    try:
        yield events
    finally:
        if isinstance(events, AsyncGenerator):
            await events.aclose()


class _Stop:
    """Cancels the task that made it, once."""

    def __init__(self) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - coroutines run in tasks
        self.task = task
        self.told = False

    def __call__(self) -> None:
        if not self.told:
            self.told = True
            self.task.cancel()


async def _stopped(*tasks: asyncio.Task[None]) -> None:
    """Cancel the tasks, and wait until all of them have cleaned up."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _server_stops() -> RequestRefusedError:
    return RequestRefusedError(
        "the server is stopping, and the run was stopped with it",
        hint="ask again; with a journal, executor.aresume() goes on with a run of a DAG",
        status=503,
        headers={"Retry-After": "1"},
    )


async def _client_left(receive: Receive) -> None:
    """Return when the client has closed its connection."""
    while (await receive())["type"] != "http.disconnect":
        pass
