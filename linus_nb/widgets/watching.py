"""``linus_nb.watch``: one call that shows what can be shown where it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary, ref

from linus_nb.widgets.run_text import RunText
from linus_nb.widgets.run_view import RunView
from linus_nb.widgets.showing import frontend

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.graph import DAGExecutor

_views: WeakKeyDictionary[DAGExecutor, Callable[[], RunView | None]] = WeakKeyDictionary()
"""The view of each watched executor: a cell that is run twice replaces its view."""


def watch(executor: DAGExecutor, *, height: int = 440) -> RunView | RunText:
    """Show the runs of ``executor`` live, in the current cell.

    Parameters
    ----------
    executor : DAGExecutor
        Whose runs to show: the next ones, however they are started.
    height : int
        Pixels.

    Returns
    -------
    RunView or RunText
        What is shown. A program that executes notebooks, and a terminal, get text only.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> dag = AgentDAG("one")
    >>> _ = dag.node("answer", lambda: 42)
    >>> watch(DAGExecutor(dag))
    one: 1 node, 0 edges, 1 level
    <BLANKLINE>
    Execution Levels:
                ┌────────┐
      Level 1   │ answer │
                └────────┘
    """
    if frontend() != "live":
        return RunText(executor)
    before = _views.get(executor, lambda: None)()
    if before is not None:
        before.unfollow()
    view = RunView(executor, height=height)
    _views[executor] = ref(view)
    view.show()
    return view
