"""One model from any number of event loops and threads, so many calls at once per server."""

import asyncio
import threading

import pytest
from langchain_core.messages import HumanMessage
from langchain_ollama import ChatOllama

from linus_nb.agent.calls import call_model
from linus_nb.agent.models import create_chat_model
from linus_nb.testing import FakeOllama, Step

HELLO = [HumanMessage("hello")]


def chat(server, **options):
    return create_chat_model("ollama:gemma3:4b", api_base=server.url, **options)


def always(reply):
    return lambda _messages: reply


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
            texts.extend([(await call_model(model, HELLO)).text for _ in range(3)])

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
