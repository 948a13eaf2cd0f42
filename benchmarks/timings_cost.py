"""What looking at a run costs: `python benchmarks/timings_cost.py` prints each bound.

The frame of a large run, a simulation, a Gantt chart, and the memory that a run keeps for
each node beyond its outputs.
"""

from __future__ import annotations

import asyncio
import gc
import statistics
import time
import tracemalloc
from io import BytesIO
from typing import TYPE_CHECKING

from bounds import bound

from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from linus_nb.timings import plot_gantt, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from linus_nb.graph import ExecutionResult

REPEATS = 5


async def one(**_: int) -> int:
    """Do nothing; the output is one small number, so that memory is the run's own."""
    return 1


def chain_of(nodes: int) -> AgentDAG:
    """Make a chain in which each node reads the one before."""
    dag = AgentDAG("chain")
    for number in range(nodes):
        before = {f"n{number - 1}": f"n{number - 1}"} if number else {}
        dag.add_node(AgentNode(f"n{number}", one, input_mapping=before))
    for number in range(1, nodes):
        dag.add_edge(f"n{number - 1}", f"n{number}")
    dag.validate({})
    return dag


def run(dag: AgentDAG) -> ExecutionResult:
    """Run a DAG in dataflow."""
    return asyncio.run(DAGExecutor(dag, schedule="dataflow").aexecute())


def milliseconds(call: Callable[[], object]) -> float:
    """Return the median time of a call."""
    taken = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        call()
        taken.append(1e3 * (time.perf_counter() - started))
    return statistics.median(taken)


def kilobytes_a_node(nodes: int) -> float:
    """Return what a run of so many nodes keeps in memory, and its frame, for each node."""
    dag = chain_of(nodes)
    gc.collect()
    tracemalloc.start()
    result = run(dag)
    frame = result.timings
    gc.collect()
    kept = tracemalloc.get_traced_memory()[0] / nodes / 1e3
    tracemalloc.stop()
    return kept if len(frame) == len(result.nodes) else float("inf")


def main() -> int:
    """Print a line for each bound; 0 if all hold."""
    large, small = run(chain_of(10_000)), run(chain_of(500))
    dag = chain_of(1_000)
    frame = run(dag).timings
    simulated = milliseconds(lambda: simulate(frame, dag, max_concurrency=4))
    held = [
        bound("frame of 10,000 nodes, ms", milliseconds(lambda: large.timings), 150),
        bound("simulate 1,000 nodes, ms", simulated, 50),
        bound(
            "Gantt of 500 nodes as PNG, ms",
            milliseconds(lambda: plot_gantt(small).figure.savefig(BytesIO(), format="png")),
            1_000,
        ),
        bound("memory of a run and its frame, kB a node", kilobytes_a_node(5_000), 2),
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    raise SystemExit(main())
