"""The steps of an agent's loop: reason, find arguments, run a tool, check, answer.

Each exists once, async. What belongs to one run is on the :class:`~linus_nb.agent.run.Run`
that is handed through, so any number of runs can go on at once.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import TYPE_CHECKING

from linus_nb.agent import prompts
from linus_nb.agent.asking import Question, ask
from linus_nb.agent.replies import (
    Step,
    read_answer,
    read_arguments,
    read_check,
    read_choice,
    read_plan,
)
from linus_nb.agent.response import CompletionStatus
from linus_nb.agent.run import StepResult
from linus_nb.agent.small.asked import asked_part
from linus_nb.agent.small.by_rules import doubt_about, tools_for
from linus_nb.agent.small.candidates import Candidates, candidates_for, closed_sets
from linus_nb.agent.small.mentions import same_although_two_are_named
from linus_nb.agent.tools import run_tool, tool_result_text
from linus_nb.errors import NoAnswerError, ToolError
from linus_nb.events import ToolFinished, ToolStarted

if TYPE_CHECKING:
    from linus_nb.agent.calls import Reply
    from linus_nb.agent.offered import OfferedTool
    from linus_nb.agent.run import Run
    from linus_nb.agent.schemas import Shape
    from linus_nb.agent.tool_calls import Arguments

ANSWER_ASKS = 3
"""Replies asked for at most before an agent says that it has no answer."""

_EVENT_TEXT = 500


class AgentSteps:
    """What an agent does in each phase, given its tools and the shape of its answer."""

    _offered: dict[str, OfferedTool]
    _output: Shape | None

    async def _areasoning_call(self, run: Run) -> tuple[Step, ...]:
        """Return the plan of this round: from the model, or by rules for a small one."""
        run.enter("reason")
        if run.small:
            return await self._achoose_tool(run)
        run.meter.reasoning_calls += 1
        accepts = {name: offered.accept for name, offered in self._offered.items()}
        lines = [offered.line for offered in self._offered.values()]
        return await ask(
            run,
            Question(
                phase="reason",
                task=run.task,
                messages=prompts.plan_messages(run.situation(), lines),
                read=lambda reply: read_plan(_plan_text(reply), accepts),
                schema=prompts.plan_schema(list(self._offered)),
            ),
        )

    async def _achoose_tool(self, run: Run) -> tuple[Step, ...]:
        """Return a plan of one step; the model chooses only where no rule can."""
        failed = {str(result.step.tool) for result in run.results if result.error is not None}
        left = {name: tool for name, tool in self._offered.items() if name not in failed}
        left = left or self._offered
        names = tools_for(run.task, left)
        if len(names) == 1:
            run.doubt = doubt_about(run.task, self._offered, names[0], failed)
            plan = (Step(run.task, names[0]),)
            run.record("reason", "rules", run.task, tool=names[0], result=plan)
            return plan
        run.meter.reasoning_calls += 1
        lines = [self._offered[name].line for name in names]
        # Where the task speaks for some of the tools, "none" would only lead astray.
        choices = prompts.with_none(names) if len(names) == len(left) else names
        chosen = await ask(
            run,
            Question(
                phase="reason",
                task=run.task,
                messages=prompts.choice_messages(run.situation(), lines),
                read=lambda reply: read_choice(reply.text, "tool", tuple(choices)),
                schema=prompts.choice_schema(choices),
            ),
        )
        if chosen not in self._offered:
            return ()
        run.doubt = doubt_about(run.task, self._offered, chosen, failed)
        return (Step(run.task, chosen),)

    async def _aexecute_task_with_tool(self, run: Run, step: Step) -> StepResult:
        """Run a step's tool; what goes wrong with it is a failed step, not an end."""
        offered = self._offered[step.tool or ""]
        try:
            arguments = step.arguments
            if arguments is None:
                arguments = await self._agenerate_tool_arguments(run, step, offered)
        except NoAnswerError as error:
            return StepResult(step, error=error.message)
        name = offered.tool.name
        run.emit(ToolStarted, tool=name, arguments=dict(arguments))
        value, fault, started = None, None, perf_counter()
        try:
            value = await run_tool(offered.tool, arguments, timeout=offered.timeout)
        except ToolError as error:
            fault = str(error)
        seconds = perf_counter() - started
        run.meter.count_tool(seconds, succeeded=fault is None)
        said = tool_result_text(value, limit=_EVENT_TEXT) if fault is None else None
        run.emit(ToolFinished, tool=name, seconds=seconds, result=said, error=fault)
        run.record(
            "tool", "tool", step.task,
            tool=name, arguments=arguments, result=value, error=fault, seconds=seconds,
        )  # fmt: skip
        return StepResult(step, arguments, value, fault)

    async def _agenerate_tool_arguments(
        self, run: Run, step: Step, offered: OfferedTool
    ) -> Arguments:
        """Return the arguments for a step: nothing to ask, by rules, or from the model."""
        run.enter("arguments")
        name = offered.tool.name
        candidates = self._candidates(run, step, offered)
        if candidates.bound is not None:
            run.record("arguments", "rules", step.task, tool=name, result=candidates.bound)
            return candidates.bound
        schema, decided = candidates.schema, candidates.decided
        choices = closed_sets(offered.schema)

        def accept(said: Arguments) -> Arguments:
            arguments = offered.accept({**said, **decided})
            if same := same_although_two_are_named(step.task, arguments, choices):
                raise ValueError(
                    f"{same[0]} and {same[1]} are both {arguments[same[0]]!r}, and the step "
                    "names two"
                )
            return arguments

        messages = (
            prompts.few_shot_messages(step.task, offered.line, schema)
            if run.small
            else prompts.argument_messages(run.situation(), step.task, offered.line, schema)
        )
        return await ask(
            run,
            Question(
                phase="arguments",
                task=step.task,
                messages=messages,
                read=lambda reply: read_arguments(_call_text(reply), name, accept),
                schema=schema,
            ),
        )

    def _candidates(self, run: Run, step: Step, offered: OfferedTool) -> Candidates:
        """Return what the arguments can be; only a small model's choice is narrowed by rules."""
        if run.small:
            return candidates_for(offered.schema, step.task)
        return Candidates({}, offered.schema, fit=None)

    async def _agenerate_response(self, run: Run, step: Step | None = None) -> object:
        """Return the answer to the task, or the model's own result for one step of it."""
        run.enter("answer" if step is None else "respond")
        if step is None and run.small:
            copied = self._copied_answer(run)
            if copied is not None:
                run.record("answer", "rules", run.task, result=copied)
                return copied
        shape = self._output if step is None else None
        schema = shape.schema if shape is not None else None
        situation = run.situation()
        return await ask(
            run,
            Question(
                phase="answer" if step is None else "respond",
                task=run.task if step is None else step.task,
                messages=prompts.step_messages(situation, step.task)
                if step is not None
                else prompts.answer_messages(situation, schema),
                read=lambda reply: self._read_answer(reply, shape),
                schema=schema,
                asks=ANSWER_ASKS,
                is_answer=step is None,
            ),
        )

    def _read_answer(self, reply: Reply, shape: Shape | None) -> object:
        if reply.tool_calls:
            names = ", ".join(call.name for call in reply.tool_calls)
            raise NoAnswerError(f"the reply is a tool call ({names}), not an answer")
        return shape.read(reply.text) if shape else read_answer(reply.text, self._offered)

    def _copied_answer(self, run: Run) -> object:
        """Return the tools' results as the answer; None if there are none that fit."""
        values = [
            asked_part(run.task, r.value, r.arguments)
            for r in run.results
            if r.error is None and r.step.tool is not None
        ]
        if not values:
            return None
        if self._output is None:
            return "\n".join(tool_result_text(value) for value in values)
        try:
            return self._output.validate(values[-1])
        except ValueError:
            return None

    async def _acheck_completion(self, run: Run, results: list[StepResult]) -> None:
        """Decide whether the results are enough; small models are not asked."""
        run.enter("check")
        if run.small:
            _check_by_rules(run, results)
            return
        run.meter.completion_checks += 1
        try:
            check = await ask(
                run,
                Question(
                    phase="check",
                    task=run.task,
                    messages=prompts.check_messages(run.situation()),
                    read=lambda reply: read_check(reply.text),
                    schema=prompts.CHECK_SCHEMA,
                ),
            )
        except NoAnswerError as error:
            run.stop(f"the check could not be read: {error.message}")
            return
        run.status = CompletionStatus(
            is_complete=check.is_complete, reason=check.reason, missing=list(check.missing)
        )


def _check_by_rules(run: Run, results: list[StepResult]) -> None:
    failed = [result for result in results if result.error is not None]
    run.status = CompletionStatus(
        is_complete=not failed and run.doubt is None,
        reason=f"a step failed: {failed[0].error}"
        if failed
        else run.doubt or "every step's tool succeeded",
        missing=[result.step.task for result in failed],
    )
    run.record("check", "rules", run.task, result=run.status)
    if run.doubt is not None and not failed:
        run.stop(run.doubt)  # asking again would bring the same


def _plan_text(reply: Reply) -> str:
    """Return the reply's text; calls in the model's own format are put into it as JSON."""
    calls = [{"name": call.name, "arguments": call.arguments} for call in reply.tool_calls]
    return json.dumps(calls) if calls else reply.text


def _call_text(reply: Reply) -> str:
    """Return the arguments' text, from the first call in the model's own format if any."""
    if not reply.tool_calls:
        return reply.text
    call = reply.tool_calls[0]
    return json.dumps({"name": call.name, "arguments": call.arguments})
