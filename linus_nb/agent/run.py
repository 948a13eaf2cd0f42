"""The state of one ``arun``: an agent keeps none of its own, so it can run many at once."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from linus_nb.agent.prompts import Outcome, Situation
from linus_nb.agent.response import AgentResponse, CompletionStatus, DecidedBy, StepRecord
from linus_nb.agent.toolbox.results import tool_result_text
from linus_nb.events import Event, Phase, current_emitter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from linus_nb.agent.metrics import Meter
    from linus_nb.agent.replies import Step
    from linus_nb.agent.tool_calls import Arguments

logger = logging.getLogger("linus_nb")

MOST_REPEATS = 3
"""So many times in a row may the same call be made; then the loop stops."""


@dataclass(frozen=True, slots=True)
class StepResult:
    """How a step of a plan ended."""

    step: Step
    arguments: Arguments | None = None
    value: object = None
    error: str | None = None

    @property
    def outcome(self) -> Outcome:
        """The same as the model reads it."""
        said = tool_result_text(self.value) if self.error is None else None
        return Outcome(self.step.task, self.step.tool, said, self.error)


@dataclass(slots=True)
class Run:
    """One run of an agent, from the task to the response."""

    task: str
    meter: Meter
    instructions: str | None = None
    history: tuple[BaseMessage, ...] = ()
    verbose: bool = False
    model: BaseChatModel = field(init=False)
    small: bool = False
    results: list[StepResult] = field(default_factory=list)
    records: list[StepRecord] = field(default_factory=list)
    stopped: str | None = None
    doubt: str | None = None
    partial: str | None = None
    status: CompletionStatus = field(
        default_factory=lambda: CompletionStatus(is_complete=False, reason="", missing=[])
    )

    def situation(self) -> Situation:
        """Return what the next phase knows."""
        return Situation(
            self.task,
            self.instructions,
            self.history,
            tuple(result.outcome for result in self.results),
            tuple(self.status["missing"]),
        )

    def emit(self, event: Callable[..., Event], **fields: Any) -> None:
        """Tell whoever listens to the task that runs this."""
        if (emitter := current_emitter()) is not None:
            emitter.emit(event, **fields)

    def enter(self, phase: str) -> None:
        """Say that a phase begins."""
        self.emit(Phase, phase=phase)

    def record(self, phase: str, by: DecidedBy, task: str, **fields: Any) -> None:
        """Keep what was done, and log it."""
        record = StepRecord(self.meter.iterations, phase, by, task, **fields)
        self.records.append(record)
        level = logging.INFO if self.verbose else logging.DEBUG
        said = f"failed: {record.error}" if record.error is not None else record.result
        logger.log(level, "%s [%s]: %.300s", phase, record.tool or by, said)

    def add(self, results: Iterable[StepResult]) -> None:
        """Keep results in the plan's order; stop if the last calls were all the same."""
        self.results += results
        last = [result for result in self.results if result.arguments is not None]
        keys = {_key(result) for result in last[-MOST_REPEATS:]}
        if len(last) >= MOST_REPEATS and len(keys) == 1:
            self.stop(f"the same call was made {MOST_REPEATS} times in a row: {keys.pop()}")

    def stop(self, reason: str) -> None:
        """End the loop; what there is will be answered from, as incomplete."""
        self.stopped = reason
        missing = self.status["missing"]
        self.status = CompletionStatus(is_complete=False, reason=reason, missing=missing)

    def response(self, result: object) -> AgentResponse:
        """Return the response with what there is now."""
        metrics = self.meter.read(completed=self.status["is_complete"])
        return AgentResponse(result, metrics, list(self.records), self.status)

    def failed(self, error: Exception) -> AgentResponse:
        """Return the response of a run that has no answer."""
        self.stop(str(error))
        return self.response(self.partial)


def _key(result: StepResult) -> str:
    arguments = json.dumps(result.arguments, sort_keys=True, default=repr, ensure_ascii=False)
    return f"{result.step.tool}({arguments})"
