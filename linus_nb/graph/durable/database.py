"""A SQLite file of ours: how it is opened, made, written safely, and what is told of trouble.

Every call blocks; those who write while something goes on do so from a thread of their own
(``writing.py``).
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from linus_nb.errors import JournalError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator, Sequence

BUSY_SECONDS = 5.0
"""How long to wait for another process that is writing."""


_HUGE = 2**63
"""SQLite's whole numbers end there."""


class Database:
    """A journal file, open; what is in it is said by the subclass.

    Parameters
    ----------
    path : str or path
        The file.
    create : bool
        Make it if it is not there.

    Raises
    ------
    JournalError
        If it is not there, damaged, no journal of this kind, or cannot be written.
    """

    FORMAT: ClassVar[int]
    """Written into the file; a later version that cannot read it says so."""
    TABLES: ClassVar[dict[str, str]]
    """How each table is made, by its name."""

    def __init__(self, path: str | os.PathLike[str], *, create: bool) -> None:
        self.path = Path(path)
        if not create and not self.path.exists():
            raise JournalError(
                f"there is no journal {str(path)!r}",
                hint=f"DAGExecutor(dag, journal={str(path)!r}) makes one when it runs",
            )
        with self.told("opened"):
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
            with self.transaction():
                if self._version() == 0:  # nobody else has made it meanwhile
                    self._make_tables()
        if self._version() != self.FORMAT:
            raise JournalError(
                f"the journal {str(self.path)!r} has the format {self._version()}, "
                f"not {self.FORMAT}",
                hint="pip install -U linus_nb, or use another file",
            )
        if not self._tables() >= set(self.TABLES):
            raise JournalError(
                f"{str(self.path)!r} is a journal, but of another kind",
                hint="give journal= a file of its own: runs and maps have different ones",
            )
        self._write_ahead()
        self._connection.execute("PRAGMA synchronous=FULL")

    def _version(self) -> int:
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        return int(version)

    def _make_tables(self) -> None:
        if self._tables():
            raise JournalError(
                f"{str(self.path)!r} is a SQLite file, but no journal",
                hint="give journal= a file of its own",
            )
        for statement in self.TABLES.values():
            self._connection.execute(statement)
        self._connection.execute(f"PRAGMA user_version={self.FORMAT}")

    def _tables(self) -> set[str]:
        return {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master")}

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
    def transaction(self) -> Iterator[sqlite3.Connection]:
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
    def told(self, what: str) -> Iterator[None]:
        """Tell SQLite's errors with the file and what can be done."""
        try:
            yield
        except (sqlite3.Error, OSError, UnicodeError, OverflowError) as error:
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
        with self.told("closed"):
            self._connection.close()

    def wait_no_more(self) -> None:
        """Do not wait for other writers again: the run has waited once."""
        self._connection.execute("PRAGMA busy_timeout=50")


def insert(connection: sqlite3.Connection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Write rows, also over earlier ones of the same key; no value keeps others from the disk."""
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        statement = f"INSERT OR REPLACE INTO {table} VALUES ({marks})"  # noqa: S608 - both are ours
        connection.executemany(statement, [tuple(map(bindable, row)) for row in rows])


def bindable(value: Any) -> Any:
    """Return what SQLite can hold: half a character is written out, a huge number as text."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode(errors="backslashreplace").decode()
    if isinstance(value, int) and not -_HUGE <= value < _HUGE:
        return str(value)
    return value
