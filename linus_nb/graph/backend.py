"""Where nodes may work instead of here: all that the engine asks of such a place.

Without a backend a node's function is called on the run's own loop, or in a thread. A backend
gets each attempt as a :class:`Call` and makes it wherever it likes. Everything else stays with
the run: what is ready, limits, retries, timeouts, nested DAGs, conditions, the journal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from linus_nb.events import current_emitter

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.events import Emitter
    from linus_nb.graph.attempt import Attempt
    from linus_nb.graph.calling import Callee
    from linus_nb.graph.inputs import Arguments
    from linus_nb.graph.run import Run


class Backend(Protocol):
    """Makes nodes' calls elsewhere."""

    async def make(self, call: Call) -> Any:
        """Return what the node's function returns, or raise what it raises.

        It tells ``call`` when the work begins and what it took. When cancelled, it makes the
        work stop and raises ``CancelledError`` (or returns what the work still gave): at once
        if nobody can stop the work, else when it has stopped.
        """


class Call:
    """One attempt at a node, for a backend; to be used on the run's loop only.

    Parameters
    ----------
    run : Run
        Whose node it is.
    attempt : Attempt
        Is told where and when the work happens.
    set_timer : callable
        Called when the work begins: from there the node's timeout counts.
    """

    def __init__(self, run: Run, attempt: Attempt, set_timer: Callable[[], None]) -> None:
        self.node: str = run.prefix + run.structure.names[attempt.node]
        self.callee: Callee = run.structure.callees[attempt.node]
        self.arguments: Arguments = run.plans[attempt.node].arguments(run.store, attempt.node)
        self.emitter: Emitter | None = current_emitter()
        self._run = run
        self._attempt = attempt
        self._set_timer = set_timer

    def begun(self, worker: str) -> None:
        """Take down that ``worker`` is at work now; told again if the work had to begin anew."""
        attempt = self._attempt
        if attempt.stop is not None:
            return
        attempt.started, attempt.worker = self._run.now(), worker
        attempt.in_thread = not self.callee.is_async
        if attempt.timer is not None:
            attempt.timer.cancel()
        self._set_timer()

    def ended(self, seconds: float | None) -> None:
        """Take down that nobody is at work any more, and what it took by the worker's clock.

        Clocks of two machines differ; the seconds between two readings of one do not.
        """
        self._attempt.in_thread = False
        self._attempt.seconds = seconds

    def notice(self, text: str) -> None:
        """Tell the user something about where the work was done."""
        self._run.around.notices.append(text)
