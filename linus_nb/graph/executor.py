"""Runs DAGs: the public face of :class:`~linus_nb.graph.run.Run`."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any

from linus_nb.blocking import run_blocking, warn_of_old_nest_asyncio
from linus_nb.errors import OptionError
from linus_nb.graph.handle import RunHandle
from linus_nb.graph.notices import LEAST_SECONDS, barrier_notice, server_notice
from linus_nb.graph.run import Run
from linus_nb.graph.schedule import POLICIES
from linus_nb.graph.settings import options
from linus_nb.graph.slots import Slots
from linus_nb.graph.status_line import find_screen, status_line
from linus_nb.graph.surroundings import Surroundings

if TYPE_CHECKING:
    from linus_nb import events
    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.state import SharedState

logger = logging.getLogger("linus_nb")


class DAGExecutor:
    """Runs a DAG: independent nodes at once, on the event loop that awaits it.

    Parameters
    ----------
    dag : AgentDAG
        What to run. It may be changed between runs.
    state : SharedState, optional
        What it holds is initial state, and it receives each output as its node settles.
    schedule : {"levels", "dataflow", "sequential"}, optional
        ``"levels"``: the nodes of a level at once, each level waits for the one before.
        ``"dataflow"``: a node starts the moment its own predecessors have settled.
        ``"sequential"``: one node at a time. Default: ``linus_nb.options.schedule``.
    max_concurrency : int, optional
        Most nodes that run at once.
    limits : mapping of str to int, optional
        Most nodes that run at once for each ``AgentNode(resource=...)``.
    on_event : callable, optional
        Called with each event on the loop of the run; see ``linus_nb.events``.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> dag = AgentDAG("greeting")
    >>> _ = dag.node("hello", lambda name: f"hello {name}")
    >>> result = DAGExecutor(dag).execute({"name": "Ada"})
    >>> result.status, result["hello"]
    ('success', 'hello Ada')
    """

    def __init__(
        self,
        dag: AgentDAG,
        state: SharedState | None = None,
        *,
        schedule: str | None = None,
        max_concurrency: int | None = None,
        limits: Mapping[str, int] | None = None,
        on_event: events.Listener | None = None,
    ) -> None:
        self.dag = dag
        self.state = state
        self.schedule = _known(schedule)
        self.max_concurrency = max_concurrency
        self.limits = dict(limits or {})
        self._slots()  # refuses bad limits here, not at the first run
        self._listeners: list[events.Listener] = [on_event] if on_event is not None else []
        self._last_run: Run | None = None

    async def aexecute(
        self,
        initial_state: Mapping[str, Any] | None = None,
        parallel: bool = True,  # noqa: FBT001, FBT002 - the owner's signature
        *,
        schedule: str | None = None,
    ) -> ExecutionResult:
        """Run the DAG on the running event loop.

        Parameters
        ----------
        initial_state : mapping, optional
            What the first nodes read. Never changed.
        parallel : bool
            False: the same as ``schedule="sequential"``.
        schedule : str, optional
            Of this run; wins over ``parallel`` and over the executor's.

        Returns
        -------
        ExecutionResult
            Also when nodes failed: ``result.raise_for_status()`` raises.

        Raises
        ------
        GraphError
            If the DAG cannot run; nothing has been started then.
        asyncio.CancelledError
            When cancelled, after all is cleaned up; ``last_result`` has what finished.
        """
        return await self._drive(self._new_run(initial_state, self._policy(parallel, schedule)))

    def execute(
        self,
        initial_state: Mapping[str, Any] | None = None,
        parallel: bool = False,  # noqa: FBT001, FBT002 - the owner's signature
        *,
        schedule: str | None = None,
    ) -> ExecutionResult:
        """Run the DAG and wait; see :meth:`aexecute`. By default one node at a time."""
        return run_blocking(self.aexecute(initial_state, parallel, schedule=schedule))

    def start(
        self,
        initial_state: Mapping[str, Any] | None = None,
        parallel: bool = True,  # noqa: FBT001, FBT002 - as aexecute
        *,
        schedule: str | None = None,
    ) -> RunHandle:
        """Run the DAG in the background and return at once.

        Returns
        -------
        RunHandle
            ``await handle`` for the result, ``handle.cancel()`` to stop. It runs on the
            running event loop or, where there is none, on the background loop.
        """
        run = self._new_run(initial_state, self._policy(parallel, schedule))
        return RunHandle(run, self._drive(run))

    async def astream(
        self,
        initial_state: Mapping[str, Any] | None = None,
        parallel: bool = True,  # noqa: FBT001, FBT002 - as aexecute
        *,
        schedule: str | None = None,
    ) -> AsyncIterator[events.Event]:
        """Run the DAG and yield its events; the last is ``run_finished`` with the result.

        Leaving the loop early stops the run.
        """
        queue: asyncio.Queue[events.Event | None] = asyncio.Queue()
        policy = self._policy(parallel, schedule)
        task = asyncio.ensure_future(
            self._drive(self._new_run(initial_state, policy, queue.put_nowait))
        )
        task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (event := await queue.get()) is not None:
                yield event
            await task
        finally:
            task.cancel()
            await asyncio.wait([task])

    def listening(self, listener: events.Listener) -> _Listening:
        """Return a context manager in which ``listener`` gets the events of every run."""
        return _Listening(self._listeners, listener)

    @property
    def last_result(self) -> ExecutionResult | None:
        """The latest result, also of a run that was stopped; None before the first."""
        return None if self._last_run is None else self._last_run.result()

    def __repr__(self) -> str:
        last = f", last run {self._last_run.status}" if self._last_run else ""
        return f"DAGExecutor({self.dag.name!r}, {len(self.dag)} nodes{last})"

    # --- one run ---------------------------------------------------------------

    def _policy(self, parallel: bool, schedule: str | None) -> str:  # noqa: FBT001
        chosen = _known(schedule) or self.schedule
        if chosen is not None:
            return chosen
        return options.schedule if parallel else "sequential"

    def _initial(self, initial_state: Mapping[str, Any] | None) -> dict[str, Any]:
        if initial_state is not None and not isinstance(initial_state, Mapping):
            raise OptionError(
                f"initial_state is a dict of keys and values, not {type(initial_state).__name__}",
                hint="aexecute({'question': ...})",
            )
        held = self.state.get_all() if self.state is not None else {}
        return {**held, **(initial_state or {})}

    def _slots(self) -> Slots[Any] | None:
        if self.max_concurrency is None and not self.limits:
            return None
        return Slots(self.max_concurrency, self.limits)

    def _new_run(
        self,
        initial_state: Mapping[str, Any] | None,
        policy: str,
        listener: events.Listener | None = None,
    ) -> Run:
        initial = self._initial(initial_state)
        self.dag.validate(initial)
        listeners = [*self._listeners, *([listener] if listener is not None else [])]
        around = Surroundings(
            secrets.token_hex(6),
            policy,
            publish=_publisher(listeners) if listeners else None,
            slots=self._slots(),
            most_threads=options.most_threads,
        )
        return Run(self.dag.structure(), self.dag.plans(), initial, around, state=self.state)

    async def _drive(self, run: Run) -> ExecutionResult:
        """Make ``run`` go on to its end, and keep its result however it ends."""
        warn_of_old_nest_asyncio()
        screen = find_screen() if options.status_line and not run.around.publish else None
        self._last_run = run
        try:
            with status_line(run, asyncio.get_running_loop(), screen):
                result = await run.execute()
        finally:
            run.around.close()
        self._add_notices(result)
        if result.status == "failed":
            failed = "; ".join(f"{name!r}: {text}" for name, text in result.errors.items())
            logger.warning("run %s of %r failed: %s", result.run_id, self.dag.name, failed)
        return result

    def _add_notices(self, result: ExecutionResult) -> None:
        """Tell once a DAG what its runs lose to barriers or to a busy model server."""
        if result.execution_time_seconds < LEAST_SECONDS:
            return
        for ask in (barrier_notice, server_notice):
            notice = ask(result)
            if notice is not None and self.dag.tell_once(ask.__name__):
                result.notices.append(notice)
                logger.info("%r: %s", self.dag.name, notice)


class _Listening:
    """Adds a listener on entry and takes it away on exit."""

    def __init__(self, listeners: list[events.Listener], listener: events.Listener) -> None:
        self._listeners = listeners
        self._listener = listener

    def __enter__(self) -> None:
        self._listeners.append(self._listener)

    def __exit__(self, *_: object) -> None:
        self._listeners.remove(self._listener)


def _publisher(listeners: list[events.Listener]) -> Callable[[events.Event], None]:
    """Return one function that tells all; a listener that raises is dropped, not the run."""
    told = list(listeners)

    def publish(event: events.Event) -> None:
        for listener in tuple(told):
            try:
                listener(event)
            except Exception:
                logger.exception("a listener raised and gets no more events of this run")
                told.remove(listener)

    return publish


def _known(schedule: str | None) -> str | None:
    if schedule is not None and schedule not in POLICIES:
        raise OptionError(f"schedule={schedule!r} is not one of {', '.join(map(repr, POLICIES))}")
    return schedule
