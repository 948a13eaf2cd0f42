"""Keeps the finished rows of a map in a journal, and finds them there the next time."""

from __future__ import annotations

import logging
import secrets
from collections import Counter
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from linus_nb.errors import JournalError, OptionError, UnreadableError, UnstorableError
from linus_nb.graph.durable.definitions import Definitions
from linus_nb.graph.durable.encoding import digest, dumps, loads
from linus_nb.graph.durable.owning import Ownership
from linus_nb.graph.durable.recording import shape_of
from linus_nb.graph.durable.writing import Writing
from linus_nb.graph.mapping.contents import content_digest
from linus_nb.graph.mapping.outcome import RowOutcome
from linus_nb.graph.mapping.row_journal import RowJournal, StoredRow

if TYPE_CHECKING:
    import os
    from collections.abc import Awaitable, Mapping, Sequence

    from linus_nb.graph.mapping.row_names import RowName
    from linus_nb.graph.structure import Structure

logger = logging.getLogger("linus_nb")

_MOST_REASONS = 10
"""So many reasons why rows cannot be stored are told one by one."""


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
        self._path, self._told = _resolved(path), repr(str(path))
        self._name, self._shape, self._keys = structure.name, shape_of(structure), tuple(keys)
        self._nodes = range(len(structure.names))
        self._definitions = Definitions(structure, None)
        self._held = dict(held)
        self._retry_failed = retry_failed
        self._stored: dict[str, StoredRow] = {}
        self._dag = self._version = 0
        self._is_told_apart = True
        self._again: Counter[str] = Counter()
        self._unstorable: dict[str, list[str]] = {}

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
            logger.warning("rows of %s run again: %s", self._told, why)
        return None

    def _outputs_of(self, stored: StoredRow, name: RowName) -> tuple[str | None, dict[str, Any]]:
        """Return why a row has to run again although it is stored, else its outputs."""
        why = self._change_of(stored, name)
        if why is not None:
            return why, {}
        try:
            outputs = loads(stored.outputs)
        except UnreadableError as error:
            return f"what is stored of them cannot be read: {error.message}", {}
        if not outputs.keys() >= set(self._keys):
            return "they were mapped for other columns", {}
        return None, outputs

    def _change_of(self, stored: StoredRow, name: RowName) -> str | None:
        """Return what has changed of a row or of the DAG, or may have."""
        if name.content is None:
            return "there is no telling whether their content has changed"
        if not self._is_told_apart:
            return "there is no telling whether the DAG, or what its rows share, has changed"
        if stored.content != name.content:
            return "their content has changed"
        if stored.version != self._version:
            return "the DAG has changed"
        return None

    def record(self, name: RowName, outcome: RowOutcome) -> Awaitable[object]:
        """Write what became of a row; it is on the disk when the awaitable is done."""
        return self._ask(partial(self._row_of, name, outcome), makes_row=True)

    async def finish(self, *, stopped: bool) -> list[str]:
        """Close the journal and return what the user should know."""
        await self._wait(self._ask_last(self._finish), stopped=stopped)
        for why, count in self._again.items():
            self._notices.append(f"{_rows(count)} of {self._told} ran again: {why}")
        for why, keys in self._unstorable.items():
            first = f"row {keys[0]} is not in the journal"
            more = f"{_rows(len(keys))} are not in the journal, the first is row {keys[0]}"
            self._notices.append(f"{first if len(keys) == 1 else more}: {why}")
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
            self._note(name.key, error.message)
            return None
        return StoredRow(
            self._dag,
            name.key,
            name.content or "",
            self._version,
            outcome.status,
            outcome.error,
            outcome.seconds,
            outcome.input_tokens,
            outcome.output_tokens,
            outputs,
        )

    def _note(self, key: str, why: str) -> None:
        """Note that a row cannot be stored; each reason is told once."""
        if why not in self._unstorable and len(self._unstorable) >= _MOST_REASONS:
            why = "something in them cannot be stored"
        keys = self._unstorable.setdefault(why, [])
        keys.append(key)
        if len(keys) == 1:
            logger.warning("row %s is not in the journal: %s", key, why)

    def _digest(self, moment: int) -> str:
        """Return what tells this DAG, before (0) or after (1) the map, from what it was."""
        told: list[str | None] = []
        held = content_digest(self._held)
        is_known = held is not None
        for node in self._nodes:
            digests = self._definitions.of(node)
            is_known &= digests[0] is not None
            told += digests[moment] or digests[0], self._definitions.of_edges(node)[moment]
        known = digest([self._shape, held, told]) if is_known else None
        self._is_told_apart &= known is not None
        return known or secrets.token_hex()  # nothing is the same as what cannot be told

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


def _resolved(path: str | os.PathLike[str]) -> Path:
    """Return where a journal really is: one file must not be two journals."""
    try:
        return Path(path).resolve()
    except (TypeError, ValueError, OSError, RuntimeError) as error:  # also a circle of links
        raise OptionError(
            f"journal={path!r} is no path of a file: {error}", hint="journal='rows.db'"
        ) from error
