"""Runs that go on can be stopped by their id; those on disk can be read."""

import asyncio

import httpx
import pytest
from fastapi.testclient import TestClient
from serving import SSE, Barrier, events_of, greeting
from uvicorn_servers import served

from linus_nb import AgentDAG, DAGExecutor
from linus_nb.server import create_app

ADA = {"name": "Ada", "polite": True}


def test_without_a_journal_there_are_no_paths_of_runs():
    client = TestClient(create_app(dags={"greeting": greeting()}))
    assert client.get("/runs").status_code == 404


def test_runs_are_listed_newest_first_and_each_can_be_read(tmp_path):
    app = create_app(dags={"greeting": greeting()}, journal=tmp_path / "runs.db")
    client = TestClient(app)
    assert client.get("/runs").json() == {"runs": []}
    ids = [client.post("/dag/execute", json=ADA).json()["run_id"] for _ in range(3)]
    listed = client.get("/runs", params={"limit": 2}).json()["runs"]
    assert [run["run_id"] for run in listed] == [ids[2], ids[1]]
    run = client.get(f"/runs/{ids[0]}").json()
    assert (run["dag_name"], run["status"], run["live"]) == ("greeting", "success", False)
    assert {node["status"] for node in run["nodes"].values()} == {"completed"}


def test_a_run_that_is_not_there_or_over_cannot_be_stopped(tmp_path):
    client = TestClient(create_app(dags={"g": greeting()}, journal=tmp_path / "runs.db"))
    run_id = client.post("/dag/execute", json=ADA).json()["run_id"]
    assert client.post("/runs/nonsense/cancel").status_code == 404
    assert client.get("/runs/nonsense").status_code == 404
    assert client.post(f"/runs/{run_id}/cancel").status_code == 409


@pytest.mark.anyio
@pytest.mark.parametrize("headers", [{}, SSE], ids=["whole", "stream"])
async def test_whoever_waits_for_a_stopped_run_gets_what_there_is(tmp_path, headers):
    barrier = Barrier()
    dag = AgentDAG("two")
    dag.add_node("first", lambda: "done")
    dag.add_node("wait", barrier.dag().nodes["wait"].agent, input_mapping={"number": "first"})
    dag.add_edge("first", "wait")
    journal = tmp_path / "runs.db"
    with served(create_app(dags={"d": dag}, journal=journal)) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            asking = asyncio.create_task(client.post("/dag/execute", json={}, headers=headers))
            await barrier.auntil(1)
            (run,) = (await client.get("/runs")).json()["runs"]
            assert (run["status"], run["live"]) == ("running", True)
            stopping = await client.post(f"/runs/{run['run_id']}/cancel")
            assert stopping.status_code == 202
            reply = await asking
    answer = events_of(reply.text)[-1][1] if headers else reply.json()
    assert answer["status"] == "cancelled"
    assert answer["results"] == {"first": "done", "wait": None}
    assert barrier.stopped == 1
    barrier.let_go()
    resumed = await DAGExecutor(dag, journal=journal).aresume(run["run_id"])
    assert resumed.status == "success"
