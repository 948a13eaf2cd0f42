"""SIGTERM: what runs ends, or is on disk when it cannot."""

import asyncio
import signal

import httpx
import pytest
from serving import served_by_command, silent_ollama

from linus_nb import runs
from linus_nb.graph.durable.journal import Journal
from linus_nb.testing import FakeOllama, Step

pytestmark = pytest.mark.anyio


def ask(client):
    return asyncio.create_task(client.post("/dag/execute", params={"dag": "slow"}, json={}))


async def test_what_runs_when_the_server_is_told_to_stop_is_answered(tmp_path):
    with (
        FakeOllama(lambda _: Step(text="in the end", delay=1)) as ollama,
        served_by_command(ollama) as (process, url),
    ):
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            asking = ask(client)
            await ollama.auntil(lambda server: server.in_flight == 1)
            process.send_signal(signal.SIGTERM)
            reply = await asking
        await asyncio.to_thread(process.wait, 10)
    assert reply.json()["status"] == "success"
    assert reply.json()["results"]["answer"] == "in the end"


async def test_what_does_not_end_in_time_is_in_the_journal(tmp_path):
    path = tmp_path / "runs.db"
    with (
        silent_ollama() as ollama,
        served_by_command(ollama, "--grace", "1", JOURNAL=str(path)) as (process, url),
    ):
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            asking = ask(client)
            await ollama.auntil(lambda server: server.in_flight == 1)
            process.send_signal(signal.SIGTERM)
            reply = await asking
        await asyncio.to_thread(process.wait, 10)
        await ollama.auntil(lambda server: server.disconnects == 1)
    assert reply.status_code == 503
    assert reply.json()["detail"] == "the server is stopping, and the run was stopped with it"
    (run,) = runs(path).to_dict("records")
    assert run["status"] == "cancelled"
    journal = Journal(path, create=False)
    (row, _), *_ = journal.all_runs()
    assert journal.nodes(row.run_id)["first"].status == "completed"
    journal.close()
