"""The latest run of each DAG in this process, for ``reuse=True``.

By DAG, as long as that lives. Also by the DAG's name, because a cell that is run again
makes a new DAG: only for runs that asked for reuse, and for a bounded number of names,
since this is what keeps their outputs in memory.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from weakref import WeakKeyDictionary

from linus_nb.graph.durable.resuming import Past, failed_in, in_memory

if TYPE_CHECKING:
    from collections.abc import Mapping

    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.durable.resuming import Left
    from linus_nb.graph.result import ExecutionResult

MOST_NAMES = 32


class _Memory(NamedTuple):
    """The latest run, and what is left of earlier ones where that is no success."""

    result: ExecutionResult
    earlier: Mapping[str, Left]

    def left(self) -> dict[str, Left]:
        """Return what there is to take over, by path."""
        return {**self.earlier, **in_memory(self.result, with_errors=False)}


_by_dag: WeakKeyDictionary[AgentDAG, _Memory] = WeakKeyDictionary()
_by_name: OrderedDict[str, _Memory] = OrderedDict()


def remember(dag: AgentDAG, result: ExecutionResult, *, by_name: bool) -> None:
    """Keep what a run left, over what is known from earlier runs of the same nodes.

    Parameters
    ----------
    dag : AgentDAG
        The DAG.
    result : ExecutionResult
        Its latest run; what that did not try is kept from before, unless it is a success.
    by_name : bool
        Also for other DAGs of the name.
    """
    earlier: Mapping[str, Left] = {}
    if result.status != "success":
        known, failed = _known(dag, by_name=by_name), failed_in(result)
        earlier = {p: left for p, left in known.items() if _has(dag, p) and p not in failed}
    # Without the way back to its executor, which holds the DAG: that would never be let go.
    memory = _by_dag[dag] = _Memory(replace(result, rerun_by=None), earlier)
    if by_name:
        _by_name[dag.name] = memory
        _by_name.move_to_end(dag.name)
        while len(_by_name) > MOST_NAMES:
            _by_name.popitem(last=False)


def recollect(dag: AgentDAG) -> Past:
    """Return what is known of the latest runs of a DAG."""
    return Past(_known(dag, by_name=True))


def forget() -> None:
    """Forget all runs."""
    _by_dag.clear()
    _by_name.clear()


def _known(dag: AgentDAG, *, by_name: bool) -> Mapping[str, Left]:
    memory = _by_dag.get(dag) or (_by_name.get(dag.name) if by_name else None)
    return memory.left() if memory is not None else {}


def _has(dag: AgentDAG, path: str) -> bool:
    """Whether the first part of a path is a node of ``dag`` (whose name may have a slash)."""
    parts = path.split("/")
    return any("/".join(parts[:length]) in dag for length in range(1, len(parts) + 1))
