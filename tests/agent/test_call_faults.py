"""Each fault of a model server is an error of its own; silence and cancelling close the call."""

import asyncio

import ollama
import pytest
from langchain_core.messages import HumanMessage

from linus_nb.agent import calls
from linus_nb.agent.calls import call_model
from linus_nb.agent.models import create_chat_model
from linus_nb.agent.serving.faults import Target, fault_of
from linus_nb.errors import (
    AgentError,
    ModelBusyError,
    ModelNotFoundError,
    ModelRefusedError,
    ModelSilentError,
    ModelStreamCutError,
    ModelUnreachableError,
)
from linus_nb.testing import FakeOllama, Fault, Step

HELLO = [HumanMessage("hello")]


def chat(server, **options):
    return create_chat_model("ollama:gemma3:4b", api_base=server.url, **options)


def always(reply):
    return lambda _messages: reply


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(calls, "PAUSES", (0, 0))


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
    with (
        FakeOllama(models=["qwen3:1.7b", "phi4:14b"]) as server,
        pytest.raises(LookupError, match=r"installed: qwen3:1\.7b, phi4:14b"),
    ):
        await call_model(chat(server), HELLO)


@pytest.mark.anyio
async def test_no_server_is_a_connection_error_that_says_what_to_start(no_pauses):
    with (
        FakeOllama(fault=Fault.REFUSED) as server,
        pytest.raises(ConnectionError, match="no model server answers") as caught,
    ):
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
    with FakeOllama([Fault.CUT, "never asked for"]) as server, pytest.raises(ModelStreamCutError):
        await call_model(chat(server), HELLO, on_token=seen.append)
    assert len(server.requests) == 1
    assert seen != []


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (429, ModelBusyError, "max_parallel=1"),
        (401, ModelRefusedError, "user:password"),
        (404, ModelRefusedError, "linus-nb doctor"),
    ],
)
def test_other_statuses_say_what_to_type_too(status, kind, hint):
    target = Target("gemma3:4b", "http://gpu-box:11434")
    error = fault_of(ollama.ResponseError("not today", status), target)
    assert type(error) is kind
    assert f"HTTP {status}" in error.message
    assert hint in error.hint


def test_what_a_server_says_at_length_is_quoted_in_short():
    error = fault_of(ollama.ResponseError("no " * 5000, 500), Target("gemma3:4b", "http://a:1"))
    assert len(str(error)) < 600


@pytest.mark.anyio
async def test_a_message_that_cannot_be_sent_is_not_taken_for_a_fault_of_the_server():
    video = HumanMessage([{"type": "video", "url": "http://example.org/a.mp4"}])
    with FakeOllama() as server, pytest.raises(AgentError, match="not supported") as caught:
        await call_model(chat(server), [video])
    assert type(caught.value) is AgentError
    assert server.requests == []


# --- silence and cancelling ---


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
