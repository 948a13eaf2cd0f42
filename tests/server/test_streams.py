"""Server-sent events: those of the run, then the same answer as without."""

import asyncio

import pytest
from fastapi.testclient import TestClient
from serving import SSE, Barrier, agent_on, events_of, greeting

from linus_nb import AgentDAG
from linus_nb.server import Limits, create_app
from linus_nb.testing import FakeOllama, Fault, Step

ADA = {"name": "Ada", "polite": True}


def stream(client, path, body):
    told = client.post(path, json=body, headers=SSE)
    return told, events_of(told.text)


def test_a_dag_tells_its_events_in_order_and_then_the_result():
    client = TestClient(create_app(dags={"greeting": greeting()}))
    told, events = stream(client, "/dag/execute", ADA)
    assert told.headers["content-type"] == "text/event-stream"
    kinds = [kind for kind, _ in events]
    assert kinds[0] == "run_started"
    assert kinds[-2:] == ["run_finished", "result"]
    finished = [data["node"] for kind, data in events if kind == "node_finished"]
    assert finished == ["hello", "loud"]
    times = [data["time"] for kind, data in events[:-1]]
    assert times == sorted(times)
    assert len({data["run_id"] for _, data in events}) == 1
    assert events[-1][1]["results"] == {"hello": "hello Ada", "loud": "HELLO ADA"}


def test_an_agent_tells_its_tokens_and_then_the_result():
    with FakeOllama(["one two three"]) as ollama:
        client = TestClient(create_app(agents={"a": agent_on(ollama)}))
        _, events = stream(client, "/agent/query", {"query": "count"})
    tokens = "".join(data["text"] for kind, data in events if kind == "token")
    assert tokens == "one two three"
    assert events[-1][0] == "result"
    assert events[-1][1]["result"] == "one two three"


def test_an_error_before_the_first_event_has_its_own_status():
    client = TestClient(create_app(dags={"greeting": greeting()}))
    told = client.post("/dag/execute", json={}, headers=SSE)
    assert (told.status_code, told.headers["content-type"]) == (422, "application/problem+json")


def test_an_error_after_it_is_the_last_event():
    with FakeOllama([Step(text="half a sentence", fault=Fault.ERROR_LINE)]) as ollama:
        client = TestClient(create_app(agents={"a": agent_on(ollama)}))
        told, events = stream(client, "/agent/query", {"query": "?"})
    kind, problem = events[-1]
    assert (told.status_code, kind, problem["status"]) == (200, "error", 502)
    assert "broke off before its end" in problem["detail"]


def test_a_failed_node_is_told_without_the_secrets_of_its_error():
    async def breaks():
        raise ValueError("http://ada:secret@host/")

    dag = AgentDAG("d")
    dag.add_node("node", breaks)
    told, events = stream(TestClient(create_app(dags={"d": dag})), "/dag/execute", {})
    assert events[-1][1]["status"] == "failed"
    assert "secret" not in told.text


def test_a_run_that_takes_too_long_ends_its_stream_with_504():
    dag = AgentDAG("d")
    dag.add_node("node", lambda: asyncio.sleep(60))
    app = create_app(dags={"d": dag}, limits=Limits(max_run_seconds=0.1))
    _, events = stream(TestClient(app), "/dag/execute", {})
    assert (events[-1][0], events[-1][1]["status"]) == ("error", 504)


@pytest.mark.anyio
async def test_silence_is_filled_with_heartbeats():
    barrier = Barrier()
    limits = Limits(heartbeat_seconds=0.01)
    app = create_app(dags={"w": barrier.dag()}, limits=limits)
    said = []
    coming = [{"type": "http.request", "body": b'{"number": 1}', "more_body": False}]

    async def receive():
        if not coming:
            await asyncio.Event().wait()  # the client stays
        return coming.pop()

    async def send(message):
        said.append(message.get("body", b""))
        if said.count(b": still running\n\n") == 3:
            barrier.let_go()

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/dag/execute",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json"), (b"accept", b"text/event-stream")],
    }
    await app(scope, receive, send)
    assert said.count(b": still running\n\n") >= 3
    assert b"event: result" in b"".join(said)
    assert said[-1] == b""
