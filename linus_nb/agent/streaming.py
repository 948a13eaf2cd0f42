"""Turns a run that emits events into an async iterator of them."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import TYPE_CHECKING

from linus_nb.events import Emitter, Event, set_emitter

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine


async def stream_events(
    start: Callable[[], Coroutine[object, object, object]],
) -> AsyncIterator[Event]:
    """Run what ``start`` returns in a task of its own and give the events that it emits.

    Its error is raised after the last event. Leaving the iterator early cancels it.

    Examples
    --------
    >>> from linus_nb.events import Token, current_emitter
    >>> async def speak():
    ...     current_emitter().emit(Token, text="hi")
    >>> async def listen():
    ...     return [event.text async for event in stream_events(speak)]
    >>> asyncio.run(listen())
    ['hi']
    """
    loop = asyncio.get_running_loop()
    events: asyncio.Queue[Event | None] = asyncio.Queue()

    def publish(event: Event | None) -> None:
        # A tool may speak from its worker thread.
        loop.call_soon_threadsafe(events.put_nowait, event)

    async def work() -> None:
        set_emitter(Emitter(publish, run_id="", node="", started=perf_counter()))
        try:
            await start()
        finally:
            publish(None)

    working = asyncio.create_task(work())
    try:
        while (event := await events.get()) is not None:
            yield event
        await working
    finally:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)
