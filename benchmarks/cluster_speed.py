"""What a Dask cluster brings and costs: `python benchmarks/cluster_speed.py` prints each bound.

On a LocalCluster of worker processes with one thread each: nodes that compute in pure Python,
on two workers against one; and what a node that does nothing costs, in a fan and in a chain.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from distributed import Client, LocalCluster

from linus_nb.cluster import DaskBackend
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

REPEATS = 5
LEAST_GAIN, MOST_MILLISECONDS = 1.7, 3
NODES = 200
COMPUTING, STEPS, TRIES = 8, 1_500_000, 15


def nothing() -> int:
    """Do nothing."""
    return 1


async def nothing_async() -> int:
    """Do nothing, on the worker's loop."""
    return 1


def compute() -> int:
    """Hold the interpreter's lock for about a tenth of a second."""
    total = 0
    for number in range(STEPS):
        total += number * number
    return total


def fan(function: Callable[..., object], nodes: int) -> AgentDAG:
    """Make nodes that do not depend on each other."""
    dag = AgentDAG("fan")
    for number in range(nodes):
        dag.add_node(AgentNode(f"n{number}", function, input_mapping={}))
    return dag


def chain(function: Callable[..., object], nodes: int) -> AgentDAG:
    """Make nodes that wait for each other."""
    dag = fan(function, nodes)
    for number in range(1, nodes):
        dag.add_edge(f"n{number - 1}", f"n{number}")
    return dag


async def seconds(dag: AgentDAG, backend: DaskBackend | None) -> float:
    """Return how long one run takes."""
    started = time.perf_counter()
    result = await DAGExecutor(dag, backend=backend, schedule="dataflow").aexecute()
    result.raise_for_status()
    return time.perf_counter() - started


@asynccontextmanager
async def workers(number: int) -> AsyncIterator[DaskBackend]:
    """Have a cluster of so many processes, its streams open."""
    async with (
        LocalCluster(
            n_workers=number, threads_per_worker=1, dashboard_address=":0", asynchronous=True
        ) as cluster,
        Client(cluster, asynchronous=True) as client,
    ):
        backend = DaskBackend(client)
        await seconds(fan(nothing, 2 * number), backend)
        yield backend


async def gain(one: DaskBackend, two: DaskBackend) -> float:
    """Return how much faster two workers compute than one; asked in turn, the fastest counts."""
    dag = fan(compute, COMPUTING)
    taken = [(await seconds(dag, one), await seconds(dag, two)) for _ in range(TRIES)]
    alone, together = map(min, zip(*taken, strict=True))
    return alone / together


async def overheads(backend: DaskBackend) -> dict[str, float]:
    """Return milliseconds a node by shape, medians."""
    dags = {
        f"{make.__name__} of {NODES} {kind} nodes": make(function, NODES)
        for make in (fan, chain)
        for kind, function in (("sync", nothing), ("async", nothing_async))
    }
    return {
        what: 1e3 / NODES * statistics.median([await seconds(dag, backend) for _ in range(REPEATS)])
        for what, dag in dags.items()
    }


async def main() -> int:
    """Print a line for each bound; 0 if all hold."""
    async with workers(1) as one, workers(2) as two:
        faster, costs = await gain(one, two), await overheads(two)
    held = [faster >= LEAST_GAIN, *(cost <= MOST_MILLISECONDS for cost in costs.values())]
    print(f"{COMPUTING} computing nodes, two workers / one: {faster:.2f} (at least {LEAST_GAIN})")
    for what, cost in costs.items():
        print(f"{what}: {cost:.2f} ms a node (at most {MOST_MILLISECONDS})")
    print("all hold" if all(held) else "NOT HELD")
    return 0 if all(held) else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
