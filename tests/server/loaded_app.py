"""What the load tests serve: one agent and DAGs on a fake server, and a look inside."""

import asyncio
import os
import statistics
from pathlib import Path
from time import perf_counter, process_time, thread_time

from serving import agent_on, greeting

from linus_nb import AgentDAG, DAGExecutor
from linus_nb.server import Limits, create_app

MOST = 200
BETWEEN_LOOKS = 0.005  # seconds


class Ollama:
    """Where the fake server of the tests is."""

    url = os.environ.get("FAKE_OLLAMA", "http://127.0.0.1:1")


agent = agent_on(Ollama, max_parallel=MOST)
quick = greeting()
slow = AgentDAG("slow")
slow.add_node("first", lambda: "done")
slow.add_node("answer", agent, prompt="{first}")
slow.add_edge("first", "answer")
app = create_app(
    {"a": agent},
    {"quick": quick, "slow": slow},
    limits=Limits(max_runs=MOST),
    journal=os.environ.get("JOURNAL"),
)


def p99(seconds):
    """Return what 99 of 100 are below."""
    return statistics.quantiles(seconds, n=100)[98]


class Lag:
    """How late the event loop wakes who sleeps: by the clock, and by the work that it did.

    The two differ where other processes have the machine's cores.
    """

    def __init__(self):
        self._late = []
        self._looking = None

    async def look(self):
        self._late = []
        while True:
            slept, worked = perf_counter(), thread_time()
            await asyncio.sleep(BETWEEN_LOOKS)
            late = perf_counter() - slept - BETWEEN_LOOKS
            self._late.append((late, thread_time() - worked))

    def start(self):
        self._looking = asyncio.create_task(self.look())

    def stop(self):
        self._looking.cancel()
        wall, cpu = zip(*self._late, strict=True)
        return {"wall": p99(wall), "cpu": p99(cpu), "looks": len(self._late)}


lag = Lag()


@app.get("/probe/start")
async def start():
    lag.start()


@app.get("/probe/stop")
async def stop():
    return lag.stop()


@app.get("/probe/inside")
async def inside():
    return {"megabytes": megabytes(), "tasks": len(asyncio.all_tasks())}


def megabytes():
    """Return how much memory the process has."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@app.get("/probe/direct")
async def direct(count: int):
    """Do the same work without HTTP so many times, and return what one took."""
    executor = DAGExecutor(quick)
    return {
        "agent": await cost_of(lambda: agent.arun("?"), count),
        "dag": await cost_of(lambda: executor.aexecute({"name": "Ada", "polite": True}), count),
    }


@app.get("/probe/cpu")
async def cpu():
    """Return the seconds of work that this process has done."""
    return process_time()


async def cost_of(call, count):
    """Return the median seconds of a call, and the seconds of work of each."""
    times, worked = [], process_time()
    for _ in range(count):
        started = perf_counter()
        await call()
        times.append(perf_counter() - started)
    return {"wall": statistics.median(times), "cpu": (process_time() - worked) / count}
