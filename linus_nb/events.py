"""What a run says while it goes on: small frozen records, the one language of all observers.

Widgets, the server, the status line and ``astream`` read these and nothing else. Agents
speak through :func:`current_emitter`, which the executor (or ``agent.astream``) puts in the
context of the task; where nobody listens it is ``None`` and costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events.

    Parameters
    ----------
    time : float
        Seconds since the run started; never goes back within a run.
    run_id : str
        The run; ``""`` for an agent that runs outside a DAG.
    node : str
        The node, ``"parent/child"`` for a node of a nested DAG, ``""`` for the run itself.
    """

    kind: ClassVar[str] = "event"
    time: float
    run_id: str
    node: str


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """A run begins; ``nodes`` are its own nodes, in execution order."""

    kind: ClassVar[str] = "run_started"
    dag_name: str = ""
    nodes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NodeQueued(Event):
    """All predecessors of the node have settled; it waits for its level or a slot."""

    kind: ClassVar[str] = "node_queued"


@dataclass(frozen=True, slots=True)
class NodeStarted(Event):
    """An attempt begins; ``attempt`` counts from 1."""

    kind: ClassVar[str] = "node_started"
    attempt: int = 1


@dataclass(frozen=True, slots=True)
class NodeRetrying(Event):
    """Attempt ``attempt`` failed; the next one starts in ``delay`` seconds."""

    kind: ClassVar[str] = "node_retrying"
    attempt: int = 1
    delay: float = 0.0
    error: str = ""


@dataclass(frozen=True, slots=True)
class NodeFinished(Event):
    """The node has settled: completed, failed, skipped or cancelled."""

    kind: ClassVar[str] = "node_finished"
    status: str = "completed"
    seconds: float = 0.0
    error: str | None = None


@dataclass(frozen=True, slots=True)
class EdgeDecided(Event):
    """The edge ``node`` -> ``target`` is live or dead."""

    kind: ClassVar[str] = "edge_decided"
    target: str = ""
    live: bool = True
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Phase(Event):
    """An agent enters a step: reason, arguments, answer, check ..."""

    kind: ClassVar[str] = "phase"
    phase: str = ""


@dataclass(frozen=True, slots=True)
class Token(Event):
    """A piece of the model's text, in order."""

    kind: ClassVar[str] = "token"
    text: str = ""


@dataclass(frozen=True, slots=True)
class ToolStarted(Event):
    """An agent calls a tool."""

    kind: ClassVar[str] = "tool_started"
    tool: str = ""
    arguments: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ToolFinished(Event):
    """A tool has returned or failed."""

    kind: ClassVar[str] = "tool_finished"
    tool: str = ""
    seconds: float = 0.0
    result: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class AgentFinished(Event):
    """An agent has its response (or the response so far, when it failed)."""

    kind: ClassVar[str] = "agent_finished"
    response: Any = None


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """The run is over; ``result`` is its ExecutionResult."""

    kind: ClassVar[str] = "run_finished"
    result: Any = None


Listener = Callable[[Event], object]
"""Anything that takes an event. It runs on the run's loop and must return at once."""


class Emitter:
    """Stamps events of one node with time, run and name, and hands them on.

    Examples
    --------
    >>> seen = []
    >>> emitter = Emitter(seen.append, run_id="r1", node="a", started=perf_counter())
    >>> emitter.emit(Token, text="hi")
    >>> seen[0].kind, seen[0].node, seen[0].text
    ('token', 'a', 'hi')
    """

    __slots__ = ("clock", "node", "publish", "run_id", "started")

    def __init__(
        self,
        publish: Listener,
        *,
        run_id: str,
        node: str,
        started: float,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self.publish = publish
        self.run_id = run_id
        self.node = node
        self.started = started
        self.clock = clock

    def emit(self, event: Callable[..., Event], **fields: Any) -> None:
        """Build ``event`` with this emitter's stamp and publish it."""
        self.publish(event(self.clock() - self.started, self.run_id, self.node, **fields))


_emitter: ContextVar[Emitter | None] = ContextVar("linus_nb_emitter", default=None)


def current_emitter() -> Emitter | None:
    """Return the emitter of the running task, ``None`` where nobody listens."""
    return _emitter.get()


def set_emitter(emitter: Emitter | None) -> None:
    """Make ``emitter`` the one of the running task's context."""
    _emitter.set(emitter)


_node: ContextVar[str] = ContextVar("linus_nb_node", default="")


def current_node() -> str:
    """Return the node that the running code belongs to, ``""`` outside of a run.

    A node of a nested DAG is ``"parent/child"``. It is known whether or not anybody listens.
    """
    return _node.get()


def set_node(node: str) -> None:
    """Make ``node`` the one of the running task's context."""
    _node.set(node)
