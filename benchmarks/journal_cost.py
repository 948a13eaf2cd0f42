"""What a journal costs a node: `python benchmarks/journal_cost.py` prints the bound.

The same DAGs of trivial nodes with a journal and without, in turn. A journal waits for the
disk once for all nodes that settle meanwhile, so a chain, whose nodes settle one by one, is
the worst case, and it is the one that the bound is about.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
from pathlib import Path
from time import perf_counter

from bounds import bound

from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor

NODES, ROUNDS = 200, 9
MOST_MS = 2.0


async def work() -> dict[str, list[int]]:
    """Return a small output, as agents have."""
    return {"scores": [1, 2, 3]}


def chain() -> AgentDAG:
    """Return nodes of which each needs the one before."""
    dag = fan("chain")
    for number in range(1, NODES):
        dag.add_edge(f"n{number - 1}", f"n{number}")
    return dag


def fan(name: str = "fan") -> AgentDAG:
    """Return nodes that need nothing."""
    dag = AgentDAG(name)
    for number in range(NODES):
        dag.add_node(AgentNode(f"n{number}", work, input_mapping={}))
    return dag


async def ms_a_node(dag: AgentDAG, journal: Path | None) -> float:
    """Return what a run takes, in milliseconds a node."""
    executor = DAGExecutor(dag, schedule="dataflow", journal=journal)
    started = perf_counter()
    (await executor.aexecute()).raise_for_status()
    return 1e3 * (perf_counter() - started) / NODES


async def added_ms(dag: AgentDAG, folder: Path) -> float:
    """Return what a journal adds to a node: the median of runs with it less that without."""
    with_it, without = [], []
    await ms_a_node(dag, folder / f"{dag.name}-first.db")
    for number in range(ROUNDS):
        without.append(await ms_a_node(dag, None))
        with_it.append(await ms_a_node(dag, folder / f"{dag.name}-{number}.db"))
    return statistics.median(with_it) - statistics.median(without)


async def measure() -> list[tuple[str, float]]:
    """Return the milliseconds that a journal adds to a node, by graph."""
    with tempfile.TemporaryDirectory() as folder:
        return [(dag.name, await added_ms(dag, Path(folder))) for dag in (chain(), fan())]


def main() -> int:
    """Measure and print; 0 if the bound holds."""
    held = [
        bound(f"what a journal adds to a node, {name} of {NODES}, ms", added, MOST_MS)
        for name, added in asyncio.run(measure())
    ]
    return 0 if all(held) else 1


if __name__ == "__main__":
    raise SystemExit(main())
