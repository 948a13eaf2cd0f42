"""A run on a virtual clock: the engine's own ordering code, with no node called.

:class:`~linus_nb.graph.schedule.Schedule` decides what may start and
:class:`~linus_nb.graph.slots.Slots` who has a slot, exactly as in a real run. Only what the
executor does is done otherwise here: instead of awaiting a node, its end is put into a queue
of events at the time that its recorded duration gives.
"""

from __future__ import annotations

from functools import partial
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING

from linus_nb.graph.attempt import Attempt
from linus_nb.graph.frame import Row, attempt_row
from linus_nb.graph.schedule import Schedule
from linus_nb.graph.slots import Slots
from linus_nb.timings.reading import Work

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from linus_nb.graph.schedule import Step
    from linus_nb.graph.structure import Structure

_NEVER = Work(runs=False)


class World:
    """The virtual clock, and what nested runs share.

    Parameters
    ----------
    work : mapping of str to Work
        What each node does, by its name (``parent/child``). What it does not name is taken
        not to run.
    policy : {"sequential", "levels", "dataflow"}
        The order.
    max_concurrency : int, optional
        Most nodes at once.
    limits : mapping of str to int, optional
        Most nodes at once for each resource.
    """

    def __init__(
        self,
        work: Mapping[str, Work],
        policy: str,
        max_concurrency: int | None = None,
        limits: Mapping[str, int] | None = None,
    ) -> None:
        self.work, self.policy, self.now = work, policy, 0.0
        self.slots: Slots[tuple[VirtualRun, Attempt]] = Slots(max_concurrency, limits or {})
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()

    def run(self, structure: Structure) -> VirtualRun:
        """Run a DAG to its end and return the run; ``now`` is its makespan then."""
        run = VirtualRun(self, structure)
        run.begin()
        while self._events:
            self.now, _, happen = heappop(self._events)
            happen()
        return run

    def after(self, seconds: float, happen: Callable[[], None]) -> None:
        """Let something happen later; what is due at the same time keeps its order."""
        heappush(self._events, (self.now + seconds, next(self._number), happen))

    def hand_out_slots(self) -> None:
        """Start whatever may start now, of whichever run it is."""
        for run, attempt in self.slots.take():
            run.start(attempt)


class VirtualRun:
    """One DAG in the virtual world, outermost or nested.

    Parameters
    ----------
    world : World
        The clock and the slots.
    structure : Structure
        The DAG.
    prefix : str
        ``"parent/"`` for a nested one.
    on_end : callable, optional
        Told when all nodes have settled.
    """

    def __init__(
        self,
        world: World,
        structure: Structure,
        prefix: str = "",
        on_end: Callable[[], None] | None = None,
    ) -> None:
        self.structure, self.children = structure, dict[int, VirtualRun]()
        self.attempts: list[list[Attempt]] = [[] for _ in structure.names]
        self._world, self._prefix, self._on_end = world, prefix, on_end
        self._work = [world.work.get(prefix + name, _NEVER) for name in structure.names]
        self._schedule = Schedule(structure, world.policy)

    def begin(self) -> None:
        """Start what may start at the beginning."""
        self._follow(self._schedule.start())

    def _follow(self, step: Step) -> None:
        now = self._world.now
        for node in step.queued:
            self.attempts[node].append(Attempt(node, 1, now))
        for node in step.ready:
            self._release(self.attempts[node][-1])
        if not self._schedule.unsettled and self._on_end is not None:
            self._world.after(0.0, self._on_end)

    def _release(self, attempt: Attempt) -> None:
        attempt.released = self._world.now
        if self.is_nested(attempt.node):
            self.start(attempt)
        else:
            self._world.slots.enqueue((self, attempt), self._resource(attempt))
            self._world.hand_out_slots()

    def is_nested(self, node: int) -> bool:
        """Whether the node is a DAG, which holds no slot itself."""
        return self.structure.callees[node].takes == "state"

    def _resource(self, attempt: Attempt) -> str | None:
        return self.structure.nodes[attempt.node].resource

    def start(self, attempt: Attempt) -> None:
        """Begin an attempt whose turn it is."""
        attempt.started = self._world.now
        child = self._child(attempt)
        if child is not None:
            self.children[attempt.node] = child
            child.begin()
        else:
            seconds = self._work[attempt.node].seconds
            known = seconds[attempt.number - 1] if seconds else 0.0
            self._world.after(known, partial(self._end, attempt))

    def _child(self, attempt: Attempt) -> VirtualRun | None:
        """Return the nested run that the attempt is; None if only its duration is known."""
        name = self._prefix + self.structure.names[attempt.node]
        if not self.is_nested(attempt.node) or len(self._work[attempt.node].seconds) > 1:
            return None
        structure: Structure = self.structure.nodes[attempt.node].agent.structure()
        if not any(f"{name}/{inner}" in self._world.work for inner in structure.names):
            return None
        return VirtualRun(self._world, structure, f"{name}/", partial(self._end, attempt))

    def _end(self, attempt: Attempt) -> None:
        """Settle an attempt's node, or try it again; the slot is freed after that, as in a run."""
        attempt.ended = self._world.now
        work = self._work[attempt.node]
        attempt.status = work.statuses[attempt.number - 1] if work.statuses else "completed"
        if attempt.number < len(work.seconds):
            self._world.after(work.pauses[attempt.number - 1], partial(self._retry, attempt))
        else:
            self._settle(attempt.node)
        if not self.is_nested(attempt.node):
            self._world.slots.release(self._resource(attempt))
            self._world.hand_out_slots()

    def _retry(self, failed: Attempt) -> None:
        following = Attempt(failed.node, failed.number + 1, self._world.now)
        self.attempts[failed.node].append(following)
        self._release(following)

    def _settle(self, node: int) -> None:
        """Go on from a node; edges are live into what ran then, dead into what did not."""
        verdicts = [self._work[successor].runs for successor in self.structure.successors[node]]
        self._follow(self._schedule.settle(node, None if all(verdicts) else verdicts))

    def rows(self) -> Iterator[Row]:
        """Yield the rows of a frame, as of a real run."""
        sequential = self._world.policy == "sequential"
        for node, name in enumerate(self.structure.names):
            path, level = self._prefix + name, self.structure.level[node]
            if not self.attempts[node]:
                yield Row("simulated", path, level, status="skipped")
            for attempt in self.attempts[node]:
                yield attempt_row("simulated", path, level, attempt, sequential=sequential)
            if node in self.children:
                yield from self.children[node].rows()

    def busy(self) -> float:
        """Return the seconds of all attempts, nested ones in place of their parent."""
        return sum(
            self.children[node].busy() if node in self.children else self._work[node].busy
            for node, mine in enumerate(self.attempts)
            if mine
        )

    def longest_path(self) -> list[str]:
        """Return the chain of nodes that decided when this run ended, first to last.

        Each was the last to settle of the next one's predecessors; a nested DAG is replaced
        by its own chain.
        """
        path: list[str] = []
        candidates: Sequence[int] = range(len(self.attempts))
        while reached := [n for n in candidates if self.attempts[n] and self._work[n].runs]:
            node = max(reached, key=lambda n: (self._ended(n), self.structure.level[n]))
            inner = self.children[node].longest_path() if node in self.children else []
            path[:0] = inner or [self._prefix + self.structure.names[node]]
            candidates = self.structure.predecessors[node]
        return path

    def _ended(self, node: int) -> float:
        return self.attempts[node][-1].ended or 0.0
