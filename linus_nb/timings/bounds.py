"""How fast a run could have been at best, and where its time went."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import nan
from typing import TYPE_CHECKING

from linus_nb.errors import OptionError
from linus_nb.graph.result import ExecutionResult
from linus_nb.timings.reading import Timings, Work, frame_of, makespan, structure_for, work_of
from linus_nb.timings.virtual import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.structure import Structure


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits of a run; see :func:`bounds`. All times in seconds.

    Parameters
    ----------
    makespan : float
        What the run took.
    work : float
        All attempts one after the other.
    span : float
        The critical path: no schedule is faster, with any number of slots.
    slots : int, optional
        The ``max_concurrency`` in question; None: no limit.
    lost : dict of str to float
        What separates ``makespan`` from ``span``, by cause: ``"barrier"`` (waiting for whole
        levels), ``"slot"`` (waiting for a slot, or for one's turn), ``"loop"`` (a blocked
        event loop, conditions, the engine itself). They add up exactly. A negative one has
        saved time: with few slots another order can be the better one by chance.
    server_queue : float
        The part of ``span`` that passed in the model server's queue.
    """

    makespan: float
    work: float
    span: float
    slots: int | None = None
    lost: dict[str, float] = field(default_factory=dict)
    server_queue: float = 0.0

    @property
    def ideal_speedup(self) -> float:
        """How many times faster than one at a time it can get: work / span."""
        return self.work / self.span if self.span else nan

    @property
    def speedup(self) -> float:
        """How many times faster than one at a time it was: work / makespan."""
        return self.work / self.makespan if self.makespan else nan

    @property
    def lower(self) -> float:
        """No schedule with these slots is faster: max(span, work / slots)."""
        return max(self.span, self.work / self.slots) if self.slots else self.span

    @property
    def upper(self) -> float:
        """A dataflow run with these slots is no slower: work / k + (1 - 1 / k) * span.

        So it takes at most 2 - 1 / k times what the best order would. R. L. Graham, "Bounds
        for certain multiprocessing anomalies", Bell System Technical Journal 45 (1966),
        1563-1581; it holds where no other limit makes a node wait beside a free slot.
        """
        if not self.slots:
            return self.span
        return self.work / self.slots + (1 - 1 / self.slots) * self.span

    def __str__(self) -> str:
        causes = ", ".join(f"{cause} {seconds:.3g} s" for cause, seconds in self.lost.items())
        return (
            f"took {self.makespan:.3g} s; at best {self.lower:.3g} s "
            f"(critical path {self.span:.3g} s, work {self.work:.3g} s, "
            f"ideal speedup {self.ideal_speedup:.3g}); lost: {causes}"
        )


def bounds(
    timings: Timings,
    dag: AgentDAG | None = None,
    *,
    max_concurrency: int | None = None,
    limits: Mapping[str, int] | None = None,
    schedule: str | None = None,
) -> Bounds:
    """Return the limits of a run and where its time went.

    The causes are found by replaying the run on the virtual clock without them, one by one:
    as it was, without barriers, without limits on slots.

    Parameters
    ----------
    timings : ExecutionResult or DataFrame
        A run, or its ``timings``.
    dag : AgentDAG, optional
        The DAG; needed with a frame.
    max_concurrency, limits : optional
        What the executor was given. Default: the result's; with a frame alone waits for slots
        are counted as ``"loop"``.
    schedule : str, optional
        The run's schedule. Default: the result's; for a frame ``"levels"`` if there were
        waits for levels, else ``"dataflow"``.

    Returns
    -------
    Bounds

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> from linus_nb.timings import simulate
    >>> dag = AgentDAG("two chains")
    >>> for source, target in (("a", "b"), ("c", "d")):
    ...     _ = dag.add_node(source, lambda: 1), dag.add_node(target, lambda: 1)
    ...     _ = dag.add_edge(source, target)
    >>> seconds = {"a": 1, "b": 3, "c": 3, "d": 1}
    >>> run = simulate(DAGExecutor(dag).execute(), durations=seconds, schedule="levels")
    >>> limits = bounds(run, dag)
    >>> limits.work, limits.span, limits.ideal_speedup, limits.lost["barrier"]
    (8.0, 4.0, 2.0, 2.0)
    """
    structure, work = _known(timings, dag)
    if isinstance(timings, ExecutionResult) and max_concurrency is None and limits is None:
        max_concurrency, limits = timings.max_concurrency, timings.limits
    policy = schedule or _policy_of(timings)
    took = makespan(timings)
    replayed = replay(structure, work, policy, max_concurrency, limits)
    unbarred = (
        replay(structure, work, "dataflow", max_concurrency, limits)
        if policy == "levels"
        else replayed
    )
    span = replay(structure, work)
    unqueued = {name: _without_queue(done) for name, done in work.items()}
    return Bounds(
        makespan=took,
        work=total_work(structure, work),
        span=span,
        slots=max_concurrency,
        lost={
            "barrier": replayed - unbarred,
            "slot": unbarred - span,
            "loop": took - replayed,
        },
        server_queue=span - replay(structure, unqueued),
    )


