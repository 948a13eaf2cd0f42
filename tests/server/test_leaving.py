"""Many clients at once on a real server, and clients that leave."""

import asyncio
from time import perf_counter

import httpx
import pytest
from serving import (
    LOOPS,
    SSE,
    Barrier,
    agent_dag,
    agent_on,
    events_of,
    silent_ollama,
    until_health,
)
from uvicorn_servers import served

from linus_nb.server import Limits, create_app

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("loop", LOOPS)]

TO_STOP = 0.5  # seconds from a client's leaving until the model's connection is closed
BODIES = {"/agent/query": {"query": "?"}, "/dag/execute": {"question": "?"}}


async def idle(client):
    """Wait until the server has nothing to do."""
    await until_health(client, running=0, waiting=0)


async def cancelled(tasks):
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("headers", [{}, SSE], ids=["whole", "stream"])
@pytest.mark.parametrize("path", BODIES)
async def test_a_client_that_leaves_stops_its_run_down_to_the_model(loop, path, headers):
    with silent_ollama() as ollama:
        app = create_app(agents={"a": agent_on(ollama)}, dags={"d": agent_dag(ollama)})
        with served(app, loop) as url:
            async with httpx.AsyncClient(base_url=url) as client:
                asking = asyncio.create_task(
                    client.post(path, json=BODIES[path], headers=headers, timeout=60)
                )
                await ollama.auntil(lambda server: server.in_flight == 1)
                left = perf_counter()
                await cancelled([asking])
                await ollama.auntil(lambda server: server.disconnects == 1)
                assert perf_counter() - left <= TO_STOP
                await idle(client)


async def test_at_most_so_many_run_so_many_wait_and_the_next_is_told_to_come_again(loop):
    barrier = Barrier()
    app = create_app(dags={"w": barrier.dag()}, limits=Limits(max_waiting=4))
    with served(app, loop) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:

            def ask(number):
                return asyncio.create_task(client.post("/dag/execute", json={"number": number}))

            running = [ask(number) for number in range(32)]
            await barrier.auntil(32)
            waiting = [ask(number) for number in range(32, 36)]
            await until_health(client, waiting=4)
            refused = await ask(99)
            assert refused.status_code == 503
            assert int(refused.headers["retry-after"]) >= 1
            assert "32 runs and 4 requests wait" in refused.json()["detail"]
            barrier.let_go()
            replies = await asyncio.gather(*running, *waiting)
    assert [reply.json()["results"]["wait"] for reply in replies] == list(range(36))
    assert barrier.most == 32
    assert sorted(barrier.started) == list(range(36))  # nothing of the refused one has run


async def test_one_who_leaves_the_line_is_never_run(loop):
    barrier = Barrier()
    app = create_app(dags={"w": barrier.dag()}, limits=Limits(max_runs=1))
    with served(app, loop) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            first = asyncio.create_task(client.post("/dag/execute", json={"number": 1}))
            await barrier.auntil(1)
            second = asyncio.create_task(client.post("/dag/execute", json={"number": 2}))
            await until_health(client, waiting=1)
            await cancelled([second])
            await until_health(client, waiting=0)
            barrier.let_go()
            assert (await first).json()["status"] == "success"
            await idle(client)
    assert barrier.started == [1]


async def test_many_clients_that_leave_at_once_leave_no_run(loop, many):
    barrier = Barrier()
    app = create_app(dags={"w": barrier.dag()}, limits=Limits(max_runs=many))
    with served(app, loop) as url:
        pool = httpx.Limits(max_connections=many + 1)
        async with httpx.AsyncClient(base_url=url, timeout=60, limits=pool) as client:
            asking = [
                asyncio.create_task(
                    client.post(
                        "/dag/execute", json={"number": number}, headers=SSE if number % 2 else {}
                    )
                )
                for number in range(many)
            ]
            await barrier.auntil(many)
            await cancelled(asking)
            await barrier.auntil(0)
            await idle(client)
    assert barrier.stopped == many


async def test_a_stream_that_is_left_half_way_stops_its_run(loop):
    barrier = Barrier()
    with served(create_app(dags={"w": barrier.dag()}), loop) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            async with client.stream(
                "POST", "/dag/execute", json={"number": 1}, headers=SSE
            ) as reply:
                text = ""
                async for piece in reply.aiter_text():
                    text += piece
                    if "event: node_started" in text:
                        break
            assert events_of(text[: text.rindex("\n\n")])[0][0] == "run_started"
            await barrier.auntil(0)
            await idle(client)
    assert barrier.stopped == 1


async def test_two_requests_at_once_never_see_each_others_state(loop):
    barrier = Barrier()
    dag = barrier.dag()
    dag.add_node("seen", lambda state: sorted(state["items"]), input_mapping={"state": "box"})
    dag.add_edge("wait", "seen")
    app = create_app(dags={"w": dag})
    with served(app, loop) as url:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            asking = [
                asyncio.create_task(
                    client.post("/dag/execute", json={"number": n, "box": {"items": [n, -n]}})
                )
                for n in range(20)
            ]
            await barrier.auntil(20)
            barrier.let_go()
            replies = await asyncio.gather(*asking)
    assert [reply.json()["results"] for reply in replies] == [
        {"wait": n, "seen": sorted([n, -n])} for n in range(20)
    ]
