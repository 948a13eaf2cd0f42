"""What a user should be told about the time that a run costs, and what to type instead.

Pure functions: they return a text or None. Who shows it, and how often, is decided elsewhere.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from linus_nb.graph.durable.resuming import DEFINITION_CHANGED, INPUT_CHANGED
from linus_nb.graph.structure import Structure

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linus_nb.graph.attempt import Attempt
    from linus_nb.graph.node_result import NodeResult
    from linus_nb.graph.result import ExecutionResult

_CHANGED = (DEFINITION_CHANGED, INPUT_CHANGED)
_MOST_NAMED = 10

LEAST_SECONDS, LEAST_SHARE = 1.0, 0.1
"""A loss is told if it is more than this many seconds and more than this share of the run."""


def barrier_notice(subject: Structure | ExecutionResult) -> str | None:
    """Tell what the barriers between levels can cost, or have cost.

    Parameters
    ----------
    subject : Structure or ExecutionResult
        A DAG before its run by levels, or the result of a run.

    Returns
    -------
    str or None
        None where there is nothing to tell: no barrier can cost time in this shape; or the
        run did not go by levels, or lost no more than 1 s or 10 % to them.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG
    >>> dag = AgentDAG("two chains")
    >>> for source, target in (("a", "b"), ("c", "d")):
    ...     _ = dag.add_node(source, print), dag.add_node(target, print)
    ...     _ = dag.add_edge(source, target)
    >>> print(barrier_notice(dag.structure()))
    by levels, 'b' waits for 'c', on which it does not depend
      -> schedule='dataflow' starts each node when its own predecessors have settled
    """
    return _before(subject) if isinstance(subject, Structure) else _after(subject)


def _before(structure: Structure) -> str | None:
    pair = _needless_wait(structure)
    if pair is None:
        return None
    waiting, other = (structure.names[node] for node in pair)
    return (
        f"by levels, {waiting!r} waits for {other!r}, on which it does not depend\n"
        "  -> schedule='dataflow' starts each node when its own predecessors have settled"
    )


def _needless_wait(structure: Structure) -> tuple[int, int] | None:
    """Return a node and one of a lower level that is no ancestor of it, if there are any.

    Exactly then there are durations with which the barriers cost time: let these two be slow
    and all others fast.
    """
    sizes = [len(members) for members in structure.levels]
    below = [0, *accumulate(sizes)]
    for node in structure.order:
        level, above = structure.level[node], structure.ancestors[node]
        if above.bit_count() < below[level]:
            other = next(n for n in structure.order[: below[level]] if not above >> n & 1)
            return node, other
    return None


def _after(result: ExecutionResult) -> str | None:
    attempts = [record.attempts for record in result.nodes.values()]
    whole = result.execution_time_seconds
    ended = result.status in ("success", "partial")
    if result.schedule != "levels" or not ended or not any(attempts):
        return None
    lost = whole - _dataflow_seconds(result, attempts)
    if not _matters(lost, whole):
        return None
    held = max((first for first, *_ in filter(None, attempts)), key=_barrier_wait)
    name = list(result.nodes)[held.node]
    return (
        f"waiting for whole levels cost {lost:.1f} s of {whole:.1f} s ({lost / whole:.0%}): "
        f"{name!r} was ready {_barrier_wait(held):.1f} s before its level\n"
        "  -> await executor.aexecute(state, schedule='dataflow')"
    )


def _barrier_wait(attempt: Attempt) -> float:
    return 0.0 if attempt.released is None else attempt.released - attempt.queued


def _dataflow_seconds(result: ExecutionResult, attempts: list[list[Attempt]]) -> float:
    """Return the seconds that the run would have needed at most without its barriers.

    Without waits for slots that is the longest path. With them, Graham's bound for any order
    of starting is used, work / k + (1 - 1 / k) * span, with the most attempts at once as k:
    so what is called lost is never more than what was lost.
    (R. L. Graham, Bounds for certain multiprocessing anomalies, 1966.)
    """
    structure = result.structure
    seconds = [record.seconds or 0.0 for record in result.nodes.values()]
    span = max(_path_seconds(structure, seconds), default=0.0)
    if sum(_slot_wait(first) for first, *_ in filter(None, attempts)) <= 0.01 * span:
        return span
    times = [times for mine in attempts for times in _intervals(mine)]
    k = most_at_once(times)
    return sum(end - start for start, end in times) / k + (1 - 1 / k) * span


def _path_seconds(structure: Structure, seconds: list[float]) -> list[float]:
    """Return for each node the seconds of the longest path that ends with it."""
    reached = [0.0] * len(seconds)
    for node in structure.order:
        before = max((reached[p] for p in structure.predecessors[node]), default=0.0)
        reached[node] = before + seconds[node]
    return reached


def _intervals(attempts: list[Attempt]) -> Iterator[tuple[float, float]]:
    """Yield start and end of the attempts that ran."""
    for attempt in attempts:
        if attempt.started is not None and attempt.ended is not None:
            yield attempt.started, attempt.ended


def _slot_wait(attempt: Attempt) -> float:
    if attempt.released is None or attempt.started is None:
        return 0.0
    return attempt.started - attempt.released


def most_at_once(times: Sequence[tuple[float, float]]) -> int:
    """Return how many of the intervals (start, end) overlap at most, at least 1.

    Examples
    --------
    >>> most_at_once([(0, 2), (1, 3), (2, 4)])
    2
    """
    changes = [change for start, end in times for change in ((start, 1), (end, -1))]
    return max(accumulate(change for _, change in sorted(changes)), default=1)


def server_notice(result: ExecutionResult) -> str | None:
    """Tell that calls waited for each other at the model server, if it mattered.

    Parameters
    ----------
    result : ExecutionResult
        A run of agents whose server tells how long it worked (Ollama does).

    Returns
    -------
    str or None
        None if the calls queued for no more than 1 s or 10 % of their time.
    """
    asked = [record for record in result.nodes.values() if _queue_seconds(record) is not None]
    times = [times for record in asked for times in _intervals(record.attempts[-1:])]
    queued = sum(_queue_seconds(record) or 0.0 for record in asked)
    called = sum(record.metrics.model_seconds for record in asked)
    if not times or not _matters(queued, called):
        return None
    window = max(end for _, end in times) - min(start for start, _ in times)
    served = max(1, round((called - queued) / window))
    return (
        f"the model server served {served} at a time: of the {called:.1f} s that calls took, "
        f"{queued:.1f} s were waiting in its queue\n"
        f"  -> OLLAMA_NUM_PARALLEL={max(most_at_once(times), served + 1)} ollama serve"
    )


def changes_notice(result: ExecutionResult) -> str | None:
    """Tell which nodes ran again although an earlier run had their results.

    Parameters
    ----------
    result : ExecutionResult
        A run that could take nodes over from an earlier one.

    Returns
    -------
    str or None
        None if nothing had changed.
    """
    again = [
        f"{record.name!r} ({record.reason})"
        for record in result.nodes.values()
        if record.reason in _CHANGED
    ]
    if not again:
        return None
    more = f" and {len(again) - _MOST_NAMED} more" if len(again) > _MOST_NAMED else ""
    return f"ran again: {', '.join(again[:_MOST_NAMED])}{more}"


def _queue_seconds(record: NodeResult) -> float | None:
    queued = getattr(record.metrics, "server_queue_seconds", None)
    return queued if isinstance(queued, float) and record.attempts else None


def _matters(lost: float, whole: float) -> bool:
    return lost > LEAST_SECONDS and lost > LEAST_SHARE * whole
