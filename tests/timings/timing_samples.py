"""DAGs and runs whose times are known, for the tests of timings."""

import asyncio

from linus_nb.graph import AgentDAG, DAGExecutor
from linus_nb.timings import simulate

DIAMOND = (("start", "left"), ("start", "right"), ("left", "end"), ("right", "end"))
UNEVEN = (("a", "b"), ("a", "c"), ("c", "d"), ("b", "e"), ("d", "e"))
"""A -> B -> E beside A -> C -> D -> E: a barrier after B and C holds D up."""
UNEVEN_SECONDS = {"a": 0.0, "b": 5.0, "c": 2.0, "d": 2.0, "e": 0.0}


def dag_of(edges, *, name="sample", make=lambda _: lambda: None, **options):
    dag = AgentDAG(name)
    for edge in edges:
        for node in edge:
            if node not in dag:
                dag.add_node(node, make(node), **options)
    for source, target in edges:
        dag.add_edge(source, target)
    return dag


def sleeping(seconds):
    """Return a maker of nodes that each take their known time."""

    def make(name):
        async def node():
            await asyncio.sleep(seconds[name])

        return node

    return make


def run(dag, **options):
    schedule = options.pop("schedule", "dataflow")
    return DAGExecutor(dag, **options).execute({}, schedule=schedule)


def virtual_run(edges, seconds, **options):
    """Return a DAG and the frame of a run of it in which each node took its known time."""
    dag = dag_of(edges)
    return dag, simulate(run(dag), durations=seconds, **options)


def by_node(frame):
    return frame.drop_duplicates("node", keep="last").set_index("node")
