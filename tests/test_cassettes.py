"""Cassettes: what was recorded once is replayed without a model, or the difference is named."""

import asyncio
import json

import pytest

from linus_nb import AgentDAG, DAGExecutor, ReasoningAgent, create_gemma_agent
from linus_nb.errors import CassetteError, ModelBusyError, OptionError
from linus_nb.events import Token
from linus_nb.testing import FakeOllama, Fault, ScriptedModel, Step, cassette

# ruff: noqa: PT012, SIM117  # what is tested is the with block as a whole

pytestmark = pytest.mark.anyio

CITIES = ("Oslo", "Rome", "Kyiv")


@pytest.fixture
def path(tmp_path):
    return tmp_path / "calls.jsonl"


def asking(url, question="Where is {city}?"):
    """Return an executor of three agents that ask the server at ``url`` at the same time."""
    dag = AgentDAG("cities")
    for city in CITIES:
        agent = create_gemma_agent(api_base=url, model="gemma3:4b")
        dag.add_node(city, agent, prompt=question.format(city=city))
    return DAGExecutor(dag)


def answers():
    return {city: [Step(text=f"{city} is there.", input_tokens=9)] for city in CITIES}


async def record(path):
    """Record the three agents; return the address of their server, which is gone then."""
    with FakeOllama(answers()) as server, cassette(path) as tape:
        result = await asking(server.url).aexecute()
    assert not tape.replays
    return server.url, result


async def test_a_whole_dag_is_replayed_without_its_server(path):
    url, recorded = await record(path)
    with cassette(path) as tape:
        replayed = await asking(url).aexecute()
    assert tape.replays
    assert replayed.status == "success"
    assert replayed.node_results == recorded.node_results
    assert replayed.node_results["Oslo"] == "Oslo is there."
    tokens = [result.timings["input_tokens"].tolist() for result in (recorded, replayed)]
    assert tokens[0] == tokens[1] == [9, 9, 9]


async def test_calls_are_matched_by_content_in_whatever_order_they_come(path):
    url, _ = await record(path)
    with cassette(path):
        result = await asking(url).aexecute(parallel=False)
        assert result["Kyiv"] == "Kyiv is there."
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *reversed(lines[1:])]))
    with cassette(path):
        assert (await asking(url).aexecute())["Rome"] == "Rome is there."


async def test_a_call_that_differs_names_node_phase_and_field(path):
    url, _ = await record(path)
    with pytest.raises(CassetteError) as caught, cassette(path):
        result = await asking(url, question="Where was {city}?").aexecute()
        assert result.status == "failed"
    assert "node '" in str(caught.value)
    assert "phase 'answer'" in str(caught.value)
    assert "messages[" in str(caught.value)
    assert "is Oslo" in str(caught.value)
    assert "was Oslo" in str(caught.value)


async def test_another_model_than_the_recorded_one_is_refused(path):
    url, _ = await record(path)
    agent = create_gemma_agent(api_base=url, model="gemma3:1b")
    with pytest.raises(CassetteError, match="model: recorded 'gemma3:4b', now 'gemma3:1b'"):
        with cassette(path):
            await agent.arun("Where is Oslo?")


async def test_recorded_calls_that_nobody_makes_are_told(path):
    url, _ = await record(path)
    one = AgentDAG("one")
    one.add_node(
        "Oslo", create_gemma_agent(api_base=url, model="gemma3:4b"), prompt="Where is Oslo?"
    )
    with pytest.raises(CassetteError, match=r"2 recorded calls were not made: node 'Kyiv'.*'Rome'"):
        with cassette(path):
            await DAGExecutor(one).aexecute()


async def test_a_call_made_once_more_than_recorded_is_told(path):
    agent = ReasoningAgent(ScriptedModel(["Paris"]))
    with cassette(path):
        await agent.arun("Capital?")
    with pytest.raises(CassetteError, match="more often than it was recorded"), cassette(path):
        await agent.arun("Capital?")
        await agent.arun("Capital?")


async def test_the_same_question_gets_the_replies_in_their_order(path):
    agent = ReasoningAgent(ScriptedModel(["first", "second"]))
    for _ in range(2):
        with cassette(path):
            said = [await agent.arun("Again?", return_metrics=False) for _ in range(2)]
        assert said == ["first", "second"]


async def test_the_same_question_of_two_nodes_gets_each_node_its_own_reply(path):
    def asked_by_both(model):
        dag = AgentDAG("both")
        for name in ("a", "b"):
            dag.add_node(name, ReasoningAgent(model), prompt="Who are you?")
        return DAGExecutor(dag)

    with cassette(path):
        recorded = await asked_by_both(ScriptedModel(["one", "two"])).aexecute(parallel=False)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *reversed(lines[1:])]))
    with cassette(path):
        replayed = await asked_by_both(ScriptedModel([])).aexecute()
    assert replayed.node_results == recorded.node_results == {"a": "one", "b": "two"}


