"""Writes a run into its journal while it goes on, from a thread of its own (``writing.py``).

The event loop hands over what has settled and awaits that it is on the disk; encoding and
writing happen in the thread. What cannot be written (disk full, a lock in a result) never
stops the run: it is told in the result's notices and runs again on resume.
"""

from __future__ import annotations

import json
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from linus_nb.errors import JournalError, UnstorableError
from linus_nb.graph.durable.encoding import dumps
from linus_nb.graph.durable.journal import Journal, NodeRow, new_run
from linus_nb.graph.durable.owning import Ownership
from linus_nb.graph.durable.recording import FINISHED, shape_of
from linus_nb.graph.durable.resuming import digest_of_input, seen_after
from linus_nb.graph.durable.writing import Writing
from linus_nb.graph.node_result import error_text

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Sequence

    from linus_nb.graph.durable.journal import After, RunRow
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.run import Run
    from linus_nb.graph.schedule import Verdict

TIMES = ("number", "queued", "released", "started", "ended", "status", "error", "worker")
"""What is stored of an attempt."""

_TIMES_OF = attrgetter(*TIMES)


class RunRecorder(Writing[Journal, NodeRow]):
    """Records one run.

    Parameters
    ----------
    path : str or path
        The journal; made if it is not there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self._path = path
        self._stored: dict[str, NodeRow] = {}
        self._row: RunRow | None = None
        self._missing: set[str] = set()

    def _put(self, journal: Journal, rows: list[NodeRow]) -> None:
        journal.put_nodes(rows)

    # --- called on the event loop ----------------------------------------------

    def take_over(
        self, run_id: str | None, dag: str
    ) -> Awaitable[tuple[RunRow, dict[str, NodeRow]]]:
        """Become the owner of a stored run, the latest of ``dag`` if none is named."""
        return self._ask(partial(self._take_over, run_id, dag))

    def begin(self, run: Run) -> Awaitable[object]:
        """Write that ``run`` begins; raises JournalError if that is not possible."""
        return self._ask(partial(self._begin, run))

    def record(self, run: Run, node: int, verdicts: Sequence[Verdict] | None) -> Awaitable[object]:
        """Write how a node has settled; see :class:`~linus_nb.graph.durable.recording.Recorder`."""
        return self._ask(partial(self._row_of, run, node, verdicts), makes_row=True)

    async def finish(self, run: Run) -> None:
        """Write how the run has ended, tell in its notices what is missing, and let it go."""
        finishing = self._ask_last(partial(self._finish, run.result()))
        await self._wait(finishing, stopped=run.status == "cancelled")
        run.around.notices += self._notices

    async def let_go(self) -> None:
        """Close the journal; nothing more is written."""
        await self._ask_last(self._close)

    # --- in the thread ---------------------------------------------------------

    def _take_over(self, run_id: str | None, dag: str) -> tuple[RunRow, dict[str, NodeRow]]:
        self._journal = Journal(self._path, create=False)
        found = self._journal.run(run_id, dag)
        self._ownership = Ownership(self._journal.path, found.run_id)
        # Only now nobody else changes it.
        self._row = self._journal.run(found.run_id, dag)
        self._stored = self._journal.nodes(found.run_id)
        return self._row, self._stored

    def _begin(self, run: Run) -> None:
        if self._row is not None and self._journal is not None:
            self._journal.put_run(self._row._replace(status="running", seconds=None))
            return
        run_id, structure = run.around.run_id, run.structure
        self._journal = Journal(self._path, create=True)
        self._ownership = Ownership(self._journal.path, run_id)
        row = new_run(
            run_id, structure.name, run.around.policy, len(structure.names), shape_of(structure)
        )
        initial, missing = self._initial(run.store.initial)
        self._journal.put_run(row._replace(initial=dumps(initial), missing=dumps(missing)))

    def _initial(self, initial: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Return what can be stored of the initial state, and the keys of the rest."""
        kept, missing = {}, []
        for key, value in initial.items():
            try:
                dumps(value)
            except UnstorableError as error:
                missing.append(key)
                self._tell(f"{key!r} of the initial state is not in the journal: {error.message}")
            else:
                kept[key] = value
        return kept, missing

    def _row_of(self, run: Run, node: int, verdicts: Sequence[Verdict] | None) -> NodeRow | None:
        record, path = run.records[node], run.prefix + run.records[node].name
        told = None if verdicts is None else json.dumps(list(map(_verdict, verdicts)))
        old = self._stored.get(path)
        if record.reused and old is not None and old.verdicts == told:
            return None  # it is there already
        try:
            output = dumps(run.store.outputs[node]) if run.store.written[node] else None
        except UnstorableError as error:
            self._missing.add(path)
            self._tell(f"{path!r} is not in the journal and runs again on resume: {error.message}")
            return None
        return NodeRow(
            run.around.run_id,
            path,
            record.status,
            record.error,
            output,
            self._response(path, record.response),
            json.dumps([_TIMES_OF(attempt) for attempt in record.attempts]),
            *run.definitions.of(node),
            digest_of_input(record),
            told,
            *run.definitions.of_edges(node),
            None if told is None else seen_after(run.store, node),
        )

    def _response(self, path: str, response: Any) -> str | None:
        try:
            return None if response is None else dumps(response)
        except UnstorableError as error:
            self._tell(f"the response of {path!r} is not in the journal: {error.message}")
            return None

    def _finish(self, result: ExecutionResult) -> None:
        try:
            if self._journal is not None and self._ownership is not None:
                seconds, after = result.execution_time_seconds, _after(result, "")
                self._journal.end_run(result.run_id, self._status(result), seconds, after)
        except JournalError as error:
            self._problem = self._problem or error
        finally:
            self._close()
        if self._problem is not None and self._unwritten:
            paths = ", ".join(repr(row.path) for row in self._unwritten[:10])
            self._notices.append(
                f"{len(self._unwritten)} nodes are not in the journal and run again on resume "
                f"({paths}): {self._problem}"
            )

    def _status(self, result: ExecutionResult) -> str:
        """Return how the run is stored to have ended: finished only if nothing is missing."""
        whole = not self._missing and not self._unwritten
        return result.status if whole or result.status not in FINISHED else "incomplete"


def _verdict(verdict: Verdict) -> bool | str:
    return error_text(verdict) if isinstance(verdict, BaseException) else verdict


def _after(result: ExecutionResult, prefix: str) -> dict[str, After]:
    """Return what nodes were at the end, where that is not what they were at the start."""
    found: dict[str, After] = {}
    for node, record in enumerate(result.nodes.values()):
        after = result.definitions.of(node)[1], result.definitions.of_edges(node)[1]
        if after != (None, None):
            found[prefix + record.name] = after
        if record.child is not None:
            found |= _after(record.child, f"{prefix}{record.name}/")
    return found
