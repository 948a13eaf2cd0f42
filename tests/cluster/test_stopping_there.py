"""A stop reaches the workers, and a run still ends within its grace time."""

import asyncio
import sys
import time

import cluster_nodes as nodes
import pytest

from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from linus_nb.graph.run import GRACE

SLACK = 0.3
"""Seconds that a busy machine may need beyond the grace time."""

pytestmark = pytest.mark.anyio


def dag_of_one(function, **options):
    dag = AgentDAG("one")
    dag.add_node(AgentNode("n", function, **options))
    return dag


async def started(executor, state):
    """Start a run and return its task when a node has said something."""
    said = asyncio.Event()
    executor.listening(lambda event: event.kind == "token" and said.set()).__enter__()
    task = asyncio.ensure_future(executor.aexecute(state))
    await asyncio.wait_for(said.wait(), 20)
    return task


async def seconds_to_stop(task):
    begun = time.monotonic()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    return time.monotonic() - begun


async def stops_a_coroutine(backend, tmp_path):
    path = tmp_path / "told"
    executor = DAGExecutor(dag_of_one(nodes.told_when_cancelled), backend=backend)
    task = await started(executor, {"path": path})
    assert await seconds_to_stop(task) < GRACE + SLACK
    assert path.read_text() == "cancelled"
    result = executor.last_result
    assert (result.status, result.nodes["n"].status, result.abandoned) == (
        "cancelled",
        "cancelled",
        [],
    )


async def test_a_cancelled_run_cancels_its_coroutines_on_the_workers(own_backend, tmp_path):
    await stops_a_coroutine(own_backend, tmp_path)


async def test_the_same_through_a_client_with_a_thread_of_its_own(backend, tmp_path):
    await stops_a_coroutine(backend, tmp_path)


async def test_a_coroutine_that_swallows_the_stop_is_named_and_its_value_kept_if_it_is_quick(
    own_backend,
):
    async def work():
        nodes.say("running")
        try:
            await asyncio.sleep(1_000)
        except asyncio.CancelledError:
            return "kept"

    executor = DAGExecutor(dag_of_one(work), backend=own_backend)
    await seconds_to_stop(await started(executor, {}))
    assert executor.last_result["n"] == "kept"
    assert executor.last_result.abandoned == []


async def test_a_coroutine_that_takes_too_long_is_abandoned(own_backend, tmp_path):
    async def work(path):
        nodes.say("running")
        try:
            await asyncio.sleep(1_000)
        except asyncio.CancelledError:
            while not path.exists():  # noqa: ASYNC110 - another process makes it
                await asyncio.sleep(0.01)

    executor = DAGExecutor(dag_of_one(work), backend=own_backend)
    task = await started(executor, {"path": tmp_path / "go"})
    assert await seconds_to_stop(task) < GRACE + SLACK
    assert executor.last_result.abandoned == ["n"]
    (tmp_path / "go").touch()


async def test_a_thread_is_named_and_the_next_node_still_gets_one(own_backend, tmp_path):
    def work(path):
        nodes.say("running")
        nodes.wait_for_file(path)

    executor = DAGExecutor(dag_of_one(work), backend=own_backend)
    task = await started(executor, {"path": tmp_path / "go"})
    assert await seconds_to_stop(task) < GRACE + SLACK
    assert executor.last_result.abandoned == ["n"]
    free = AgentDAG("free")
    for number in range(4):
        free.add_node(AgentNode(f"n{number}", lambda: "free"))
    result = await DAGExecutor(free, backend=own_backend).aexecute()
    assert set(result.node_results.values()) == {"free"}
    (tmp_path / "go").touch()


async def test_what_waits_for_a_worker_never_begins(own_backend, tmp_path):
    def work(path, name):
        nodes.count_up(path / f"begun {name}")
        nodes.say("running")
        nodes.wait_for_file(path / "go")

    dag = AgentDAG("queue")
    for number in range(5):
        dag.add_node(AgentNode(f"n{number}", lambda path, n=number: work(path, n)))
    executor = DAGExecutor(dag, backend=own_backend)
    await seconds_to_stop(await started(executor, {"path": tmp_path}))
    (tmp_path / "go").touch()
    again = await DAGExecutor(dag_of_one(lambda: "next"), backend=own_backend).aexecute()
    assert again["n"] == "next"
    begun = len(list(tmp_path.glob("begun*")))
    assert 1 <= begun <= 2
    assert len(executor.last_result.abandoned) <= begun


async def test_a_timeout_counts_from_the_begin_of_the_work_and_stops_it(own_backend, tmp_path):
    path = tmp_path / "told"
    dag = dag_of_one(nodes.told_when_cancelled, timeout_seconds=0.2, on_error="skip")
    executor = DAGExecutor(dag, backend=own_backend, on_event=lambda _: None)
    result = await executor.aexecute({"path": path})
    assert result.errors["n"].startswith("node 'n' ran longer than timeout_seconds=0.2")
    assert path.read_text() == "cancelled"
    assert result.abandoned == []


async def test_a_sync_node_that_times_out_is_named_and_the_run_goes_on(own_backend, tmp_path):
    def work(path):
        nodes.wait_for_file(path)

    dag = dag_of_one(work, timeout_seconds=0.2, on_error="skip")
    dag.add_node(AgentNode("after", lambda: "ok"))
    dag.add_edge("n", "after")
    result = await DAGExecutor(dag, backend=own_backend).aexecute({"path": tmp_path / "go"})
    assert (result["after"], result.abandoned) == ("ok", ["n"])
    (tmp_path / "go").touch()


async def test_when_the_notebook_goes_its_nodes_on_the_workers_stop(cluster, tmp_path):
    """The streams break when the last run's client and loop are gone: nobody waits then."""
    path = tmp_path / "told"
    code = (
        "import asyncio, os, sys\n"
        "from pathlib import Path\n"
        f"sys.path.append({str(nodes.__file__.rpartition('/')[0])!r})\n"
        "import cluster_nodes\n"
        "from distributed import Client\n"
        "from linus_nb import AgentDAG, DAGExecutor\n"
        "from linus_nb.cluster import DaskBackend\n"
        "async def main():\n"
        f"    client = await Client({cluster.scheduler_address!r}, asynchronous=True)\n"
        "    dag = AgentDAG('gone')\n"
        "    dag.node('n', cluster_nodes.told_when_cancelled)\n"
        "    leave = lambda event: event.kind == 'token' and os._exit(3)\n"
        "    executor = DAGExecutor(dag, backend=DaskBackend(client), on_event=leave)\n"
        f"    await executor.aexecute({{'path': Path({str(path)!r})}})\n"
        "asyncio.run(main())\n"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code)
    assert await process.wait() == 3
    await asyncio.to_thread(nodes.wait_for_file, path)
    assert path.read_text() == "cancelled"
