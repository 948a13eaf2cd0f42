"""What an agent hands back: the answer, what it cost, what was done, and whether it is whole."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypedDict

from linus_nb.agent.display import response_html
from linus_nb.agent.metrics import AgentMetrics

if TYPE_CHECKING:
    from collections.abc import Mapping

DecidedBy = Literal["model", "rules", "tool"]


class CompletionStatus(TypedDict):
    """Whether the answer is confirmed: by the check, or by every step's success."""

    is_complete: bool
    reason: str
    missing: list[str]


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One thing that happened in a run of an agent.

    Parameters
    ----------
    iteration : int
        The round, from 1.
    phase : str
        reason, arguments, tool, respond, check or answer.
    by : str
        Who did it: the "model", plain "rules", or a "tool".
    task : str
        What was to be done.
    tool : str or None
        The tool in question.
    arguments : mapping or None
        The tool's arguments.
    result : object
        What came of it: a plan, arguments, a tool's result, a verdict, an answer.
    error : str or None
        Why nothing came of it.
    seconds : float
        How long it took.
    """

    iteration: int
    phase: str
    by: DecidedBy
    task: str
    tool: str | None = None
    arguments: Mapping[str, object] | None = None
    result: object = None
    error: str | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, repr=False)
class AgentResponse:
    """The outcome of one ``arun``.

    Parameters
    ----------
    result : object
        The answer: text, or an instance of the agent's ``output_schema``.
    metrics : AgentMetrics
        What it cost.
    execution_history : list of StepRecord
        What was done, in order.
    completion_status : dict
        ``is_complete``, ``reason`` and what is ``missing``.
    """

    result: object
    metrics: AgentMetrics = field(default_factory=AgentMetrics)
    execution_history: list[StepRecord] = field(default_factory=list)
    completion_status: CompletionStatus = field(
        default_factory=lambda: CompletionStatus(is_complete=False, reason="", missing=[])
    )

    def __repr__(self) -> str:
        """Return one line of bounded length, as a notebook shows it."""
        state = "complete" if self.completion_status["is_complete"] else "not complete"
        metrics = self.metrics
        return (
            f"AgentResponse({self.result!r:.300}, {state}, {metrics.llm_calls} model calls, "
            f"{metrics.tool_executions} tool calls, {metrics.model})"
        )

    def _repr_html_(self) -> str:
        return response_html(self)
