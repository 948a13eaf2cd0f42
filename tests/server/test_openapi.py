"""The API's description is whole, and no request breaks the server."""

import pytest
import schemathesis
from fastapi.testclient import TestClient
from hypothesis import given, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from serving import IN_FULL, greeting
from uvicorn_servers import served

from linus_nb import ReasoningAgent
from linus_nb.server import create_app
from linus_nb.testing import ScriptedModel

EXAMPLES = 1_000 if IN_FULL else 40


def make_app(journal):
    agents = {"a": ReasoningAgent(ScriptedModel(lambda _: "ok"))}
    return create_app(agents, {"greeting": greeting()}, journal=journal)


@pytest.fixture(scope="module")
def api(tmp_path_factory):
    journal = tmp_path_factory.mktemp("journal") / "runs.db"
    with served(make_app(journal)) as url:
        yield schemathesis.openapi.from_url(f"{url}/openapi.json")


RIGHT, WRONG = schemathesis.GenerationMode
OPERATIONS = [
    ("post", "/agent/query"),
    ("post", "/dag/execute"),
    ("get", "/dag/{name}"),
    ("get", "/runs"),
    ("get", "/runs/{run_id}"),
    ("post", "/runs/{run_id}/cancel"),
    ("get", "/health"),
]


@pytest.mark.parametrize(
    ("method", "path", "mode"),
    [(*operation, RIGHT) for operation in OPERATIONS]
    + [(*operation, WRONG) for operation in OPERATIONS[:4]],  # the others take anything
)
def test_any_request_gets_a_reply_as_described_and_never_a_5xx(api, method, path, mode):
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=not IN_FULL, database=None)
    @given(api[path][method].as_strategy(mode))
    def holds(case):
        reply = case.call()
        case.validate_response(
            reply,
            checks=[
                schemathesis.checks.not_a_server_error,
                content_type_conformance,
                response_schema_conformance,
                status_code_conformance,
            ],
        )

    holds()


def test_every_path_has_a_summary_examples_and_its_problems(tmp_path):
    told = TestClient(make_app(tmp_path / "runs.db")).get("/openapi.json").json()
    assert set(told["paths"]) == {path for _, path in OPERATIONS}
    for path, operations in told["paths"].items():
        for operation in operations.values():
            assert operation["summary"], path
            assert operation["description"], path
            for status, reply in operation["responses"].items():
                kind = "application/problem+json" if status[0] in "45" else "application/json"
                assert kind in reply["content"], (path, status)
    models = told["components"]["schemas"]
    for name in ("AgentQuery", "AgentAnswer", "DagAnswer", "RunList", "RunSummary"):
        assert models[name]["examples"], name
    state = told["paths"]["/dag/execute"]["post"]["requestBody"]["content"]["application/json"]
    assert state["examples"]["greeting"]["value"] == {"name": "...", "polite": "..."}
