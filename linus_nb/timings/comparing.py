"""Measures the same DAG under several schedules."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

import pandas as pd

from linus_nb.blocking import run_blocking
from linus_nb.errors import OptionError
from linus_nb.graph.executor import DAGExecutor
from linus_nb.graph.notices import most_at_once
from linus_nb.timings.bounds import replay, total_work
from linus_nb.timings.reading import Work, leaves, work_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.result import ExecutionResult

SCHEDULES = ("sequential", "levels", "dataflow")


async def acompare(
    dag: AgentDAG,
    state: Mapping[str, Any] | None = None,
    *,
    schedules: Sequence[str] = SCHEDULES,
    repeat: int = 5,
    max_concurrency: int | None = None,
    limits: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """Run a DAG under several schedules and return how long each took.

    The runs are interleaved (each schedule once, then each once more, starting with another
    one each time), so that whatever else the machine does hits all alike.

    Parameters
    ----------
    dag : AgentDAG
        What to run.
    state : mapping, optional
        The initial state of every run.
    schedules : sequence of str
        The first one is what the speedup is measured against.
    repeat : int
        Runs of each schedule.
    max_concurrency, limits : optional
        As of ``DAGExecutor``.

    Returns
    -------
    DataFrame
        One row a schedule: ``schedule``, ``runs``, ``median``, ``min`` and ``max`` (seconds),
        ``speedup`` (the first schedule's median over this one's), ``efficiency`` (speedup
        over the most nodes that ran at once), ``bound`` (seconds that no schedule can beat:
        critical path, or work by slots, of the nodes' median durations) and
        ``share_of_bound`` (bound over median, 1 is the best).

    Raises
    ------
    OptionError
        If there is nothing to compare.
    RunFailedError
        If a run failed: times of failures are no comparison.
    """
    if not schedules or not isinstance(repeat, int) or repeat < 1:
        raise OptionError(
            f"schedules={schedules!r} and repeat={repeat!r} make no run",
            hint="acompare(dag, state, schedules=('sequential', 'dataflow'), repeat=5)",
        )
    executor = DAGExecutor(dag, max_concurrency=max_concurrency, limits=limits)
    results: dict[str, list[ExecutionResult]] = {name: [] for name in schedules}
    for turn in range(repeat):
        first = turn % len(schedules)
        for schedule in (*schedules[first:], *schedules[:first]):
            result = await executor.aexecute(state, schedule=schedule)
            results[schedule].append(result.raise_for_status())
    work = _median_work([result for runs in results.values() for result in runs])
    structure = dag.structure()
    slots = max_concurrency or len(structure.names) or 1
    bound = max(replay(structure, work), total_work(structure, work) / slots)
    return _comparison(results, bound)


def compare(
    dag: AgentDAG,
    state: Mapping[str, Any] | None = None,
    *,
    schedules: Sequence[str] = SCHEDULES,
    repeat: int = 5,
    max_concurrency: int | None = None,
    limits: Mapping[str, int] | None = None,
) -> pd.DataFrame:
    """Run a DAG under several schedules and wait; see :func:`acompare`.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG
    >>> dag = AgentDAG("one")
    >>> _ = dag.node("hello", lambda: "hello")
    >>> compare(dag, repeat=2)[["schedule", "runs"]]
         schedule  runs
    0  sequential     2
    1      levels     2
    2    dataflow     2
    """
    return run_blocking(
        acompare(
            dag,
            state,
            schedules=schedules,
            repeat=repeat,
            max_concurrency=max_concurrency,
            limits=limits,
        )
    )


def _median_work(results: Sequence[ExecutionResult]) -> dict[str, Work]:
    """Return one work a node: the run in which the node's time was the median."""
    gathered: dict[str, list[Work]] = {}
    for result in results:
        for name, work in work_of(result).items():
            gathered.setdefault(name, []).append(work)
    return {
        name: sorted(works, key=lambda work: work.busy)[(len(works) - 1) // 2]
        for name, works in gathered.items()
    }


def _comparison(results: Mapping[str, Sequence[ExecutionResult]], bound: float) -> pd.DataFrame:
    seconds = {
        schedule: [result.execution_time_seconds for result in runs]
        for schedule, runs in results.items()
    }
    frame = pd.DataFrame(
        {
            "schedule": pd.array(list(results), dtype="string"),
            "runs": [len(runs) for runs in seconds.values()],
            "median": [median(runs) for runs in seconds.values()],
            "min": [min(runs) for runs in seconds.values()],
            "max": [max(runs) for runs in seconds.values()],
        }
    )
    at_once = [max(_at_once(result) for result in runs) for runs in results.values()]
    frame["speedup"] = frame["median"].iloc[0] / frame["median"]
    frame["efficiency"] = frame["speedup"] / at_once
    frame["bound"] = bound
    frame["share_of_bound"] = bound / frame["median"]
    return frame


def _at_once(result: ExecutionResult) -> int:
    frame = leaves(result.timings).dropna(subset=["ended"])
    return most_at_once(list(zip(frame["started"], frame["ended"], strict=True)))
