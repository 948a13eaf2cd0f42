"""The events of one run; made only where somebody listens."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Any

from linus_nb import events

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from linus_nb.events import Listener
    from linus_nb.graph.attempt import Attempt
    from linus_nb.graph.node_result import NodeResult
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.schedule import Verdict
    from linus_nb.graph.structure import Structure


class _AttemptEmitter(events.Emitter):
    """Speaks for one attempt, from any thread, until the attempt has ended.

    Listeners are called on the run's loop only, so their order is the order of times.
    """

    __slots__ = ("_attempt", "_loop", "_thread")

    def __init__(
        self,
        publish: Listener,
        *,
        run_id: str,
        node: str,
        now: Callable[[], float],
        attempt: Attempt,
    ) -> None:
        super().__init__(publish, run_id=run_id, node=node, started=0.0, clock=now)
        self._attempt = attempt
        self._loop = asyncio.get_running_loop()
        self._thread = threading.get_ident()

    def emit(self, event: Callable[..., events.Event], **fields: Any) -> None:
        """Build ``event`` on the run's loop and publish it."""
        if threading.get_ident() == self._thread:
            self._emit_here(event, fields)
        else:
            with contextlib.suppress(RuntimeError):  # the loop has closed: nobody listens
                self._loop.call_soon_threadsafe(self._emit_here, event, fields)

    def _emit_here(self, event: Callable[..., events.Event], fields: dict[str, Any]) -> None:
        if self._attempt.ended is None:
            super().emit(event, **fields)


class Announcer:
    """Publishes what happens in one run.

    Parameters
    ----------
    publish : callable
        Takes each event.
    run_id : str
        Of the outermost run.
    structure : Structure
        The DAG.
    prefix : str
        ``"parent/"`` for a nested run.
    now : callable
        Seconds since the outermost run started.
    """

    def __init__(
        self,
        publish: Listener,
        run_id: str,
        structure: Structure,
        prefix: str,
        now: Callable[[], float],
    ) -> None:
        self._publish = publish
        self._run_id = run_id
        self._structure = structure
        self._prefix = prefix
        self._now = now

    def run_started(self) -> None:
        """Publish that the run begins (a nested run's beginning is its node's)."""
        if not self._prefix:
            names = tuple(self._structure.names[node] for node in self._structure.order)
            self._publish(
                events.RunStarted(
                    self._now(), self._run_id, "", dag_name=self._structure.name, nodes=names
                )
            )

    def run_finished(self, result: ExecutionResult) -> None:
        """Publish that the run is over."""
        if not self._prefix:
            self._publish(events.RunFinished(self._now(), self._run_id, "", result=result))

    def queued(self, node: int) -> None:
        """Publish that a node waits for its turn."""
        self._publish(events.NodeQueued(self._now(), self._run_id, self._path(node)))

    def started(self, attempt: Attempt) -> None:
        """Publish that an attempt begins, and let its agent speak in the node's name."""
        now, path = self._now(), self._path(attempt.node)
        self._publish(events.NodeStarted(now, self._run_id, path, attempt=attempt.number))
        events.set_emitter(
            _AttemptEmitter(
                self._publish, run_id=self._run_id, node=path, now=self._now, attempt=attempt
            )
        )

    def retrying(self, attempt: Attempt, delay: float) -> None:
        """Publish that a failed attempt is followed by another."""
        self._publish(
            events.NodeRetrying(
                self._now(),
                self._run_id,
                self._path(attempt.node),
                attempt=attempt.number,
                delay=delay,
                error=attempt.error or "",
            )
        )

    def finished(self, node: int, record: NodeResult) -> None:
        """Publish that a node has settled."""
        self._publish(
            events.NodeFinished(
                self._now(),
                self._run_id,
                self._path(node),
                status=record.status,
                seconds=record.seconds or 0.0,
                error=record.error,
            )
        )

    def edges(self, node: int, verdicts: Sequence[Verdict] | None) -> None:
        """Publish which of a node's outgoing edges are live."""
        now, path = self._now(), self._path(node)
        for position, successor in enumerate(self._structure.successors[node]):
            verdict = verdicts[position] if verdicts is not None else True
            broken = isinstance(verdict, BaseException)
            self._publish(
                events.EdgeDecided(
                    now,
                    self._run_id,
                    path,
                    target=self._path(successor),
                    live=False if isinstance(verdict, BaseException) else verdict,
                    error=str(verdict) if broken else None,
                )
            )

    def _path(self, node: int) -> str:
        return self._prefix + self._structure.names[node]
