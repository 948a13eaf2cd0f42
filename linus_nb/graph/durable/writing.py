"""A thread that keeps a journal while something goes on, and writes it in groups.

The event loop hands over work and awaits that it is done. What has come meanwhile goes into
one transaction, so that a slow disk is waited for once. What cannot be written (disk full)
stops nothing: it is told once and tried again with what follows.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from linus_nb.errors import JournalError

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.graph.durable.database import Database
    from linus_nb.graph.durable.owning import Ownership

logger = logging.getLogger("linus_nb")

LONGEST_WAIT = 0.2
"""Seconds that who was stopped waits for the last results to be on the disk; they come later."""

Row = TypeVar("Row")
File = TypeVar("File", bound="Database")


@dataclass(slots=True)
class _Job:
    """Something to do in the thread: to make rows that are then written, or anything else."""

    work: Callable[[], Any]
    future: asyncio.Future[Any]
    makes_row: bool = False
    value: Any = None
    error: Exception | None = None

    def do(self) -> None:
        try:
            self.value = self.work()
        except Exception as error:  # noqa: BLE001 - raised again where it is awaited
            self.error = error

    def answer(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has closed: nobody waits
            self.future.get_loop().call_soon_threadsafe(self._answer_here)

    def _answer_here(self) -> None:
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)


class Writing(ABC, Generic[File, Row]):
    """Keeps one journal; what is written into it is the affair of the subclass."""

    def __init__(self) -> None:
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._journal: File | None = None
        self._ownership: Ownership | None = None
        self._unwritten: list[Row] = []
        self._worth_trying = 1
        self._problem: JournalError | None = None
        self._notices: list[str] = []

    @abstractmethod
    def _put(self, journal: File, rows: list[Row]) -> None:
        """Write rows, all or none; they are on the disk when this returns."""

    # --- called on the event loop ----------------------------------------------

    def _ask(self, work: Callable[[], Any], *, makes_row: bool = False) -> asyncio.Future[Any]:
        future = asyncio.get_running_loop().create_future()
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._serve, name="linus_nb-journal", daemon=True
            )
            self._thread.start()
        self._jobs.put(_Job(work, future, makes_row))
        return future

    def _ask_last(self, work: Callable[[], Any]) -> asyncio.Future[Any]:
        future = self._ask(work)
        self._jobs.put(None)
        return future

    async def _wait(self, finishing: asyncio.Future[Any], *, stopped: bool) -> None:
        """Wait for the last work; who stops something does not wait for a busy disk."""
        await asyncio.wait([finishing], timeout=LONGEST_WAIT if stopped else None)
        if finishing.done():
            finishing.result()

    # --- in the thread ---------------------------------------------------------

    def _serve(self) -> None:
        over = False
        while not over:
            jobs = [self._jobs.get()]
            with contextlib.suppress(Empty):
                while True:
                    jobs.append(self._jobs.get_nowait())
            over = None in jobs
            asked = [job for job in jobs if job is not None]
            for job in asked:
                if not job.makes_row:
                    self._write(at_last=True)  # what was asked before must be done before
                job.do()
                if job.makes_row and job.value is not None:
                    self._unwritten.append(job.value)
            self._write()
            for job in asked:
                job.answer()

    def _write(self, *, at_last: bool = False) -> None:
        """Write what there is; after trouble only when it is twice as much, and at last."""
        waits = len(self._unwritten) < self._worth_trying and not at_last
        if not self._unwritten or self._journal is None or waits:
            return
        try:
            self._put(self._journal, self._unwritten)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait go on
            self._worth_trying = 2 * len(self._unwritten)
            if self._problem is None:
                self._problem = _as_journal_error(error)
                self._journal.wait_no_more()
                logger.warning("the run goes on in memory: %s", self._problem)
        else:
            self._worth_trying = 1
            self._unwritten.clear()

    def _tell(self, notice: str) -> None:
        self._notices.append(notice)
        logger.warning(notice)

    def _close(self) -> None:
        if self._journal is not None:
            with contextlib.suppress(JournalError):
                self._journal.close()
        if self._ownership is not None:
            self._ownership.release()


def _as_journal_error(error: Exception) -> JournalError:
    if isinstance(error, JournalError):
        return error
    return JournalError(f"the journal cannot be written: {type(error).__name__}: {error}")
