"""One worker as a run sees it: a stream, and the calls that are on their way."""

from __future__ import annotations

import asyncio
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from linus_nb.cluster.worker import Order, Outcome

if TYPE_CHECKING:
    from linus_nb.cluster.wire import Wire


class WorkerLostError(Exception):
    """A worker has gone with calls in hand."""


class Report(Protocol):
    """Who is told what happens to a call."""

    def begun(self, worker: str) -> None:
        """Take down that ``worker`` is at work."""

    def event(self, packed: bytes) -> None:
        """Take an event of the node's agent."""


class _InHand(NamedTuple):
    report: Report
    reply: asyncio.Future[Outcome]


class Lane:
    """One worker, and the calls that it has in hand.

    Parameters
    ----------
    name : str
        The worker's.
    threads : int
        How many it has.
    wire : Wire
        The stream to it.
    """

    def __init__(self, name: str, threads: int, wire: Wire) -> None:
        self.name = name
        self.threads = threads
        self.busy = {True: 0, False: 0}
        """Calls that are async, and calls that hold a thread."""
        self._wire = wire
        self._in_hand: dict[int, _InHand] = {}
        self._numbers = count()
        self._lost = False

    def load(self, *, is_async: bool) -> float:
        """Return how much it has to do, in calls a thread."""
        return self.busy[is_async] / self.threads

    async def make(self, order: Order, report: Report) -> Outcome:
        """Have the worker make a call.

        Raises
        ------
        WorkerLostError
            If the worker goes before it has answered.
        """
        if self._lost:
            raise WorkerLostError(self.name)
        number, reply = next(self._numbers), asyncio.get_running_loop().create_future()
        self._in_hand[number] = _InHand(report, reply)
        self._wire.send("call", number, *order)
        try:
            return await asyncio.shield(reply)
        except asyncio.CancelledError:
            self._wire.send("stop", number)
            if not order.is_async and not reply.done():
                raise  # nobody can stop a thread
            return await asyncio.shield(reply)  # how the coroutine took it
        finally:
            del self._in_hand[number]

    async def follow(self) -> None:
        """Hand on what comes in until the worker goes."""
        try:
            async for kind, number, *rest in self._wire.messages():
                if number in self._in_hand:
                    self._take(kind, self._in_hand[number], rest)
        finally:
            self._lost = True
            self._wire.close()
            for _, reply in self._in_hand.values():
                if not reply.done():
                    reply.set_exception(WorkerLostError(self.name))

    def _take(self, kind: str, in_hand: _InHand, rest: list[Any]) -> None:
        if kind == "begun":
            in_hand.report.begun(self.name)
        elif kind == "event":
            in_hand.report.event(*rest)
        elif not in_hand.reply.done():
            in_hand.reply.set_result(Outcome(*rest))
