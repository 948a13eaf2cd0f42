"""An agent runs many tasks at once, and what it does can be watched."""

import asyncio
import logging

import pytest
from agent_scripts import (
    A_ROUND,
    ARGUMENTS,
    COMPLETE,
    multiply,
    plan,
)
from langchain_core.messages import HumanMessage

from linus_nb.agent.agent import ReasoningAgent, create_gemma_agent
from linus_nb.errors import (
    AgentError,
    LinusError,
    NoAnswerError,
    OptionError,
)
from linus_nb.events import current_emitter
from linus_nb.testing import ScriptedModel

pytestmark = pytest.mark.anyio


async def test_two_runs_of_one_agent_do_not_mix():
    script = {}
    for task, a in (("left", 2), ("right", 3)):
        script[f"^Task: {task}(.|\n)*Split"] = [plan("multiply")]
        script[f"^Task: {task}(.|\n)*arguments of"] = [{"a": a, "b": 10}]
        script[f"^Task: {task}(.|\n)*{a}0(.|\n)*enough"] = [COMPLETE]
        script[f"^Task: {task}(.|\n)*{a}0(.|\n)*Answer"] = [f"{task} is {a}0"]
    with ScriptedModel(script) as model:
        agent = ReasoningAgent(model, [multiply])
        left, right = await asyncio.gather(agent.arun("left"), agent.arun("right"))
    assert (left.result, right.result) == ("left is 20", "right is 30")
    assert left.metrics.llm_calls == right.metrics.llm_calls == 4


async def test_a_batch_keeps_the_order_and_the_limit():
    running = most = 0

    async def meet(number: int) -> int:
        """Count who is here."""
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0)
        running -= 1
        return number

    def reply(messages):
        text = messages[-1].text
        if "Split" in text:
            return plan("meet")
        if "arguments of" in text:
            return {"number": int(text.split()[1])}
        return COMPLETE if "enough" in text else f"{text.split()[1]} done"

    responses = await ReasoningAgent(ScriptedModel(reply), [meet]).abatch(
        map(str, range(7)), max_concurrency=2
    )
    assert [response.result for response in responses] == [f"{n} done" for n in range(7)]
    assert most <= 2


async def test_an_error_in_a_batch_is_raised_or_put_in_its_place():
    def reply(messages):
        return "" if messages[-1].text == "bad" else "fine"

    def always(messages):
        first = next(m for m in messages if isinstance(m, HumanMessage))
        return reply([first])

    agent = ReasoningAgent(ScriptedModel(always))
    good, bad = await agent.abatch(["good", "bad"], return_exceptions=True)
    assert good.result == "fine"
    assert isinstance(bad, NoAnswerError)
    with pytest.raises(NoAnswerError):
        await agent.abatch(["good", "bad"])


def test_batch_waits_for_the_same_and_refuses_no_slot():
    agent = ReasoningAgent(ScriptedModel(["one"]))
    assert [response.result for response in agent.batch(["first"])] == ["one"]
    with pytest.raises(OptionError, match="max_concurrency=0"):
        agent.batch(["first"], max_concurrency=0)


async def test_a_stream_tells_phases_tools_tokens_and_the_response():
    model = ScriptedModel([*A_ROUND, COMPLETE, "It is 714."])
    events = [event async for event in ReasoningAgent(model, [multiply]).astream("?")]
    assert [event.phase for event in events if event.kind == "phase"] == [
        "reason",
        "arguments",
        "check",
        "answer",
    ]
    assert "".join(event.text for event in events if event.kind == "token") == "It is 714."
    tools = [event for event in events if event.kind.startswith("tool")]
    assert [event.kind for event in tools] == ["tool_started", "tool_finished"]
    assert (tools[0].arguments, tools[1].result) == (ARGUMENTS, "714")
    assert events[-1].kind == "agent_finished"
    assert events[-1].response.result == "It is 714."
    times = [event.time for event in events]
    assert times == sorted(times)
    assert current_emitter() is None


async def test_a_stream_that_fails_ends_with_the_response_so_far_and_then_the_error():
    events = []

    async def gather():
        async for event in ReasoningAgent(ScriptedModel([""] * 3)).astream("?"):
            events.append(event)  # noqa: PERF401  # a comprehension would lose them all

    with pytest.raises(NoAnswerError):
        await gather()
    assert events[-1].kind == "agent_finished"
    assert events[-1].response.metrics.llm_calls == 3


async def test_a_stream_that_nobody_reads_does_not_begin():
    model = ScriptedModel([])
    ReasoningAgent(model).astream("?")
    await asyncio.sleep(0)
    assert model.calls == ()


async def test_leaving_a_stream_cancels_the_run():
    async def wait() -> str:
        """Wait for ever."""
        await asyncio.Event().wait()
        return "never"

    before = asyncio.all_tasks()
    stream = ReasoningAgent(ScriptedModel([plan("wait")]), [wait]).astream("?")
    async for event in stream:
        if event.kind == "tool_started":
            break
    await stream.aclose()
    assert asyncio.all_tasks() == before


async def test_verbose_logs_each_step(caplog):
    script = [*A_ROUND, COMPLETE, "It is 714."]
    with caplog.at_level(logging.INFO, logger="linus_nb"):
        await ReasoningAgent(ScriptedModel(script), [multiply], verbose=True).arun("?")
    assert [text.split()[0] for text in caplog.messages] == [
        "reason",
        "arguments",
        "tool",
        "check",
        "answer",
    ]


def test_create_gemma_agent_passes_both_kinds_of_options_on():
    agent = create_gemma_agent(
        model="gemma3:1b", backend="ollama", tools=[multiply], max_iterations=2, seed=7
    )
    assert (agent.llm.model, agent.llm.seed) == ("gemma3:1b", 7)
    assert [tool.name for tool in agent.tools] == ["multiply"]
    assert agent.max_iterations == 2


def test_every_failure_is_one_kind_of_error():
    assert issubclass(NoAnswerError, AgentError)
    assert issubclass(AgentError, LinusError)