def critical_path(timings: Timings, dag: AgentDAG | None = None) -> list[str]:
    """Return the chain of nodes that no schedule can shorten, first to last.

    Parameters
    ----------
    timings : ExecutionResult or DataFrame
        A run, or its ``timings``.
    dag : AgentDAG, optional
        The DAG. A frame without it has no edges: then the chain is read from the times,
        each node preceded by the one that ended last before it was queued.

    Returns
    -------
    list of str
        Names; a nested DAG is replaced by the path through it (``"parent/child"``).

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> dag = AgentDAG("chain")
    >>> for name in "abc":
    ...     _ = dag.add_node(name, lambda: name)
    >>> _ = dag.add_edge("a", "c"), dag.add_edge("b", "c")
    >>> critical_path(DAGExecutor(dag).execute(schedule="sequential"))[-1]
    'c'
    """
    if dag is None and not isinstance(timings, ExecutionResult):
        return _path_by_times(frame_of(timings, ("node", "queued", "ended")))
    structure, work = _known(timings, dag)
    return World(work, "dataflow").run(structure).longest_path()


def _known(timings: Timings, dag: AgentDAG | None) -> tuple[Structure, dict[str, Work]]:
    structure, work = structure_for(timings, dag), work_of(timings)
    absent = [name for name in structure.names if name not in work]
    if absent:
        raise OptionError(
            f"the timings are of another DAG than {structure.name!r}: they lack {absent[:5]}",
            hint="give the DAG that was run, and its whole frame",
        )
    return structure, work


def replay(
    structure: Structure,
    work: Mapping[str, Work],
    policy: str = "dataflow",
    max_concurrency: int | None = None,
    limits: Mapping[str, int] | None = None,
) -> float:
    """Return the makespan (seconds) of a run on the virtual clock."""
    world = World(work, policy, max_concurrency, limits)
    world.run(structure)
    return world.now


def total_work(structure: Structure, work: Mapping[str, Work]) -> float:
    """Return the seconds of all attempts, nested ones in place of their parent."""
    world = World(work, "dataflow")
    return world.run(structure).busy()


def _policy_of(timings: Timings) -> str:
    if isinstance(timings, ExecutionResult):
        return timings.schedule
    waited = timings["wait_barrier"].max() if "wait_barrier" in timings.columns else 0.0
    return "levels" if waited > 0 else "dataflow"


def _without_queue(done: Work) -> Work:
    """Take the server's queue off the node's times, in proportion to each attempt."""
    share = 1 - done.server_queue / done.busy if done.busy else 1.0
    return replace(done, seconds=tuple(seconds * max(0.0, share) for seconds in done.seconds))


def _path_by_times(frame: pd.DataFrame) -> list[str]:
    rows = frame.dropna(subset=["ended"]).sort_values("ended")
    first = rows.groupby("node")["queued"].min()
    path: list[str] = []
    left = rows
    while len(left):
        name = left["node"].iloc[-1]
        path.insert(0, str(name))
        left = left[(left["ended"] <= first[name]) & (left["node"] != name)]
    return path
