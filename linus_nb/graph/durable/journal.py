"""Runs on disk: a SQLite file with a row for each run and one for each settled node.

This module is the file and nothing else; every call of it blocks. ``recorder.py`` writes it
from a thread of its own while a run goes on, ``resuming_stored.py`` reads it.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from linus_nb.errors import UnknownRunError
from linus_nb.graph.durable.database import Database, bindable, insert

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TABLES = {
    "runs": """
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, dag TEXT NOT NULL, status TEXT NOT NULL, started REAL NOT NULL,
        seconds REAL, schedule TEXT NOT NULL, nodes INTEGER NOT NULL, initial TEXT NOT NULL,
        missing TEXT NOT NULL, shape TEXT NOT NULL
    )
    """,
    "nodes": """
    CREATE TABLE nodes (
        run_id TEXT NOT NULL, path TEXT NOT NULL, status TEXT NOT NULL, error TEXT, output TEXT,
        response TEXT, attempts TEXT NOT NULL, definition TEXT, definition_after TEXT,
        inputs TEXT, verdicts TEXT, conditions TEXT, conditions_after TEXT, seen TEXT,
        PRIMARY KEY (run_id, path)
    ) WITHOUT ROWID
    """,
}


class RunRow(NamedTuple):
    """One run.

    Parameters
    ----------
    run_id, dag, status, schedule : str
        As in the result.
    started : float
        Seconds since 1970, UTC.
    seconds : float, optional
        How long it took; None while it has not ended.
    nodes : int
        Number of nodes.
    initial : str
        The initial state, encoded.
    missing : str
        Its keys that could not be stored, encoded.
    shape : str
        The names of the nodes and their edges, encoded.
    """

    run_id: str
    dag: str
    status: str
    started: float
    seconds: float | None
    schedule: str
    nodes: int
    initial: str
    missing: str
    shape: str


class NodeRow(NamedTuple):
    """One node that has settled; texts are encoded values or digests."""

    run_id: str
    path: str
    status: str
    error: str | None
    output: str | None
    response: str | None
    attempts: str
    definition: str | None
    definition_after: str | None
    inputs: str | None
    verdicts: str | None
    conditions: str | None
    conditions_after: str | None
    seen: str | None


After = tuple[str | None, str | None]


class Journal(Database):
    """A journal of runs, open; see :class:`~linus_nb.graph.durable.database.Database`."""

    FORMAT = 1
    TABLES = _TABLES

    # --- writing ---------------------------------------------------------------

    def put_run(self, row: RunRow) -> None:
        """Write a run, also over an earlier state of it."""
        with self.told("written"):
            insert(self._connection, "runs", [row])

    def put_nodes(self, rows: Sequence[NodeRow]) -> None:
        """Write settled nodes, all or none; they are on the disk when this returns."""
        with self.told("written"), self.transaction() as connection:
            insert(connection, "nodes", rows)

    def end_run(self, run_id: str, status: str, seconds: float, after: Mapping[str, After]) -> None:
        """Write how a run has ended.

        Parameters
        ----------
        run_id, status : str
            The run.
        seconds : float
            How long it took.
        after : mapping of str to (str, str)
            Digests of what nodes and their conditions were at the end, by path.
        """
        with self.told("written"), self.transaction() as connection:
            connection.execute(
                "UPDATE runs SET status = ?, seconds = ? WHERE run_id = ?",
                (status, seconds, run_id),
            )
            connection.executemany(
                "UPDATE nodes SET definition_after = ?, conditions_after = ? "
                "WHERE run_id = ? AND path = ?",
                [(*digests, run_id, bindable(path)) for path, digests in after.items()],
            )

    # --- reading ---------------------------------------------------------------

    def run(self, run_id: str | None, dag: str) -> RunRow:
        """Return a run of a DAG, the latest if none is named.

        Raises
        ------
        UnknownRunError
            If there is none.
        """
        with self.told("read"):
            found = self._connection.execute(
                "SELECT * FROM runs WHERE dag = ? AND run_id = coalesce(?, run_id) "
                "ORDER BY started DESC, rowid DESC LIMIT 1",
                (bindable(dag), run_id),
            ).fetchone()
        if found is not None:
            return RunRow(*found)
        wanted = "run" if run_id is None else f"run {run_id!r}"
        raise UnknownRunError(
            f"the journal {str(self.path)!r} has no {wanted} of the DAG {dag!r}",
            hint=f"linus_nb.runs({str(self.path)!r}) shows what it has",
        )

    def nodes(self, run_id: str) -> dict[str, NodeRow]:
        """Return what has settled in a run, by path."""
        with self.told("read"):
            rows = self._connection.execute("SELECT * FROM nodes WHERE run_id = ?", (run_id,))
            return {row[1]: NodeRow(*row) for row in rows}

    def all_runs(self) -> list[tuple[RunRow, dict[str, int]]]:
        """Return all runs, oldest first, with how many nodes have which status."""
        with self.told("read"):
            counted = self._connection.execute(
                "SELECT run_id, status, count(*) FROM nodes GROUP BY run_id, status"
            ).fetchall()
            runs = self._connection.execute("SELECT * FROM runs ORDER BY started").fetchall()
        counts: dict[str, dict[str, int]] = {}
        for run_id, status, count in counted:
            counts.setdefault(run_id, {})[status] = count
        return [(RunRow(*row), counts.get(row[0], {})) for row in runs]


def new_run(run_id: str, dag: str, schedule: str, nodes: int, shape: str) -> RunRow:
    """Return the row of a run that begins now, without its initial state."""
    return RunRow(run_id, dag, "running", time.time(), None, schedule, nodes, "{}", "[]", shape)
