"""The embedded model: Ollama's API over llama.cpp, without a model and with the real one."""

import asyncio
import json
import subprocess
import sys
import threading

import httpx
import pytest
from aiohttp.test_utils import TestClient, TestServer
from langchain_core.messages import HumanMessage
from langchain_ollama import ChatOllama

from linus_nb.agent.calls import call_model
from linus_nb.agent.embedded import embedded_server, server
from linus_nb.agent.embedded.api import OllamaApi
from linus_nb.agent.embedded.tool_use import with_tools
from linus_nb.agent.embedded.translate import EngineError, EngineReply, engine_request
from linus_nb.agent.models import create_chat_model, describe, is_small
from linus_nb.errors import MissingExtraError, ModelFileError, ModelRefusedError

HELLO = [HumanMessage("hello")]
SUM = {"type": "object", "properties": {"sum": {"type": "integer"}}, "required": ["sum"]}
LONG = {
    "type": "object",
    "properties": {"story": {"type": "string", "minLength": 1500}},
    "required": ["story"],
}


def delta(**members):
    return {"choices": [{"delta": members, "finish_reason": None}]}


class FakeEngine:
    """Says its chunks; a waiting one never goes on by itself."""

    def __init__(self, *chunks, waits=False):
        self.said = chunks
        self.waits = waits
        self.requests = []
        self.stopped = asyncio.Event()

    async def chunks(self, request):
        self.requests.append(request)
        try:
            for chunk in self.said:
                if isinstance(chunk, Exception):
                    raise chunk
                yield chunk
            if self.waits:
                await asyncio.Event().wait()
        finally:
            self.stopped.set()


def client_of(engine):
    app = OllamaApi(engine, "tiny", 99).application()
    return TestClient(TestServer(app, handler_cancellation=True))


async def lines_of(response):
    return [json.loads(line) for line in (await response.text()).splitlines()]


# --- translating -----------------------------------------------------------------------------


def test_options_and_formats_get_llama_cpps_names():
    request = engine_request(
        {
            "messages": [{"role": "user", "content": "hi"}],
            "options": {"temperature": 0, "num_predict": -1, "num_ctx": 512, "seed": None},
            "format": SUM,
        }
    )
    assert request["temperature"] == 0
    assert request["response_format"]["json_schema"]["schema"] == SUM
    assert not {"max_tokens", "num_ctx", "seed"} & set(request)


def test_earlier_tool_calls_go_along_with_arguments_as_text():
    call = {"function": {"name": "add", "arguments": {"a": 1}}}
    messages = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "2", "tool_call_id": "call_0_0"},
    ]
    first, second = engine_request({"messages": messages})["messages"]
    assert first["content"] == ""
    assert first["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a": 1}'}
    assert second["tool_call_id"] == first["tool_calls"][0]["id"]


def test_a_tool_call_that_comes_in_pieces_is_put_together():
    reply = EngineReply()
    for part in ({"name": "add", "arguments": '{"a"'}, {"arguments": ": 1}"}):
        reply.take(delta(tool_calls=[{"index": 0, "function": part}]))
    assert reply.tool_calls() == [{"function": {"name": "add", "arguments": {"a": 1}}}]


ADD = {
    "type": "function",
    "function": {"name": "add", "parameters": {"type": "object", "properties": {"a": {}}}},
}
CALLED = '{"tool_call": {"name": "add", "arguments": {"a": 1}}}'


