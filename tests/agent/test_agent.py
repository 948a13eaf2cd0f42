"""An agent plans, runs tools, checks and answers, within exact bounds."""

import asyncio

import pytest
from agent_scripts import (
    A_ROUND,
    ARGUMENTS,
    COMPLETE,
    INCOMPLETE,
    multiply,
    phases,
    plan,
)
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage

from linus_nb.agent.agent import AgentResponse, ReasoningAgent
from linus_nb.errors import (
    OptionError,
)
from linus_nb.testing import ScriptedModel, Step

pytestmark = pytest.mark.anyio


async def test_without_tools_the_model_is_asked_once_and_the_answer_is_complete():
    with ScriptedModel([Step(text="Paris", input_tokens=9, output_tokens=1)]) as model:
        response = await ReasoningAgent(model).arun("Capital of France?")
    assert isinstance(response, AgentResponse)
    assert response.result == "Paris"
    assert response.completion_status["is_complete"]
    assert response.metrics.task_completed
    assert response.metrics.llm_calls == 1
    assert response.metrics.total_tokens == 10
    assert response.metrics.total_iterations == 1
    assert response.metrics.reasoning_calls == response.metrics.completion_checks == 0
    assert response.metrics.model == "scripted"


async def test_the_bare_result_comes_without_metrics():
    assert await ReasoningAgent(ScriptedModel(["Paris"])).arun("?", return_metrics=False) == "Paris"
    assert await ReasoningAgent(ScriptedModel(["Paris"])).arun("?", False) == "Paris"  # noqa: FBT003


def test_run_waits_for_the_same():
    assert ReasoningAgent(ScriptedModel(["Paris"])).run("?").result == "Paris"


async def test_run_works_where_a_loop_is_running():
    assert ReasoningAgent(ScriptedModel(["Paris"])).run("?").result == "Paris"


async def test_instructions_and_history_reach_the_model_before_the_task():
    model = ScriptedModel(["Ada"])
    agent = ReasoningAgent(model, instructions="You are a historian.")
    await agent.arun("Who?", history=[HumanMessage("Hello"), AIMessage("Hi")])
    said = [(type(message), message.text) for message in model.calls[0].messages]
    assert said == [
        (SystemMessage, "You are a historian."),
        (HumanMessage, "Hello"),
        (AIMessage, "Hi"),
        (HumanMessage, "Who?"),
    ]


async def test_an_agent_remembers_nothing_between_calls():
    model = ScriptedModel(["one", "two"])
    agent = ReasoningAgent(model)
    await agent.arun("first")
    await agent.arun("second")
    assert "first" not in str(model.calls[1].messages)


async def test_a_task_is_planned_executed_checked_and_answered():
    with ScriptedModel([*A_ROUND, COMPLETE, "It is 714."]) as model:
        response = await ReasoningAgent(model, [multiply]).arun("42 * 17?")
    assert response.result == "It is 714."
    assert response.completion_status == {
        "is_complete": True,
        "reason": "all there",
        "missing": [],
    }
    assert phases(response) == [
        ("reason", "model"),
        ("arguments", "model"),
        ("tool", "tool"),
        ("check", "model"),
        ("answer", "model"),
    ]
    ran = response.execution_history[2]
    assert (ran.tool, ran.arguments, ran.result) == ("multiply", ARGUMENTS, 714)
    metrics = response.metrics
    assert (metrics.llm_calls, metrics.reasoning_calls, metrics.completion_checks) == (4, 1, 1)
    assert (metrics.tool_executions, metrics.successful_tool_calls) == (1, 1)
    assert metrics.iterations_to_completion == 1
    assert metrics.total_tokens is None
    assert "714" in model.calls[3].last_text


async def test_only_the_answer_is_asked_at_the_agents_own_temperature():
    model = ScriptedModel([*A_ROUND, COMPLETE, "714"], temperature=0.7)
    await ReasoningAgent(model, [multiply]).arun("42 * 17?")
    assert [call.options["temperature"] for call in model.calls] == [0, 0, 0, 0.7]


async def test_the_next_round_sees_what_was_done_and_what_is_missing():
    script = [*A_ROUND, INCOMPLETE, plan("multiply"), {"a": 1, "b": 2}, COMPLETE, "714"]
    with ScriptedModel(script) as model:
        response = await ReasoningAgent(model, [multiply]).arun("42 * 17?")
    assert response.metrics.iterations_to_completion == 2
    assert "step 1 [multiply] -> 714" in model.calls[3].last_text
    assert "Still missing: the product" in model.calls[3].last_text


