"""Keeps the finished rows of a map in a journal, and finds them there the next time."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linus_nb.errors import JournalError, UnreadableError, UnstorableError
from linus_nb.graph.durable.definitions import Definitions
from linus_nb.graph.durable.encoding import digest, dumps, loads
from linus_nb.graph.durable.owning import Ownership
from linus_nb.graph.durable.recording import shape_of
from linus_nb.graph.durable.writing import Writing
from linus_nb.graph.mapping.outcome import RowOutcome
from linus_nb.graph.mapping.row_journal import RowJournal, StoredRow

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Mapping, Sequence

    from linus_nb.graph.mapping.row_names import RowName
    from linus_nb.graph.structure import Structure

logger = logging.getLogger("linus_nb")


class RowRecorder(Writing[RowJournal, StoredRow]):
    """Records one map.

    Parameters
    ----------
    path : str or path
        The journal; made if it is not there.
    structure : Structure
        The DAG.
    held : mapping
        What every run has in its initial state beside the row.
    keys : sequence of str
        The output keys that are kept.
    retry_failed : bool
        Whether rows that failed count as rows to run.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        structure: Structure,
        held: Mapping[str, Any],
        keys: Sequence[str],
        *,
        retry_failed: bool,
    ) -> None:
        super().__init__()
        self._path = Path(path)
        self._name, self._shape, self._keys = structure.name, shape_of(structure), tuple(keys)
        self._nodes = range(len(structure.names))
        self._definitions = Definitions(structure, None)
        self._held = digest(dict(held))
        self._retry_failed = retry_failed
        self._stored: dict[str, StoredRow] = {}
        self._dag = self._version = 0
        self._again: Counter[str] = Counter()

    # --- called on the event loop ----------------------------------------------

    def begin(self) -> Awaitable[object]:
        """Become the only one who writes the journal; raises JournalError if that cannot be."""
        return self._ask(self._begin)

    def recall(self, name: RowName) -> RowOutcome | None:
        """Return what is stored of a row, None if it has to run."""
        stored = self._stored.pop(name.key, None)
        if stored is None or (stored.status == "failed" and self._retry_failed):
            return None
        why, outputs = self._outputs_of(stored, name)
        if why is None:
            return RowOutcome(*stored[4:9], tuple(outputs[key] for key in self._keys))
        self._again[why] += 1
        if self._again[why] == 1:  # told at once: it may take hours and cost money
            logger.warning("rows of %r run again: %s", str(self._path), why)
        return None

    def _outputs_of(self, stored: StoredRow, name: RowName) -> tuple[str | None, dict[str, Any]]:
        """Return why a row has to run again although it is stored, else its outputs."""
        if stored.content != name.content:
            return "their content has changed", {}
        if stored.version != self._version:
            return "the DAG has changed", {}
        try:
            outputs = loads(stored.outputs)
        except UnreadableError as error:
            return f"what is stored of them cannot be read: {error.message}", {}
        if not outputs.keys() >= set(self._keys):
            return "they were mapped for other columns", {}
        return None, outputs

    def record(self, name: RowName, outcome: RowOutcome) -> Awaitable[object]:
        """Write what became of a row; it is on the disk when the awaitable is done."""
        return self._ask(partial(self._row_of, name, outcome), makes_row=True)

    async def finish(self, *, stopped: bool) -> list[str]:
        """Close the journal and return what the user should know."""
        await self._wait(self._ask_last(self._finish), stopped=stopped)
        for why, count in self._again.items():
            self._notices.append(f"{_rows(count)} of {str(self._path)!r} ran again: {why}")
        return self._notices

    # --- in the thread ---------------------------------------------------------

    def _begin(self) -> None:
        self._journal = journal = RowJournal(self._path, create=True)
        self._ownership = Ownership(journal.path, "map", "a map")
        self._dag = journal.number_of(self._name)
        self._version = journal.version_of(self._dag, self._digest(0))
        self._stored = journal.rows(self._dag)

    def _put(self, journal: RowJournal, rows: list[StoredRow]) -> None:
        journal.put_rows(rows)

    def _row_of(self, name: RowName, outcome: RowOutcome) -> StoredRow | None:
        try:
            outputs = dumps(dict(zip(self._keys, outcome.outputs, strict=True)))
        except UnstorableError as error:
            self._tell(f"row {name.key} is not in the journal: {error.message}")
            return None
        return StoredRow(
            self._dag,
            *name,
            self._version,
            outcome.status,
            outcome.error,
            outcome.seconds,
            outcome.input_tokens,
            outcome.output_tokens,
            outputs,
        )

    def _digest(self, moment: int) -> str:
        """Return what tells this DAG, before (0) or after (1) the map, from what it was."""
        told: list[str | None] = []
        for node in self._nodes:
            digests = self._definitions.of(node)
            if digests[0] is None:  # too odd to tell: nothing is the same as it
                return secrets.token_hex()
            told += digests[moment] or digests[0], self._definitions.of_edges(node)[moment]
        return digest([self._shape, self._held, told]) or secrets.token_hex()

    def _finish(self) -> None:
        try:
            if self._journal is not None and self._version:
                self._definitions.look_again()
                # What nodes change themselves by running (a log, a counter) is no change.
                self._journal.put_version(self._dag, self._digest(1), self._version)
        except JournalError as error:
            self._problem = self._problem or error
        finally:
            self._close()
        if self._unwritten:
            self._notices.append(
                f"{_rows(len(self._unwritten))} are not in the journal and run again the next "
                f"time: {self._problem}"
            )


def _rows(count: int) -> str:
    return f"{count} row{'s' if count != 1 else ''}"
