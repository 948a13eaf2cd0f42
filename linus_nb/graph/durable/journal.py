"""Runs on disk: a SQLite file with a row for each run and one for each settled node.

This module is the file and nothing else; every call of it blocks. ``recorder.py`` writes it
from a thread of its own while a run goes on, ``resuming_stored.py`` reads it.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from linus_nb.errors import JournalError, UnknownRunError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Iterator, Mapping

FORMAT = 1
"""Written into the file; a later version that cannot read it says so."""

BUSY_SECONDS = 5.0
"""How long to wait for another process that is writing."""

_TABLES = (
    """
    CREATE TABLE runs (
        run_id TEXT PRIMARY KEY, dag TEXT NOT NULL, status TEXT NOT NULL, started REAL NOT NULL,
        seconds REAL, schedule TEXT NOT NULL, nodes INTEGER NOT NULL, initial TEXT NOT NULL,
        missing TEXT NOT NULL, shape TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE nodes (
        run_id TEXT NOT NULL, path TEXT NOT NULL, status TEXT NOT NULL, error TEXT, output TEXT,
        response TEXT, attempts TEXT NOT NULL, definition TEXT, definition_after TEXT,
        inputs TEXT, verdicts TEXT, conditions TEXT, conditions_after TEXT, seen TEXT,
        PRIMARY KEY (run_id, path)
    ) WITHOUT ROWID
    """,
)


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


class Journal:
    """A journal file, open.

    Parameters
    ----------
    path : str or path
        The file.
    create : bool
        Make it if it is not there.

    Raises
    ------
    JournalError
        If it is not there, damaged, no journal, or cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], *, create: bool) -> None:
        self.path = Path(path)
        if not create and not self.path.exists():
            raise JournalError(
                f"there is no journal {str(path)!r}",
                hint=f"DAGExecutor(dag, journal={str(path)!r}) makes one when it runs",
            )
        with self._told("opened"):
            self._connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def _prepare(self) -> None:
        if self._version() == 0:
            with self._transaction():
                if self._version() == 0:  # nobody else has made it meanwhile
                    self._make_tables()
        if self._version() != FORMAT:
            raise JournalError(
                f"the journal {str(self.path)!r} has the format {self._version()}, not {FORMAT}",
                hint="pip install -U linus_nb, or use another file",
            )
        self._write_ahead()
        self._connection.execute("PRAGMA synchronous=FULL")

    def _version(self) -> int:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _make_tables(self) -> None:
        if self._connection.execute("SELECT 1 FROM sqlite_master").fetchone() is not None:
            raise JournalError(
                f"{str(self.path)!r} is a SQLite file, but no journal",
                hint="give journal= a file of its own",
            )
        for statement in _TABLES:
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version={FORMAT}")

    def _write_ahead(self) -> None:
        """Let readers and the writer not wait for each other; it stays so for this file."""
        deadline = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                # While others make the same file: SQLite itself does not wait here.
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
            else:
                return

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done in it is on the disk afterwards, or nothing."""
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Tell SQLite's errors with the file and what can be done."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            text = str(error)
            damaged = "malformed" in text or "not a database" in text or "corrupt" in text
            raise JournalError(
                f"the journal {str(self.path)!r} cannot be {what}: {text}",
                hint="its file is damaged: keep it, and give journal= another name"
                if damaged
                else "look at the folder, the disk's free space and who else has it open",
            ) from error

    def close(self) -> None:
        """Close the file."""
        with self._told("closed"):
            self._connection.close()

    def wait_no_more(self) -> None:
        """Do not wait for other writers again: the run has waited once."""
        self._connection.execute("PRAGMA busy_timeout=50")

    # --- writing ---------------------------------------------------------------

    def put_run(self, row: RunRow) -> None:
        """Write a run, also over an earlier state of it."""
        with self._told("written"):
            statement = _insertion("runs", RunRow._fields)
            self._connection.execute(statement, row)

    def put_nodes(self, rows: Iterable[NodeRow]) -> None:
        """Write settled nodes, all or none; they are on the disk when this returns."""
        with self._told("written"), self._transaction() as connection:
            connection.executemany(_insertion("nodes", NodeRow._fields), rows)

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
        with self._told("written"), self._transaction() as connection:
            connection.execute(
                "UPDATE runs SET status = ?, seconds = ? WHERE run_id = ?",
                (status, seconds, run_id),
            )
            connection.executemany(
                "UPDATE nodes SET definition_after = ?, conditions_after = ? "
                "WHERE run_id = ? AND path = ?",
                [(*digests, run_id, path) for path, digests in after.items()],
            )

    # --- reading ---------------------------------------------------------------

    def run(self, run_id: str | None, dag: str) -> RunRow:
        """Return a run of a DAG, the latest if none is named.

        Raises
        ------
        UnknownRunError
            If there is none.
        """
        with self._told("read"):
            found = self._connection.execute(
                "SELECT * FROM runs WHERE dag = ? AND run_id = coalesce(?, run_id) "
                "ORDER BY started DESC, rowid DESC LIMIT 1",
                (dag, run_id),
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
        with self._told("read"):
            rows = self._connection.execute("SELECT * FROM nodes WHERE run_id = ?", (run_id,))
            return {row[1]: NodeRow(*row) for row in rows}

    def all_runs(self) -> list[tuple[RunRow, dict[str, int]]]:
        """Return all runs, oldest first, with how many nodes have which status."""
        with self._told("read"):
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


def _insertion(table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT OR REPLACE INTO {table} VALUES ({marks})"  # noqa: S608 - both are ours
