"""A run's timings as a pandas frame: one row an attempt, always the same columns.

A :class:`Row` is the one place that says which columns there are. Rows are gathered as
tuples and turned into columns once, because a frame that grows row by row is forty times
slower.
"""

from __future__ import annotations

from math import nan
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from linus_nb.graph.attempt import Attempt
    from linus_nb.graph.result import ExecutionResult

_NANOSECONDS = 1e9

# Python storage on purpose: Arrow's cannot hold every name that a node may have.
TEXT = pd.StringDtype("python")


class Row(NamedTuple):
    """One attempt; times in seconds from the start of the outermost run."""

    run: str
    node: str
    level: int
    attempt: int = 0
    status: str = "waiting"
    queued: float = nan
    started: float = nan
    ended: float = nan
    duration: float = nan
    wait_dependencies: float = nan
    wait_barrier: float = nan
    wait_slot: float = nan
    server_queue: float | None = nan
    model_seconds: float | None = nan
    tool_seconds: float | None = nan
    worker: str | None = None
    model: str | None = None
    llm_calls: int | None = None
    tool_calls: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    error: str | None = None


DTYPES: dict[str, Any] = (
    dict.fromkeys(Row._fields, "float64")
    | dict.fromkeys(("run", "node", "status", "worker", "model", "error"), TEXT)
    | dict.fromkeys(("level", "attempt"), "int64")
    | dict.fromkeys(("llm_calls", "tool_calls", "input_tokens", "output_tokens"), "Int64")
)
"""The type of each column, in the order of the columns."""


def timings_frame(result: ExecutionResult) -> pd.DataFrame:
    """Return the timings of a run.

    A node that no attempt was made at (skipped, reused, never reached) has one row with
    attempt 0. The nodes of a nested DAG follow their parent as ``parent/child``. For every
    attempt that is a node's first, the three waits and the duration add up to ``ended``.

    Parameters
    ----------
    result : ExecutionResult
        The run; it may be going on still.

    Returns
    -------
    DataFrame
        One row an attempt, with the columns and types of ``DTYPES``. Seconds; NaN where
        nothing was. ``model_seconds`` does not contain ``server_queue``.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG, DAGExecutor
    >>> dag = AgentDAG("one")
    >>> _ = dag.node("hello", lambda: "hello")
    >>> timings_frame(DAGExecutor(dag).execute())[["node", "attempt", "status"]]
        node  attempt     status
    0  hello        1  completed
    """
    return make_frame(timing_rows(result))


def timing_rows(result: ExecutionResult) -> list[Row]:
    """Return the rows of :func:`timings_frame`, for readers to whom a frame is too slow."""
    return list(_rows(result, ""))


def make_frame(rows: Sequence[Row]) -> pd.DataFrame:
    """Return rows as a frame; all columns and types are there also if there are no rows."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(DTYPES)
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=kind)
            for (name, kind), values in zip(DTYPES.items(), columns, strict=True)
        }
    )


def _rows(result: ExecutionResult, prefix: str) -> Iterator[Row]:
    sequential = result.schedule == "sequential"
    for node, level in zip(result.nodes.values(), result.structure.level, strict=True):
        path = prefix + node.name
        if not node.attempts:
            status = "reused" if node.reused else node.status
            yield Row(result.run_id, path, level, status=status, error=node.error)
        for attempt in node.attempts:
            row = attempt_row(result.run_id, path, level, attempt, sequential=sequential)
            yield row if attempt.ended is not None else row._replace(status=node.status)
        if node.child is not None:
            yield from _rows(node.child, f"{path}/")


def attempt_row(run: str, path: str, level: int, attempt: Attempt, *, sequential: bool) -> Row:
    """Return the row of one attempt.

    Parameters
    ----------
    run, path : str
        Which run, and the node as ``parent/child``.
    level : int
        The node's topological generation in its own DAG.
    attempt : Attempt
        Its record.
    sequential : bool
        Nodes ran one at a time: then waiting for one's turn is waiting for the only slot.
    """
    queued = attempt.queued
    released = queued if sequential else _or_nan(attempt.released)
    started, ended = _or_nan(attempt.started), _or_nan(attempt.ended)
    cost = cost_of(attempt.response, ended - started)
    return Row(
        run,
        path,
        level,
        attempt.number,
        attempt.status,
        queued,
        started,
        ended,
        duration=ended - started,
        wait_dependencies=queued if attempt.number == 1 else 0.0,
        wait_barrier=released - queued,
        wait_slot=started - released,
        server_queue=cost.server_queue,
        model_seconds=cost.model_seconds,
        tool_seconds=cost.tool_seconds,
        worker=attempt.worker if attempt.started is not None else None,
        model=cost.model,
        llm_calls=cost.llm_calls,
        tool_calls=cost.tool_calls,
        input_tokens=cost.input_tokens,
        output_tokens=cost.output_tokens,
        error=attempt.error,
    )


class Cost(NamedTuple):
    """What an attempt cost, as far as its response tells."""

    server_queue: float | None = None
    model_seconds: float | None = None
    tool_seconds: float | None = None
    model: str | None = None
    llm_calls: int | None = None
    tool_calls: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


_UNTOLD = Cost()


def cost_of(response: Any, seconds: float) -> Cost:
    """Return what an agent's metrics or a message's metadata tell, whatever class they are of.

    Parameters
    ----------
    response : object
        What a node returned, or None.
    seconds : float
        How long that took.
    """
    if response is None:
        return _UNTOLD
    metrics = getattr(response, "metrics", None)
    if metrics is not None:
        return _cost_of_agent(metrics)
    usage = getattr(response, "usage_metadata", None)
    told = getattr(response, "response_metadata", None)
    if isinstance(usage, dict) or isinstance(told, dict):
        return _cost_of_message(
            usage if isinstance(usage, dict) else {},
            told if isinstance(told, dict) else {},
            seconds,
        )
    return _UNTOLD


def _cost_of_agent(metrics: Any) -> Cost:
    queue = _seconds(getattr(metrics, "server_queue_seconds", None))
    model_seconds = _seconds(getattr(metrics, "model_seconds", None))
    if model_seconds is not None and queue is not None:
        model_seconds = max(0.0, model_seconds - queue)
    return Cost(
        queue,
        model_seconds,
        _seconds(getattr(metrics, "tool_seconds", None)),
        _text(getattr(metrics, "model", None)),
        _count(getattr(metrics, "llm_calls", None)),
        _count(getattr(metrics, "tool_executions", None)),
        _count(getattr(metrics, "total_input_tokens", None)),
        _count(getattr(metrics, "total_output_tokens", None)),
    )


def _cost_of_message(usage: dict[str, Any], told: dict[str, Any], seconds: float) -> Cost:
    """Read one reply of a chat model; Ollama also tells how long it worked on it."""
    queue, model_seconds = None, seconds
    if _seconds(told.get("eval_duration")):
        parts = ("load_duration", "prompt_eval_duration", "eval_duration")
        worked = sum(_seconds(told.get(part)) or 0.0 for part in parts) / _NANOSECONDS
        queue = max(0.0, seconds - worked)
        model_seconds = seconds - queue
    return Cost(
        queue,
        model_seconds,
        model=_text(told.get("model_name")) or _text(told.get("model")),
        llm_calls=1,
        input_tokens=_count(usage.get("input_tokens")),
        output_tokens=_count(usage.get("output_tokens")),
    )


def _or_nan(value: float | None) -> float:
    return nan if value is None else value


def _seconds(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _count(value: object) -> int | None:
    return value if isinstance(value, int) else None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
