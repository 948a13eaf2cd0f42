"""Every fault of a server, met in every way in which an agent is asked.

Each has its documented error with URL, model and what to type, and never "complete" without
an answer. That this covers every ``Fault`` there is, is a test too.
"""

from typing import NamedTuple

import pytest
from agent_scripts import A_ROUND, COMPLETE, INCOMPLETE, multiply

from linus_nb.agent.agent import create_gemma_agent
from linus_nb.errors import (
    AgentError,
    ModelBusyError,
    ModelNotFoundError,
    ModelRefusedError,
    ModelSilentError,
    ModelStreamCutError,
    ModelUnreachableError,
    NoAnswerError,
)
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from linus_nb.testing import FakeOllama, Fault, Step

pytestmark = pytest.mark.anyio

MODEL = "gemma3:4b"
PATIENCE = {Fault.SILENT: {"first_token": 0.3}, Fault.STALL: {"between_tokens": 0.1}}
"""Seconds that agents bear a silence, where it is what is tested."""


class Promise(NamedTuple):
    """What is documented for a fault."""

    kind: type[AgentError]
    says: str
    hint: str


LOST = {
    Fault.UNKNOWN_MODEL: Promise(ModelNotFoundError, "installed: gemma3:4b", "ollama pull"),
    Fault.HTML_404: Promise(ModelRefusedError, "HTTP 404", "linus-nb doctor"),
    Fault.BUSY: Promise(ModelBusyError, "HTTP 503", "max_parallel=1"),
    Fault.BROKEN: Promise(ModelRefusedError, "HTTP 500", "ollama ps"),
    Fault.REFUSED: Promise(ModelUnreachableError, "no model server answers", "ollama serve"),
    Fault.SILENT: Promise(ModelSilentError, "first_token", "timeout={'first_token'"),
    Fault.STALL: Promise(ModelSilentError, "between_tokens", "timeout={'between_tokens'"),
    Fault.CUT: Promise(ModelStreamCutError, "broke off", "run it again"),
    Fault.UNFINISHED: Promise(ModelStreamCutError, "without 'done'", "run it again"),
    Fault.ERROR_LINE: Promise(ModelStreamCutError, "an error was encountered", "run it again"),
    Fault.LOAD: Promise(ModelBusyError, "sent no reply", "run it again"),
}
"""The server cannot be asked, or its reply does not come whole."""

UNUSABLE = {
    Fault.EMPTY: Promise(NoAnswerError, "the reply is empty", "model="),
    Fault.LENGTH: Promise(NoAnswerError, "cut at the token limit", "max_tokens="),
    Fault.TOOL_CALL_AS_TEXT: Promise(NoAnswerError, "a tool call, not an answer", "model="),
}
"""The reply comes whole, and is no answer."""

ANSWERED = (Fault.SLOW, Fault.THINK, Fault.NO_COUNTS)
"""The reply is an answer all the same."""

PLANLESS = Fault.BAD_ARGUMENTS
"""Objects of wrong types: no plan, where an agent has tools; see the last tests."""


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch):
    monkeypatch.setattr("linus_nb.agent.calls.PAUSES", (0.0, 0.0))


def test_every_fault_is_in_the_matrix():
    assert {*LOST, *UNUSABLE, *ANSWERED, PLANLESS} == set(Fault)


def agent_on(server, fault=None, **options):
    timeout = PATIENCE.get(fault)
    return create_gemma_agent(model=MODEL, api_base=server.url, timeout=timeout, **options)


async def by_arun(agent):
    return await agent.arun("Hello?")


async def by_run(agent):
    return agent.run("Hello?")


async def in_a_dag(agent):
    dag = AgentDAG("asking")
    dag.add_node(AgentNode("ask", agent, prompt="Hello?"))
    node = (await DAGExecutor(dag).aexecute()).nodes["ask"]
    if node.exception is not None:
        assert node.status == "failed"
        assert node.error
        raise node.exception
    assert node.status == "completed"
    return node.response


EVERY_WAY = pytest.mark.parametrize("ask", [by_arun, by_run, in_a_dag])


def assert_kept(error, promise, server):
    """The error is as documented, and holds a response that claims nothing."""
    assert type(error) is promise.kind
    assert MODEL in error.message
    assert server.url in error.message
    assert promise.says in error.message
    assert promise.hint in error.hint
    response = error.response
    assert not response.completion_status["is_complete"]
    assert promise.says in response.completion_status["reason"]
    assert not response.metrics.task_completed
    return response


@EVERY_WAY
@pytest.mark.parametrize("fault", LOST | UNUSABLE)
async def test_a_fault_is_its_own_error_and_never_an_answer(fault, ask):
    with FakeOllama(fault=fault) as server:
        with pytest.raises(AgentError) as caught:
            await ask(agent_on(server, fault))
        assert_kept(caught.value, (LOST | UNUSABLE)[fault], server)


@EVERY_WAY
@pytest.mark.parametrize("fault", [f for f in LOST | UNUSABLE if f is not Fault.REFUSED])
async def test_a_fault_after_a_round_keeps_what_was_done(fault, ask):
    script = [*A_ROUND, COMPLETE]
    with FakeOllama(lambda _messages: script.pop(0) if script else fault) as server:
        with pytest.raises(AgentError) as caught:
            await ask(agent_on(server, fault, tools=[multiply]))
        response = assert_kept(caught.value, (LOST | UNUSABLE)[fault], server)
    assert response.metrics.successful_tool_calls == 1
    assert [record.result for record in response.execution_history if record.by == "tool"] == [714]


@EVERY_WAY
@pytest.mark.parametrize("fault", ANSWERED)
async def test_an_odd_reply_that_is_an_answer_is_one(fault, ask):
    step = Step(text="It is 42.", fault=fault, piece_delay=0.01)
    with FakeOllama([step]) as server:
        response = await ask(agent_on(server))
        server.assert_finished()
    assert response.result == "It is 42."
    assert response.completion_status["is_complete"]
    counted = response.metrics.total_tokens is not None
    assert counted == (fault is not Fault.NO_COUNTS)


@EVERY_WAY
async def test_values_of_wrong_types_are_no_plan(ask):
    with FakeOllama(fault=PLANLESS) as server:
        with pytest.raises(AgentError) as caught:
            await ask(agent_on(server, tools=[multiply]))
        assert_kept(caught.value, Promise(NoAnswerError, "not a plan", "model="), server)


@EVERY_WAY
async def test_arguments_of_wrong_types_are_a_failed_step_and_not_complete(ask):
    script = [A_ROUND[0], Fault.BAD_ARGUMENTS, Fault.BAD_ARGUMENTS, INCOMPLETE, "I do not know."]
    with FakeOllama(script) as server:
        response = await ask(agent_on(server, tools=[multiply], max_iterations=1))
        server.assert_finished()
    assert response.result == "I do not know."
    assert not response.completion_status["is_complete"]
    assert response.metrics.tool_executions == 0
