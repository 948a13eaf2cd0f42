"""Finished rows on disk: a SQLite file with one line for each row of each DAG.

This module is the file and nothing else; every call of it blocks. What a DAG was is told by
a digest, so that a row costs the same however large its DAG.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from linus_nb.graph.durable.database import Database, insert

if TYPE_CHECKING:
    from collections.abc import Sequence

_TABLES = {
    "dags": "CREATE TABLE dags (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)",
    "versions": """
    CREATE TABLE versions (
        dag INTEGER NOT NULL, digest TEXT NOT NULL, version INTEGER NOT NULL,
        PRIMARY KEY (dag, digest)
    ) WITHOUT ROWID
    """,
    "rows": """
    CREATE TABLE rows (
        dag INTEGER NOT NULL, key TEXT NOT NULL, content TEXT NOT NULL, version INTEGER NOT NULL,
        status TEXT NOT NULL, error TEXT, seconds REAL, input_tokens INTEGER,
        output_tokens INTEGER, outputs TEXT NOT NULL,
        PRIMARY KEY (dag, key)
    ) WITHOUT ROWID
    """,
}

_NEW_VERSION = "INSERT OR IGNORE INTO versions VALUES (?, ?, ?)"


class StoredRow(NamedTuple):
    """One row that is over.

    Parameters
    ----------
    dag : int
        The DAG's number in this file.
    key : str
        Which row it is, encoded.
    content : str
        The digest of what was in it.
    version : int
        What the DAG was.
    status, error, seconds, input_tokens, output_tokens
        As in :class:`~linus_nb.graph.mapping.outcome.RowOutcome`.
    outputs : str
        The outputs by key, encoded.
    """

    dag: int
    key: str
    content: str
    version: int
    status: str
    error: str | None
    seconds: float | None
    input_tokens: int | None
    output_tokens: int | None
    outputs: str


class RowJournal(Database):
    """A journal of maps, open; see :class:`~linus_nb.graph.durable.database.Database`."""

    FORMAT = 1
    TABLES = _TABLES

    def number_of(self, name: str) -> int:
        """Return the number of a DAG, a new one if the file does not know it."""
        with self.told("written"), self.transaction() as connection:
            connection.execute("INSERT OR IGNORE INTO dags (name) VALUES (?)", (name,))
            found = connection.execute("SELECT id FROM dags WHERE name = ?", (name,)).fetchone()
        return int(found[0])

    def version_of(self, dag: int, digest: str) -> int:
        """Return the number of what a DAG is, a new one if it has never been that."""
        with self.told("written"), self.transaction() as connection:
            known = connection.execute(
                "SELECT version FROM versions WHERE dag = ? AND digest = ?", (dag, digest)
            ).fetchone()
            if known is not None:
                return int(known[0])
            (latest,) = connection.execute(
                "SELECT coalesce(max(version), 0) FROM versions WHERE dag = ?", (dag,)
            ).fetchone()
            connection.execute(_NEW_VERSION, (dag, digest, latest + 1))
        return int(latest) + 1

    def put_version(self, dag: int, digest: str, version: int) -> None:
        """Write that a digest stands for a version, unless it does for another one."""
        with self.told("written"):
            self._connection.execute(_NEW_VERSION, (dag, digest, version))

    def put_rows(self, rows: Sequence[StoredRow]) -> None:
        """Write rows, all or none; they are on the disk when this returns."""
        with self.told("written"), self.transaction() as connection:
            insert(connection, "rows", rows)

    def rows(self, dag: int) -> dict[str, StoredRow]:
        """Return what is stored of a DAG's rows, by key."""
        with self.told("read"):
            found = self._connection.execute("SELECT * FROM rows WHERE dag = ?", (dag,))
            return {row[1]: StoredRow(*row) for row in found}
