"""One node, once: its record, its call, and what came of it."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from linus_nb.errors import NodeTimeoutError

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.graph.calling import Callee
    from linus_nb.graph.inputs import Arguments
    from linus_nb.graph.node import AgentNode
    from linus_nb.graph.threads import Threads

StopReason = Literal["cancelled", "timeout"]


@dataclass(slots=True, eq=False)
class Attempt:
    """What is known of one attempt; one row of ``result.timings``.

    All times are seconds from the run's start, None for what has not happened.

    Parameters
    ----------
    node : int
        Index of the node in its DAG.
    number : int
        Counts from 1.
    queued : float
        When all predecessors had settled.
    """

    node: int
    number: int
    queued: float
    released: float | None = None
    """When its level (or its turn, in sequential order) had come."""
    started: float | None = None
    ended: float | None = None
    status: str = "queued"
    error: str | None = None
    worker: str = "loop"
    response: Any = None
    stop: StopReason | None = field(default=None, repr=False)
    """Why we have cancelled it; None while we have not."""
    closed: bool = field(default=False, repr=False)
    """True: its outcome no longer counts."""
    in_thread: bool = field(default=False, repr=False)
    """Whether a thread is working on it."""
    seconds: float | None = field(default=None, repr=False)
    """What the work took by the clock of whoever did it, if that was not here."""
    holds_slot: bool = field(default=False, repr=False)
    task: asyncio.Task[None] | None = field(default=None, repr=False)
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)

    def cancel(self, reason: StopReason) -> None:
        """Tell the attempt to stop; the first reason is kept."""
        if self.stop is None:
            self.stop = reason
        if self.task is not None:
            self.task.cancel()

    def end(self, now: float) -> None:
        """Take down that it has ended; what a backend spent on the way counts as waiting."""
        self.ended = now
        if self.seconds is not None:
            self.started = max(self.released or 0.0, now - self.seconds)

    def failure_of(self, error: BaseException | None, node: AgentNode) -> BaseException | None:
        """Return why the attempt has failed, None if it has not.

        Whatever a node does after its time was up, it has timed out. A ``CancelledError``
        that nobody asked for is an error of the node's own; one that came from outside
        (the event loop is closing) stops the run like our own.
        """
        if self.stop == "timeout":
            return NodeTimeoutError(
                f"node {node.name!r} ran longer than timeout_seconds={node.timeout_seconds}",
                hint=f"give it more time, or retry_count=1: {node.name!r} is tried once more",
            )
        asked = self.task is not None and self.task.cancelling()
        if self.stop is None and isinstance(error, asyncio.CancelledError) and asked:
            self.stop = "cancelled"
        return error


async def call(
    callee: Callee,
    arguments: Arguments,
    attempt: Attempt,
    threads: Threads | None,
    set_timer: Callable[[], None],
) -> Any:
    """Call a node's agent or function with its input.

    Parameters
    ----------
    callee : Callee
        What to call.
    arguments : (tuple, dict)
        What to give it.
    attempt : Attempt
        Is told where the work happens.
    threads : Threads, optional
        Where to call what is not async; None: on the loop itself.
    set_timer : callable
        Called when the work starts, which is later than now if all threads are taken.
    """
    args, kwargs = arguments
    if callee.is_async:
        set_timer()
        return await callee.function(*args, **kwargs)
    if threads is None:
        set_timer()
        value = callee.function(*args, **kwargs)
    else:
        attempt.worker = "thread"

        def begin() -> None:
            attempt.in_thread = True
            set_timer()

        try:
            value = await threads.call(partial(callee.function, *args, **kwargs), begin)
        except asyncio.CancelledError:
            raise  # the thread goes on
        except BaseException:
            attempt.in_thread = False
            raise
        attempt.in_thread = False
    return await value if inspect.isawaitable(value) else value
