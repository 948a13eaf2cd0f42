"""linus_nb: every node reads its parents by input_mapping; validate() counts as building."""
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor
from .base import Adapter


class LinusNb(Adapter):
    name = "linus-nb"
    packages = ["linus-nb"]
    schedule = "dataflow"

    def build(self, graph, work):
        dag = AgentDAG("bench")
        for node, parents in enumerate(graph.parents):
            mapping = {f"n{p}": f"n{p}" for p in parents}
            dag.add_node(AgentNode(f"n{node}", self.body(node, work), input_mapping=mapping))
        for node, parents in enumerate(graph.parents):
            for p in parents:
                dag.add_edge(f"n{p}", f"n{node}")
        dag.validate({})
        return DAGExecutor(dag, schedule=self.schedule)

    def body(self, node, work):
        if self.sync:
            return lambda **values: work(node, list(values.values()))

        async def run(**values):
            return await work(node, list(values.values()))
        return run

    async def run(self, built):
        result = await built.aexecute()
        return result.raise_for_status()


class LinusNbLevels(LinusNb):
    name = "linus-nb-levels"
    note = "the default schedule: a barrier after each level"
    schedule = "levels"