@pytest.mark.parametrize("rounds", [1, 2])
async def test_max_iterations_is_exact(rounds):
    script = []
    for number in range(rounds):
        script += [plan("multiply"), {"a": number, "b": 1}, INCOMPLETE]
    with ScriptedModel([*script, "perhaps"]) as model:
        response = await ReasoningAgent(model, [multiply], max_iterations=rounds).arun("?")
    assert response.metrics.total_iterations == rounds
    assert response.metrics.iterations_to_completion is None
    assert response.result == "perhaps"
    assert not response.completion_status["is_complete"]
    assert f"max_iterations={rounds}" in response.completion_status["reason"]
    assert response.completion_status["missing"] == ["the product"]


@pytest.mark.parametrize("rounds", [0, -1])
def test_less_than_one_round_is_refused(rounds):
    with pytest.raises(OptionError, match=f"max_iterations={rounds}"):
        ReasoningAgent(ScriptedModel([]), max_iterations=rounds)


async def test_the_same_call_three_times_in_a_row_stops_the_loop():
    with ScriptedModel([*A_ROUND, INCOMPLETE] * 2 + [*A_ROUND, "714"]) as model:
        response = await ReasoningAgent(model, [multiply]).arun("?")
    assert response.metrics.tool_executions == 3
    assert not response.completion_status["is_complete"]
    assert 'multiply({"a": 42, "b": 17})' in response.completion_status["reason"]


async def test_other_arguments_in_between_do_not_count_as_a_repetition():
    other = [plan("multiply"), {"a": 1, "b": 1}]
    script = [*A_ROUND, INCOMPLETE, *other, INCOMPLETE] * 2
    with ScriptedModel([*script, *A_ROUND, COMPLETE, "714"]) as model:
        response = await ReasoningAgent(model, [multiply]).arun("?")
    assert response.completion_status["is_complete"]
    assert response.metrics.tool_executions == 5


async def test_independent_steps_run_together_and_dependent_ones_wait():
    running, most = 0, 0
    order = []
    both_run = asyncio.Event()

    async def meet(name: str) -> str:
        """Wait until two run at once."""
        nonlocal running, most
        running += 1
        most = max(most, running)
        order.append(name)
        if running == 2:
            both_run.set()
        await both_run.wait()
        running -= 1
        return name

    steps = plan("meet", "meet", "meet")
    steps["tasks"][2]["needs_earlier"] = True
    script = {
        "Split the task": [steps],
        "for the step: step 1": [{"name": "first"}],
        "for the step: step 2": [{"name": "second"}],
        "for the step: step 3": [{"name": "third"}],
        "enough to answer": [COMPLETE],
        "Answer the task": ["met"],
    }
    with ScriptedModel(script) as model:
        response = await ReasoningAgent(model, [meet]).arun("?")
    assert most == 2
    assert order[2] == "third"
    assert response.metrics.successful_tool_calls == 3


async def test_a_step_without_a_tool_is_done_by_the_model():
    script = [plan(None), "a rhyme", COMPLETE, "A rhyme it is."]
    with ScriptedModel(script) as model:
        response = await ReasoningAgent(model, [multiply]).arun("?")
    assert ("respond", "model") in phases(response)
    assert "step 1 -> a rhyme" in model.calls[3].last_text


async def test_a_step_that_the_model_cannot_do_is_a_failed_step():
    script = [plan(None), "", "", "", INCOMPLETE, *A_ROUND, COMPLETE, "714"]
    with ScriptedModel(script) as model:
        response = await ReasoningAgent(model, [multiply]).arun("?")
    assert response.result == "714"
    assert "step 1 -> FAILED" in model.calls[5].last_text


async def test_a_plan_of_no_steps_is_answered_but_not_complete():
    with ScriptedModel([{"tasks": []}, "Hello"]) as model:
        response = await ReasoningAgent(model, [multiply]).arun("Say hello")
    assert response.result == "Hello"
    assert response.completion_status["is_complete"] is False
    assert response.completion_status["reason"] == "the plan has no steps"


async def test_a_tool_without_parameters_is_run_without_asking_for_arguments():
    def clock() -> str:
        """Tell the time."""
        return "noon"

    with ScriptedModel([plan("clock"), COMPLETE, "Noon."]) as model:
        response = await ReasoningAgent(model, [clock]).arun("?")
    assert response.metrics.llm_calls == 3
    assert ("arguments", "rules") in phases(response)
