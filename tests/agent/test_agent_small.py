"""A small model is asked only what plain rules cannot decide."""

from typing import Literal

import pytest
from agent_scripts import ARGUMENTS, SmallModel, explode, multiply, phases

from linus_nb.agent.agent import ReasoningAgent

pytestmark = pytest.mark.anyio


def summary(column: Literal["price", "volume"]) -> str:
    """Summarize a column of the table."""
    return f"{column}: mean 3"


def clock() -> str:
    """Tell the time."""
    return "noon"


def weather() -> str:
    """Tell the weather."""
    return "sunny"


async def test_a_small_model_is_not_asked_what_rules_decide():
    with SmallModel([]) as model:
        response = await ReasoningAgent(model, [summary]).arun("Summarize the price column")
    assert response.result == "price: mean 3"
    assert response.completion_status["is_complete"]
    assert response.metrics.llm_calls == response.metrics.reasoning_calls == 0
    assert response.metrics.total_tokens == 0
    assert response.metrics.model == "scripted"
    assert {by for _, by in phases(response)} == {"rules", "tool"}


async def test_a_small_model_chooses_arguments_where_the_task_leaves_a_choice():
    with SmallModel([{"column": "volume"}]) as model:
        response = await ReasoningAgent(model, [summary]).arun("Summarize what was traded")
    assert response.result == "volume: mean 3"
    assert response.metrics.llm_calls == 1
    assert model.calls[0].last_text == "Summarize what was traded"


async def test_a_small_models_tool_is_narrowed_by_rules():
    with SmallModel([]) as model:
        agent = ReasoningAgent(model, [multiply, summary])
        response = await agent.arun("Please multiply 42 by 17")
    assert response.result == "714"
    assert ("reason", "rules") in phases(response)


async def test_a_small_model_chooses_the_tool_where_no_rule_can():
    with SmallModel([{"tool": "weather"}]) as model:
        response = await ReasoningAgent(model, [clock, weather]).arun("Do it")
    assert response.result == "sunny"
    assert response.metrics.reasoning_calls == 1


async def test_a_small_model_that_takes_no_tool_is_not_complete():
    with SmallModel([{"tool": "none"}, "Hello"]) as model:
        response = await ReasoningAgent(model, [clock, weather]).arun("Do it")
    assert response.result == "Hello"
    assert not response.completion_status["is_complete"]


async def test_a_small_models_failing_tool_stops_after_three_calls_and_is_not_complete():
    with SmallModel([{"a": 1}] * 3 + ["no idea"]) as model:
        response = await ReasoningAgent(model, [explode]).arun("Do it")
    assert response.result == "no idea"
    assert response.metrics.failed_tool_calls == 3
    assert not response.completion_status["is_complete"]


async def test_a_small_models_result_is_copied_into_the_output_schema():
    with SmallModel([ARGUMENTS]) as model:
        response = await ReasoningAgent(model, [multiply], output_schema=int).arun("Do it")
    assert response.result == 714


async def test_a_result_that_does_not_fit_the_output_schema_is_put_into_it_by_the_model():
    with SmallModel(['{"answer": ["noon"]}']) as model:
        response = await ReasoningAgent(model, [clock], output_schema=list[str]).arun("Do it")
    assert response.result == ["noon"]
    assert "[clock] -> noon" in model.calls[0].last_text
