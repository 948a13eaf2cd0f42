"""The button ■ ends a map on real kernels at once, and what has finished is kept."""

import statistics

import pytest
from kernels import KERNELS, prepared_kernel, wait_for

pytestmark = pytest.mark.kernel

LONGEST = 0.3

PREPARE = """
import asyncio, time
from pathlib import Path
from linus_nb import AgentDAG, DAGExecutor

def dag_of(node):
    dag = AgentDAG("interrupted")
    dag.add_node("n", node)
    return dag

def begun(number):
    if number == 5:  # whoever had one of the first two has gone on
        Path({marker!r}).touch()

async def waits(number, **_):
    begun(number)
    if number > 1:
        await asyncio.sleep(3600)
    return number

def works(number, **_):
    begun(number)
    if number > 1:
        time.sleep(3600)
    return number

def rows():
    return [{{"number": number}} for number in range(20)]

async def stream():
    for row in rows()[:6]:
        yield row
    await asyncio.sleep(3600)
"""

STATES = {
    "async nodes": "await ex.amap(rows(), max_concurrency=4)",
    "a blocking map": "ex.map(rows(), max_concurrency=4)",
    "a stream with a journal": "await ex.amap(stream(), max_concurrency=4, journal={journal!r})",
    "nodes in threads": "await sync.amap(rows(), max_concurrency=4)",
}


@pytest.fixture(scope="module", params=KERNELS)
def kernel(request, tmp_path_factory):
    with prepared_kernel(request.param, PREPARE, tmp_path_factory.mktemp("kernel")) as running:
        yield running


@pytest.mark.parametrize("state", STATES)
def test_an_interrupt_ends_the_map_at_once_and_keeps_what_finished(kernel, state, tmp_path):
    seconds = []
    for number in range(3):
        made = kernel.run("ex, sync = DAGExecutor(dag_of(waits)), DAGExecutor(dag_of(works))")
        assert made.status == "ok"
        cell = kernel.send(STATES[state].format(journal=str(tmp_path / f"{number}.db")))
        wait_for(kernel.marker)
        outcome = kernel.interrupt(cell)
        assert outcome.status == "error", outcome
        seconds.append(outcome.seconds)
        executor = "sync" if "threads" in state else "ex"
        kept = kernel.run(f"{executor}.last_map['status'].value_counts().to_dict()")
        assert "'success': 2" in kept.text, kept
        assert kernel.run("len(asyncio.all_tasks()) < 10").text == "True"
    assert statistics.median(seconds) <= LONGEST
