"""DaskBackend: the nodes of a run on the workers of a Dask cluster."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from linus_nb.agent.interception import current_interceptor
from linus_nb.cluster.lane import WorkerLostError
from linus_nb.cluster.lanes import Lanes
from linus_nb.cluster.loops import on_loop
from linus_nb.cluster.travelling import pack, unpack
from linus_nb.cluster.worker import Order, Outcome
from linus_nb.errors import ClusterError, OptionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from distributed import Client

    from linus_nb.graph.backend import Call


class DaskBackend:
    """Makes nodes' calls on the workers of a Dask cluster.

    Nested DAGs are led from here, their nodes work on the cluster. A node with
    ``thread=False`` stays here.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster, asynchronous (on the loop that awaits the runs) or not. The process
        that runs has to reach the workers' addresses.
    most_lost : int
        Workers that a node may lose before it fails. Such losses are no attempts of the node;
        they are told in ``result.notices``.

    Examples
    --------
    >>> from distributed import Client
    >>> from linus_nb import AgentDAG, DAGExecutor
    >>> with Client(processes=False, n_workers=1, dashboard_address=":0") as client:
    ...     dag = AgentDAG("greeting")
    ...     _ = dag.node("hello", lambda name: f"hello {name}")
    ...     executor = DAGExecutor(dag, backend=DaskBackend(client))
    ...     executor.execute({"name": "Ada"})["hello"]
    'hello Ada'
    """

    def __init__(self, client: Client, *, most_lost: int = 3) -> None:
        if not hasattr(client, "scheduler") or not hasattr(client, "loop"):
            raise OptionError(
                f"{client!r} is no client of a cluster",
                hint="DaskBackend(distributed.Client(cluster))",
            )
        if not isinstance(most_lost, int) or most_lost < 0:
            raise OptionError(f"most_lost={most_lost!r} is not a whole number of 0 or more")
        self.client = client
        self.most_lost = most_lost
        self._lanes = Lanes(client)

    async def make(self, call: Call) -> Any:
        """Make a call on the least busy worker; see :class:`linus_nb.graph.backend.Backend`."""
        order = _order_of(call)
        outcome = await on_loop(self._client_loop(), self._make(order, _Report(call)))
        call.ended(outcome.seconds)
        if outcome.kind == "cancelled":
            raise asyncio.CancelledError
        value = unpack(outcome.packed, f"what node {call.node!r} returned", "here")
        if outcome.kind == "error":
            raise value.unpack()
        return value

    def _client_loop(self) -> asyncio.AbstractEventLoop:
        if self.client.status != "running":
            raise ClusterError(
                f"the cluster's client is {self.client.status}", hint="Client(cluster) anew"
            )
        loop: asyncio.AbstractEventLoop = self.client.loop.asyncio_loop
        # Whoever awaits elsewhere may well hold up the very loop that the client needs.
        by_choice = self.client._asynchronous  # noqa: SLF001  # `asynchronous` says where we are
        if by_choice and loop is not asyncio.get_running_loop():
            raise ClusterError(
                "an asynchronous client works only for runs that are awaited on its own loop",
                hint="await executor.aexecute(...); or Client(...) without asynchronous=True",
            )
        return loop

    async def _make(self, order: Order, report: _Report) -> Outcome:
        """Make a call, anew where a worker is lost (on the client's loop)."""
        lost: list[str] = []
        while len(lost) <= self.most_lost:
            lane = await self._lanes.take(is_async=order.is_async)
            if lost:
                report.begins_anew(lost[-1], lane.name)
            try:
                return await lane.make(order, report)
            except WorkerLostError:
                lost.append(lane.name)
                task = asyncio.current_task()
                if task is not None and task.cancelling():
                    return Outcome("cancelled")
            finally:
                self._lanes.give_back(lane, is_async=order.is_async)
        raise ClusterError(
            f"workers were lost with node {order.node!r}, one after the other: {', '.join(lost)}",
            hint="it may need more memory than a worker has, or end its process",
        )


class _Report:
    """Tells a call what happens to it: on the run's loop, whichever the client's is."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._loop = asyncio.get_running_loop()

    def begun(self, worker: str) -> None:
        self._tell(self._call.begun, worker)

    def event(self, packed: bytes) -> None:
        emitter = self._call.emitter
        if emitter is not None:
            event, fields = unpack(packed, f"an event of node {self._call.node!r}", "here")
            emitter.emit(event, **fields)  # which knows its loop itself

    def begins_anew(self, lost: str, worker: str) -> None:
        text = (
            f"worker {lost} was lost with {self._call.node!r}, which began anew on worker {worker}"
        )
        self._tell(self._call.ended, None)
        self._tell(self._call.notice, text)

    def _tell(self, listener: Callable[..., None], *told: object) -> None:
        if asyncio.get_running_loop() is self._loop:
            listener(*told)
        else:
            self._loop.call_soon_threadsafe(listener, *told)


def _order_of(call: Call) -> Order:
    """Return a call as it travels; raises ClusterError if it cannot."""
    node, callee = call.node, call.callee
    is_agent = callee.takes != "parameters"
    if is_agent and getattr(getattr(callee.function, "__self__", None), "state", None) is not None:
        raise ClusterError(
            f"the agent of node {node!r} puts its result into a state, which stays here",
            hint=f"give the agent no state: result[{node!r}] has its result",
        )
    if current_interceptor() is not None:
        raise ClusterError(
            f"a cassette hears no model calls of node {node!r} on a worker",
            hint="record and replay without backend=",
        )
    return Order(
        node,
        callee.is_async,
        is_agent,
        call.emitter is not None,
        pack(callee.function, f"node {node!r}"),
        pack(call.arguments, f"what node {node!r} reads"),
    )
