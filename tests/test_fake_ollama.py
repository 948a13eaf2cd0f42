"""The fake server behaves like Ollama, as the real ChatOllama sees it."""

import asyncio
import contextlib
import logging
import socket
import threading

import anyio
import httpx
import ollama
import pytest
from langchain_ollama import ChatOllama

from linus_nb.errors import OptionError, ScriptError
from linus_nb.testing import FakeOllama, Fault, Step

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def chat_with(server, **options):
    """A ChatOllama on the server, whose connections are closed at the end."""
    model = ChatOllama(model="gemma3:4b", base_url=server.url, **options)
    try:
        yield model
    finally:
        await model._async_client.close()
        model._client.close()


async def said(server, **options):
    async with chat_with(server, **options) as model:
        return await model.ainvoke("question")


# --- what a healthy server says ---------------------------------


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


# --- faults -----------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.UNKNOWN_MODEL, 404),
        (Fault.HTML_404, 404),
        (Fault.BUSY, 503),
        (Fault.BROKEN, 500),
    ],
)
async def test_a_refusal_has_the_status_of_its_fault(fault, status):
    with FakeOllama([fault]) as server, pytest.raises(ollama.ResponseError) as caught:
        await said(server)
    assert caught.value.status_code == status


def test_only_ollamas_own_404_is_json():
    with FakeOllama(fault=Fault.HTML_404) as server, httpx.Client(base_url=server.url) as client:
        assert client.get("/api/tags").headers["content-type"].startswith("text/html")
    with FakeOllama() as server:
        reply = httpx.post(f"{server.url}/api/chat", json={"model": "other"})
    assert reply.json() == {"error": "model 'other' not found"}


async def test_faults_and_replies_can_take_turns():
    with FakeOllama([Fault.BUSY, Fault.BUSY, "at last"]) as server:
        async with chat_with(server) as model:
            for _ in range(2):
                with pytest.raises(ollama.ResponseError):
                    await model.ainvoke("?")
            assert (await model.ainvoke("?")).content == "at last"


async def test_a_refused_connection_is_refused():
    with FakeOllama(fault=Fault.REFUSED) as server, pytest.raises(httpx.ConnectError):
        await said(server)


async def test_a_cut_stream_breaks_off_after_half_of_the_text():
    with FakeOllama([Step(text="a b c d", fault=Fault.CUT)]) as server:
        async with chat_with(server) as model:
            stream = model.astream("?")
            assert [(await anext(stream)).content for _ in range(2)] == ["a", " b"]
            with pytest.raises(httpx.RemoteProtocolError):
                await anext(stream)
    assert server.disconnects == 0


async def test_an_unfinished_stream_passes_for_whole_but_has_no_reason():
    with FakeOllama([Fault.UNFINISHED]) as server:
        message = await said(server)
    assert message.content
    assert "done_reason" not in message.response_metadata


async def test_an_error_line_ends_the_stream_with_ollamas_error():
    with (
        FakeOllama([Fault.ERROR_LINE]) as server,
        pytest.raises(ollama.ResponseError, match="running the model"),
    ):
        await said(server)


@pytest.mark.parametrize(
    ("fault", "error", "patience"),
    [
        (Fault.CUT, httpx.RemoteProtocolError, 5),
        (Fault.UNFINISHED, httpx.RemoteProtocolError, 5),
        (Fault.ERROR_LINE, ollama.ResponseError, 5),
        (Fault.STALL, httpx.ReadTimeout, 0.05),
    ],
)
async def test_a_reply_that_is_not_streamed_fails_as_a_whole(fault, error, patience):
    with FakeOllama([fault]) as server:
        client = ollama.AsyncClient(host=server.url, timeout=httpx.Timeout(5, read=patience))
        with pytest.raises(error):
            await client.chat("gemma3:4b", [{"role": "user", "content": "?"}], stream=False)
        await client.close()


async def test_load_is_the_reply_that_langchain_takes_for_none(caplog):
    caplog.set_level(logging.ERROR)
    with FakeOllama([Fault.LOAD]) as server, pytest.raises(ValueError, match="No data received"):
        await said(server)


@pytest.mark.parametrize(
    ("step", "content", "reason"),
    [
        (Fault.EMPTY, "", "stop"),
        (Step(text="a b c d", fault=Fault.LENGTH), "a b", "length"),
        (
            Step(text="4", fault=Fault.THINK),
            '<think>Perhaps {"tasks": []} would do?</think>\n4',
            "stop",
        ),
        (
            Fault.TOOL_CALL_AS_TEXT,
            '{"name": "calculator", "parameters": {"expression": "6 * 7"}}',
            "stop",
        ),
        (Fault.BAD_ARGUMENTS, '{"n": {}, "s": "text"}', "stop"),
        (Step(text="a b", fault=Fault.SLOW, piece_delay=0), "a b", "stop"),
    ],
)
async def test_a_misleading_reply_reads_as_its_fault_says(step, content, reason):
    schema = {"properties": {"n": {"type": "integer"}, "s": {"type": "array"}}}
    with FakeOllama([step]) as server:
        message = await said(server, format=schema)
    assert message.content == content
    assert message.response_metadata["done_reason"] == reason


async def test_without_counts_langchain_has_no_usage():
    with FakeOllama([Fault.NO_COUNTS]) as server:
        message = await said(server)
    assert message.usage_metadata is None


@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.STALL])
async def test_a_client_that_gives_up_on_a_silent_server_is_seen_to_leave(fault):
    with FakeOllama(fault=fault) as server:
        async with chat_with(server) as model:
            call = asyncio.create_task(model.ainvoke("?"))
            await server.auntil(lambda server: server.in_flight == 1)
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
            await server.auntil(lambda server: server.disconnects == 1)
    assert server.in_flight == 0


async def test_a_silent_server_is_silent_on_every_path():
    with FakeOllama(fault=Fault.SILENT) as server:
        async with httpx.AsyncClient(
            base_url=server.url, timeout=httpx.Timeout(5, read=0.05)
        ) as client:
            with pytest.raises(httpx.ReadTimeout):
                await client.get("/api/version")
        await server.auntil(lambda server: server.disconnects == 1)


async def test_stopping_ends_a_reply_that_would_never_end():
    server = FakeOllama(fault=Fault.STALL).start()
    async with chat_with(server) as model:
        call = asyncio.create_task(model.ainvoke("?"))
        await server.auntil(lambda server: server.serving == 1)
        await anyio.to_thread.run_sync(server.stop)
        with pytest.raises(httpx.RemoteProtocolError):
            await call
    assert not [thread for thread in threading.enumerate() if thread.name == "FakeOllama"]


def test_waiting_for_what_never_comes_fails_with_the_servers_state():
    with FakeOllama() as server, pytest.raises(ScriptError, match="'disconnects': 0"):
        server.until(lambda server: server.disconnects == 1, seconds=0.01)


def test_the_port_is_free_again_after_the_block():
    with FakeOllama() as server:
        port = int(server.url.rpartition(":")[2])
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_a_server_that_serves_nobody_is_refused():
    with pytest.raises(OptionError, match="parallel=0"):
        FakeOllama(parallel=0)
