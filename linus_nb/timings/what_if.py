"""What a run would have taken otherwise: other slots, another schedule, faster nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.errors import OptionError, UnknownNodeError
from linus_nb.graph.frame import make_frame
from linus_nb.timings.reading import Timings, Work, structure_for, work_of
from linus_nb.timings.virtual import World

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import pandas as pd

    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.structure import Structure

_NAMED = 5


def simulate(
    timings: Timings,
    dag: AgentDAG | None = None,
    *,
    schedule: str = "dataflow",
    max_concurrency: int | None = None,
    limits: Mapping[str, int] | None = None,
    durations: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Return the timings that a run would have had, without calling a node.

    The engine's own ordering code runs on a virtual clock. A node takes as long as it took,
    with the attempts and pauses that it made; where an edge was dead it is dead again. What
    is not modelled: that a server or a processor answers slower when more ask at once.

    Parameters
    ----------
    timings : ExecutionResult or DataFrame
        A run that went to its end, or its ``timings``.
    dag : AgentDAG, optional
        The DAG, or one with other edges or nodes. Needed with a frame.
    schedule : {"dataflow", "levels", "sequential"}
        The order.
    max_concurrency : int, optional
        Most nodes at once.
    limits : mapping of str to int, optional
        Most nodes at once for each ``AgentNode(resource=...)``.
    durations : mapping of str to float, optional
        Seconds that nodes take instead (``"parent/child"`` for nested ones); needed for
        nodes that the timings do not hold.

    Returns
    -------
    DataFrame
        As ``result.timings``; ``makespan(frame)`` is how long it took.

    Raises
    ------
    OptionError
        If the timings do not tell how long a node takes.
    UnknownNodeError
        If ``durations`` names a node that the DAG does not have.

    Examples
    --------
    >>> import pandas as pd
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> from linus_nb.timings import makespan
    >>> dag = AgentDAG("three")
    >>> for name in "abc":
    ...     _ = dag.add_node(name, lambda: None)
    >>> result = DAGExecutor(dag).execute()
    >>> seconds = {"a": 3.0, "b": 2.0, "c": 1.0}
    >>> [makespan(simulate(result, durations=seconds, max_concurrency=k)) for k in (1, 2, 3)]
    [6.0, 3.0, 3.0]
    """
    structure = structure_for(timings, dag)
    work = planned_work(timings, structure, durations or {})
    world = World(work, schedule, max_concurrency, limits)
    return make_frame(list(world.run(structure).rows()))


def planned_work(
    timings: Timings, structure: Structure, durations: Mapping[str, float]
) -> dict[str, Work]:
    """Return what each node will do, or raise if that is not known of all."""
    work = work_of(timings)
    for name, seconds in durations.items():
        if not isinstance(seconds, int | float) or not seconds >= 0:
            raise OptionError(f"durations[{name!r}]={seconds!r} is not a number of seconds")
        work[name] = Work(seconds=(float(seconds),), statuses=("completed",))
    inner = tuple(f"{name}/" for name in durations)
    work = {name: done for name, done in work.items() if not name.startswith(inner)}
    paths = list(_paths(structure, work))
    _check_names(durations, paths, structure)
    _check_known(work, paths, structure)
    return work


def _paths(structure: Structure, work: Mapping[str, Work], prefix: str = "") -> Iterator[str]:
    """Yield the names of the nodes, with those of nested DAGs whose times are known."""
    for node, name in enumerate(structure.names):
        path = prefix + name
        yield path
        if structure.callees[node].takes == "state" and len(work.get(path, Work()).seconds) <= 1:
            child: Structure = structure.nodes[node].agent.structure()
            if any(f"{path}/{inner}" in work for inner in child.names):
                yield from _paths(child, work, f"{path}/")


def _check_names(durations: Iterable[str], paths: Sequence[str], structure: Structure) -> None:
    unknown = set(durations).difference(paths)
    if unknown:
        raise UnknownNodeError(
            f"{structure.name!r} has no node {min(unknown)!r}, which durations names",
            hint=f"some of its nodes: {list(paths[:_NAMED])}",
        )


def _check_known(work: Mapping[str, Work], paths: Sequence[str], structure: Structure) -> None:
    absent = [path for path in paths if path not in work]
    if absent:
        raise OptionError(
            f"the timings are of another DAG: they do not hold {absent[:_NAMED]} "
            f"({len(absent)} of {len(paths)} nodes of {structure.name!r})",
            hint=f"durations={{{absent[0]!r}: seconds}} says how long a new node takes",
        )
    stopped = [path for path in paths if not work[path].complete]
    if stopped:
        raise OptionError(
            f"the run was stopped before it could tell how long {stopped[:_NAMED]} take",
            hint=f"durations={{{stopped[0]!r}: seconds, ...}}, or the timings of a whole run",
        )
