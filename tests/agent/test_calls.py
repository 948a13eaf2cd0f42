"""Calls to a model server: replies, faults, silence, slots, loops and threads."""

import asyncio
import threading

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import HumanMessage, SystemMessage
from langchain_ollama import ChatOllama

from linus_nb.agent import calls
from linus_nb.agent.calls import ToolRequest, call_model
from linus_nb.agent.models import create_chat_model
from linus_nb.errors import (
    AgentError,
    ModelBusyError,
    ModelNotFoundError,
    ModelRefusedError,
    ModelSilentError,
    ModelStreamCutError,
    ModelUnreachableError,
)
from linus_nb.testing import FakeOllama, Fault, ScriptedModel, Step

HELLO = [HumanMessage("hello")]
SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


def chat(server, **options):
    return create_chat_model("ollama:gemma3:4b", api_base=server.url, **options)


def always(reply):
    return lambda _messages: reply


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(calls, "PAUSES", (0, 0))


# --- replies ---------------------------------------------------------------------------------


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


# --- faults ----------------------------------------------------------------------------------

FAULTS = [
    (Fault.BUSY, ModelBusyError, 3, "max_parallel=1"),
    (Fault.LOAD, ModelBusyError, 3, "must not be empty"),
    (Fault.BROKEN, ModelRefusedError, 1, "server's log"),
    (Fault.HTML_404, ModelRefusedError, 1, "api_base="),
    (Fault.UNKNOWN_MODEL, ModelNotFoundError, 1, "ollama pull gemma3:4b"),
    (Fault.CUT, ModelStreamCutError, 1, "run it again"),
    (Fault.UNFINISHED, ModelStreamCutError, 1, "run it again"),
    (Fault.ERROR_LINE, ModelStreamCutError, 1, "run it again"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("fault", "kind", "attempts", "hint"), FAULTS)
async def test_each_fault_is_its_own_error(fault, kind, attempts, hint, no_pauses):
    with FakeOllama(always(fault)) as server:
        with pytest.raises(AgentError) as caught:
            await call_model(chat(server), HELLO)
        asked = [request for request in server.requests if request.path == "/api/chat"]
    assert type(caught.value) is kind
    assert server.url in caught.value.message
    assert "gemma3:4b" in caught.value.message
    assert hint in caught.value.hint
    assert len(asked) == attempts


@pytest.mark.anyio
async def test_a_missing_model_is_told_with_the_installed_ones():
    with FakeOllama(models=["qwen3:1.7b", "phi4:14b"]) as server:
        with pytest.raises(LookupError, match=r"installed: qwen3:1\.7b, phi4:14b"):
            await call_model(chat(server), HELLO)


@pytest.mark.anyio
async def test_no_server_is_a_connection_error_that_says_what_to_start(no_pauses):
    with FakeOllama(fault=Fault.REFUSED) as server:
        with pytest.raises(ConnectionError, match="no model server answers") as caught:
            await call_model(chat(server), HELLO)
    assert isinstance(caught.value, ModelUnreachableError)
    assert caught.value.hint == "ollama serve"
    assert caught.value.__cause__ is not None


@pytest.mark.anyio
async def test_what_was_busy_is_asked_again(no_pauses):
    with FakeOllama([Fault.BUSY, Fault.LOAD, "at last"]) as server:
        assert (await call_model(chat(server), HELLO)).text == "at last"


@pytest.mark.anyio
async def test_the_slot_is_free_while_a_call_waits_to_try_again(monkeypatch):
    monkeypatch.setattr(calls, "PAUSES", (0.1, 0.1))
    replies = {"first": [Fault.BUSY, "mine"], "second": ["other"]}
    with FakeOllama(replies) as server:
        model = chat(server, max_parallel=1)
        await asyncio.gather(
            call_model(model, [HumanMessage("first")]), call_model(model, [HumanMessage("second")])
        )
    assert [request.last_text for request in server.requests] == ["first", "second", "first"]


@pytest.mark.anyio
async def test_nothing_is_asked_again_once_a_token_was_emitted():
    seen = []
    with FakeOllama([Fault.CUT, "never asked for"]) as server:
        with pytest.raises(ModelStreamCutError):
            await call_model(chat(server), HELLO, on_token=seen.append)
    assert len(server.requests) == 1
    assert seen != []


# --- silence and cancelling ------------------------------------------------------------------


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("fault", "part"), [(Fault.SILENT, "first_token"), (Fault.STALL, "between_tokens")]
)
async def test_silence_is_a_timeout_that_is_not_tried_again(fault, part):
    with FakeOllama([fault]) as server:
        model = chat(server, timeout={part: 0.05})
        with pytest.raises(TimeoutError, match=part) as caught:
            await call_model(model, HELLO)
        await server.auntil(lambda server: server.disconnects == 1)
    assert isinstance(caught.value, ModelSilentError)
    assert server.url in caught.value.message
    assert len(server.requests) == 1


