"""Our part of a Dask worker: makes the calls that come in on a stream, in its process.

Async nodes are tasks on the worker's loop, as many as come; others get threads, at most as many
at once as the worker has. An agent is made once a process; a function's closure and globals
are fresh copies in every call, so that nodes stay apart on a cluster too.
"""

from __future__ import annotations

import asyncio
import threading
from collections import OrderedDict
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

from linus_nb import __version__
from linus_nb.agent.serving.slots import share_slots
from linus_nb.cluster.server_limits import ServerLimits
from linus_nb.cluster.travelling import PackedError, pack, unpack
from linus_nb.cluster.wire import OPERATION, Wire
from linus_nb.errors import ClusterError
from linus_nb.events import Emitter, set_emitter, set_node
from linus_nb.graph.attempt import Attempt, call
from linus_nb.graph.calling import Callee
from linus_nb.graph.node_result import error_text
from linus_nb.graph.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Worker
    from distributed.comm.core import Comm

    from linus_nb.events import Event

_MOST_AGENTS = 64


class Order(NamedTuple):
    """A call as it travels.

    Parameters
    ----------
    node : str
        Which node, as ``parent/child``.
    is_async, is_agent, is_heard : bool
        Whether calling gives an awaitable; whether the target is an agent's method; whether
        anybody listens to the run.
    target, arguments : bytes
        What to call, and with what.
    """

    node: str
    is_async: bool
    is_agent: bool
    is_heard: bool
    target: bytes
    arguments: bytes


class Outcome(NamedTuple):
    """What became of a call.

    Parameters
    ----------
    kind : {"value", "error", "cancelled"}
        How it ended.
    packed : bytes
        The value or the exception.
    seconds : float, optional
        What the work took; None if it never began.
    """

    kind: str
    packed: bytes = b""
    seconds: float | None = None


def prepare(dask_worker: Worker) -> str:
    """Let a worker take our streams; return the version of linus_nb that it has."""
    if OPERATION not in dask_worker.handlers:
        dask_worker.handlers[OPERATION] = Service(dask_worker).serve
    return __version__


class Service:
    """What all streams of one worker share.

    Parameters
    ----------
    worker : Worker
        The worker.
    """

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.limits = ServerLimits(worker)
        self._agents: OrderedDict[bytes, Callable[..., Any]] = OrderedDict()

    async def serve(self, comm: Comm, **_: object) -> None:
        """Serve one stream until its other end goes."""
        await _Conversation(self, Wire(comm)).follow()

    def target_of(self, order: Order) -> Callable[..., Any]:
        """Return what ``order`` calls; an agent, with its clients, is kept for the next call."""
        if not order.is_agent:
            return self._unpacked(order, order.target)  # type: ignore[no-any-return]
        if order.target not in self._agents:
            self._agents[order.target] = self._unpacked(order, order.target)
        self._agents.move_to_end(order.target)
        while len(self._agents) > _MOST_AGENTS:
            self._agents.popitem(last=False)
        return self._agents[order.target]

    def call_of(self, order: Order) -> tuple[Callee, Any]:
        """Return what to call and with what."""
        callee = Callee(self.target_of(order), "parameters", order.is_async)
        return callee, self._unpacked(order, order.arguments)

    def _unpacked(self, order: Order, packed: bytes) -> Any:
        return unpack(packed, f"node {order.node!r}", f"on worker {self.worker.name!s}")


class _Conversation:
    """The calls of one stream."""

    def __init__(self, service: Service, wire: Wire) -> None:
        self._service = service
        self._wire = wire
        self._tasks: dict[int, asyncio.Task[Outcome]] = {}
        self._threads = Threads(service.worker.state.nthreads)

    async def follow(self) -> None:
        """Begin and stop calls as the other end says; when it has gone nobody waits for them."""
        try:
            async for kind, number, *rest in self._wire.messages():
                if kind == "call":
                    task = asyncio.ensure_future(self._make(number, Order(*rest)))
                    self._tasks[number] = task
                    task.add_done_callback(partial(self._tell, number))
                elif number in self._tasks:
                    self._tasks[number].cancel()
        finally:
            for task in self._tasks.values():
                task.cancel()
            self._threads.close()

    def _tell(self, number: int, task: asyncio.Task[Outcome]) -> None:
        del self._tasks[number]
        self._wire.send("done", number, *_outcome_of(task))

    async def _make(self, number: int, order: Order) -> Outcome:
        begun: list[float] = []

        def begin() -> None:
            begun.append(perf_counter())
            self._wire.send("begun", number)

        def seconds() -> float | None:
            return perf_counter() - begun[0] if begun else None

        set_node(order.node)
        set_emitter(_FarEmitter(self._wire, number) if order.is_heard else None)
        share_slots(self._service.limits.hold)
        try:
            callee, arguments = self._service.call_of(order)
            value = await call(callee, arguments, Attempt(0, 1, 0.0), self._threads, begin)
            taken = seconds()
            return Outcome("value", pack(value, f"what node {order.node!r} returned"), taken)
        except BaseException as error:  # whatever a node raises is its outcome
            if isinstance(error, asyncio.CancelledError) and _is_asked_to_stop():
                raise
            return Outcome("error", pack(PackedError.of(error), "an error"), seconds())


def _outcome_of(task: asyncio.Task[Outcome]) -> Outcome:
    """Return what a call has come to; whatever went wrong, the run must not wait for it."""
    if task.cancelled():
        return Outcome("cancelled")
    fault = task.exception()
    if fault is None:
        return task.result()
    told = ClusterError(f"what a node raised cannot travel: {error_text(fault)}")
    return Outcome("error", pack(PackedError.of(told), "an error"))


def _is_asked_to_stop() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class _FarEmitter(Emitter):
    """Speaks for one call, from any thread; the run's end gives its events time and name."""

    __slots__ = ("_loop", "_number", "_thread", "_wire")

    def __init__(self, wire: Wire, number: int) -> None:
        super().__init__(lambda _: None, run_id="", node="", started=0.0)
        self._wire = wire
        self._number = number
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def emit(self, event: Callable[..., Event], **fields: Any) -> None:
        """Send ``event`` to the run."""
        packed = pack((event, fields), "an event")
        if threading.get_ident() == self._thread:
            self._wire.send("event", self._number, packed)
        else:
            self._loop.call_soon_threadsafe(self._wire.send, "event", self._number, packed)