def test_tools_stand_in_the_system_message_and_hold_the_reply():
    call = {"function": {"name": "add", "arguments": {"a": 1}}}
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "1 + 1?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "content": "2"},
    ]
    request = with_tools(engine_request({"messages": messages, "tools": [ADD]}), [ADD])
    system, _, called, result = request["messages"]
    assert system["content"].startswith("Be brief.\n\nReply in JSON")
    assert '"name": "add"' in system["content"]
    assert called["content"] == CALLED
    assert result == {"role": "tool", "content": "2"}
    assert "tools" not in request
    assert len(request["response_format"]["json_schema"]["schema"]["anyOf"]) == 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("reply", "content", "calls"),
    [
        (CALLED, "", [{"function": {"name": "add", "arguments": {"a": 1}}}]),
        ('{"response": "It is 2."}', "It is 2.", None),
        ('{"respon', '{"respon', None),
    ],
)
async def test_a_model_whose_template_knows_no_tools_calls_them_all_the_same(reply, content, calls):
    engine = FakeEngine(delta(content=reply[:9]), delta(content=reply[9:]))
    app = OllamaApi(engine, "tiny", 99, tools_in_prompt=True).application()
    body = {"model": "tiny", "messages": [{"role": "user", "content": "1 + 1?"}], "tools": [ADD]}
    async with TestClient(TestServer(app, handler_cancellation=True)) as client:
        lines = await lines_of(await client.post("/api/chat", json=body))
    assert "".join(line["message"]["content"] for line in lines) == content
    assert lines[0]["message"].get("tool_calls") == calls


# --- the API ---------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_chat_streams_an_object_a_line_and_ends_with_counts():
    usage = {"usage": {"prompt_tokens": 5, "completion_tokens": 2}, "timings": {"prompt_ms": 3}}
    async with client_of(FakeEngine(delta(content="Hi"), delta(content="!"), usage)) as client:
        body = {"model": "tiny:latest", "messages": [{"role": "user", "content": "hello"}]}
        lines = await lines_of(await client.post("/api/chat", json=body))
    assert [line["message"]["content"] for line in lines] == ["Hi", "!", ""]
    assert [line["done"] for line in lines] == [False, False, True]
    last = lines[-1]
    assert (last["done_reason"], last["prompt_eval_count"], last["eval_count"]) == ("stop", 5, 2)
    assert last["prompt_eval_duration"] == 3_000_000


@pytest.mark.anyio
async def test_a_generate_without_stream_is_one_object():
    engine = FakeEngine(delta(content="Hi"), delta(content="!"))
    async with client_of(engine) as client:
        body = {"model": "tiny", "prompt": "hello", "system": "Be brief.", "stream": False}
        said = await (await client.post("/api/generate", json=body)).json()
    assert (said["response"], said["done"]) == ("Hi!", True)
    assert [message["role"] for message in engine.requests[0]["messages"]] == ["system", "user"]


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/api/chat", "/api/generate", "/api/show"])
async def test_an_unknown_model_is_ollamas_own_404(path):
    async with client_of(FakeEngine()) as client:
        response = await client.post(path, json={"model": "gemma3:4b", "prompt": "hello"})
        assert response.status == 404
        assert (await response.json())["error"] == "model 'gemma3:4b' not found"


@pytest.mark.anyio
async def test_no_message_means_only_to_load():
    async with client_of(FakeEngine()) as client:
        lines = await lines_of(await client.post("/api/chat", json={"model": "tiny"}))
    assert [line["done_reason"] for line in lines] == ["load"]


@pytest.mark.anyio
@pytest.mark.parametrize("path", ["/api/tags", "/api/ps"])
async def test_the_one_model_is_listed(path):
    async with client_of(FakeEngine()) as client:
        listed = await (await client.get(path)).json()
    assert [(model["name"], model["size"]) for model in listed["models"]] == [("tiny", 99)]


@pytest.mark.anyio
async def test_a_refusal_before_the_first_word_is_a_status_and_after_it_a_line():
    body = {"model": "tiny", "prompt": "hello"}
    refusal = EngineError("too long")
    async with client_of(FakeEngine(refusal)) as client:
        response = await client.post("/api/generate", json=body)
        assert (response.status, await response.json()) == (400, {"error": "too long"})
    async with client_of(FakeEngine(delta(content="Hi"), refusal)) as client:
        lines = await lines_of(await client.post("/api/generate", json=body))
    assert lines[-1] == {"error": "too long"}


