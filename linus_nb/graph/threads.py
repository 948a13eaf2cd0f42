"""Threads for nodes that are not async: one for each that runs, never fewer.

The event loop's own pool has a handful of threads for everything in the process: a few
hung nodes would block all others for ever. Here a thread that was given up (its node timed
out or was cancelled) no longer counts. A pool belongs to one event loop, and everything
but the work itself happens on that loop, so it needs no locks.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections import deque
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from linus_nb.errors import NodeFailedError

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_THREADS = 256


class Job:
    """One call on its way through a thread."""

    __slots__ = ("call", "context", "error", "finished", "future", "on_start", "value")

    def __init__(
        self,
        call: Callable[[], Any],
        future: asyncio.Future[None],
        on_start: Callable[[], None] | None,
    ) -> None:
        self.call = call
        self.context = contextvars.copy_context()
        self.future = future
        self.on_start = on_start
        self.finished = False
        self.value: Any = None
        self.error: BaseException | None = None

    def work(self) -> None:
        """Make the call (in the thread)."""
        try:
            self.value = self.context.run(self.call)
        except BaseException as error:  # noqa: BLE001 - whatever a node raises is its outcome
            self.error = error
        self.finished = True

    def let_go(self) -> None:
        """Drop what the call needed: the thread keeps its last job until it gets another."""
        del self.call, self.context
        self.on_start = None


class _Worker:
    """A thread that does the jobs that it is handed."""

    __slots__ = ("inbox", "thread")

    def __init__(self, pool: Threads, number: int) -> None:
        self.inbox: SimpleQueue[Job | None] = SimpleQueue()
        self.thread = threading.Thread(
            target=self._serve, args=(pool,), name=f"linus_nb-node-{number}", daemon=True
        )
        self.thread.start()

    def _serve(self, pool: Threads) -> None:
        while (job := self.inbox.get()) is not None:
            job.work()
            try:
                pool.loop.call_soon_threadsafe(pool.deliver, self, job)
            except RuntimeError:
                discard(job.value)
                return  # the loop has closed: nobody waits for an abandoned job


class Threads:
    """A pool for one run (and the runs nested in it).

    Parameters
    ----------
    most : int
        Most threads that work at once; further calls wait. Abandoned threads do not count.
    """

    def __init__(self, most: int = DEFAULT_THREADS) -> None:
        self.loop = asyncio.get_running_loop()
        self._most = most
        self._busy: dict[Job, _Worker] = {}
        self._idle: list[_Worker] = []
        self._waiting: deque[Job] = deque()
        self._started = 0
        self._closed = False

    async def call(
        self, function: Callable[[], Any], on_start: Callable[[], None] | None = None
    ) -> Any:
        """Call ``function`` in a thread that sees a copy of the caller's context variables.

        Parameters
        ----------
        function : callable
            What to call.
        on_start : callable, optional
            Called on the loop when the work starts (at once, unless the pool is full).

        Raises
        ------
        asyncio.CancelledError
            If the caller is cancelled; the thread is left to itself.
        """
        job = Job(function, self.loop.create_future(), on_start)
        if len(self._busy) < self._most:
            self._assign(job)
        else:
            self._waiting.append(job)
        try:
            await job.future
        except asyncio.CancelledError:
            if not job.finished:
                self._abandon(job)
                raise
            if discard(job.value):
                raise  # the rest of the work has not begun
        if isinstance(job.error, StopIteration):
            # A coroutine cannot raise it; it would end up as something unrelated.
            raise NodeFailedError("the function raised StopIteration") from job.error
        if job.error is not None:
            raise job.error
        return job.value

    def deliver(self, worker: _Worker, job: Job) -> None:
        """Take a finished job from its worker (called on the loop)."""
        job.let_go()
        if self._busy.pop(job, None) is None:  # it was abandoned
            discard(job.value)
            worker.inbox.put(None)
            return
        if not job.future.done():
            job.future.set_result(None)
        if (following := self._next()) is not None:
            self._assign(following, worker)
        elif self._closed:
            worker.inbox.put(None)
        else:
            self._idle.append(worker)

    def close(self) -> None:
        """Let idle threads end; a thread at work ends when its call does."""
        self._closed = True
        for worker in self._idle:
            worker.inbox.put(None)
        self._idle.clear()

    def _assign(self, job: Job, worker: _Worker | None = None) -> None:
        if worker is None:
            worker = self._idle.pop() if self._idle else self._new_worker()
        self._busy[job] = worker
        worker.inbox.put(job)
        if job.on_start is not None:
            job.on_start()

    def _new_worker(self) -> _Worker:
        self._started += 1
        return _Worker(self, self._started)

    def _abandon(self, job: Job) -> None:
        if self._busy.pop(job, None) is not None and (following := self._next()) is not None:
            self._assign(following)

    def _next(self) -> Job | None:
        """Return the first call that still waits: those of a stopped run must not start."""
        while self._waiting:
            job = self._waiting.popleft()
            if not job.future.done():
                return job
        return None


def discard(value: object) -> bool:
    """Close a coroutine that nobody will await, or Python complains; whether it was one."""
    if not asyncio.iscoroutine(value):
        return False
    value.close()
    return True
