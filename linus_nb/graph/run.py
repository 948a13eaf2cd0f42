"""One run in flight.

It asks the passive :class:`~linus_nb.graph.schedule.Schedule` what is ready, has each
attempt made as a task of its own, and tells the schedule what came of it. A TaskGroup is
not used on purpose: it cannot let go of a child that swallows its cancellation.
"""

from __future__ import annotations

import asyncio
import contextvars
from typing import TYPE_CHECKING, Any

from linus_nb.awake import keep_awake
from linus_nb.errors import SharedKeyError
from linus_nb.graph.announcing import Announcer
from linus_nb.graph.attempt import Attempt
from linus_nb.graph.attempting import Attempts
from linus_nb.graph.conditions import ask
from linus_nb.graph.durable.resuming import Recall
from linus_nb.graph.node_result import NodeResult, error_text
from linus_nb.graph.outcome import is_flawed, result_of
from linus_nb.graph.schedule import Schedule, Settle, settled_failure
from linus_nb.graph.store import Store

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping, Sequence

    from linus_nb.graph.inputs import Plan
    from linus_nb.graph.result import ExecutionResult, RunStatus
    from linus_nb.graph.schedule import EndStatus, Step, Verdict
    from linus_nb.graph.state import SharedState
    from linus_nb.graph.structure import Structure
    from linus_nb.graph.surroundings import Surroundings

GRACE = 0.2
"""Seconds that nodes have to stop after they were told to."""

_CHILD_SHARE = 0.75
"""A nested run has this much of its parent's grace, so that it ends before it is given up."""


