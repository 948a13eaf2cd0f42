"""The passive state machine of one run: what is ready, and what settling a node means.

It knows no task, thread or clock. Whoever drives it (the executor, or a simulation on a
virtual clock) tells it that a node has settled and which of its edges are live, and is told
which nodes may start, which can never run, and when all is over.

The three policies are one rule with three ranks: a node may start once its predecessors
*and every node of a lower rank* have settled. The rank is the position in the execution
order (sequential), the level (levels), or the same for all (dataflow).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, get_args

from linus_nb.errors import OptionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from linus_nb.graph.node import AgentNode
    from linus_nb.graph.structure import Structure

SchedulePolicy = Literal["sequential", "levels", "dataflow"]
POLICIES: tuple[str, ...] = get_args(SchedulePolicy)

Verdict = bool | BaseException
"""An edge is live, dead, or its condition raised."""

EndStatus = Literal["completed", "failed", "skipped", "cancelled"]

LONGEST_BACKOFF = 30.0


@dataclass(slots=True)
class Step:
    """What follows from one call.

    Parameters
    ----------
    queued : list of int
        Nodes whose predecessors have now all settled and that will run.
    ready : list of int
        Nodes that may start now, as far as order goes.
    dead : list of int
        Nodes that were skipped because no edge into them is live. They have settled.
    doomed : list of (int, BaseException)
        Nodes that must fail because the condition of an edge into them raised. They have
        not settled: how they do depends on their ``on_error``.
    """

    queued: list[int] = field(default_factory=list)
    ready: list[int] = field(default_factory=list)
    dead: list[int] = field(default_factory=list)
    doomed: list[tuple[int, BaseException]] = field(default_factory=list)


def require_policy(policy: str | None) -> str | None:
    """Return ``policy``; raise OptionError if one is named that does not exist."""
    if policy is not None and policy not in POLICIES:
        raise OptionError(f"schedule={policy!r} is not one of {', '.join(map(repr, POLICIES))}")
    return policy


class Schedule:
    """Order of one run.

    Parameters
    ----------
    structure : Structure
        The DAG.
    policy : {"sequential", "levels", "dataflow"}
        See the module's text.

    Examples
    --------
    >>> from linus_nb.graph import AgentDAG
    >>> dag = AgentDAG("ab")
    >>> _ = dag.add_node("a", print), dag.add_node("b", print)
    >>> _ = dag.add_edge("a", "b")
    >>> schedule = Schedule(dag.structure(), "dataflow")
    >>> schedule.start().ready
    [0]
    >>> schedule.settle(0).ready
    [1]
    >>> schedule.settle(1).ready, schedule.unsettled
    ([], 0)
    """

    def __init__(self, structure: Structure, policy: str) -> None:
        require_policy(policy)
        self.structure = structure
        self.unsettled = len(structure.names)
        self._missing = [len(before) for before in structure.predecessors]
        self._live = bytearray(len(structure.names))
        self._broken: dict[int, tuple[int, BaseException]] = {}
        self._gate = _Gate(structure, policy) if policy != "dataflow" else None

    def start(self) -> Step:
        """Return what may start at the beginning."""
        step = Step()
        for node, missing in enumerate(self._missing):
            if not missing:
                self._live[node] = 1
                self._queue(node, step)
        return step

    def settle(self, node: int, verdicts: Sequence[Verdict] | None = None) -> Step:
        """Tell that ``node`` has settled and its dependants may go by ``verdicts``.

        Parameters
        ----------
        node : int
            The node.
        verdicts : sequence of bool or exception, optional
            One for each outgoing edge; None: all live.

        Returns
        -------
        Step
        """
        step = Step()
        dead_ends: list[int] = []
        self._settle(node, verdicts, step, dead_ends)
        while dead_ends:
            skipped = dead_ends.pop()
            step.dead.append(skipped)
            self._settle(skipped, _DEAD, step, dead_ends)
        return step

    def _settle(
        self, node: int, verdicts: Sequence[Verdict] | None, step: Step, dead_ends: list[int]
    ) -> None:
        self.unsettled -= 1
        if self._gate is not None:
            step.ready += self._gate.settle(node)
        missing, live = self._missing, self._live
        for position, successor in enumerate(self.structure.successors[node]):
            if verdicts is None:
                live[successor] = 1
            elif verdicts is not _DEAD:
                self._decide(node, successor, verdicts[position])
            missing[successor] -= 1
            if not missing[successor]:
                self._arrive(successor, step, dead_ends)

    def _decide(self, node: int, successor: int, verdict: Verdict) -> None:
        if isinstance(verdict, BaseException):
            # Of several, the first source's counts: not the one that was asked first.
            if successor not in self._broken or node < self._broken[successor][0]:
                self._broken[successor] = node, verdict
        elif verdict:
            self._live[successor] = 1

    def _arrive(self, node: int, step: Step, dead_ends: list[int]) -> None:
        """All predecessors of ``node`` have settled."""
        broken = self._broken.get(node) if self._broken else None
        if broken is not None:
            step.doomed.append((node, broken[1]))
        elif self._live[node]:
            self._queue(node, step)
        else:
            dead_ends.append(node)

    def _queue(self, node: int, step: Step) -> None:
        step.queued.append(node)
        if self._gate is None or self._gate.admits(node):
            step.ready.append(node)


_DEAD: Sequence[Verdict] = ()
"""Verdicts of a node that was itself skipped: every edge dead, no condition asked."""


class _Gate:
    """Holds nodes back until every node of a lower rank has settled."""

    def __init__(self, structure: Structure, policy: str) -> None:
        if policy == "levels":
            self._rank: Sequence[int] = structure.level
            self._left = [len(members) for members in structure.levels]
        else:
            rank = [0] * len(structure.order)
            for position, node in enumerate(structure.order):
                rank[node] = position
            self._rank = rank
            self._left = [1] * len(structure.order)
        self._open = 0
        self._held: dict[int, list[int]] = {}

    def admits(self, node: int) -> bool:
        """Whether ``node`` may start now; if not, it is held and named later."""
        rank = self._rank[node]
        if rank <= self._open:
            return True
        self._held.setdefault(rank, []).append(node)
        return False

    def settle(self, node: int) -> list[int]:
        """Return the held nodes that may start because ``node`` has settled."""
        self._left[self._rank[node]] -= 1
        released: list[int] = []
        while self._open < len(self._left) and not self._left[self._open]:
            self._open += 1
            released += self._held.pop(self._open, ())
        return released


@dataclass(frozen=True, slots=True)
class Retry:
    """Attempt the node again after ``delay`` seconds."""

    delay: float


@dataclass(frozen=True, slots=True)
class Settle:
    """The node settles with ``status``; ``ends_run`` if the run ends with it."""

    status: EndStatus
    ends_run: bool = False


def after_failure(node: AgentNode, attempt: int) -> Retry | Settle:
    """Decide what follows when attempt number ``attempt`` (from 1) of ``node`` failed.

    Examples
    --------
    >>> from linus_nb.graph.node import AgentNode
    >>> flaky = AgentNode("flaky", print, retry_count=2, on_error="skip", retry_backoff=1)
    >>> [after_failure(flaky, attempt) for attempt in (1, 2, 3)]
    [Retry(delay=1), Retry(delay=2), Settle(status='skipped', ends_run=False)]
    """
    if attempt <= node.retry_count:
        doublings = min(attempt - 1, 100)  # more would only overflow
        return Retry(min(node.retry_backoff * 2**doublings, LONGEST_BACKOFF))
    return settled_failure(node)


def settled_failure(node: AgentNode) -> Settle:
    """Decide how ``node`` settles when it has failed for good."""
    if node.on_error == "skip":
        return Settle("skipped")
    if node.on_error == "continue":
        return Settle("completed")
    return Settle("failed", ends_run=True)
