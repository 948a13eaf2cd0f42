"""What a request gets: results, and problems that say what to do."""

import asyncio
import json
import logging
from time import perf_counter

import pandas as pd
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from serving import agent_on, greeting

from linus_nb import AgentDAG, ReasoningAgent
from linus_nb.errors import GraphError, LinusError, OptionError
from linus_nb.server import Limits, create_app, create_router
from linus_nb.server.guarding import is_deeper_than
from linus_nb.testing import FakeOllama, Fault, ScriptedModel

PROBLEM = "application/problem+json"
TOKEN = "open sesame é"  # noqa: S105 - of these tests only
ADA = {"name": "Ada", "polite": True}


def agent(*replies, **options):
    return ReasoningAgent(ScriptedModel(list(replies)), **options)


def client_of(**options):
    return TestClient(create_app(**options), raise_server_exceptions=False)


def dag_of(function, name="dag"):
    dag = AgentDAG(name)
    dag.add_node("node", function)
    return dag


def problem(response, status):
    assert (response.status_code, response.headers["content-type"]) == (status, PROBLEM)
    assert "Traceback" not in response.text
    return response.json()


class TestAgents:
    def test_a_query_gets_result_metrics_and_completion(self):
        told = client_of(agents={"a": agent("714")}).post("/agent/query", json={"query": "42*17"})
        assert told.status_code == 200
        assert told.json()["result"] == "714"
        assert told.json()["metrics"]["llm_calls"] == 1
        assert told.json()["completion_status"]["is_complete"] is True

    def test_a_query_may_stand_in_the_address(self):
        told = client_of(agents={"a": agent("714")}).post("/agent/query", params={"query": "42*17"})
        assert told.json()["result"] == "714"

    @pytest.mark.parametrize(
        ("params", "body"), [({}, None), ({"query": "a"}, {"query": "b"}), ({}, {"query": 1})]
    )
    def test_no_query_two_queries_or_a_wrong_one_is_a_422(self, params, body):
        client = client_of(agents={"a": agent()})
        problem(client.post("/agent/query", params=params, json=body), 422)

    def test_several_agents_are_told_apart_by_name(self):
        client = client_of(agents={"a": agent("from a"), "b": agent("from b")})
        told = client.post("/agent/query", params={"agent": "b"}, json={"query": "?"})
        assert (told.json()["agent"], told.json()["result"]) == ("b", "from b")
        which = problem(client.post("/agent/query", json={"query": "?"}), 422)
        assert which["detail"] == "which agent? There are 'a', 'b'"
        unknown = client.post("/agent/query", params={"agent": "c"}, json={"query": "?"})
        assert problem(unknown, 404)["hint"] == "known: 'a', 'b'"

    def test_a_conversation_is_carried_by_its_history(self):
        model = ScriptedModel(["Ada"])
        client = client_of(agents={"a": ReasoningAgent(model)})
        history = [
            {"role": "user", "content": "I am Ada"},
            {"role": "assistant", "content": "Hello"},
        ]
        client.post("/agent/query", json={"query": "Who am I?", "history": history})
        said = [message.content for message in model.calls[0].messages]
        assert said[-3:] == ["I am Ada", "Hello", "Who am I?"]

    @pytest.mark.parametrize(
        ("fault", "status", "told"),
        [
            (Fault.UNKNOWN_MODEL, 502, "there is no model 'gemma3:4b'"),
            (Fault.BUSY, 503, "is busy (HTTP 503)"),
            (Fault.REFUSED, 502, "no model server answers"),
            (Fault.EMPTY, 502, "gemma3:4b"),
        ],
    )
    def test_a_failing_model_server_is_named_with_what_to_do(self, fault, status, told):
        with FakeOllama(fault=fault) as ollama:
            client = client_of(agents={"a": agent_on(ollama)})
            said = problem(client.post("/agent/query", json={"query": "?"}), status)
        assert told in said["detail"]

    def test_a_silent_model_is_a_504(self):
        with FakeOllama(fault=Fault.SILENT) as ollama:
            client = client_of(agents={"a": agent_on(ollama, timeout=0.2)})
            said = problem(client.post("/agent/query", json={"query": "?"}), 504)
        assert "sent nothing for 0.2 s" in said["detail"]

    def test_a_task_that_does_not_fit_is_a_422(self):
        client = client_of(agents={"a": agent(input_schema=int)})
        problem(client.post("/agent/query", json={"query": "many"}), 422)