class Run:
    """One run of one DAG.

    Parameters
    ----------
    structure : Structure
        The DAG.
    plans : sequence of Plan
        How each node gets its input.
    initial : mapping
        The initial state.
    around : Surroundings
        What nested runs share with the outermost one.
    state : SharedState, optional
        Receives each output.
    prefix : str
        ``"parent/"`` for a nested run.
    grace : float
        Seconds that nodes have to stop.
    """

    def __init__(
        self,
        structure: Structure,
        plans: Sequence[Plan],
        initial: Mapping[str, Any],
        around: Surroundings,
        *,
        state: SharedState | None = None,
        prefix: str = "",
        grace: float = GRACE,
    ) -> None:
        self.structure, self.plans, self.around = structure, plans, around
        self.prefix, self.grace = prefix, grace
        self.store = Store(structure, initial)
        self.records = [
            NodeResult(name, _plan=plan, _store=self.store, _index=node)
            for node, (name, plan) in enumerate(zip(structure.names, plans, strict=True))
        ]
        self.status: RunStatus = "running"
        self.verdicts: dict[int, Sequence[Verdict]] = {}
        self.definitions = around.definitions_of(structure)
        self._recall = Recall(self, around.past) if around.past is not None else None
        self.announce = (
            Announcer(around.publish, around.run_id, structure, prefix, self.now)
            if around.publish is not None
            else None
        )
        self._state = state
        self._schedule = Schedule(structure, around.policy)
        self._concluding: set[asyncio.Task[None]] = set()
        self._begun = self.now()
        self._over: float | None = None

    # --- from start to end -----------------------------------------------------

    async def execute(self) -> ExecutionResult:
        """Run all nodes and return the result; when cancelled, clean up first."""
        self._loop = asyncio.get_running_loop()
        self._context = contextvars.copy_context()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self._attempts = Attempts(self)
        if self.announce:
            self.announce.run_started()
        try:
            with keep_awake():
                self._follow(self._schedule.start())
                await self._finished
        except asyncio.CancelledError:
            self.end("cancelled")
            raise
        finally:
            await self._clean_up()
            del self._attempts  # else it is a circle, which only the garbage collector ends
        if self.status == "cancelled":
            raise asyncio.CancelledError
        return self.result()

    @property
    def goes_on(self) -> bool:
        """Whether further nodes may start."""
        return self.status == "running"

    def now(self) -> float:
        """Return the seconds since the outermost run started."""
        return self.around.clock() - self.around.started

    def end(self, status: RunStatus) -> None:
        """Let nothing start from here on; what still runs is stopped."""
        if self.status == "running":
            self.status = status
        if not self._finished.done():
            self._finished.set_result(None)

    def be_over(self, status: RunStatus, seconds: float | None) -> None:
        """Be a run that ended earlier, elsewhere."""
        self.status, self._over = status, self._begun + (seconds or 0.0)

    def crash(self, error: BaseException) -> None:
        """End the run because of a fault that is no node's; ``execute`` raises it."""
        self.status = "failed"
        if not self._finished.done():
            self._finished.set_exception(error)

    async def _clean_up(self) -> None:
        """Stop what runs and give every node its end state."""
        stopped = await self._stop()
        for node, record in enumerate(self.records):
            if record.settled is None:
                record.reused = False
                self._record(node, "cancelled")
                if record.attempts and record.attempts[-1].status == "queued":
                    record.attempts[-1].status = "cancelled"
        self._over = self.now()
        self.definitions.look_again()
        if self.announce:
            self.announce.run_finished(self.result())
        if stopped:
            raise asyncio.CancelledError

    async def _stop(self) -> bool:
        """Stop what runs, within the grace time; return whether this was itself cancelled."""
        tasks = self._attempts.stop() | self._concluding
        for task in self._concluding:
            task.cancel()
        deadline = self._loop.time() + self.grace
        stopped = False
        while tasks and (left := deadline - self._loop.time()) > 0:
            try:
                await asyncio.wait(tasks, timeout=left)
            except asyncio.CancelledError:
                stopped = True  # must not leave things running: told when all is done
            tasks = self._attempts.tasks() | self._concluding
        self._attempts.abandon_all()
        return stopped

    def create_task(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Start a task that sees the context variables of the run's caller, not of a node."""
        if self._loop.get_task_factory() is None:  # then this is the same, and faster
            return asyncio.Task(coroutine, loop=self._loop, context=self._context.copy())
        return self._loop.create_task(coroutine, context=self._context.copy())

    # --- following the schedule ------------------------------------------------

    def _follow(self, step: Step) -> None:
        """Do what the schedule says follows."""
        now = self.now()
        for node in step.queued:
            self._queue(node, now)
        for node in step.dead:
            self._record(node, "skipped")
            self._decide_edges(node, (False,) * len(self.structure.successors[node]))
        for node, error in step.doomed:
            record = self.records[node]
            record.error, record.exception = error_text(error), error
            self.settle_later(node, settled_failure(self.structure.nodes[node]))
        for node in step.ready:
            if self._recall is not None and self.records[node].reused:
                self.settle_later(node, Settle(self._recall.status(node)))
            else:
                self._attempts.release(self.records[node].attempts[-1], now)
        if not self._schedule.unsettled:
            self.end("partial" if any(map(is_flawed, self.records)) else "success")

    def _queue(self, node: int, now: float) -> None:
        """Let a node wait for its turn, unless its result can be taken over."""
        if self._recall is not None and self._recall.keeps(node):
            return
        record = self.records[node]
        record.attempts.append(Attempt(node, 1, now))
        record.status = "queued"
        if self.announce:
            self.announce.queued(node)

    async def settle(self, node: int, decision: Settle) -> None:
        """Settle a node, ask the conditions of its edges, and go on from there."""
        if decision.status == "completed" and not self.store.written[node]:
            decision = self._write(node)
        self._record(node, decision.status)
        verdicts: Sequence[Verdict] | None = None
        if decision.ends_run:
            self.end("failed")
        elif self.structure.conditional[node]:
            verdicts = await self._verdicts_of(node)
        if self.around.recorder is not None and decision.status != "cancelled":
            await self.around.recorder.record(self, node, verdicts)
        self._proceed(node, verdicts)

    async def _verdicts_of(self, node: int) -> Sequence[Verdict]:
        kept = self._recall.verdicts(node) if self._recall is not None else None
        return kept or await ask(self.structure.edges[node], self.store, node)

    def _write(self, node: int) -> Settle:
        """Write the output of a node that was not run, or failed with ``on_error="continue"``."""
        record, output = self.records[node], None
        try:
            self.store.require_free(node)
        except SharedKeyError as error:
            record.error, record.exception = error_text(error), error
            return Settle("failed", ends_run=True)
        if self._recall is not None and record.reused:
            output = self._recall.output(node)
        self.store.write(node, output)
        return Settle("completed")

    def settle_later(self, node: int, decision: Settle) -> None:
        """Settle a node from where nothing can be awaited."""
        task = self.create_task(self.settle(node, decision))
        self._concluding.add(task)
        task.add_done_callback(self._concluded)

    def _concluded(self, task: asyncio.Task[None]) -> None:
        self._concluding.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.crash(error)

    def _record(self, node: int, status: EndStatus) -> None:
        """Write down the end state of a node."""
        record = self.records[node]
        record.status, record.settled = status, self.now()
        if self._state is not None and self.store.written[node]:
            key = self.structure.nodes[node].key
            self._state.set(key, self.store.read(key, (node,)), source=record.name)
        if self.announce:
            self.announce.finished(node, record)

    def _proceed(self, node: int, verdicts: Sequence[Verdict] | None) -> None:
        if self.goes_on:
            self._decide_edges(node, verdicts)
            self._follow(self._schedule.settle(node, verdicts))

    def _decide_edges(self, node: int, verdicts: Sequence[Verdict] | None) -> None:
        if verdicts is not None:
            self.verdicts[node] = verdicts
        if self.announce:
            self.announce.edges(node, verdicts)

    # --- results and nested runs -----------------------------------------------

    def result(self) -> ExecutionResult:
        """Return what there is; before the end, a node may still be waiting or running."""
        over = self.now() if self._over is None else self._over
        return result_of(self, over - self._begun)

    def child(self, node: int, initial: Mapping[str, Any]) -> Run:
        """Make the run of the DAG that is a node of this one."""
        dag = self.structure.nodes[node].agent
        dag.validate(initial)
        return Run(
            dag.structure(),
            dag.plans(),
            initial,
            self.around,
            prefix=f"{self.prefix}{self.structure.names[node]}/",
            grace=self.grace * _CHILD_SHARE,
        )