@pytest.mark.anyio
async def test_a_client_that_leaves_stops_the_generation():
    engine = FakeEngine(delta(content="Hi"), waits=True)
    async with client_of(engine) as client:
        response = await client.post("/api/generate", json={"model": "tiny", "prompt": "hello"})
        await response.content.readline()
        response.close()
        async with asyncio.timeout(5):
            await engine.stopped.wait()


def test_a_missing_extra_is_told_with_its_pip_line(monkeypatch):
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="aiohttp and xllamacpp") as caught:
        embedded_server()
    assert caught.value.hint == 'pip install "linus-nb[local]"'


def test_a_file_that_llama_cpp_cannot_load_is_told(monkeypatch, tmp_path):
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF" + bytes(64))
    monkeypatch.setenv("LINUS_NB_GGUF", str(path))
    with pytest.raises(ModelFileError, match="cannot load"):
        embedded_server()


# --- the real model --------------------------------------------------------------------------


@pytest.fixture
def embedded(model_file):
    return create_chat_model("embedded", temperature=0, max_tokens=60)


@pytest.mark.model
@pytest.mark.anyio
async def test_the_embedded_model_follows_a_schema(embedded):
    reply = await call_model(embedded, [HumanMessage("What is 2 + 3?")], schema=SUM)
    assert isinstance(json.loads(reply.text)["sum"], int)
    assert reply.model == describe(embedded) == "smollm2-135m (toy model)"
    assert is_small(embedded)
    assert reply.input_tokens > 0
    assert reply.output_tokens > 0


@pytest.mark.model
@pytest.mark.anyio
async def test_the_embedded_model_stops_at_the_token_limit(model_file):
    model = create_chat_model("embedded", max_tokens=3)
    reply = await call_model(model, [HumanMessage("Tell me about trees.")])
    assert (reply.truncated, reply.output_tokens) == (True, 3)


@pytest.mark.model
def test_the_embedded_model_answers_from_many_loops_at_once(embedded):
    texts = []
    threads = [
        threading.Thread(target=lambda: texts.append(asyncio.run(call_model(embedded, HELLO)).text))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 4
    assert all(texts)


@pytest.mark.model
@pytest.mark.anyio
async def test_cancelling_stops_the_embedded_models_work(model_file):
    model = create_chat_model("embedded", max_tokens=1500)
    begun = asyncio.Event()
    call = asyncio.create_task(
        call_model(model, HELLO, schema=LONG, on_token=lambda _: begun.set())
    )
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    for thread in threading.enumerate():
        if thread.name == "linus_nb generate":
            await asyncio.to_thread(thread.join, 5)
            assert not thread.is_alive()


@pytest.mark.model
@pytest.mark.anyio
async def test_a_prompt_beyond_the_context_is_refused_not_cut(embedded):
    with pytest.raises(ModelRefusedError, match="exceeds the available context"):
        await call_model(embedded, [HumanMessage("word " * 3000)])


@pytest.mark.model
def test_ollamas_own_checks_are_content_with_it(model_file):
    running = embedded_server()
    model = ChatOllama(
        model=running.model_name,
        base_url=running.url,
        num_predict=4,
        validate_model_on_init=True,
        client_kwargs={"limits": httpx.Limits(max_keepalive_connections=0)},
    )
    assert model.invoke("hello").content
    assert httpx.get(f"{running.url}/api/version").json()["version"]


@pytest.mark.model
def test_the_server_is_started_once(model_file):
    assert embedded_server() is embedded_server()


@pytest.mark.model
def test_a_process_ends_cleanly_and_silently_in_the_middle_of_a_generation(model_file):
    code = f"""
import asyncio, threading
from langchain_core.messages import HumanMessage
from linus_nb.agent.calls import call_model
from linus_nb.agent.models import create_chat_model
model = create_chat_model("embedded", max_tokens=1500)
begun = threading.Event()
call = lambda: asyncio.run(call_model(
    model, [HumanMessage("hi")], schema={LONG!r}, on_token=lambda _: begun.set()))
threading.Thread(target=call, daemon=True).start()
begun.wait()
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert (ended.stdout, ended.stderr) == ("", "")
