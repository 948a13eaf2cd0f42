"""A run that was read from a journal: what to take over from it, or the whole of it again."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from linus_nb.errors import ConditionError, JournalError, UnreadableError
from linus_nb.graph.attempt import Attempt
from linus_nb.graph.durable.encoding import loads
from linus_nb.graph.durable.encoding_classes import kind_of
from linus_nb.graph.durable.recorder import TIMES
from linus_nb.graph.durable.recording import shape_of
from linus_nb.graph.durable.resuming import Past
from linus_nb.graph.outcome import is_flawed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linus_nb.graph.durable.definitions import Digests
    from linus_nb.graph.durable.encoding_values import Json
    from linus_nb.graph.durable.journal import NodeRow, RunRow
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.run import Run
    from linus_nb.graph.schedule import EndStatus, Verdict


@dataclass(slots=True)
class OnDisk:
    """What a stored run left of one node.

    Parameters
    ----------
    row : NodeRow
        The node's.
    rows : mapping of str to NodeRow
        Those of all nodes, by path, for what a nested DAG left.
    """

    row: NodeRow
    rows: Mapping[str, NodeRow]

    @property
    def status(self) -> EndStatus:
        """How it ended."""
        return "skipped" if self.row.status == "skipped" else "completed"

    @property
    def definitions(self) -> Digests:
        """What it was."""
        return self.row.definition, self.row.definition_after

    @property
    def inputs(self) -> str | None:
        """What it was given."""
        return self.row.inputs

    @property
    def verdicts(self) -> Sequence[Verdict] | None:
        """The verdicts on its edges."""
        if self.row.verdicts is None:
            return None
        told = json.loads(self.row.verdicts)
        return [ConditionError(v) if isinstance(v, str) else v for v in told]

    @property
    def conditions(self) -> Digests:
        """What its conditions were."""
        return self.row.conditions, self.row.conditions_after

    @property
    def seen(self) -> str | None:
        """What its conditions saw."""
        return self.row.seen

    def tell(self, value: object) -> Json:
        """Tell objects apart by their class: another process has no others of them."""
        return kind_of(value)

    def restore(self, run: Run, node: int) -> Any:
        """Take over everything but the times."""
        record, row = run.records[node], self.row
        record.error = row.error
        try:
            record.response = None if row.response is None else loads(row.response)
            output = None if row.output is None else loads(row.output)
        except UnreadableError as error:
            raise UnreadableError(
                f"the stored result of {row.path!r} cannot be read: {error.message}",
                hint=error.hint,
            ) from error
        if run.structure.callees[node].takes == "state":
            (initial,), _ = run.plans[node].arguments(run.store, node)
            child = run.child(node, initial)
            refill(child, self.rows)
            record.child = child.result()
        return output


def past_of(rows: Mapping[str, NodeRow]) -> Past:
    """Return the nodes that settled well as the past of a run that goes on from there."""
    well = {path: row for path, row in rows.items() if row.status in ("completed", "skipped")}
    return Past({path: OnDisk(row, rows) for path, row in well.items()})


def refill(run: Run, rows: Mapping[str, NodeRow], ended: RunRow | None = None) -> None:
    """Make a run that has not begun what a stored one was when it had ended.

    Parameters
    ----------
    run : Run
        The run of the same DAG.
    rows : mapping of str to NodeRow
        The stored nodes, by path.
    ended : RunRow, optional
        The stored run; a nested one has none.
    """
    structure = run.structure
    for node in structure.order:
        record = run.records[node]
        row = rows.get(run.prefix + record.name)
        if row is None:
            # Never attempted: no edge into it was live.
            record.status = "skipped"
            run.verdicts[node] = (False,) * len(structure.successors[node])
            continue
        left = OnDisk(row, rows)
        output = left.restore(run, node)
        if row.output is not None:
            run.store.write(node, output)
        record.status, record.settled = left.status, 0.0
        record.attempts = _attempts(node, row, record.response)
        if left.verdicts is not None:
            run.verdicts[node] = left.verdicts
    flawed = any(map(is_flawed, run.records))
    run.be_over("partial" if flawed else "success", ended.seconds if ended is not None else None)


def _attempts(node: int, row: NodeRow, response: Any) -> list[Attempt]:
    attempts = []
    for times in json.loads(row.attempts):
        told = dict(zip(TIMES, times, strict=True))
        attempt = Attempt(node, told.pop("number"), told.pop("queued"))
        for name, value in told.items():
            setattr(attempt, name, value)
        attempts.append(attempt)
    if attempts:
        attempts[-1].response = response
    return attempts


def finished_result(run: Run, row: RunRow, rows: Mapping[str, NodeRow]) -> ExecutionResult:
    """Return the result of a stored run that has finished.

    Parameters
    ----------
    run : Run
        A run of the DAG as it is now, not begun.
    row, rows
        The stored run and its nodes.

    Raises
    ------
    JournalError
        If the DAG has other nodes or edges now.
    """
    if shape_of(run.structure) != row.shape:
        raise JournalError(
            f"run {row.run_id} of {row.dag!r} has finished, and the DAG has other nodes or edges "
            "now",
            hint="await executor.aexecute(...) runs the DAG as it is now",
        )
    refill(run, rows, row)
    changed = [
        record.name
        for node, record in enumerate(run.records)
        if record.attempts
        and run.definitions.of(node)[0] not in OnDisk(rows[record.name], rows).definitions
    ]
    if changed:
        run.around.notices.append(
            f"the run had finished before these nodes were changed: {changed[:10]}\n"
            "  -> await result.arerun(from_node=...) runs one again, and what comes after it"
        )
    return run.result()


def initial_of(row: RunRow, held: Mapping[str, Any]) -> dict[str, Any]:
    """Return the initial state of a stored run.

    Parameters
    ----------
    row : RunRow
        The run.
    held : mapping
        What the executor's state holds: supplies what could not be stored.

    Raises
    ------
    JournalError
        If a key is in neither.
    """
    missing: list[str] = loads(row.missing)
    lost = [key for key in missing if key not in held]
    if lost:
        raise JournalError(
            f"run {row.run_id} of {row.dag!r} cannot go on: {lost[0]!r} of its initial state could "
            "not be stored",
            hint=f"DAGExecutor(dag, SharedState({{{lost[0]!r}: ...}}), journal=...) supplies it",
        )
    initial: dict[str, Any] = loads(row.initial)
    return {**initial, **{key: held[key] for key in missing}}
