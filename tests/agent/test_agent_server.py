"""The whole loop over real HTTP, with every fault of a server."""

import asyncio
import pickle

import pytest
from agent_scripts import A_ROUND, ARGUMENTS, COMPLETE, multiply

from linus_nb.agent.agent import ReasoningAgent, create_gemma_agent
from linus_nb.errors import (
    AgentError,
    ModelBusyError,
    ModelNotFoundError,
    ModelSilentError,
    ModelStreamCutError,
    NoAnswerError,
)
from linus_nb.testing import FakeOllama, Fault, ScriptedModel, Step

pytestmark = pytest.mark.anyio


def agent_on(server, **options):
    return create_gemma_agent(model="gemma3:4b", api_base=server.url, **options)


async def asked(agent, way):
    return agent.run("Hello?") if way == "run" else await agent.arun("Hello?")


async def test_plans_arguments_and_checks_are_asked_by_schema_at_temperature_0():
    with FakeOllama([*A_ROUND, COMPLETE, "It is 714."]) as server:
        response = await agent_on(server, tools=[multiply], temperature=0.7).arun("42 * 17?")
        asked = [request.body for request in server.requests]
    assert response.result == "It is 714."
    assert response.metrics.model == "gemma3:4b"
    assert response.metrics.total_tokens > 0
    assert [body["options"]["temperature"] for body in asked] == [0, 0, 0, 0.7]
    titles = [body["format"]["title"] for body in asked[:3]]
    assert titles == ["Plan", "multiply", "Check"]
    assert not asked[3].get("format")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.UNKNOWN_MODEL, ModelNotFoundError),
        (Fault.BUSY, ModelBusyError),
        (Fault.CUT, ModelStreamCutError),
        (Fault.UNFINISHED, ModelStreamCutError),
        (Fault.SILENT, ModelSilentError),
        (Fault.EMPTY, NoAnswerError),
        (Fault.LENGTH, NoAnswerError),
        (Fault.ERROR_LINE, AgentError),
        (Fault.LOAD, AgentError),
    ],
)
@pytest.mark.parametrize("way", ["arun", "run"])
async def test_a_fault_is_an_error_with_a_response_that_is_not_complete(
    fault, error, way, monkeypatch
):
    monkeypatch.setattr("linus_nb.agent.calls.PAUSES", (0.0, 0.0))
    with FakeOllama(fault=fault) as server:
        agent = agent_on(server, timeout=0.2)
        with pytest.raises(error) as caught:
            await asked(agent, way)
    response = caught.value.response
    assert response.completion_status["is_complete"] is False
    assert response.metrics.task_completed is False
    assert response.completion_status["reason"]


async def test_cancelling_closes_the_models_connection():
    with FakeOllama(fault=Fault.SILENT) as server:
        running = asyncio.create_task(agent_on(server).arun("Hello?"))
        await server.auntil(lambda s: s.in_flight == 1)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await server.auntil(lambda s: s.disconnects == 1)
        assert server.in_flight == 0


async def test_agents_wait_for_their_server_at_the_same_time():
    slow = Step(text="fine", delay=0.1)
    with FakeOllama(lambda _messages: slow, parallel=4) as server:
        agents = [agent_on(server) for _ in range(4)]
        responses = await asyncio.gather(*[agent.arun("Hello?") for agent in agents])
        assert server.max_in_flight == 4
    assert [response.result for response in responses] == ["fine"] * 4


def test_one_agent_works_from_any_loop_in_turn():
    with FakeOllama(lambda _messages: "fine") as server:
        agent = agent_on(server)
        for _ in range(5):
            assert agent.run("Hello?").result == "fine"
            assert asyncio.run(agent.arun("Hello?")).result == "fine"


def test_an_agent_travels_by_pickle_with_its_model_and_tools():
    with FakeOllama([*A_ROUND, COMPLETE, "It is 714."]) as server:
        agent = pickle.loads(pickle.dumps(agent_on(server, tools=[multiply], max_iterations=2)))  # noqa: S301
        assert agent.run("42 * 17?").result == "It is 714."
    assert agent.max_iterations == 2


def test_an_agent_is_built_again_from_its_configuration():
    agent = create_gemma_agent(model="gemma3:1b", backend="ollama", instructions="A clerk.")
    again = ReasoningAgent.from_config(agent.to_config(), tools=[multiply])
    assert again.to_config() == agent.to_config()
    assert again.instructions == "A clerk."
    assert [tool.name for tool in again.tools] == ["multiply"]


async def test_a_response_shows_itself_on_one_bounded_line():
    script = [*A_ROUND, COMPLETE, Step(text="x" * 10_000)]
    response = await ReasoningAgent(ScriptedModel(script), [multiply]).arun(str(ARGUMENTS))
    assert len(repr(response)) < 500
    assert "complete, 4 model calls, 1 tool calls, scripted" in repr(response)
