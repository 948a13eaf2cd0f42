"""Runs DAGs: the public face of :class:`~linus_nb.graph.run.Run`."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING, Any

from linus_nb.blocking import run_blocking
from linus_nb.errors import OptionError
from linus_nb.graph.driving import drive
from linus_nb.graph.durable import memories
from linus_nb.graph.durable.recording import Recorder, recorder_for
from linus_nb.graph.durable.resuming import Past, past_for_rerun
from linus_nb.graph.handle import RunHandle
from linus_nb.graph.listening import Listening, publisher
from linus_nb.graph.run import Run
from linus_nb.graph.schedule import require_policy
from linus_nb.graph.settings import options
from linus_nb.graph.slots import Slots
from linus_nb.graph.surroundings import Surroundings

if TYPE_CHECKING:
    import os

    from linus_nb import events
    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.state import SharedState


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
    journal : path, optional
        A SQLite file (made if it is not there) in which each settled node is on the disk
        before anything depends on it; :meth:`aresume` goes on from there.
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
        journal: str | os.PathLike[str] | None = None,
        on_event: events.Listener | None = None,
    ) -> None:
        self.dag = dag
        self.state = state
        self.schedule = require_policy(schedule)
        self.max_concurrency = max_concurrency
        self.limits = dict(limits or {})
        self.journal = journal
        self._slots()  # refuses bad limits here, not at the first run
        self._listeners: list[events.Listener] = [on_event] if on_event is not None else []
        self._last_run: Run | None = None

    async def aexecute(
        self,
        initial_state: Mapping[str, Any] | None = None,
        parallel: bool = True,  # noqa: FBT001, FBT002 - the owner's signature
        *,
        schedule: str | None = None,
        reuse: bool = False,
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
        reuse : bool
            Take over nodes whose definition and input are as in the latest run of this DAG
            (or of one of its name, run with ``reuse``). Files that a node reads do not count.

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
        policy = self._policy(parallel, schedule)
        return await self.drive(self._new_run(initial_state, policy, reuse=reuse))

    def execute(
        self,
        initial_state: Mapping[str, Any] | None = None,
        parallel: bool = False,  # noqa: FBT001, FBT002 - the owner's signature
        *,
        schedule: str | None = None,
        reuse: bool = False,
    ) -> ExecutionResult:
        """Run the DAG and wait; see :meth:`aexecute`. By default one node at a time."""
        return run_blocking(self.aexecute(initial_state, parallel, schedule=schedule, reuse=reuse))

    async def aresume(self, run_id: str | None = None) -> ExecutionResult:
        """Go on with a run of the journal that was stopped, failed, or whose process ended.

        Nodes that completed, were skipped or whose failure was handled run again only if
        their definition or input has changed: ``result.notices`` says which.

        Parameters
        ----------
        run_id : str, optional
            The run; None: the latest of this DAG.

        Returns
        -------
        ExecutionResult
            Of the whole run. One that had finished is returned as it is.

        Raises
        ------
        JournalError
            If there is no such run, another executor has it, or the file cannot be read.
        """
        if self.journal is None:
            raise OptionError("there is no journal", hint="DAGExecutor(dag, journal='runs.db')")
        # Loads SQLite, which most runs do not need.
        from linus_nb.graph.durable.resumption import resume  # noqa: PLC0415

        return await resume(self, self.journal, run_id)

    def resume(self, run_id: str | None = None) -> ExecutionResult:
        """Go on with a run of the journal and wait; see :meth:`aresume`."""
        return run_blocking(self.aresume(run_id))

    def start(
        self,
        initial_state: Mapping[str, Any] | None = None,
        parallel: bool = True,  # noqa: FBT001, FBT002 - as aexecute
        *,
        schedule: str | None = None,
        reuse: bool = False,
    ) -> RunHandle:
        """Run the DAG in the background and return at once.

        Returns
        -------
        RunHandle
            ``await handle`` for the result, ``handle.cancel()`` to stop. It runs on the
            running event loop or, where there is none, on the background loop.
        """
        run = self._new_run(initial_state, self._policy(parallel, schedule), reuse=reuse)
        return RunHandle(run, self.drive(run))

    async def astream(
        self,
        initial_state: Mapping[str, Any] | None = None,
        parallel: bool = True,  # noqa: FBT001, FBT002 - as aexecute
        *,
        schedule: str | None = None,
        reuse: bool = False,
    ) -> AsyncIterator[events.Event]:
        """Run the DAG and yield its events; the last is ``run_finished`` with the result.

        Leaving the loop early stops the run.
        """
        queue: asyncio.Queue[events.Event | None] = asyncio.Queue()
        policy = self._policy(parallel, schedule)
        task = asyncio.ensure_future(
            self.drive(self._new_run(initial_state, policy, queue.put_nowait, reuse=reuse))
        )
        task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (event := await queue.get()) is not None:
                yield event
            await task
        finally:
            task.cancel()
            await asyncio.wait([task])

    def listening(self, listener: events.Listener) -> Listening:
        """Return a context manager in which ``listener`` gets the events of every run."""
        return Listening(self._listeners, listener)

    @property
    def last_result(self) -> ExecutionResult | None:
        """The latest result, also of a run that was stopped; None before the first."""
        return None if self._last_run is None else self._last_run.result()

    def __repr__(self) -> str:
        last = f", last run {self._last_run.status}" if self._last_run else ""
        return f"DAGExecutor({self.dag.name!r}, {len(self.dag)} nodes{last})"

    # --- one run ---------------------------------------------------------------

    def _policy(self, parallel: bool, schedule: str | None) -> str:  # noqa: FBT001
        chosen = require_policy(schedule) or self.schedule
        return chosen or (options.schedule if parallel else "sequential")

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
        *,
        reuse: bool = False,
    ) -> Run:
        past = memories.recollect(self.dag) if reuse else None
        initial = self._initial(initial_state)
        return self.make_run(initial, policy, listener=listener, past=past, reuse=reuse)

    def make_run(
        self,
        initial: Mapping[str, Any],
        policy: str,
        *,
        run_id: str | None = None,
        listener: events.Listener | None = None,
        past: Past | None = None,
        recorder: Recorder | None = None,
        reuse: bool = False,
    ) -> Run:
        """Make a run that has not begun; see ``Surroundings`` for what it is given."""
        self.dag.validate(initial)
        listeners = [*self._listeners, *([listener] if listener is not None else [])]
        around = Surroundings(
            run_id or secrets.token_hex(6),
            policy,
            publish=publisher(listeners) if listeners else None,
            slots=self._slots(),
            most_threads=options.most_threads,
            past=past,
            recorder=recorder or recorder_for(self.journal),
            reuse=reuse,
            rerun_by=self._rerun,
        )
        return Run(self.dag.structure(), self.dag.plans(), initial, around, state=self.state)

    async def _rerun(
        self, result: ExecutionResult, *, failed: bool, from_node: str | None
    ) -> ExecutionResult:
        past = past_for_rerun(result, self.dag.structure(), from_node, with_errors=not failed)
        return await self.drive(self.make_run(result.store.initial, result.schedule, past=past))

    async def drive(self, run: Run) -> ExecutionResult:
        """Make ``run`` go on to its end, recorded if there is a journal."""
        recorder = run.around.recorder
        try:
            if recorder is not None:
                await recorder.begin(run)
            self._last_run = run
            return await drive(run, self.dag)
        finally:
            if recorder is not None:
                await recorder.finish(run)
