"""What became of one node."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linus_nb.errors import LinusError
from linus_nb.graph.isolation import own

if TYPE_CHECKING:
    from linus_nb.graph.attempt import Attempt
    from linus_nb.graph.inputs import Arguments, Plan
    from linus_nb.graph.node import NodeStatus
    from linus_nb.graph.result import ExecutionResult
    from linus_nb.graph.store import Store


@dataclass(slots=True, eq=False)
class NodeResult:
    """What became of one node.

    Parameters
    ----------
    name : str
        The node.
    status : str
        At the end completed, failed, skipped or cancelled.
    error : str, optional
        The text of what went wrong, if anything did (also where the run went on).
    exception : BaseException, optional
        The exception itself, with its traceback and cause.
    attempts : list of Attempt
        Every attempt, with its times.
    response : object
        The whole response of an agent or a model, of which ``output`` is the text.
    child : ExecutionResult, optional
        The run of a nested DAG.
    reused : bool
        Whether the output was taken from an earlier run.
    reason : str, optional
        Why the node had to run although an earlier run was there to take it from.
    """

    name: str
    status: NodeStatus = "waiting"
    error: str | None = None
    exception: BaseException | None = field(default=None, repr=False)
    attempts: list[Attempt] = field(default_factory=list, repr=False)
    response: Any = field(default=None, repr=False)
    child: ExecutionResult | None = field(default=None, repr=False)
    reused: bool = False
    reason: str | None = None
    settled: float | None = field(default=None, repr=False)
    _plan: Plan | None = field(default=None, repr=False)
    _store: Store | None = field(default=None, repr=False)
    _index: int = field(default=0, repr=False)
    _shown: tuple[Any] | None = field(default=None, repr=False)

    @property
    def output(self) -> Any:
        """What the node wrote, None if nothing: a copy, made when it is first looked at."""
        if self._shown is None:
            if self._store is None or not self._store.written[self._index]:
                return None
            self._shown = (own(self._store.outputs[self._index]),)
        return self._shown[0]

    @property
    def queued(self) -> float | None:
        """Seconds from the run's start until all predecessors had settled."""
        return self.attempts[0].queued if self.attempts else None

    @property
    def started(self) -> float | None:
        """Seconds from the run's start until the first attempt began."""
        return self.attempts[0].started if self.attempts else None

    @property
    def ended(self) -> float | None:
        """Seconds from the run's start until the last attempt ended."""
        return self.attempts[-1].ended if self.attempts else None

    @property
    def seconds(self) -> float | None:
        """Seconds from the first attempt's begin to the last one's end."""
        if self.started is None or self.ended is None:
            return None
        return self.ended - self.started

    @property
    def metrics(self) -> Any:
        """The agent's metrics, None if the node is no agent or has no response."""
        return getattr(self.response, "metrics", None)

    @property
    def input(self) -> Any:
        """What the node was given (a fresh copy), None if it never started.

        A single positional argument is returned as such, keyword arguments as a dict.
        """
        if self.started is None or self._plan is None or self._store is None:
            return None
        args, kwargs = self.arguments()
        if not args:
            return kwargs
        return args[0] if len(args) == 1 and not kwargs else {"arguments": args, **kwargs}

    def arguments(self) -> Arguments:
        """Return the arguments that the node was, or would have been, called with."""
        if self._plan is None or self._store is None:
            return (), {}
        return self._plan.arguments(self._store, self._index)


def error_text(error: BaseException) -> str:
    """Return the type and text of ``error``; one whose ``str`` raises is told by its type."""
    kind = type(error).__name__
    try:
        text = str(error)
    except Exception as broken:  # noqa: BLE001 - a broken __str__ must not hide the failure
        return f"{kind} (its text raised {type(broken).__name__})"
    if isinstance(error, LinusError):
        return text
    return f"{kind}: {text}" if text else kind
