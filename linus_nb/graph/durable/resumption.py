"""Going on with a run of a journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.graph.durable.recorder import RunRecorder
from linus_nb.graph.durable.recording import FINISHED
from linus_nb.graph.durable.stored import finished_result, initial_of, past_of

if TYPE_CHECKING:
    import os

    from linus_nb.graph.executor import DAGExecutor
    from linus_nb.graph.result import ExecutionResult


async def resume(
    executor: DAGExecutor, journal: str | os.PathLike[str], run_id: str | None
) -> ExecutionResult:
    """Go on with a stored run of the executor's DAG; see ``DAGExecutor.aresume``."""
    recorder = RunRecorder(journal)
    run = None
    try:
        row, rows = await recorder.take_over(run_id, executor.dag.name)
        held = executor.state.get_all() if executor.state is not None else {}
        stored = executor.make_run(
            initial_of(row, held),
            row.schedule,
            run_id=row.run_id,
            past=past_of(rows),
            recorder=recorder,
        )
        if row.status in FINISHED:
            return finished_result(stored, row, rows)
        run = stored
    finally:
        if run is None:
            await recorder.let_go()
    return await executor.drive(run)
