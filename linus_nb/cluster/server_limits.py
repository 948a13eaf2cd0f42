"""The limit of each model server, held by all workers together through Dask's scheduler."""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from distributed import Semaphore

from linus_nb.agent.serving.addresses import is_loopback
from linus_nb.cluster.loops import on_loop

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from distributed import Worker


class ServerLimits:
    """One worker's part in the limits of all.

    A lease is renewed while it is held; those of a worker that has died come back after
    ``distributed.scheduler.locks.lease-timeout`` (30 s).

    Parameters
    ----------
    worker : Worker
        Whose calls these are.
    """

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._loop: asyncio.AbstractEventLoop = worker.loop.asyncio_loop
        self._semaphores: dict[str, Semaphore] = {}
        self._releasing: set[asyncio.Future[object]] = set()

    @asynccontextmanager
    async def hold(self, server: str, limit: int) -> AsyncIterator[None]:
        """Be one of ``limit`` calls to ``server`` that the whole cluster has in hand."""
        # An agent in a thread runs on a loop of its own; Dask's things belong to the worker's.
        semaphore = await on_loop(self._loop, self._acquire(server, limit))
        try:
            yield
        finally:
            self._loop.call_soon_threadsafe(self._release, semaphore)

    async def _acquire(self, server: str, limit: int) -> Semaphore:
        name = _name(server, limit)
        if name not in self._semaphores:
            self._semaphores[name] = Semaphore(
                limit, name=name, scheduler_rpc=self._worker.scheduler, loop=self._worker.loop
            )
        semaphore = self._semaphores[name]
        acquiring = asyncio.ensure_future(semaphore.acquire())
        try:
            await asyncio.shield(acquiring)
        except asyncio.CancelledError:
            # The scheduler goes on to give us the lease, which nobody would give back.
            acquiring.add_done_callback(lambda _: self._release(semaphore))
            raise
        return semaphore

    def _release(self, semaphore: Semaphore) -> None:
        releasing = asyncio.ensure_future(semaphore.release())
        self._releasing.add(releasing)
        releasing.add_done_callback(self._releasing.discard)


def _name(server: str, limit: int) -> str:
    """Return the semaphore's name: 127.0.0.1 is another server on each machine."""
    host = f"{socket.gethostname()} " if is_loopback(server) else ""
    return f"linus_nb {host}{server}, {limit} at once"
