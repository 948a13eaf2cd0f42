"""A run of fifty nodes for the tests that kill it: ``python killed_run.py journal log``.

It says "begun" when it has begun, notes each node that starts in the log, resumes if the
journal is there, and says at the end how it ended, with the digest of all its results.
"""

import asyncio
import random
import sys
from pathlib import Path

from linus_nb.errors import JournalError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from linus_nb.graph.durable.encoding import digest

NODES = 50


def work_of(number, log):
    async def work(state):
        with log.open("a") as file:
            file.write(f"{number}\n")
        await asyncio.sleep(0.004 * (number % 4))
        return {"number": number, "seen": tuple(sorted(state)), "half": number / 2}

    return work


def make_dag(log):
    """Make the DAG, in every process alike."""
    chance, dag = random.Random(11), AgentDAG("fifty")
    for number in range(NODES):
        dag.add_node(AgentNode(f"n{number}", work_of(number, log), on_error="skip"))
        for before in chance.sample(range(number), min(number, 2)):
            condition = (
                (lambda s, b=before: s[f"n{b}"]["number"] % 3 < 2) if number % 7 == 6 else None
            )
            dag.add_edge(f"n{before}", f"n{number}", condition)
    return dag


def main():
    """Run, or go on."""
    journal, log = Path(sys.argv[1]), Path(sys.argv[2])
    executor = DAGExecutor(make_dag(log), journal=journal, schedule="dataflow", max_concurrency=4)
    print("begun", flush=True)  # noqa: T201 - how it speaks
    try:
        result = executor.resume()
    except JournalError:  # killed before there was a run to go on with
        result = executor.execute({"start": [1]})
    states = {name: node.status for name, node in result.nodes.items()}
    print(result.status, digest([states, result.node_results]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