class TestDags:
    def test_an_execution_gets_status_results_and_timings(self):
        told = client_of(dags={"greeting": greeting()}).post("/dag/execute", json=ADA).json()
        assert told["status"] == "success"
        assert told["results"] == {"hello": "hello Ada", "loud": "HELLO ADA"}
        assert [row["node"] for row in told["timings"]] == ["hello", "loud"]
        assert told["timings"][0]["duration"] >= 0

    def test_a_missing_key_is_a_422_that_names_it(self):
        client = client_of(dags={"greeting": greeting()})
        said = problem(client.post("/dag/execute", json={"name": "Ada"}), 422)
        assert "'polite'" in said["detail"]

    def test_a_failed_node_is_a_result_and_no_http_error(self):
        def breaks():
            raise ValueError("at http://ada:secret@host/ nothing is")

        told = client_of(dags={"d": dag_of(breaks)}).post("/dag/execute", json={})
        assert (told.status_code, told.json()["status"]) == (200, "failed")
        assert told.json()["errors"] == {"node": "ValueError: at http://host/ nothing is"}
        assert "secret" not in told.text

    @pytest.mark.parametrize("value", [pd.DataFrame({"a": [1]}), {1, 2}, object(), "\ud800", 1e400])
    def test_an_output_that_is_no_json_is_told_all_the_same(self, value):
        told = client_of(dags={"d": dag_of(lambda: value)}).post("/dag/execute", json={})
        assert (told.status_code, told.json()["status"]) == (200, "success")

    def test_an_output_of_any_size_makes_a_reply_of_bounded_size(self):
        huge = {"texts": ["x" * 10_000] * 1_000, "numbers": list(range(100_000))}
        limits = Limits(max_result_items=1_000, max_result_characters=10_000)
        client = client_of(dags={"d": dag_of(lambda: huge)}, limits=limits)
        assert len(client.post("/dag/execute", json={}).content) < 60_000

    @pytest.mark.parametrize("schedule", ["levels", "dataflow", "sequential"])
    def test_the_schedule_can_be_chosen(self, schedule):
        client = client_of(dags={"greeting": greeting()})
        told = client.post("/dag/execute", params={"schedule": schedule}, json=ADA)
        assert told.json()["schedule"] == schedule

    def test_a_run_that_takes_too_long_is_stopped_with_504(self):
        limits = Limits(max_run_seconds=0.05)
        client = client_of(dags={"d": dag_of(lambda: asyncio.sleep(60))}, limits=limits)
        said = problem(client.post("/dag/execute", json={}), 504)
        assert "stopped after 0.05 s" in said["detail"]
        assert client.get("/health").json() == {"status": "ok", "running": 0, "waiting": 0}

    def test_it_is_shown_as_json_and_as_svg(self):
        client = client_of(dags={"a/b c": greeting()})
        assert [node["name"] for node in client.get("/dag/a%2Fb%20c").json()["nodes"]] == [
            "hello",
            "loud",
        ]
        for told in (
            client.get("/dag/a/b c", params={"format": "svg"}),
            client.get("/dag/a/b c", headers={"accept": "image/svg+xml"}),
        ):
            assert told.headers["content-type"] == "image/svg+xml"
            assert 'data-node="loud"' in told.text

    def test_what_is_served_is_the_dag_as_it_was_given(self):
        dag = greeting()
        client = client_of(dags={"greeting": dag})
        dag.remove_node("loud")
        assert set(client.post("/dag/execute", json=ADA).json()["results"]) == {"hello", "loud"}

    def test_a_dag_that_can_never_run_is_refused_when_the_app_is_made(self):
        dag = AgentDAG("broken")
        for name in ("a", "b"):
            dag.add_node(name, print, input_mapping={}, output_key="same")
        with pytest.raises(GraphError, match="'same'"):
            create_app(dags={"broken": dag})


