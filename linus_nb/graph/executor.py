"""Runs DAGs: the public face of :class:`~linus_nb.graph.run.Run`."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Unpack

from linus_nb.blocking import run_blocking
from linus_nb.errors import OptionError
from linus_nb.graph.handle import RunHandle
from linus_nb.graph.listening import Listening
from linus_nb.graph.run_making import RunMaker

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Mapping

    import pandas as pd

    from linus_nb import events
    from linus_nb.graph.mapping.options import Columns, Key, MapOptions
    from linus_nb.graph.mapping.sources import Rows
    from linus_nb.graph.result import ExecutionResult


class DAGExecutor(RunMaker):
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
    backend : Backend, optional
        Where nodes run, such as a ``DaskBackend``; by default in this process.
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

    async def amap(
        self,
        rows: Rows,
        columns: Columns = None,
        *,
        key: Key = None,
        max_concurrency: int | None = None,
        limits: Mapping[str, int] | None = None,
        journal: str | os.PathLike[str] | None = None,
        retry_failed: bool = True,
        progress: bool = True,
        schedule: str | None = None,
    ) -> pd.DataFrame:
        """Run the DAG once for each row of a table; each row is the initial state of a run.

        A row that fails, or is no dict, has its error in the frame and stops no other row.

        Parameters
        ----------
        rows : DataFrame, iterable of dicts, async iterable of dicts, or path
            The table. An async iterable is read as rows are needed; a CSV, Parquet or JSONL
            file in chunks.
        columns : list of str, or dict of str to str, optional
            The output keys to return; a dict renames them. Default: those of the end nodes.
        key : str or callable, optional
            Names a row in the journal: a column, or a function of the row. Default: its position.
        max_concurrency : int, optional
            Most rows at once; default 10.
        limits : mapping of str to int, optional
            As the executor's, which it is added to; both hold for all rows together.
        journal : path, optional
            A SQLite file (made if it is not there) in which each finished row is kept. Mapped
            again, rows whose content and DAG are unchanged are taken from it.
        retry_failed : bool
            Whether rows that failed are run again then.
        progress : bool
            Show a bar (none where a program executes the notebook).
        schedule : str, optional
            Of each run, as for :meth:`aexecute`.

        Returns
        -------
        DataFrame
            The input with its order and index, the output columns, and ``status`` (of the
            run), ``error``, ``seconds``, ``input_tokens`` and ``output_tokens`` (missing where
            nobody counted). Notices are in ``frame.attrs["notices"]``.

        Raises
        ------
        OptionError, GraphError, JournalError
            Before any row runs, for what can work for no row: a missing column, for example.
        RowsError
            If the rows end with an error of their source.
        asyncio.CancelledError
            When stopped, after all is cleaned up; ``last_map`` has what finished.

        Examples
        --------
        >>> from linus_nb.graph import AgentDAG, DAGExecutor
        >>> dag = AgentDAG("shout")
        >>> _ = dag.node("loud", lambda word: word.upper())
        >>> frame = DAGExecutor(dag).map([{"word": "tea"}, {"word": 7}])
        >>> frame[["word", "loud", "status"]]
          word  loud   status
        0  tea   TEA  success
        1    7  <NA>   failed
        """
        # pandas loads when the first table is wanted, not with the package.
        from linus_nb.graph.mapping.mapper import Mapper  # noqa: PLC0415

        self._last_map = mapper = Mapper(
            self.dag,
            rows,
            columns,
            held=self._initial(None),
            around=self._around_rows(schedule, limits),
            key=key,
            max_concurrency=max_concurrency,
            journal=journal,
            retry_failed=retry_failed,
            progress=progress,
        )
        return await mapper.map()

    def map(
        self, rows: Rows, columns: Columns = None, **options: Unpack[MapOptions]
    ) -> pd.DataFrame:
        """Run the DAG once for each row and wait; see :meth:`amap`, also for the options."""
        return run_blocking(self.amap(rows, columns, **options))

    def listening(self, listener: events.Listener) -> Listening:
        """Return a context manager in which ``listener`` gets the events of every run."""
        return Listening(self._listeners, listener)

    def __repr__(self) -> str:
        last = f", last run {self._last_run.status}" if self._last_run else ""
        return f"DAGExecutor({self.dag.name!r}, {len(self.dag)} nodes{last})"
