"""Runs the DAG for one row after another; what all rows have in common is made once."""

from __future__ import annotations

import asyncio
import reprlib
from typing import TYPE_CHECKING, Any

from linus_nb.errors import LinusError
from linus_nb.graph.mapping.outcome import RowOutcome, outcome_of
from linus_nb.graph.mapping.sources import BadRow
from linus_nb.graph.node_result import error_text
from linus_nb.graph.run import Run
from linus_nb.graph.validation import check

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from linus_nb.graph.attempting import Attempts
    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.surroundings import Surroundings

_MOST_SHAPES = 1_000
"""Sets of columns whose check is remembered."""


class RowRuns:
    """Makes and drives the runs of a map.

    Parameters
    ----------
    dag : AgentDAG
        The DAG; later changes of it do not count.
    held : mapping
        What is initial state in every run, beside the row.
    around : callable
        Makes the surroundings of one run from its name; what they share is in it.
    keys : collection of str
        The output keys to return.
    """

    def __init__(
        self,
        dag: AgentDAG,
        held: Mapping[str, Any],
        around: Callable[[str], Surroundings],
        keys: Collection[str],
    ) -> None:
        dag.validate()
        self._structure, self._plans = dag.structure(), dag.plans()
        self._held, self._around = held, around
        self._writers = [self._structure.writers[key] for key in keys]
        self._checked: dict[frozenset[Any], str | None] = {}
        self._live: dict[Surroundings, None] = {}

    @property
    def everyone(self) -> Iterable[Attempts]:
        """The attempts of all runs that go on; from any thread."""
        return [attempts for around in tuple(self._live) for attempts in tuple(around.everyone)]

    def check(self, columns: Collection[str]) -> None:
        """Raise GraphError if the DAG cannot run on a row with these columns."""
        check(self._structure, self._plans, {*self._held, *columns})

    async def run(self, name: str, row: Any) -> RowOutcome:
        """Run the DAG on a row.

        Parameters
        ----------
        name : str
            The run's.
        row : dict
            The row; anything else is a failed one.

        Raises
        ------
        asyncio.CancelledError
            If the map is stopped; not if only this run is.
        """
        fault = self._fault_of(row)
        if fault is not None:
            return self._failed(fault)
        around = self._around(name)
        self._live[around] = None
        try:
            run = Run(self._structure, self._plans, {**self._held, **row}, around)
            await run.execute()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
        except Exception as error:  # noqa: BLE001 - such as a value that cannot be copied
            return self._failed(error_text(error))
        finally:
            del self._live[around]
            around.everyone.clear()  # so that the run is gone with its last name
        return outcome_of(run, run.now(), self._writers)

    def _failed(self, error: str) -> RowOutcome:
        return RowOutcome("failed", error, outputs=(None,) * len(self._writers))

    def _fault_of(self, row: object) -> str | None:
        """Return what keeps a row from being run; the same columns are checked once."""
        if isinstance(row, BadRow):
            return row.error
        if not isinstance(row, dict):
            return f"a row is a dict of columns and values, not {reprlib.repr(row)}"
        shape = frozenset(row)
        if shape not in self._checked:
            if len(self._checked) >= _MOST_SHAPES:
                self._checked.clear()
            self._checked[shape] = self._fault_of_columns(row)
        return self._checked[shape]

    def _fault_of_columns(self, row: dict[Any, Any]) -> str | None:
        odd = next((key for key in row if not isinstance(key, str)), None)
        if odd is not None:
            return f"the key {reprlib.repr(odd)} of the row is no text"
        try:
            self.check(row)
        except LinusError as error:
            return error_text(error)
        return None
