"""What a call to a chat model returns, from Ollama and from any other."""

import asyncio

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import HumanMessage, SystemMessage

from linus_nb.agent.calls import ToolRequest, call_model
from linus_nb.agent.models import create_chat_model
from linus_nb.errors import AgentError
from linus_nb.testing import FakeOllama, Fault, ScriptedModel, Step

HELLO = [HumanMessage("hello")]
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def chat(server, **options):
    return create_chat_model("ollama:gemma3:4b", api_base=server.url, **options)


def always(reply):
    return lambda _messages: reply


@pytest.mark.anyio
async def test_a_reply_carries_its_text_counts_and_times():
    with FakeOllama([Step(text="four is right", input_tokens=7, output_tokens=3)]) as server:
        reply = await call_model(chat(server), HELLO)
    assert (reply.text, reply.model) == ("four is right", "gemma3:4b")
    assert (reply.input_tokens, reply.output_tokens, reply.truncated) == (7, 3, False)
    assert 0 < reply.first_token_seconds <= reply.seconds
    assert 0 <= reply.server_queue_seconds < reply.seconds


@pytest.mark.anyio
async def test_time_in_the_servers_queue_is_told_apart():
    with FakeOllama(always(Step(text="a b c", delay=0.1)), parallel=1) as server:
        replies = await asyncio.gather(*[call_model(chat(server), HELLO) for _ in range(2)])
    first, second = sorted(reply.server_queue_seconds for reply in replies)
    assert first < 0.09 <= second


@pytest.mark.anyio
async def test_counts_that_the_server_did_not_send_are_none():
    with FakeOllama([Fault.NO_COUNTS]) as server:
        reply = await call_model(chat(server), HELLO)
    assert (reply.input_tokens, reply.output_tokens) == (None, None)


@pytest.mark.anyio
async def test_a_reply_cut_at_the_token_limit_says_so():
    with FakeOllama([Fault.LENGTH]) as server:
        assert (await call_model(chat(server), HELLO)).truncated


@pytest.mark.anyio
async def test_an_empty_reply_is_a_reply():
    with FakeOllama([Fault.EMPTY]) as server:
        assert (await call_model(chat(server), HELLO)).text == ""


@pytest.mark.anyio
async def test_native_tool_calls_are_handed_on():
    with FakeOllama([Step(tool_calls=[{"name": "add", "args": {"a": 1}}])]) as server:
        reply = await call_model(chat(server), HELLO)
    assert reply.tool_calls == (ToolRequest("add", {"a": 1}),)


@pytest.mark.anyio
async def test_a_schema_goes_to_ollama_as_the_format():
    with FakeOllama([{"n": 4}]) as server:
        reply = await call_model(chat(server), HELLO, schema=SCHEMA)
    assert server.requests[0].body["format"] == SCHEMA
    assert reply.text == '{"n": 4}'


@pytest.mark.anyio
async def test_a_temperature_is_for_one_call_and_changes_nothing_else():
    with FakeOllama(["a", "b"]) as server:
        model = chat(server, temperature=0.7, num_ctx=512)
        await call_model(model, HELLO, temperature=0)
        await call_model(model, HELLO)
    options = [request.body["options"] for request in server.requests]
    assert options == [{"temperature": 0, "num_ctx": 512}, {"temperature": 0.7, "num_ctx": 512}]


@pytest.mark.anyio
async def test_tokens_are_handed_on_in_order():
    seen = []
    with FakeOllama(["one two three"]) as server:
        await call_model(chat(server), HELLO, on_token=seen.append)
    assert seen == ["one", " two", " three"]


@pytest.mark.anyio
async def test_what_a_listener_raises_comes_through_and_closes_the_connection():
    def refuse(_text):
        raise KeyError("mine")

    with FakeOllama([Step(text="one two three", piece_delay=10)]) as server:
        with pytest.raises(KeyError, match="mine"):
            await call_model(chat(server), HELLO, on_token=refuse)
        await server.auntil(lambda server: server.disconnects == 1)


# --- other chat models ---


@pytest.mark.anyio
async def test_another_chat_model_is_held_to_the_schema_its_own_way():
    with ScriptedModel([Step(text={"n": 4}, input_tokens=3, output_tokens=2)]) as model:
        reply = await call_model(model, HELLO, schema=SCHEMA)
    assert reply.text == '{"n": 4}'
    assert (reply.input_tokens, reply.output_tokens) == (3, 2)
    assert model.calls[0].format is not None


@pytest.mark.anyio
async def test_a_model_that_knows_no_schemas_is_told_it_in_the_system_message():
    asked = []

    class Listening(FakeListChatModel):
        def _call(self, messages, *arguments, **options):
            asked.extend(messages)
            return super()._call(messages, *arguments, **options)

        async def _astream(self, messages, *arguments, **options):
            asked.extend(messages)
            async for chunk in super()._astream(messages, *arguments, **options):
                yield chunk

    reply = await call_model(
        Listening(responses=['{"n": 1}']), [SystemMessage("Be brief."), *HELLO], schema=SCHEMA
    )
    assert reply.text == '{"n": 1}'
    assert asked[0].text.startswith("Be brief.")
    assert '"integer"' in asked[0].text


@pytest.mark.anyio
async def test_what_another_model_raises_is_the_cause_of_an_agent_error():
    with (
        ScriptedModel([ValueError("quota used up")]) as model,
        pytest.raises(AgentError, match="quota used up") as caught,
    ):
        await call_model(model, HELLO)
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.anyio
async def test_a_source_is_asked_for_its_model():
    class Source:
        async def resolve(self):
            return FakeListChatModel(responses=["decided"])

    assert (await call_model(Source(), HELLO)).text == "decided"
