"""A run that goes on in the background."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

from linus_nb.blocking import submit
from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from linus_nb.graph.result import ExecutionResult, RunStatus
    from linus_nb.graph.run import Run


class RunHandle:
    """A background run: await it, look at it, stop it.

    Interrupting the ``await`` leaves the run going; only :meth:`cancel` stops it.

    Parameters
    ----------
    run : Run
        The run.
    driving : coroutine
        What makes it go on.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> dag = AgentDAG("one")
    >>> _ = dag.node("answer", lambda: 42)
    >>> handle = DAGExecutor(dag).start()
    >>> handle.result()["answer"], handle.status
    (42, 'success')
    """

    def __init__(self, run: Run, driving: Coroutine[object, object, object]) -> None:
        self._run = run
        self._call = submit(self._drive(driving))

    async def _drive(self, driving: Coroutine[object, object, object]) -> ExecutionResult:
        # A stopped run has a result like any other.
        with contextlib.suppress(asyncio.CancelledError):
            await driving
        return self._run.result()

    def __await__(self) -> Generator[object, None, ExecutionResult]:
        """Wait for the result, also of a run that was stopped."""
        waiting = asyncio.wrap_future(self._call.future)
        return asyncio.shield(waiting).__await__()

    def cancel(self) -> None:
        """Stop the run; from any thread, any number of times."""
        self._call.cancel_soon()

    @property
    def done(self) -> bool:
        """Whether the run has ended."""
        return self._call.future.done()

    @property
    def status(self) -> RunStatus:
        """``"running"``, or how the run ended."""
        return self._run.status if self.done else "running"

    def result(self, timeout: float | None = None) -> ExecutionResult:
        """Return the result, waiting for it if need be.

        Parameters
        ----------
        timeout : float, optional
            Longest wait in seconds.

        Raises
        ------
        TimeoutError
            If the run has not ended by then.
        OptionError
            If waiting here would stop the very loop that the run needs.
        """
        if not self.done and self._call.is_on_this_loop():
            raise OptionError(
                "the run has not ended, and it runs on this event loop: waiting would hang both",
                hint="result = await handle",
            )
        return self._call.future.result(timeout)

    def __repr__(self) -> str:
        result = self._run.result()
        settled = sum(node.settled is not None for node in result.nodes.values())
        return (
            f"RunHandle({result.dag_name!r}, {self.status}, {settled} of {len(result.nodes)} nodes)"
        )
