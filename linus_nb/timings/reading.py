"""Reads timings, of a run or from a frame (also one that was on disk), and checks them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from math import isnan
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import pandas as pd

from linus_nb.errors import OptionError
from linus_nb.graph.result import ExecutionResult

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linus_nb.graph.dag import AgentDAG
    from linus_nb.graph.structure import Structure

Timings: TypeAlias = ExecutionResult | pd.DataFrame
"""What every function here takes: a result, or its ``timings``."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one node did in a run.

    Parameters
    ----------
    seconds : tuple of float
        How long each attempt took.
    pauses : tuple of float
        How long it waited before each attempt but the first.
    statuses : tuple of str
        How each attempt ended.
    server_queue : float
        Seconds of them all that were spent in the model server's queue.
    runs : bool
        Whether what depends on it may run; False for a node behind dead edges and one that
        was never reached.
    """

    seconds: tuple[float, ...] = ()
    pauses: tuple[float, ...] = ()
    statuses: tuple[str, ...] = ()
    server_queue: float = 0.0
    runs: bool = True

    @property
    def busy(self) -> float:
        """Seconds of all attempts."""
        return sum(self.seconds)

    @property
    def complete(self) -> bool:
        """Whether the times tell how long the node takes; False if it was stopped."""
        return "cancelled" not in self.statuses


def frame_of(timings: Timings, needs: Iterable[str]) -> pd.DataFrame:
    """Return the frame of one run that has at least the columns ``needs``.

    Raises
    ------
    OptionError
        If it is no frame, lacks a column, or holds several runs.
    """
    if isinstance(timings, ExecutionResult):
        return timings.timings
    if not isinstance(timings, pd.DataFrame):
        raise OptionError(
            f"timings are a result or its frame, not {type(timings).__name__}",
            hint="give the result of a run, or result.timings",
        )
    missing = [column for column in needs if column not in timings.columns]
    if missing:
        raise OptionError(
            f"the frame has no column {', '.join(map(repr, missing))}",
            hint="give result.timings whole, or as it was written with to_csv or to_parquet",
        )
    runs = timings["run"].dropna().unique().tolist() if "run" in timings.columns else []
    if len(runs) > 1:
        raise OptionError(
            f"the frame holds {len(runs)} runs", hint=f"frame[frame.run == {runs[0]!r}]"
        )
    return timings


def structure_for(timings: Timings, dag: AgentDAG | None) -> Structure:
    """Return the DAG that the timings are of.

    Raises
    ------
    OptionError
        If there is none: a frame does not hold the edges.
    """
    if dag is not None:
        return dag.structure()
    if isinstance(timings, ExecutionResult):
        return timings.structure
    raise OptionError("a frame does not hold the edges of its DAG", hint="give dag= as well")


WORK_COLUMNS = ("node", "attempt", "status", "queued", "ended", "duration")


class _Line(NamedTuple):
    """What one row tells of its node's work."""

    node: str
    attempt: int
    status: str
    queued: float
    ended: float
    duration: float
    server_queue: float
    has_error: bool

    @property
    def ran(self) -> bool:
        return self.attempt > 0 and not isnan(self.duration)


def work_of(timings: Timings) -> dict[str, Work]:
    """Return what each node did, by its name (``parent/child``)."""
    frame = frame_of(timings, WORK_COLUMNS)
    rows = frame.reindex(columns=[*WORK_COLUMNS, "server_queue", "error"])
    rows["node"] = rows["node"].astype(str)  # names of digits come back from CSV as numbers
    rows["server_queue"] = rows["server_queue"].astype(float).fillna(0.0)
    rows["error"] = rows["error"].notna()
    gathered: dict[str, list[_Line]] = {}
    for line in map(_Line._make, zip(*(rows[name].tolist() for name in rows), strict=True)):
        gathered.setdefault(line.node, []).append(line)
    return {name: _work(lines) for name, lines in gathered.items()}


def _work(lines: list[_Line]) -> Work:
    ran = [line for line in lines if line.ran]
    if not ran:
        last = lines[-1]
        return Work(statuses=(last.status,), runs=last.status == "reused" or last.has_error)
    return Work(
        seconds=tuple(line.duration for line in ran),
        pauses=tuple(max(0.0, late.queued - soon.ended) for soon, late in pairwise(ran)),
        statuses=tuple(line.status for line in lines),
        server_queue=sum(line.server_queue for line in ran),
    )


def leaves(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a frame without those of DAGs whose own nodes have rows."""
    names = frame["node"].astype(str)
    parents = {name[:cut] for name in names.unique() if (cut := name.rfind("/")) > 0}
    return frame[~names.isin(parents)]


def makespan(timings: Timings) -> float:
    """Return the seconds from the start of a run to its end, 0 if nothing ran.

    Examples
    --------
    >>> makespan(pd.DataFrame({"ended": [0.5, 2.0, None]}))
    2.0
    """
    if isinstance(timings, ExecutionResult):
        return timings.execution_time_seconds
    ended = frame_of(timings, ("ended",))["ended"].max()
    return 0.0 if pd.isna(ended) else float(ended)
