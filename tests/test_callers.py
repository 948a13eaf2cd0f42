"""One agent and one DAG from every kind of caller that there is."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import pytest
import uvloop
from fastapi import FastAPI
from kernels import KERNELS, kernel_of, python_with
from one_agent_one_dag import ALL, ask_awaiting, ask_blocking
from uvicorn_servers import served

from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor

HERE = str(Path(__file__).parent)
IMPORT = f"""
import sys
sys.path.insert(0, {HERE!r})
import asyncio
untouched = (asyncio.run, asyncio.get_event_loop, asyncio.Task, asyncio.Future)
from one_agent_one_dag import *
"""
PATCHED = "(asyncio.run, asyncio.get_event_loop, asyncio.Task, asyncio.Future) != untouched"
RUNNERS = [asyncio.run, uvloop.run]


def test_a_script():
    text = f"{IMPORT}print(ask_blocking(), asyncio.run(ask_awaiting()), {PATCHED})"
    command = [sys.executable, "-c", text]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert (done.stdout, done.stderr) == (f"{ALL} {ALL} False\n", "")


def test_threads_several_at_once():
    told = []
    threads = [threading.Thread(target=lambda: told.append(ask_blocking())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told == [ALL] * 8


@pytest.mark.parametrize("run", RUNNERS)
class TestARunningLoop:
    def test_its_tasks(self, run):
        async def both():
            return ask_blocking(), await ask_awaiting()

        assert run(both()) == (ALL, ALL)

    def test_its_callbacks(self, run):
        async def main():
            told = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_soon(lambda: told.set_result(ask_blocking()))
            return await told

        assert run(main()) == ALL

    def test_a_node_of_another_dag(self, run):
        dag = AgentDAG("outer")
        dag.add_node(AgentNode("in_a_thread", ask_blocking))
        dag.add_node(AgentNode("on_the_loop", ask_blocking, thread=False))
        dag.add_node(AgentNode("awaiting", ask_awaiting))
        result = run(DAGExecutor(dag).aexecute()).raise_for_status()
        assert result.node_results == dict.fromkeys(dag.nodes, ALL)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_handlers_of_a_fastapi_app(loop):
    app = FastAPI()
    app.get("/awaiting")(ask_awaiting)
    app.get("/blocking")(ask_blocking)

    @app.get("/blocking-on-the-loop")
    async def blocking_on_the_loop():
        return ask_blocking()

    with served(app, loop) as url:
        told = [httpx.get(url + path).json() for path in ("/awaiting", "/blocking")]
        told.append(httpx.get(url + "/blocking-on-the-loop").json())
    assert told == [list(ALL)] * 3


@pytest.mark.kernel
@pytest.mark.parametrize("ipykernel", KERNELS)
def test_the_cells_of_a_kernel_also_once_somebody_has_patched_it(ipykernel):
    with kernel_of(python_with(ipykernel)) as kernel:
        assert kernel.run(IMPORT).status == "ok"
        assert kernel.run(PATCHED).text == "False"
        for patch in ("", "import nest_asyncio2; nest_asyncio2.apply()"):
            assert kernel.run(patch).status == "ok"
            for call in ("await ask_awaiting()", "ask_blocking()"):
                assert kernel.run(call).text == str(ALL), (patch, call)
