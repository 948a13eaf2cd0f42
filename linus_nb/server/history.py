"""The runs on disk, as the server reads them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from linus_nb.graph.durable.journal import Journal

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from linus_nb.graph.durable.journal import NodeRow, RunRow

Run = dict[str, Any]
"""At least ``run_id``, ``dag_name`` and ``status``."""


class RunHistory(Protocol):
    """What the server asks of a journal."""

    async def runs(self, limit: int) -> Sequence[Run]:
        """Return the latest runs, newest first."""

    async def run(self, run_id: str) -> Run | None:
        """Return all that is known of one run, None if there is none of that id."""


class JournalHistory:
    """A journal file, opened for each question, in a thread.

    Parameters
    ----------
    path : str or path
        The file; that it is not there yet means no runs.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = Path(path)

    async def runs(self, limit: int) -> Sequence[Run]:
        """Return the latest runs, newest first."""
        return await asyncio.to_thread(self._runs, limit)

    async def run(self, run_id: str) -> Run | None:
        """Return a run and its nodes, None if there is none of that id."""
        return await asyncio.to_thread(self._run, run_id)

    def _runs(self, limit: int) -> Sequence[Run]:
        if not self._path.exists():
            return []
        journal = Journal(self._path, create=False)
        try:
            latest = journal.all_runs()[: -limit - 1 : -1]
            return [_told(row, counts) for row, counts in latest]
        finally:
            journal.close()

    def _run(self, run_id: str) -> Run | None:
        if not self._path.exists():
            return None
        journal = Journal(self._path, create=False)
        try:
            found = next((pair for pair in journal.all_runs() if pair[0].run_id == run_id), None)
            if found is None:
                return None
            nodes = journal.nodes(run_id)
            return {
                **_told(*found),
                "nodes": {path: _told_node(row) for path, row in nodes.items()},
            }
        finally:
            journal.close()


def _told(row: RunRow, counts: dict[str, int]) -> Run:
    return {
        "run_id": row.run_id,
        "dag_name": row.dag,
        "status": row.status,
        "started": row.started,
        "seconds": row.seconds,
        "schedule": row.schedule,
        "total_nodes": row.nodes,
        "settled_nodes": counts,
    }


def _told_node(row: NodeRow) -> Run:
    return {"status": row.status, "error": row.error}
