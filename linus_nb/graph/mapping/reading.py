"""Reads the rows of a source, one step ahead of nobody, and lets go of it in time."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from typing import TYPE_CHECKING

from linus_nb.graph.run import GRACE

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from linus_nb.graph.mapping.sources import Source


class Reading:
    """Reads a source when rows are wanted; an async context manager.

    A task of its own asks the source, so that one that does not let itself be cancelled
    keeps nobody waiting, and one that holds something is closed by the task that opened it.

    Parameters
    ----------
    source : Source
        The rows.
    """

    def __init__(self, source: Source) -> None:
        self.fault: BaseException | None = None
        self.rows: deque[object] = deque()
        self._source = source
        self._is_over = False
        self._turn = asyncio.Lock()
        self._wanted, self._answered = asyncio.Event(), asyncio.Event()
        self._stopped: float | None = None

    async def __aenter__(self) -> Self:
        """Begin; nothing is read yet."""
        self._task = asyncio.ensure_future(self._read())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the source; one that takes longer than the grace time is left to itself."""
        self.stop()
        loop, stopped = asyncio.get_running_loop(), self._stopped or 0.0
        await asyncio.wait([self._task], timeout=max(0.0, stopped + GRACE - loop.time()))

    def stop(self) -> None:
        """Tell the source to end, at the same time as the rows are told."""
        if self._stopped is None:
            self._stopped = asyncio.get_running_loop().time()
            self._task.cancel()

    async def has_more(self) -> bool:
        """Return whether there are rows to take, when that is known."""
        async with self._turn:
            while not self.rows and not self._is_over:
                self._answered.clear()
                self._wanted.set()
                await self._answered.wait()
        return bool(self.rows)

    async def _read(self) -> None:
        task = asyncio.current_task()
        try:
            async with contextlib.aclosing(self._source.read()) as blocks:
                await self._wanted.wait()
                async for block in blocks:
                    self._wanted.clear()
                    self.rows.extend(block)
                    self._answered.set()
                    await self._wanted.wait()
        except BaseException as error:  # noqa: BLE001 - also SystemExit: it would end the loop
            if not (isinstance(error, asyncio.CancelledError) and task and task.cancelling()):
                self.fault = error
        finally:
            self._is_over = True
            self._answered.set()
