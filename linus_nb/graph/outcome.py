"""What comes out of a run: its result, and the value that a nested one gives its parent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from linus_nb.graph.result import ExecutionResult

if TYPE_CHECKING:
    from linus_nb.graph.node_result import NodeResult
    from linus_nb.graph.run import Run


def result_of(run: Run, seconds: float) -> ExecutionResult:
    """Return what there is; before the end, a node may still be waiting or running."""
    around = run.around
    slots, outermost = around.slots, not run.prefix
    return ExecutionResult(
        dag_name=run.structure.name,
        run_id=around.run_id,
        status=run.status,
        execution_time_seconds=seconds,
        schedule=around.policy,
        nodes={record.name: record for record in run.records},
        abandoned=[path for path in around.abandoned if path.startswith(run.prefix)],
        structure=run.structure,
        max_concurrency=slots.max_concurrency if slots is not None else None,
        limits=dict(slots.limits) if slots is not None else {},
        verdicts=run.verdicts,
        store=run.store,
        definitions=run.definitions,
        notices=around.notices if outermost else [],
        rerun_by=around.rerun_by if outermost else None,
    )


def value_of(run: Run) -> Any:
    """Return what a nested run gives its parent: its end's value, a dict if it has several."""
    structure = run.structure
    keys = dict.fromkeys(structure.nodes[node].key for node in structure.ends())
    values = {key: run.store.read(key, structure.writers[key]) for key in keys}
    return next(iter(values.values())) if len(values) == 1 else values


def is_flawed(record: NodeResult) -> bool:
    """Whether a run with this node has ended, but not without any error."""
    inner = record.child
    return record.error is not None or (inner is not None and inner.status != "success")