class TestBodies:
    @pytest.fixture
    def client(self):
        limits = Limits(max_body_bytes=1_000, max_depth=5)
        return client_of(dags={"greeting": greeting()}, limits=limits)

    def test_a_large_one_is_refused_unread_by_its_announced_size(self, client):
        problem(client.post("/dag/execute", content=b"x" * 1_001), 413)

    def test_a_large_one_without_announced_size_is_refused_while_it_comes(self, client):
        pieces = (b"x" * 100 for _ in range(1_000))
        problem(client.post("/dag/execute", content=pieces), 413)

    def test_a_deep_one_is_refused(self, client):
        problem(client.post("/dag/execute", content=b'{"a":' * 6 + b"1" + b"}" * 6), 422)
        problem(client.post("/dag/execute", content=b"[" * 900), 422)

    def test_brackets_in_texts_are_no_depth(self, client):
        told = client.post("/dag/execute", json={"name": '[[[[[[{{\\"', "polite": False})
        assert told.json()["results"]["hello"] == '[[[[[[{{\\"'

    def test_one_that_is_no_json_is_refused_without_being_repeated(self, client):
        said = client.post("/dag/execute", content=b'{"name": "pass-word"')
        problem(said, 422)
        assert "pass-word" not in said.text

    def test_depth_is_found_fast_in_any_body(self):
        for body in (b"[" * 10**6, b"[]" * 500_000, b'"\\' * 500_000, b'\\"' * 500_000):
            started = perf_counter()
            is_deeper_than(body, 32)
            assert perf_counter() - started < 1


class TestSafety:
    @pytest.fixture
    def client(self):
        return client_of(dags={"greeting": greeting()}, token=TOKEN)

    @pytest.mark.parametrize("given", [None, "open sesame", "", "OPEN SESAME é"])
    def test_without_the_right_token_nothing_is_done(self, client, given):
        headers = {} if given is None else {"Authorization": f"Bearer {given}".encode()}
        for told in (
            client.post("/dag/execute", json=ADA, headers=headers),
            client.get("/dag/greeting", headers=headers),
        ):
            said = problem(told, 401)
            assert told.headers["www-authenticate"] == "Bearer"
            assert "sesame" not in json.dumps(said)

    def test_the_right_token_lets_in(self, client):
        headers = {"Authorization": f"Bearer {TOKEN}".encode()}
        assert client.post("/dag/execute", json=ADA, headers=headers).status_code == 200

    def test_health_needs_no_token(self, client):
        assert client.get("/health").json()["status"] == "ok"

    def test_an_empty_token_is_refused_as_it_protects_nothing(self):
        with pytest.raises(OptionError, match="token is empty"):
            create_app(dags={"greeting": greeting()}, token="")

    def test_a_page_of_another_origin_is_refused_and_gets_no_cors_headers(self):
        client = client_of(dags={"greeting": greeting()})
        told = client.post("/dag/execute", json=ADA, headers={"Origin": "https://evil.example"})
        problem(told, 403)
        assert not [name for name in told.headers if name.startswith("access-control")]
        own = client.post("/dag/execute", json=ADA, headers={"Origin": "http://testserver"})
        assert own.status_code == 200

    def test_an_origin_that_was_let_in_may_ask(self):
        page = "https://app.example"
        client = client_of(dags={"greeting": greeting()}, cors_origins=[page])
        told = client.post("/dag/execute", json=ADA, headers={"Origin": page})
        assert (told.status_code, told.headers["access-control-allow-origin"]) == (200, page)

    def test_a_fault_that_is_not_ours_is_logged_and_not_told(self, caplog):
        class Broken(ReasoningAgent):
            def astream(self, task, *, history=None):
                raise RuntimeError("password 1234")

        client = client_of(agents={"a": Broken(ScriptedModel([]))})
        with caplog.at_level(logging.ERROR, "linus_nb"):
            told = client.post("/agent/query", json={"query": "?"})
        assert "1234" not in problem(told, 500)["detail"]
        assert "password 1234" in caplog.text

    @pytest.mark.parametrize(("method", "path"), [("GET", "/nothing"), ("GET", "/agent/query")])
    def test_a_wrong_path_or_method_is_a_problem_too(self, client, method, path):
        assert problem(client.request(method, path), 404 if path == "/nothing" else 405)["title"]


class TestRouters:
    def test_one_in_an_existing_app_answers_and_errs_as_the_app_does(self):
        app = FastAPI()
        app.include_router(
            create_router(dags={"greeting": greeting()}, token=TOKEN), prefix="/linus"
        )
        client = TestClient(app)
        headers = {"Authorization": f"Bearer {TOKEN}".encode()}
        told = client.post("/linus/dag/execute", json=ADA, headers=headers)
        assert told.json()["status"] == "success"
        problem(client.post("/linus/dag/execute", json={}, headers=headers), 422)
        problem(client.post("/linus/dag/execute", json=ADA), 401)

    @pytest.mark.parametrize("served", [{}, {"agents": {"a": print}}, {"dags": {"d": "no dag"}}])
    def test_what_cannot_be_served_is_refused_by_name(self, served):
        with pytest.raises(LinusError):
            create_app(**served)
