"""The attempts of one run: slots, tasks, timeouts, retries, and letting go."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

from linus_nb.errors import AgentError, NodeFailedError, SharedKeyError
from linus_nb.events import set_node
from linus_nb.graph.attempt import Attempt, call
from linus_nb.graph.backend import Call
from linus_nb.graph.calling import output_of
from linus_nb.graph.isolation import ATOMS
from linus_nb.graph.node_result import NodeResult, error_text
from linus_nb.graph.outcome import value_of
from linus_nb.graph.schedule import Retry, Settle, after_failure

if TYPE_CHECKING:
    from linus_nb.graph.run import Run

_COMPLETED = Settle("completed")
_CANCELLED = Settle("cancelled", ends_run=True)


class Attempts:
    """Makes the attempts that a run wants and tells it how each node settles.

    Parameters
    ----------
    run : Run
        Whose attempts these are.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._around = run.around
        self._structure = run.structure
        self._backend = run.around.backend
        self._announce = run.announce
        run.around.everyone.append(self)
        self._loop = asyncio.get_running_loop()
        self._running: dict[Attempt, None] = {}
        self._delays: dict[Attempt, asyncio.TimerHandle] = {}

    # --- starting --------------------------------------------------------------

    def release(self, attempt: Attempt, now: float) -> None:
        """Let ``attempt`` start as soon as it has a slot; a nested DAG itself holds none."""
        attempt.released = now
        slots = self._around.slots
        if slots is None or self._structure.callees[attempt.node].takes == "state":
            self._start(attempt)
        else:
            slots.enqueue((self, attempt), self._structure.nodes[attempt.node].resource)
            self._around.hand_out_slots()

    def start_with_slot(self, attempt: Attempt) -> None:
        """Start an attempt that has got its slot, or leave the slot to the next one."""
        if self._run.goes_on:
            attempt.holds_slot = True
            self._start(attempt)
        elif self._around.slots is not None:
            self._around.slots.release(self._structure.nodes[attempt.node].resource)

    def _start(self, attempt: Attempt) -> None:
        if not self._run.goes_on:
            return
        self._running[attempt] = None
        attempt.task = self._run.create_task(self._execute_node_async(attempt))

    def _return_slot(self, attempt: Attempt) -> None:
        if attempt.holds_slot and self._around.slots is not None:
            attempt.holds_slot = False
            self._around.slots.release(self._structure.nodes[attempt.node].resource)
            self._around.hand_out_slots()

    # --- one attempt -----------------------------------------------------------

    async def _execute_node_async(self, attempt: Attempt) -> None:
        """Make one attempt at a node and settle what came of it."""
        node, record = self._structure.nodes[attempt.node], self._run.records[attempt.node]
        attempt.started = self._run.now()
        attempt.status = record.status = "running"
        prefix = self._run.prefix
        set_node(prefix + record.name if prefix else record.name)
        if self._announce:
            self._announce.started(attempt)
        try:
            value = await self._call(attempt)
            failure = None if attempt.stop is None else attempt.failure_of(None, node)
            if failure is None and not attempt.closed:
                self._keep(attempt, value)
        except BaseException as error:  # noqa: BLE001 - whatever a node raises is its outcome
            failure = attempt.failure_of(error, node)
        if attempt.closed:
            return
        try:
            decision = self._close(attempt, failure)
            if isinstance(decision, Retry):
                self._retry_later(attempt, decision.delay)
            else:
                await self._run.settle(attempt.node, decision)
        except Exception as error:  # noqa: BLE001 - a fault of ours must end the run, not hang it
            self._run.crash(error)
        finally:
            self._running.pop(attempt, None)
            attempt.task = None  # with its context it would be kept as long as the result
            self._return_slot(attempt)

    async def _call(self, attempt: Attempt) -> Any:
        """Give the node its input and return what it returns."""
        node, callee = self._structure.nodes[attempt.node], self._structure.callees[attempt.node]
        if self._backend is not None and node.thread and callee.takes != "state":
            set_timer = partial(self._set_timer, attempt, node.timeout_seconds)
            return await self._backend.make(Call(self._run, attempt, set_timer))
        arguments = self._run.plans[attempt.node].arguments(self._run.store, attempt.node)
        if callee.is_async and node.timeout_seconds is None and callee.takes != "state":
            return await callee.function(*arguments[0], **arguments[1])  # the short way
        set_timer = partial(self._set_timer, attempt, node.timeout_seconds)
        if callee.takes == "state":
            set_timer()
            return await self._execute_child(attempt.node, arguments[0][0])
        threads = None if callee.is_async or not node.thread else self._around.threads
        return await call(callee, arguments, attempt, threads, set_timer)

    async def _execute_child(self, node: int, initial: dict[str, Any]) -> Any:
        """Run a nested DAG; its failure is the node's failure, its end's value the output."""
        record = self._run.records[node]
        child = self._run.child(node, initial)
        try:
            await child.execute()
        finally:
            result = record.child = child.result()
        if result.status == "failed":
            failed = next(n for n in result.nodes.values() if n.status == "failed")
            raise NodeFailedError(
                f"node {failed.name!r} of {result.dag_name!r} failed: {failed.error}",
                hint=f"result.nodes[{record.name!r}].child is the run of {result.dag_name!r}",
            ) from failed.exception
        return value_of(child)

    def _keep(self, attempt: Attempt, value: Any) -> None:
        """Write what the node returned, under a key that nobody else has written."""
        store = self._run.store
        if self._structure.shared_keys:
            store.require_free(attempt.node)
        if type(value) not in ATOMS:  # else it is nobody's response
            value, attempt.response = output_of(value)
        self._run.records[attempt.node].response = attempt.response
        store.write(attempt.node, value)

    def _close(self, attempt: Attempt, failure: BaseException | None) -> Settle | Retry:
        """Write down how the attempt ended and return what follows."""
        record = self._run.records[attempt.node]
        attempt.end(self._run.now())
        if attempt.timer is not None:
            attempt.timer.cancel()
        if failure is None:
            attempt.status = "completed"
            record.error = record.exception = None
            return _COMPLETED
        if attempt.in_thread and attempt.stop and not attempt.closed:
            self._name_as_abandoned(attempt)
        if attempt.response is None and isinstance(failure, AgentError):
            attempt.response = record.response = failure.response
        if attempt.stop == "cancelled":
            return self._cancelled(attempt, record, failure)
        attempt.status = "failed"
        attempt.error = record.error = error_text(failure)
        record.exception = failure
        if isinstance(failure, SharedKeyError):
            return Settle("failed", ends_run=True)
        return after_failure(self._structure.nodes[attempt.node], attempt.number)

    def _cancelled(self, attempt: Attempt, record: NodeResult, failure: BaseException) -> Settle:
        attempt.status = "cancelled"
        if not isinstance(failure, asyncio.CancelledError):
            attempt.error = record.error = error_text(failure)
            record.exception = failure
        self._run.end("cancelled")  # unless it has ended already: then that is why we stop
        return _CANCELLED

    # --- trying again ----------------------------------------------------------

    def _retry_later(self, attempt: Attempt, delay: float) -> None:
        if self._announce:
            self._announce.retrying(attempt, delay)
        following = Attempt(attempt.node, attempt.number + 1, self._run.now())
        self._delays[following] = self._loop.call_later(delay, self._retry, following)

    def _retry(self, attempt: Attempt) -> None:
        del self._delays[attempt]
        attempt.queued = self._run.now()
        self._run.records[attempt.node].attempts.append(attempt)
        self.release(attempt, attempt.queued)

    # --- timeouts, and attempts that would not stop ----------------------------

    def _set_timer(self, attempt: Attempt, seconds: float | None) -> None:
        if seconds is not None:
            attempt.timer = self._loop.call_later(seconds, self._time_out, attempt)

    def _time_out(self, attempt: Attempt) -> None:
        if attempt.stop is not None:
            return  # the run is being stopped: its grace time counts
        attempt.cancel("timeout")
        attempt.timer = self._loop.call_later(self._run.grace, self._give_up, attempt)

    def _give_up(self, attempt: Attempt) -> None:
        """Go on without a timed-out attempt that swallows its cancellation."""
        self._abandon(attempt)
        failure = attempt.failure_of(None, self._structure.nodes[attempt.node])
        decision = self._close(attempt, failure)
        if isinstance(decision, Retry):
            self._retry_later(attempt, decision.delay)
        else:
            self._run.settle_later(attempt.node, decision)

    def _abandon(self, attempt: Attempt) -> None:
        """Let go of an attempt: whatever it still does no longer counts."""
        attempt.closed = True
        if attempt.ended is None:  # else only its edges' conditions would not stop
            attempt.ended, attempt.status = self._run.now(), "cancelled"
        if attempt.timer is not None:
            attempt.timer.cancel()
        self._running.pop(attempt, None)
        self._name_as_abandoned(attempt)
        self._return_slot(attempt)

    def _name_as_abandoned(self, attempt: Attempt) -> None:
        self._around.abandoned.append(self._run.prefix + self._structure.names[attempt.node])

    def stop(self) -> set[asyncio.Task[None]]:
        """Cancel all that runs or waits, and return the tasks that have to end."""
        for delay in self._delays.values():
            delay.cancel()
        for attempt in self._running:
            attempt.cancel("cancelled")
        return self.tasks()

    def tasks(self) -> set[asyncio.Task[None]]:
        """Return the tasks of the attempts that have not ended."""
        tasks = (attempt.task for attempt in self._running)
        return {task for task in tasks if task is not None and not task.done()}

    def path_of(self, task: asyncio.Task[object]) -> str | None:
        """Return the node (``parent/child``) whose attempt ``task`` is; from any thread."""
        for attempt in tuple(self._running):
            if attempt.task is task:
                return self._run.prefix + self._structure.names[attempt.node]
        return None

    def abandon_all(self) -> None:
        """Let go of everything that has not stopped."""
        for attempt in list(self._running):
            if attempt.task is not None and attempt.task.done():
                self._return_slot(attempt)  # cancelled before its first step
            else:
                self._abandon(attempt)
