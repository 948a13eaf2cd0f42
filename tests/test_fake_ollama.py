"""The fake server behaves like Ollama, as the real ChatOllama sees it."""

import asyncio
import socket

import httpx
import ollama
import pytest
from ollama_chats import chat_with, said

from linus_nb.errors import OptionError, ScriptError
from linus_nb.testing import FakeOllama, Fault, Step

pytestmark = pytest.mark.anyio


async def test_chat_gives_text_counts_and_reason_as_the_real_server_does():
    with FakeOllama([Step(text="four it is", input_tokens=9, output_tokens=3)]) as server:
        message = await said(server)
    assert message.content == "four it is"
    assert message.usage_metadata == {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}
    assert message.response_metadata["done_reason"] == "stop"
    assert message.response_metadata["total_duration"] > 0


async def test_it_counts_words_where_the_step_gives_no_counts():
    async with FakeOllama(["one two"]) as server:
        message = await said(server)
    assert message.usage_metadata["input_tokens"] == 1
    assert message.usage_metadata["output_tokens"] == 2


async def test_a_stream_arrives_in_pieces():
    with FakeOllama(["one two three"]) as server:
        async with chat_with(server) as model:
            texts = [chunk.content async for chunk in model.astream("?")]
    assert [text for text in texts if text] == ["one", " two", " three"]


async def test_it_records_the_request_with_schema_and_options():
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    with FakeOllama([{"a": 1}]) as server:
        await said(server, format=schema, temperature=0, num_ctx=2048)
    (request,) = server.requests
    assert request.path == "/api/chat"
    assert request.last_text == "question"
    assert request.body["format"] == schema
    assert request.body["options"]["num_ctx"] == 2048


async def test_native_tool_calls_arrive():
    step = Step(tool_calls=[{"name": "add", "args": {"a": 1}}])
    with FakeOllama([step]) as server:
        message = await said(server)
    assert message.tool_calls[0]["name"] == "add"
    assert message.tool_calls[0]["args"] == {"a": 1}


def test_the_official_client_reads_every_path():
    with FakeOllama(["generated", "at once"], models=["gemma3:4b", "tiny"]) as server:
        client = ollama.Client(host=server.url)
        assert [model.model for model in client.list().models] == ["gemma3:4b", "tiny:latest"]
        assert "tools" in client.show("tiny").capabilities
        assert client.ps().models
        assert client.generate("tiny", "write")["response"] == "generated"
        reply = client.chat("tiny", [{"role": "user", "content": "hi"}], stream=False)
        assert reply.message.content == "at once"
        assert client.chat("tiny", []).done_reason == "load"
        with pytest.raises(ollama.ResponseError, match="model 'other' not found"):
            client.show("other")
        assert client._client.get("/api/version").json()["version"]
        assert client._client.get("/api/nothing").status_code == 404
        client.close()
    server.assert_finished()


async def test_keep_alive_connections_are_reused():
    with FakeOllama() as server:
        async with chat_with(server) as model:
            for _ in range(3):
                await model.ainvoke("?")
            assert server.open_connections == 1
        await server.auntil(lambda server: server.open_connections == 0)
        assert server.disconnects == 0


async def test_a_missing_step_is_an_error_of_the_server_and_of_the_script():
    with FakeOllama([]) as server:
        with pytest.raises(ollama.ResponseError, match="no step is left"):
            await said(server)
        with pytest.raises(ScriptError, match="question"):
            server.assert_finished()


async def test_what_a_reply_function_raises_is_raised_when_the_server_stops():
    def broken(messages):
        raise ZeroDivisionError("in the test's own function")

    server = FakeOllama(broken).start()
    with pytest.raises(httpx.RemoteProtocolError):
        await said(server)
    with pytest.raises(ZeroDivisionError, match="own function"):
        server.stop()


async def test_an_error_to_raise_is_no_reply_of_a_server():
    server = FakeOllama([Step(error=ValueError("here"))]).start()
    with pytest.raises(httpx.RemoteProtocolError):
        await said(server)
    with pytest.raises(OptionError, match="a server cannot raise ValueError"):
        server.stop()


async def test_replies_are_sent_without_nagles_delay():
    with FakeOllama() as server:
        async with chat_with(server) as model:
            await model.ainvoke("?")
            (connection,) = server._conversations
            accepted = connection.writer.get_extra_info("socket")
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_client_that_asks_for_it_gets_its_connection_closed():
    with FakeOllama() as server:
        async with chat_with(server, client_kwargs={"headers": {"Connection": "close"}}) as model:
            await model.ainvoke("?")
            await server.auntil(lambda server: server.open_connections == 0)
        assert server.disconnects == 0


# --- the queue --------------------------------------------------


async def test_one_slot_serves_one_request_at_a_time_and_says_how_long_it_queued():
    with FakeOllama(lambda _: Step(text="a b", delay=0.05), parallel=1) as server:
        async with chat_with(server) as model:
            replies = await asyncio.gather(*(model.ainvoke("?") for _ in range(3)))
    assert server.max_in_flight == 3
    assert server.max_serving == 1
    durations = [reply.response_metadata for reply in replies]
    queued = [
        each["total_duration"] - each["prompt_eval_duration"] - each["eval_duration"]
        for each in durations
    ]
    assert max(queued) > 50e6  # the last one waited for the others, which is no time of the model
    assert min(each["prompt_eval_duration"] for each in durations) >= 50e6


async def test_four_slots_serve_four_requests_at_once():
    with FakeOllama([Fault.STALL] * 5) as server:
        async with chat_with(server) as model:
            calls = [asyncio.create_task(model.ainvoke("?")) for _ in range(5)]
            await server.auntil(lambda server: server.in_flight == 5)
            assert server.serving == 4
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        await server.auntil(lambda server: server.disconnects == 5)
    assert server.serving == 0
