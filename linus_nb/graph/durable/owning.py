"""One owner for each run of a journal: a lock that the system takes away with its process.

The lock is SQLite's own, on an empty file beside the journal, so that it works wherever
SQLite does and nothing has to guess whether the owner is still alive.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from linus_nb.errors import JournalError, RunBusyError

if TYPE_CHECKING:
    from pathlib import Path


class Ownership:
    """The right to write a run, from its making until :meth:`release`.

    Parameters
    ----------
    journal : Path
        The journal.
    run_id : str
        The run.
    what : str, optional
        What it is called if it is no run.

    Raises
    ------
    RunBusyError
        If another executor, in this process or another one, has it.
    """

    def __init__(self, journal: Path, run_id: str, what: str | None = None) -> None:
        self._path = journal.with_name(f"{journal.name}-{run_id}.lock")
        self._connection = self._lock(journal, what or f"run {run_id}")

    def _lock(self, journal: Path, what: str) -> sqlite3.Connection:
        while True:
            connection = None
            try:
                connection = sqlite3.connect(
                    self._path, timeout=0, isolation_level=None, check_same_thread=False
                )
                before = self._identity()
                connection.execute("BEGIN IMMEDIATE")  # EXCLUSIVE may refuse all who ask at once
            except sqlite3.Error as error:
                if connection is not None:
                    connection.close()
                if "locked" in str(error):
                    raise RunBusyError(
                        f"{what} of {str(journal)!r} is at work in another executor",
                        hint="wait until it has ended, or stop it there",
                    ) from error
                raise JournalError(f"{str(self._path)!r} cannot be written: {error}") from error
            if before is not None and before == self._identity():
                return connection
            connection.close()  # its file was removed meanwhile: a lock on it keeps nobody out

    def _identity(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    def release(self) -> None:
        """Let others have the run."""
        # Removed while it is locked: who opened it in between will look again.
        with contextlib.suppress(OSError):
            self._path.unlink()
        self._connection.close()


def is_owned(journal: Path, run_id: str) -> bool:
    """Whether somebody is at work on a run."""
    if not journal.with_name(f"{journal.name}-{run_id}.lock").exists():
        return False
    try:
        Ownership(journal, run_id).release()
    except RunBusyError:
        return True
    return False
