"""Iterators that take their time: asked in a thread, so that the event loop stays free."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Generic, TypeVar

from linus_nb.graph.run import GRACE
from linus_nb.graph.threads import Threads

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterator

T = TypeVar("T")

_END = object()


class _Asked(Generic[T]):
    """An iterator that is made, asked and closed by threads, one of them at a time."""

    def __init__(self, make: Callable[[], Iterator[T]]) -> None:
        self._make = make
        self._items: Iterator[T] | None = None
        self._lock = threading.Lock()

    def next(self) -> T | object:
        """Return the next item, or _END."""
        with self._lock:
            if self._items is None:
                self._items = self._make()
            return next(self._items, _END)

    def close(self) -> None:
        """Close the iterator, as soon as nobody asks it any more."""
        with self._lock:
            getattr(self._items, "close", bool)()


async def in_thread(make: Callable[[], Iterator[T]]) -> AsyncGenerator[T]:
    """Yield what an iterator gives that is made, asked, and closed, in a thread.

    Who stops this waits for the iterator no longer than the grace time; a thread closes it
    then as soon as it has given what it was asked for.
    """
    asked, threads = _Asked(make), Threads(1)
    try:
        while (item := await threads.call(asked.next)) is not _END:
            yield item
    finally:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(threads.call(asked.close), GRACE)
        threads.close()
