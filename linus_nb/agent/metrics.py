"""What a call of an agent cost: model calls, tokens, tools, seconds.

A number that nobody measured is ``None``, never 0: a server that sends no token counts
leaves the totals unknown, it does not make them small.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from linus_nb.agent.calls import Reply


@dataclass(frozen=True, slots=True)
class AgentMetrics:
    """The cost of one ``arun``.

    Parameters
    ----------
    total_iterations : int
        Rounds of reason, execute and check; 1 for an agent without tools.
    total_input_tokens, total_output_tokens, total_tokens : int or None
        Tokens over all model calls; None if one reply came without a count.
    execution_time_seconds : float
        Seconds from the start of ``arun`` to its end.
    reasoning_calls, tool_executions, completion_checks : int
        How often the model was asked for a plan, a tool was run, the model was asked for
        a check. What plain rules decided is not counted.
    llm_calls : int
        Replies received from the model.
    successful_tool_calls, failed_tool_calls : int
        Tool executions by their end.
    task_completed : bool
        The same as ``completion_status["is_complete"]``.
    iterations_to_completion : int or None
        The round that completed the task; None if none did.
    model : str
        The model's name.
    model_seconds, tool_seconds : float
        Seconds spent waiting for the model and in tools (added up, so steps that run
        together count each).
    server_queue_seconds : float or None
        Seconds that the calls waited in the server's queue; None if it said nothing.

    Examples
    --------
    >>> metrics = AgentMetrics(total_tokens=30, llm_calls=2, successful_tool_calls=1)
    >>> metrics.to_dict()["avg_tokens_per_llm_call"], metrics.to_dict()["success_rate"]
    (15.0, 1.0)
    """

    total_iterations: int = 0
    total_input_tokens: int | None = 0
    total_output_tokens: int | None = 0
    total_tokens: int | None = 0
    execution_time_seconds: float = 0.0
    reasoning_calls: int = 0
    tool_executions: int = 0
    completion_checks: int = 0
    llm_calls: int = 0
    successful_tool_calls: int = 0
    failed_tool_calls: int = 0
    task_completed: bool = False
    iterations_to_completion: int | None = None
    model: str = ""
    model_seconds: float = 0.0
    tool_seconds: float = 0.0
    server_queue_seconds: float | None = None

    def to_dict(self) -> dict[str, int | float | str | bool | None]:
        """Return all fields, with the two ratios.

        Returns
        -------
        dict
            The fields, ``avg_tokens_per_llm_call`` (tokens; None if unknown or without
            calls) and ``success_rate`` (0 to 1; None if no tool was run).
        """
        tools = self.successful_tool_calls + self.failed_tool_calls
        counted = self.llm_calls and self.total_tokens is not None
        average = self.total_tokens / self.llm_calls if counted and self.total_tokens else None
        return {
            **asdict(self),
            "avg_tokens_per_llm_call": average,
            "success_rate": self.successful_tool_calls / tools if tools else None,
        }


@dataclass(slots=True)
class Meter:
    """Counts while an agent works; :meth:`read` gives the metrics so far."""

    model: str
    started: float = field(default_factory=perf_counter)
    iterations: int = 0
    reasoning_calls: int = 0
    completion_checks: int = 0
    successful_tool_calls: int = 0
    failed_tool_calls: int = 0
    tool_seconds: float = 0.0
    replies: list[Reply] = field(default_factory=list)

    def count_reply(self, reply: Reply) -> None:
        """Count a reply of the model."""
        self.replies.append(reply)
        self.model = reply.model or self.model

    def count_tool(self, seconds: float, *, succeeded: bool) -> None:
        """Count an execution of a tool that took ``seconds``."""
        self.tool_seconds += seconds
        if succeeded:
            self.successful_tool_calls += 1
        else:
            self.failed_tool_calls += 1

    def read(self, *, completed: bool) -> AgentMetrics:
        """Return what has been counted up to now."""
        replies = self.replies
        tokens_in = _total(reply.input_tokens for reply in replies)
        tokens_out = _total(reply.output_tokens for reply in replies)
        queued = [r.server_queue_seconds for r in replies if r.server_queue_seconds is not None]
        return AgentMetrics(
            total_iterations=self.iterations,
            total_input_tokens=tokens_in,
            total_output_tokens=tokens_out,
            total_tokens=_total((tokens_in, tokens_out)),
            execution_time_seconds=perf_counter() - self.started,
            reasoning_calls=self.reasoning_calls,
            tool_executions=self.successful_tool_calls + self.failed_tool_calls,
            completion_checks=self.completion_checks,
            llm_calls=len(replies),
            successful_tool_calls=self.successful_tool_calls,
            failed_tool_calls=self.failed_tool_calls,
            task_completed=completed,
            iterations_to_completion=self.iterations if completed else None,
            model=self.model,
            model_seconds=sum(reply.seconds for reply in replies),
            tool_seconds=self.tool_seconds,
            server_queue_seconds=sum(queued) if queued else None,
        )


def _total(counts: Iterable[int | None]) -> int | None:
    """Add up; one unknown makes the total unknown."""
    total = 0
    for count in counts:
        if count is None:
            return None
        total += count
    return total