async def test_tools_run_for_real_while_the_model_is_replayed(path):
    rolled = []

    def roll(sides: int) -> str:
        """Roll a die."""
        rolled.append(sides)
        return f"{sides} sides"

    plan = {"tasks": [{"task": "roll", "tool": "roll"}]}
    check = {"is_complete": True, "reason": "done", "missing": []}
    model = ScriptedModel([plan, {"sides": 6}, check, "It was rolled."])
    for _ in range(2):
        with cassette(path) as tape:
            response = await ReasoningAgent(model, [roll]).arun("Roll a die with 6 sides")
        assert response.result == "It was rolled."
    assert rolled == [6, 6]
    assert [call.phase for call in tape.calls] == ["reason", "arguments", "check", "answer"]


async def test_blocking_calls_and_threads_are_recorded_too(path):
    agent = ReasoningAgent(ScriptedModel(["one", "two"]))
    dag = AgentDAG("threads")
    dag.add_node("in a thread", lambda: agent.run("Say one", return_metrics=False))
    for _ in range(2):
        with cassette(path):
            assert DAGExecutor(dag).execute()["in a thread"] == "one"
            assert agent.run("Say two", return_metrics=False) == "two"


async def test_an_error_of_the_server_is_replayed_as_the_same_error(path):
    with FakeOllama(fault=Fault.BUSY) as server:
        for _ in range(2):
            with cassette(path), pytest.raises(ModelBusyError, match=r"(?i)busy|503|overload"):
                await create_gemma_agent(api_base=server.url, model="gemma3:4b").arun("Hello?")
    assert len(server.requests) == 3  # tried three times when recorded, never when replayed


async def stopped_while_it_waits(agent, begun):
    """Cancel a call once the model has been asked."""
    running = asyncio.create_task(agent.arun("Quick?"))
    await begun.wait()
    running.cancel()
    await asyncio.wait([running])


def never_answering():
    """Return a model that never answers, and the event that it has been asked."""
    begun = asyncio.Event()

    def reply(_):
        begun.set()
        return Step(text="late", delay=3600)

    return ScriptedModel(reply), begun


async def test_a_call_that_was_cancelled_waits_to_be_cancelled_again(path):
    model, begun = never_answering()
    agent = ReasoningAgent(model)
    with cassette(path) as tape:
        await stopped_while_it_waits(agent, begun)
    assert [call.cancelled for call in tape.calls] == [True]
    with cassette(path), pytest.raises(TimeoutError):
        await asyncio.wait_for(agent.arun("Quick?"), 0.01)


async def test_the_recorded_pace_takes_as_long_and_at_once_does_not(path):
    clock = asyncio.get_running_loop().time
    took = {}
    reply = Step(text="one two three four", delay=0.1, piece_delay=0.05)
    agent = ReasoningAgent(ScriptedModel([reply]))
    for pace in ("at_once", "recorded", "at_once"):  # the first one records
        started = clock()
        with cassette(path, pace=pace):
            metrics = (await agent.arun("Count")).metrics
        took[pace] = clock() - started, metrics.model_seconds
    assert took["recorded"][0] >= 0.24
    assert took["recorded"][1] >= 0.24
    assert took["at_once"][0] < took["recorded"][0]
    assert took["at_once"][1] <= took["at_once"][0]


async def test_tokens_come_piece_by_piece_as_they_did(path):
    agent = ReasoningAgent(ScriptedModel(["one two three"]))
    for _ in range(2):
        with cassette(path):
            events = [event async for event in agent.astream("Count")]
        assert [event.text for event in events if isinstance(event, Token)] == [
            "one",
            " two",
            " three",
        ]


async def test_a_block_that_raises_leaves_no_cassette_but_what_there_was(path):
    agent = ReasoningAgent(ScriptedModel(["Paris"]))
    with pytest.raises(ZeroDivisionError), cassette(path):
        await agent.arun("Capital?")
        raise ZeroDivisionError
    assert not path.exists()
    assert "Paris" in path.with_name("calls.jsonl.partial").read_text()


async def test_a_run_that_outlives_the_block_is_told(path):
    model, begun = never_answering()
    with pytest.raises(CassetteError, match="1 calls had not ended"), cassette(path):
        running = asyncio.create_task(ReasoningAgent(model).arun("Slow?"))
        await begun.wait()
    running.cancel()
    await asyncio.wait([running])


async def test_record_decides_over_the_file(path):
    agent = ReasoningAgent(ScriptedModel(["old", "new"]))
    with pytest.raises(CassetteError, match="there is no cassette"), cassette(path, record=False):
        pass
    for said in ("old", "new"):
        with cassette(path, record=True):
            assert await agent.arun("Say", return_metrics=False) == said
    with cassette(path, record=False):
        assert await agent.arun("Say", return_metrics=False) == "new"


@pytest.mark.parametrize("line", ["{", '{"call": {}}', "[]", '{"cassette": 99}'])
def test_a_file_that_is_no_cassette_is_told_by_its_line(path, line):
    path.write_text(f'{{"cassette": 1}}\n{line}\n')
    with pytest.raises(CassetteError, match="line 2"), cassette(path):
        pass


def test_an_unknown_pace_is_refused(path):
    with pytest.raises(OptionError, match="'slowly'"), cassette(path, pace="slowly"):
        pass


def test_code_outside_of_the_block_is_not_recorded(path):
    agent = ReasoningAgent(ScriptedModel(["in", "out"]))
    with cassette(path) as tape:
        agent.run("First")
    agent.run("Second")
    assert len(tape.calls) == 1
    assert [json.loads(line).keys() for line in path.read_text().splitlines()][1] == {"call"}
