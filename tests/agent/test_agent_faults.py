"""Whatever a model, a tool or a server does, an agent says truthfully how it ended."""

import asyncio
import contextvars
import threading

import pytest
from agent_scripts import (
    A_ROUND,
    ARGUMENTS,
    COMPLETE,
    CUT,
    INCOMPLETE,
    explode,
    multiply,
    plan,
)

from linus_nb.agent.agent import ReasoningAgent
from linus_nb.errors import (
    ModelStreamCutError,
    NoAnswerError,
    OptionError,
)
from linus_nb.testing import ScriptedModel, Step

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("bad", ["I would multiply.", "", CUT, plan("oven"), '{"tasks": [{"ta'])
async def test_an_unreadable_plan_is_asked_again_once(bad):
    with ScriptedModel([bad, *A_ROUND, COMPLETE, "714"]) as model:
        response = await ReasoningAgent(model, [multiply]).arun("42 * 17?")
    assert response.result == "714"
    assert response.metrics.llm_calls == 5
    assert response.metrics.reasoning_calls == 1
    assert response.execution_history[0].error is not None


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("I would multiply.", "not a plan"),
        ("", "empty"),
        (Step(text='{"tasks": []}', done_reason="length"), "cut at the token limit"),
        (plan("oven"), "no tool 'oven'; there are: multiply"),
    ],
)
async def test_two_unreadable_plans_are_an_error_that_holds_what_there_is(bad, why):
    with ScriptedModel([bad, bad]) as model, pytest.raises(NoAnswerError, match=why) as caught:
        await ReasoningAgent(model, [multiply]).arun("?")
    response = caught.value.response
    assert response.result is None
    assert response.metrics.llm_calls == 2
    assert not response.metrics.task_completed
    assert not response.completion_status["is_complete"]
    assert len(response.execution_history) == 2


async def test_an_unreadable_later_plan_does_not_lose_the_results():
    with ScriptedModel([*A_ROUND, INCOMPLETE, "no", "no", "It is 714."]) as model:
        response = await ReasoningAgent(model, [multiply]).arun("?")
    assert response.result == "It is 714."
    assert not response.completion_status["is_complete"]
    assert "plan could not be read" in response.completion_status["reason"]


async def test_an_unreadable_check_confirms_nothing():
    with ScriptedModel([*A_ROUND, "yes!", "yes!", "714"]) as model:
        response = await ReasoningAgent(model, [multiply]).arun("?")
    assert response.result == "714"
    assert not response.completion_status["is_complete"]
    assert "check could not be read" in response.completion_status["reason"]


@pytest.mark.parametrize("bad", ["", "<think>hm</think>", CUT, '{"name": "f", "arguments": {}}'])
async def test_a_reply_that_is_no_answer_is_asked_again(bad):
    with ScriptedModel([bad, bad, "Paris"]) as model:
        response = await ReasoningAgent(model).arun("?")
    assert response.result == "Paris"
    assert response.completion_status["is_complete"]
    assert response.metrics.llm_calls == 3


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("", "empty"),
        ("<think>Paris", "empty"),
        (CUT, "cut at the token limit"),
        ('{"name": "multiply", "parameters": {"a": 1, "b": 2}}', "a tool call, not an answer"),
        (Step(tool_calls=[{"name": "f", "args": {}}]), "a tool call"),
    ],
)
async def test_no_answer_is_never_an_answer(bad, why):
    with ScriptedModel([bad] * 3) as model, pytest.raises(NoAnswerError, match=why) as caught:
        await ReasoningAgent(model).arun("?")
    assert caught.value.response.metrics.llm_calls == 3
    assert not caught.value.response.completion_status["is_complete"]
    assert why in caught.value.response.completion_status["reason"]


async def test_what_was_cut_is_kept_on_the_error():
    with pytest.raises(NoAnswerError, match="max_tokens") as caught:
        await ReasoningAgent(ScriptedModel([CUT] * 3)).arun("?")
    assert caught.value.response.result == "The answer is"


async def test_a_confirmed_result_without_an_answer_is_not_complete():
    script = [*A_ROUND, COMPLETE, "", "", ""]
    with pytest.raises(NoAnswerError) as caught:
        await ReasoningAgent(ScriptedModel(script), [multiply]).arun("?")
    assert not caught.value.response.completion_status["is_complete"]
    assert caught.value.response.metrics.successful_tool_calls == 1


