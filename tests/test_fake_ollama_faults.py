"""The fake server fails as a real one does, seen through the real ChatOllama."""

import asyncio
import logging
import socket
import threading

import anyio
import httpx
import ollama
import pytest
from ollama_chats import chat_with, said

from linus_nb.errors import OptionError, ScriptError
from linus_nb.testing import FakeOllama, Fault, Step

pytestmark = pytest.mark.anyio


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
