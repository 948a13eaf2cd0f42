"""What a request runs: an agent's answer to a query, or a DAG on a state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from linus_nb.errors import LinusError
from linus_nb.events import AgentFinished
from linus_nb.graph.frame import timing_rows
from linus_nb.server.problems import without_secrets
from linus_nb.server.values import plain

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Sequence

    from linus_nb.events import Event
    from linus_nb.graph import DAGExecutor, ExecutionResult
    from linus_nb.server.limits import Limits
    from linus_nb.server.values import Json


class Agent(Protocol):
    """What can be served as an agent; a ``ReasoningAgent`` is one."""

    def astream(self, task: Any, *, history: Sequence[Any] | None = None) -> AsyncIterator[Event]:
        """Do a task and give its events, the last of them ``AgentFinished``."""


class ServedRun(Protocol):
    """One run for one request."""

    def events(self) -> AsyncIterator[Event]:
        """Run, and give the events; leaving early stops the run."""

    def answer(self, last: Event | None) -> dict[str, Json]:
        """Return what the client gets after the last event, also of a run that was stopped."""


@dataclass(frozen=True, slots=True)
class AgentRun:
    """An agent's answer to one query."""

    name: str
    agent: Agent
    query: str | dict[str, Any]
    history: list[dict[str, str]]
    limits: Limits

    def events(self) -> AsyncIterator[Event]:
        """Ask the agent, and give its events."""
        return self.agent.astream(self.query, history=self.history)

    def answer(self, last: Event | None) -> dict[str, Json]:
        """Return the result, what it cost, and whether it is whole."""
        if not isinstance(last, AgentFinished):
            raise LinusError(f"agent {self.name!r} ended without a response")
        response = last.response
        return {
            "agent": self.name,
            "result": outputs(response.result, self.limits),
            "metrics": plain(response.metrics.to_dict()),
            "completion_status": plain(response.completion_status),
        }


@dataclass(frozen=True, slots=True)
class DagRun:
    """One run of a DAG."""

    executor: DAGExecutor
    state: dict[str, Any]
    schedule: str | None
    limits: Limits

    def events(self) -> AsyncIterator[Event]:
        """Run the DAG, and give its events."""
        return self.executor.astream(self.state, schedule=self.schedule)

    def answer(self, last: Event | None) -> dict[str, Json]:  # noqa: ARG002 - it is in the result
        """Return status, results and timings of what ran."""
        result = self.executor.last_result
        if result is None:
            raise LinusError(f"DAG {self.executor.dag.name!r} was not run")
        return result_as_json(result, self.limits)


def result_as_json(result: ExecutionResult, limits: Limits) -> dict[str, Json]:
    """Return a run's result as a client gets it: outputs bounded, the rest whole."""
    told = result.to_dict()
    results = told.pop("node_results")
    told["notices"] = result.notices
    told["timings"] = [row._asdict() for row in timing_rows(result)]
    # Bounded by the size of the DAG, which is the server's and no client's.
    whole = {
        key: plain(value, max_items=1_000_000, clean=without_secrets) for key, value in told.items()
    }
    return {**whole, "results": outputs(results, limits)}


def outputs(value: object, limits: Limits) -> Json:
    """Return what nodes or agents gave, within ``limits``."""
    return plain(
        value,
        max_items=limits.max_result_items,
        max_characters=limits.max_result_characters,
        max_depth=limits.max_depth,
    )


class LiveRuns:
    """The runs that go on now, by id, so that they can be stopped.

    Examples
    --------
    >>> live = LiveRuns()
    >>> live.add("r1", lambda: print("stopping"))
    >>> live.stop("r1"), live.stop("r2")
    stopping
    (True, False)
    """

    def __init__(self) -> None:
        self._stops: dict[str, Callable[[], None]] = {}

    def __contains__(self, run_id: str) -> bool:
        return run_id in self._stops

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._stops))

    def add(self, run_id: str, stop: Callable[[], None]) -> None:
        """Remember how to stop a run."""
        self._stops[run_id] = stop

    def discard(self, run_id: str) -> None:
        """Forget a run that has ended."""
        self._stops.pop(run_id, None)

    def stop(self, run_id: str) -> bool:
        """Tell a run to stop; return whether it goes on here."""
        stop = self._stops.get(run_id)
        if stop is not None:
            stop()
        return stop is not None
