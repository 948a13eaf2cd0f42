"""One run as a view follows it: on the run's own loop, without holding it up.

Events come from the loop of the run, which may be the kernel's or the background loop; what
nodes print comes from any thread, and so does a click on Stop. All of it ends up on the run's
loop, so nothing here needs a lock.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import ExitStack, suppress
from time import perf_counter
from typing import TYPE_CHECKING

from linus_nb.events import NodeFinished, NodeStarted
from linus_nb.graph.display import detail_text
from linus_nb.widgets import node_texts
from linus_nb.widgets.coalescing import Coalescer
from linus_nb.widgets.prints import printing_to

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.events import Event, RunStarted
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.widgets.progress import Progress

SECONDS_BETWEEN = 0.1
"""Between two flushes of a view, each of one message."""

_NODES_A_SECOND = 20_000
_HEARTBEAT = 1.0
_SHARE, _AT_ONCE = 0.02, 0.02
"""Texts are made while they take no more than this share of the run, and a few milliseconds."""


class Following:
    """Follows one run from its first event to its last.

    Parameters
    ----------
    event : RunStarted
        The first event; made by the task that drives the run.
    progress : Progress
        Learns from the events.
    result : ExecutionResult
        The run's result as it comes into being.
    flush : callable
        Shows what has changed.
    """

    def __init__(
        self,
        event: RunStarted,
        progress: Progress,
        result: ExecutionResult,
        flush: Callable[[], object],
    ) -> None:
        self.run_id = event.run_id
        self.progress = progress
        self.records = result.nodes
        self.details: dict[str, str] = {}
        self.stopping = False
        self.loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._origin = perf_counter() - event.time
        self._ended: float | None = None
        self._pending: deque[tuple[str, int]] = deque()
        self._spent = 0.0
        self._room = node_texts.room_for_each(len(progress.nodes))
        interval = max(SECONDS_BETWEEN, len(progress.nodes) / _NODES_A_SECOND)
        self.changes = Coalescer(flush, self.loop, interval)
        self._beat = self.loop.call_later(_HEARTBEAT, self._heartbeat)
        self._prints = ExitStack()
        self._prints.enter_context(printing_to(event.run_id, self._printed))

    @property
    def now(self) -> float:
        """Seconds since the run's start; stands still at its end."""
        return perf_counter() - self._origin if self._ended is None else self._ended

    @property
    def goes_on(self) -> bool:
        """Whether the run has not ended."""
        return self._ended is None

    def take(self, event: Event) -> None:
        """Learn from an event of the run."""
        self.progress.take(event)
        i = self.progress.index.get(event.node)
        if i is not None and isinstance(event, NodeStarted):
            self._pending.append(("input", i))
        elif i is not None and isinstance(event, NodeFinished):
            record = self.records[event.node]
            self.details[event.node] = detail_text(record)
            if record.reused:
                self.progress.nodes[i].status = "reused"
            self._pending.append(("output", i))
            if record.error is not None:
                self._pending.appendleft(("error", i))
        self.changes.touch()

    def end(self, seconds: float) -> None:
        """Take leave: the run is over, after so many seconds."""
        self._ended = seconds
        self._beat.cancel()
        self._prints.close()
        self.changes.touch()
        self.changes.flush_now()
        # What is left to read is read when the run has handed over its result.
        self.loop.call_soon(self._read_rest)

    def stop(self) -> None:
        """Stop the run; from any thread."""
        with suppress(RuntimeError):  # its loop is closed, so it has ended
            self.loop.call_soon_threadsafe(self._stop)

    def read_texts(self) -> None:
        """Make the texts of inputs, outputs and errors, as far as the run can spare the time."""
        while self._pending and self._spent <= _SHARE * self.now + _AT_ONCE:
            self._read_one()

    def _read_rest(self) -> None:
        while self._pending:
            self._read_one()
        self.changes.touch()

    def _read_one(self) -> None:
        begun = perf_counter()
        aspect, i = self._pending.popleft()
        record = self.records[self.progress.nodes[i].name]
        if aspect == "input":
            self.progress.put(aspect, i, node_texts.input_text(record, self._room))
        elif aspect == "output":
            self.progress.put(aspect, i, node_texts.output_text(record, self._room))
        else:
            self.progress.put(aspect, i, node_texts.error_facts(record, self._room))
        self._spent += perf_counter() - begun

    def _stop(self) -> None:
        if self.goes_on and self._task is not None and not self.stopping:
            self.stopping = True
            self.changes.touch()
            self._task.cancel()

    def _heartbeat(self) -> None:
        self._beat = self.loop.call_later(_HEARTBEAT, self._heartbeat)
        self.changes.touch()

    def _printed(self, node: str, text: str) -> None:
        with suppress(RuntimeError):  # a thread that was given up prints after the end of the loop
            self.loop.call_soon_threadsafe(self._printed_here, node, text)

    def _printed_here(self, node: str, text: str) -> None:
        self.progress.printed(node, text)
        self.changes.touch()
