"""What goes on around a run: its status line, what is remembered of it, and its notices."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from linus_nb.blocking import warn_of_old_nest_asyncio
from linus_nb.graph.durable import memories
from linus_nb.graph.loop_watch import watching
from linus_nb.graph.notices import LEAST_SECONDS, barrier_notice, changes_notice, server_notice
from linus_nb.graph.settings import options
from linus_nb.graph.status_line import find_screen, status_line

if TYPE_CHECKING:
    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.run import Run

logger = logging.getLogger("linus_nb")


async def drive(run: Run, dag: AgentDAG) -> ExecutionResult:
    """Make ``run`` go on to its end, and remember what it left however it ends."""
    warn_of_old_nest_asyncio()
    around, loop = run.around, asyncio.get_running_loop()
    screen = find_screen() if options.status_line and not around.publish else None
    try:
        with status_line(run, loop, screen), watching(around):
            result = await run.execute()
    finally:
        around.close()
        memories.remember(dag, run.result(), by_name=around.reuse)
    _add_notices(dag, result)
    if result.status == "failed":
        failed = "; ".join(f"{name!r}: {text}" for name, text in result.errors.items())
        logger.warning("run %s of %r failed: %s", result.run_id, dag.name, failed)
    return result


def _add_notices(dag: AgentDAG, result: ExecutionResult) -> None:
    changes = changes_notice(result)
    if changes is not None:
        result.notices.append(changes)
    if result.execution_time_seconds < LEAST_SECONDS:
        return
    # What runs lose to barriers or to a busy model server is told once a DAG.
    for ask in (barrier_notice, server_notice):
        notice = ask(result)
        if notice is not None and dag.tell_once(ask.__name__):
            result.notices.append(notice)
            logger.info("%r: %s", dag.name, notice)
