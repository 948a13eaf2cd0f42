"""Lets the rows of a table through a DAG, so many at once."""

from __future__ import annotations

import asyncio
import logging
import secrets
import sqlite3
from functools import partial
from typing import TYPE_CHECKING, Any

from linus_nb.awake import keep_awake
from linus_nb.blocking import warn_of_old_nest_asyncio
from linus_nb.errors import LinusError, OptionError, RowsError
from linus_nb.graph import settings
from linus_nb.graph.loop_watch import watching
from linus_nb.graph.mapping.columns import output_columns, refuse_clashes
from linus_nb.graph.mapping.frame import map_frame
from linus_nb.graph.mapping.outcome import RowOutcome
from linus_nb.graph.mapping.progress import find_screen_for, progress_bar
from linus_nb.graph.mapping.reading import Reading
from linus_nb.graph.mapping.row_names import RowNamer
from linus_nb.graph.mapping.row_recorder import RowRecorder
from linus_nb.graph.mapping.row_runs import RowRuns
from linus_nb.graph.mapping.sources import source_of
from linus_nb.graph.node_result import error_text
from linus_nb.graph.slots import Slots
from linus_nb.graph.threads import Threads

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    import pandas as pd

    from linus_nb.graph.attempting import Attempts
    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.mapping.options import Columns, Key
    from linus_nb.graph.mapping.progress import Bar
    from linus_nb.graph.mapping.sources import Rows
    from linus_nb.graph.surroundings import Surroundings

logger = logging.getLogger("linus_nb")

DEFAULT_ROWS_AT_ONCE = 10

_MOST_TOLD = 10
"""So many names are in a notice."""


