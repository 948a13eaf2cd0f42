"""A watched run where nobody can click: text that is the same every time.

Programs that execute notebooks differ in whether they bring an output up to date that an earlier
cell has shown (nbclient does, nbval does not), so the end of a run is told in the cell that runs.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING

from linus_nb import drawing
from linus_nb.events import Event, RunFinished
from linus_nb.widgets.showing import Output, cell_number, frontend

if TYPE_CHECKING:
    from linus_nb.graph import DAGExecutor, ExecutionResult


class RunText:
    """Shows an executor's DAG as text, and at the end of a run what became of the nodes.

    Parameters
    ----------
    executor : DAGExecutor
        Whose runs are shown.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> dag = AgentDAG("one")
    >>> _ = dag.node("answer", lambda: 42)
    >>> text = RunText(executor := DAGExecutor(dag))
    >>> _ = executor.execute()
    >>> print(str(text).splitlines()[-1])
    run: success, 1 of 1 nodes completed
    """

    def __init__(self, executor: DAGExecutor) -> None:
        self.executor = executor
        self._output = Output()
        self._shown_in = cell_number()
        self._listening = ExitStack()
        # In a terminal the status line tells how a run goes; a listener would silence it.
        if frontend() == "text":
            self._listening.enter_context(executor.listening(self._hear))
        self._show()

    def close(self) -> None:
        """Follow no further run."""
        self._listening.close()

    def _hear(self, event: Event) -> None:
        if isinstance(event, RunFinished):
            self._show()

    def _show(self) -> None:
        """Show it in the current cell; where it stands there already, in its place."""
        if self._shown_in != cell_number():
            self._shown_in, self._output = cell_number(), Output()
        headline = f"watching {repr(self).partition(chr(10))[0]}"
        told = repr(self) if self.executor.last_result is not None else headline
        self._output.show({"text/plain": told})

    def _ipython_display_(self) -> None:
        if self._shown_in != cell_number():
            self._show()

    def __repr__(self) -> str:
        result = self.executor.last_result
        picture = self.executor.dag.picture(result)
        # Times are left out: the text must be the same in every run.
        nodes = tuple(replace(node, detail="") for node in picture.nodes)
        return drawing.to_text(replace(picture, nodes=nodes)) + _ending(result)


def _ending(result: ExecutionResult | None) -> str:
    if result is None:
        return ""
    told = f"{result.completed_nodes} of {result.total_nodes} nodes completed"
    return f"\n\nrun: {result.status}, {told}"