@pytest.mark.anyio
async def test_a_slow_reply_is_not_a_silent_one():
    with FakeOllama([Step(text="a b c d", piece_delay=0.1)]) as server:
        assert (await call_model(chat(server, timeout=0.25), HELLO)).text == "a b c d"


@pytest.mark.anyio
async def test_waiting_for_a_slot_is_no_silence():
    with FakeOllama(always(Step(text="a", delay=0.2))) as server:
        model = chat(server, timeout=0.35, max_parallel=1)
        replies = await asyncio.gather(*[call_model(model, HELLO) for _ in range(3)])
    assert len(replies) == 3


@pytest.mark.anyio
@pytest.mark.parametrize("fault", [Fault.SILENT, Fault.STALL])
async def test_cancelling_closes_the_connection_and_frees_the_slot(fault):
    with FakeOllama([fault, "next"]) as server:
        model = chat(server, max_parallel=1)
        call = asyncio.create_task(call_model(model, HELLO))
        await server.auntil(lambda server: server.in_flight == 1)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await server.auntil(lambda server: server.disconnects == 1)
        assert (await call_model(model, HELLO)).text == "next"


# --- slots, loops, threads -------------------------------------------------------------------


def in_threads(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(("options", "most"), [({}, 4), ({"max_parallel": 2}, 2)])
def test_a_server_gets_so_many_calls_at_once_from_all_loops_together(options, most):
    with FakeOllama(always(Step(text="a", delay=0.05)), parallel=20) as server:

        async def four():
            await asyncio.gather(*[call_model(chat(server, **options), HELLO) for _ in range(4)])

        in_threads(*[lambda: asyncio.run(four())] * 3)
    assert len(server.requests) == 12
    assert server.max_in_flight == most


@pytest.mark.anyio
async def test_localhost_is_the_same_server_as_its_number():
    with FakeOllama(always(Step(text="a", delay=0.05)), parallel=20) as server:
        by_name = server.url.replace("127.0.0.1", "localhost")
        models = [chat(server), create_chat_model("ollama:gemma3:4b", api_base=by_name)]
        await asyncio.gather(*[call_model(model, HELLO) for model in models * 4])
    assert server.max_in_flight == 4


def test_one_model_works_from_loop_after_loop():
    with FakeOllama() as server:
        model = chat(server)
        texts = [asyncio.run(call_model(model, HELLO)).text for _ in range(4)]
    assert texts == ["ok"] * 4


def test_one_model_works_from_several_loops_at_once():
    texts = []
    with FakeOllama() as server:
        model = chat(server)

        async def several():
            for _ in range(3):
                texts.append((await call_model(model, HELLO)).text)

        in_threads(*[lambda: asyncio.run(several())] * 4)
    assert texts == ["ok"] * 12


def test_a_users_own_chat_ollama_works_from_loop_after_loop():
    with FakeOllama() as server:
        model = ChatOllama(model="gemma3:4b", base_url=server.url)
        texts = [asyncio.run(call_model(model, HELLO)).text for _ in range(3)]
    assert texts == ["ok"] * 3


@pytest.mark.anyio
async def test_no_connection_is_left_open_after_a_call():
    with FakeOllama() as server:
        await call_model(chat(server), HELLO)
        await server.auntil(lambda server: server.open_connections == 0)


@pytest.mark.anyio
async def test_a_server_on_this_machine_is_never_called_through_a_proxy(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with FakeOllama() as server:
        assert (await call_model(chat(server), HELLO)).text == "ok"
        own = ChatOllama(model="gemma3:4b", base_url=server.url)
        assert (await call_model(own, HELLO)).text == "ok"


@pytest.mark.anyio
async def test_headers_and_credentials_of_the_address_go_along():
    with FakeOllama() as server:
        address = server.url.replace("://", "://ada:secret@")
        model = create_chat_model("ollama:gemma3:4b", api_base=address)
        await call_model(model, HELLO)
    assert server.requests[0].headers["authorization"].startswith("Basic ")


# --- other chat models -----------------------------------------------------------------------


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
    with ScriptedModel([ValueError("quota used up")]) as model:
        with pytest.raises(AgentError, match="quota used up") as caught:
            await call_model(model, HELLO)
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.anyio
async def test_a_source_is_asked_for_its_model():
    class Source:
        async def resolve(self):
            return FakeListChatModel(responses=["decided"])

    assert (await call_model(Source(), HELLO)).text == "decided"
