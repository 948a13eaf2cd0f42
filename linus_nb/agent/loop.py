"""The loop of an agent: plan, execute, check, again; then answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from linus_nb.agent.calls import resolve_model
from linus_nb.agent.concurrency import together
from linus_nb.agent.metrics import Meter
from linus_nb.agent.response import CompletionStatus
from linus_nb.agent.run import Run, StepResult
from linus_nb.agent.serving.naming import describe, is_small
from linus_nb.agent.steps import AgentSteps
from linus_nb.errors import AgentError, NoAnswerError
from linus_nb.events import AgentFinished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

    from linus_nb.agent.calls import ModelSource
    from linus_nb.agent.replies import Step
    from linus_nb.agent.response import AgentResponse


class AgentLoop(AgentSteps):
    """Drives the steps until the task is complete, stuck, or out of rounds."""

    llm: BaseChatModel | ModelSource
    instructions: str | None
    max_iterations: int
    verbose: bool

    async def _arespond(self, task: str, history: tuple[BaseMessage, ...]) -> AgentResponse:
        """Return the response to a task; an error leaves with what there is so far."""
        run = Run(task, Meter(describe(self.llm)), self.instructions, history, self.verbose)
        try:
            await self._adecide_on_model(run)
            await self._asolve(run)
            response = run.response(await self._agenerate_response(run))
        except AgentError as error:
            error.response = run.failed(error)
            run.emit(AgentFinished, response=error.response)
            raise
        run.emit(AgentFinished, response=response)
        return response

    async def _adecide_on_model(self, run: Run) -> None:
        run.model = await resolve_model(self.llm)
        run.small = is_small(run.model)
        run.meter.model = describe(run.model)

    async def _asolve(self, run: Run) -> None:
        """Do what has to be done before the answer; ``run.status`` says how it ended."""
        if not self._offered:
            run.meter.iterations = 1
            run.status = CompletionStatus(
                is_complete=True, reason="answered without tools", missing=[]
            )
            return
        for iteration in range(1, self.max_iterations + 1):
            run.meter.iterations = iteration
            await self._atake_round(run)
            if run.status["is_complete"] or run.stopped is not None:
                return
        run.stop(f"not complete after max_iterations={self.max_iterations}")

    async def _atake_round(self, run: Run) -> None:
        try:
            plan = await self._areasoning_call(run)
        except NoAnswerError as error:
            if not run.results:
                raise
            run.stop(f"the plan could not be read: {error.message}")
            return
        if not plan:
            run.stop("the plan has no steps")
            return
        done = len(run.results)
        for steps in waves(plan):
            run.add(await together(self._aexecute_step(run, step) for step in steps))
            if run.stopped is not None:
                return
        await self._acheck_completion(run, run.results[done:])

    async def _aexecute_step(self, run: Run, step: Step) -> StepResult:
        if step.tool is not None:
            return await self._aexecute_task_with_tool(run, step)
        try:
            return StepResult(step, value=await self._agenerate_response(run, step))
        except NoAnswerError as error:
            return StepResult(step, error=error.message)


def waves(plan: tuple[Step, ...]) -> Iterator[list[Step]]:
    """Give the steps that run together; one that needs earlier results waits for all before it.

    Examples
    --------
    >>> from linus_nb.agent.replies import Step
    >>> plan = (Step("a"), Step("b"), Step("c", needs_earlier=True))
    >>> [[step.task for step in steps] for steps in waves(plan)]
    [['a', 'b'], ['c']]
    """
    wave: list[Step] = []
    for step in plan:
        if step.needs_earlier and wave:
            yield wave
            wave = []
        wave.append(step)
    if wave:
        yield wave