class Mapper:
    """One map: what it was asked for, and what has come of it so far.

    What can work for no row is refused when this is made, before any row runs.

    Parameters
    ----------
    dag : AgentDAG
        The DAG.
    rows, columns, key, max_concurrency, journal, retry_failed, progress
        As for :meth:`~linus_nb.graph.executor.DAGExecutor.amap`.
    held : mapping
        What is initial state in every run, beside the row.
    around : callable
        Makes the surroundings of one run from its name.
    """

    def __init__(
        self,
        dag: AgentDAG,
        rows: Rows,
        columns: Columns,
        *,
        held: Mapping[str, Any],
        around: Callable[..., Surroundings],
        key: Key = None,
        max_concurrency: int | None = None,
        journal: str | os.PathLike[str] | None = None,
        retry_failed: bool = True,
        progress: bool = True,
    ) -> None:
        structure = dag.structure()
        self.notices: list[str] = []
        self._abandoned: list[str] = []
        self._threads = Threads(settings.options.most_threads)
        self._columns = output_columns(structure, columns)
        self._runs = RowRuns(
            dag,
            held,
            partial(around, pool=self._threads, notices=self.notices, abandoned=self._abandoned),
            self._columns,
        )
        self._at_once = Slots[None](max_concurrency, {}).max_concurrency or DEFAULT_ROWS_AT_ONCE
        self._source = source_of(rows)
        self._refuse(key)
        self._namer = RowNamer(key)
        self._recorder = None
        if journal is not None:
            keys = tuple(self._columns)
            self._recorder = RowRecorder(journal, structure, held, keys, retry_failed=retry_failed)
        self._name, self._run_id = structure.name, secrets.token_hex(6)
        self._progress = progress
        self._outcomes: list[RowOutcome | None] = []
        self._is_over = False
        self._fault: BaseException | None = None

    def _refuse(self, key: Key) -> None:
        """Raise what would be wrong with every row, so far as the columns are known."""
        given = self._source.columns
        if given is None or self._source.total == 0:
            return
        refuse_clashes(self._columns, given)
        self._runs.check(given)
        if isinstance(key, str) and key not in given:
            raise OptionError(
                f"key={key!r} is no column of the table", hint=f"its columns are {given[:20]}"
            )

    @property
    def everyone(self) -> Iterable[Attempts]:
        """The attempts of all rows that run now."""
        return self._runs.everyone

    def frame(self) -> pd.DataFrame:
        """Return the table with what has come of its rows so far."""
        inputs = self._source.inputs()
        none = (None,) * len(self._columns)
        missing = RowOutcome("cancelled" if self._is_over else "waiting", outputs=none)
        outcomes = [missing if outcome is None else outcome for outcome in self._outcomes]
        outcomes += [missing] * (len(inputs) - len(outcomes))
        frame = map_frame(inputs, list(self._columns.values()), outcomes)
        frame.attrs = {**inputs.attrs, "notices": list(self.notices)}
        return frame

    async def map(self) -> pd.DataFrame:
        """Run all rows and return the frame; when cancelled, clean up first."""
        warn_of_old_nest_asyncio()
        loop, stopped = asyncio.get_running_loop(), True
        try:
            if self._recorder is not None:
                await self._recorder.begin()
            screen = find_screen_for(progress=self._progress)
            bar = progress_bar(self._name, self._source.total, loop, screen)
            with keep_awake(), watching(self), bar as told:
                await self._let_through(told)
            stopped = False
        except asyncio.CancelledError as error:
            # Afresh: a notebook would draw every frame down to the tasks, which takes a while.
            raise asyncio.CancelledError(*error.args) from None
        finally:
            self._is_over = True
            self._threads.close()
            if self._recorder is not None:
                self.notices += await self._recorder.finish(stopped=stopped)
            self._tell()
        if self._fault is not None:
            raise self._source_error(self._fault) from self._fault
        return self.frame()

    def _source_error(self, fault: BaseException) -> RowsError:
        text, hint = error_text(fault), "executor.last_map has what came of the rows until then"
        if isinstance(fault, LinusError):
            text, hint = fault.message, f"{fault.hint}; {hint}" if fault.hint else hint
        elif isinstance(fault, sqlite3.ProgrammingError):  # of the thread, which it names
            hint = f"sqlite3.connect(..., check_same_thread=False), or amap(list(rows)); {hint}"
        return RowsError(f"after {len(self._outcomes)} rows their source failed: {text}", hint=hint)

    async def _let_through(self, bar: Bar) -> None:
        total = self._source.total
        workers = self._at_once if total is None else max(1, min(self._at_once, total))
        async with Reading(self._source) as reading, asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(reading, bar))
        self._fault = reading.fault

    async def _work(self, reading: Reading, bar: Bar) -> None:
        """Take one row after another; with so many workers, so many rows are on their way."""
        try:
            while await reading.has_more():
                row, position = reading.rows.popleft(), len(self._outcomes)
                self._outcomes.append(None)
                await self._settle(position, row, bar)
        except asyncio.CancelledError:
            reading.stop()  # now, so that it has the same time to end as the rows have
            raise

    async def _settle(self, position: int, row: Any, bar: Bar) -> None:
        """Run a row, or find it in the journal; it is over when it is on the disk."""
        recorder, name, outcome = self._recorder, None, None
        if recorder is not None and isinstance(row, dict):
            try:
                name = self._namer.name(position, row)
                outcome = recorder.recall(name)
            except OptionError as error:
                outcome = RowOutcome("failed", str(error), outputs=(None,) * len(self._columns))
        stored = outcome is not None
        if outcome is None:
            outcome = await self._runs.run(f"{self._run_id}-{position}", row)
        self._outcomes[position] = outcome
        if recorder is not None and name is not None and not stored and outcome.is_over:
            await recorder.record(name, outcome)
        bar.advance(outcome, stored=stored)
        if stored or outcome.seconds is None:
            await asyncio.sleep(0)  # nothing was awaited: let others have the loop

    def _tell(self) -> None:
        """Say in the log, and in the notices, what the user should know."""
        if self._abandoned:
            names = ", ".join(map(repr, self._abandoned[:_MOST_TOLD]))
            self.notices.append(
                f"{len(self._abandoned)} nodes would not stop and were left to themselves: {names}"
            )
        failed = [at for at, row in enumerate(self._outcomes) if row and row.status == "failed"]
        if failed:
            first = self._outcomes[failed[0]]
            logger.warning(
                "%d of %d rows of %r failed, the first is row %d: %s",
                len(failed), len(self._outcomes), self._name, failed[0], first and first.error,
            )  # fmt: skip
