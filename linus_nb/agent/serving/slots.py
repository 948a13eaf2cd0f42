"""At most so many calls at once per model server, across every event loop and thread.

An ``asyncio.Semaphore`` belongs to one loop and a ``threading.Semaphore`` blocks one; here
each waiter has a future of its own loop, and whoever leaves wakes the next through it.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeAlias

DEFAULT_MAX_PARALLEL = 4


@dataclass(eq=False, slots=True)
class _Waiter:
    loop: asyncio.AbstractEventLoop
    turn: asyncio.Future[None]
    limit: int
    granted: bool = False


class Slots:
    """The calls that one server has in hand, first come first served.

    Examples
    --------
    >>> async def used_inside() -> int:
    ...     slots = Slots()
    ...     async with slots.hold(limit=2):
    ...         return slots.in_use
    >>> asyncio.run(used_inside())
    1
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[_Waiter] = deque()
        self.in_use = 0

    @asynccontextmanager
    async def hold(self, limit: int) -> AsyncIterator[None]:
        """Wait until fewer than ``limit`` calls are in hand, then be one of them."""
        await self._enter(limit)
        try:
            yield
        finally:
            self._leave()

    async def _enter(self, limit: int) -> None:
        loop = asyncio.get_running_loop()
        waiter = _Waiter(loop, loop.create_future(), limit)
        with self._lock:
            self._waiting.append(waiter)
            self._grant()
        try:
            await waiter.turn
        except BaseException:
            # Cancelled while waiting, or in the moment between the grant and waking up.
            with self._lock:
                if waiter.granted:
                    self.in_use -= 1
                elif waiter in self._waiting:
                    self._waiting.remove(waiter)
                self._grant()
            raise

    def _leave(self) -> None:
        with self._lock:
            self.in_use -= 1
            self._grant()

    def _grant(self) -> None:
        """Let in as many from the head of the queue as fit; the lock is held."""
        while self._waiting and self.in_use < self._waiting[0].limit:
            waiter = self._waiting.popleft()
            waiter.granted = True
            self.in_use += 1
            try:
                waiter.loop.call_soon_threadsafe(_wake, waiter.turn)
            except RuntimeError:  # its loop has been closed: nobody is waiting any more
                waiter.granted = False
                self.in_use -= 1


def _wake(turn: asyncio.Future[None]) -> None:
    if not turn.done():
        turn.set_result(None)


class _Registry:
    """The slots of each server in this process."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Forget everything: a forked child has none of its parent's calls in hand."""
        self._lock = threading.Lock()
        self._slots: dict[str, Slots] = {}

    def of(self, server: str) -> Slots:
        with self._lock:
            return self._slots.setdefault(server, Slots())


_registry = _Registry()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_registry.reset)


def slots_of(server: str) -> Slots:
    """Return the slots of ``server`` (a key from ``addresses.server_key``)."""
    return _registry.of(server)


Sharing: TypeAlias = Callable[[str, int], AbstractAsyncContextManager[None]]
"""Holds a slot at a server among processes; takes the server and the limit."""

_sharing: ContextVar[Sharing | None] = ContextVar("linus_nb_sharing", default=None)


def share_slots(sharing: Sharing) -> None:
    """Let the running task, and what it starts, hold each slot by ``sharing`` as well."""
    _sharing.set(sharing)


@asynccontextmanager
async def slot_at(server: str, limit: int) -> AsyncIterator[None]:
    """Wait for one of ``limit`` slots at ``server``, in this process and wherever it is shared."""
    sharing = _sharing.get()
    async with slots_of(server).hold(limit):
        if sharing is None:
            yield
        else:
            async with sharing(server, limit):
                yield