@pytest.mark.parametrize(
    "call",
    [
        '<tool_call>{"name": "multiply", "arguments": {"a": 42, "b": 17}}</tool_call>',
        Step(tool_calls=[{"name": "multiply", "args": ARGUMENTS}]),
    ],
)
async def test_a_tool_call_instead_of_a_plan_is_run(call):
    with ScriptedModel([call, COMPLETE, "714"]) as model:
        response = await ReasoningAgent(model, [multiply]).arun("?")
    assert response.execution_history[1].result == 714
    assert response.metrics.llm_calls == 3


@pytest.mark.parametrize("bad", ['{"a": "many", "b": 17}', "42 and 17", "", '{"x": 1}', "[]"])
async def test_arguments_that_do_not_fit_are_asked_again(bad):
    with ScriptedModel([plan("multiply"), bad, ARGUMENTS, COMPLETE, "714"]) as model:
        response = await ReasoningAgent(model, [multiply]).arun("?")
    assert response.metrics.successful_tool_calls == 1


async def test_arguments_may_come_as_a_call_in_the_models_own_format():
    call = Step(tool_calls=[{"name": "multiply", "args": ARGUMENTS}])
    with ScriptedModel([plan("multiply"), call, COMPLETE, "714"]) as model:
        response = await ReasoningAgent(model, [multiply]).arun("?")
    assert response.metrics.successful_tool_calls == 1


async def test_arguments_that_never_fit_are_a_failed_step_that_the_model_sees():
    script = [plan("multiply"), "x", "x", INCOMPLETE, *A_ROUND, COMPLETE, "714"]
    with ScriptedModel(script) as model:
        response = await ReasoningAgent(model, [multiply]).arun("?")
    assert response.metrics.tool_executions == 1
    assert "step 1 [multiply] -> FAILED" in model.calls[4].last_text


async def test_a_tools_exception_is_a_failed_step_that_the_model_sees():
    script = [plan("explode"), {"a": 3}, INCOMPLETE, *A_ROUND, COMPLETE, "714"]
    with ScriptedModel(script) as model:
        response = await ReasoningAgent(model, [explode, multiply]).arun("?")
    assert response.result == "714"
    assert (response.metrics.failed_tool_calls, response.metrics.successful_tool_calls) == (1, 1)
    assert "ZeroDivisionError: a is 3" in model.calls[3].last_text
    failed = next(record for record in response.execution_history if record.tool == "explode")
    assert "a is 3" in failed.error


async def test_a_lost_server_is_an_error_with_what_there_is():
    lost = ModelStreamCutError("the reply broke off")
    with pytest.raises(ModelStreamCutError) as caught:
        await ReasoningAgent(ScriptedModel([*A_ROUND, *[Step(error=lost)] * 3]), [multiply]).arun(
            "?"
        )
    response = caught.value.response
    assert response.metrics.llm_calls == 2
    assert response.metrics.successful_tool_calls == 1
    assert "broke off" in response.completion_status["reason"]


async def test_cancelling_passes_through_and_ends_the_tool():
    began, ended = asyncio.Event(), asyncio.Event()

    async def wait() -> str:
        """Wait for ever."""
        began.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return "never"

    running = asyncio.create_task(ReasoningAgent(ScriptedModel([plan("wait")]), [wait]).arun("?"))
    await began.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert ended.is_set()


async def test_a_sync_tool_runs_in_a_thread_with_the_callers_context():
    user = contextvars.ContextVar("user")

    def who() -> str:
        """Tell who asks."""
        assert threading.current_thread() is not threading.main_thread()
        return user.get()

    user.set("Ada")
    script = [plan("who"), COMPLETE, "Ada"]
    response = await ReasoningAgent(ScriptedModel(script), [who]).arun("?")
    assert response.execution_history[2].result == "Ada"


def test_two_tools_of_one_name_are_refused():
    with pytest.raises(OptionError, match="two tools are named 'multiply'"):
        ReasoningAgent(ScriptedModel([]), [multiply, multiply])
