"""Short ways to make nodes, graphs and spies for the tests of the graph engine."""

import asyncio

from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor


def dag_of(nodes, edges=(), name="dag"):
    """Make a DAG of ``{name: agent or AgentNode}`` and edges ``"a b"`` or tuples."""
    dag = AgentDAG(name)
    for node_name, agent in nodes.items():
        dag.add_node(agent if isinstance(agent, AgentNode) else AgentNode(node_name, agent))
    for edge in edges:
        dag.add_edge(*(edge.split() if isinstance(edge, str) else edge))
    return dag


def one_node(agent, state=None, **options):
    """Run a DAG of the single node ``"n"`` and return its result."""
    dag = AgentDAG("one")
    dag.add_node(AgentNode("n", agent, **options))
    return DAGExecutor(dag).execute(state or {})


def sleeper(seconds, value=None, error=None):
    """Return an async function that takes nothing and ends after ``seconds``."""

    async def work():
        await asyncio.sleep(seconds)
        if error is not None:
            raise error
        return value

    return work


def stubborn(seconds, *, swallow=True, value="late"):
    """Return an async function that goes on for ``seconds`` after each cancellation."""

    async def work():
        try:
            await asyncio.sleep(1_000)
        except asyncio.CancelledError:
            await asyncio.sleep(seconds)
            if not swallow:
                raise
        return value

    return work


class Spy:
    """Counts what runs at once and remembers the order of starts."""

    def __init__(self):
        self.running = 0
        self.most = 0
        self.started = []

    def node(self, name, seconds=0.1, value=None):
        """Return an async function that the spy watches."""

        async def work():
            self.started.append(name)
            self.running += 1
            self.most = max(self.most, self.running)
            try:
                await asyncio.sleep(seconds)
            finally:
                self.running -= 1
            return value

        return work


def statuses(result):
    """Return the end state of every node."""
    return {name: node.status for name, node in result.nodes.items()}


def edges_of(dag):
    """Return the ends of every edge."""
    return {(edge.source, edge.target) for edge in dag.edges}


def constant(value):
    """Return a function that returns ``value``."""
    return lambda: value


def execute(dag, state=None, schedule="levels"):
    """Run a DAG by any schedule and return its result."""
    return DAGExecutor(dag).execute(state or {}, schedule=schedule)


async def started_until(executor, kind, node):
    """Start a run and return its task when ``node`` has had an event of ``kind``."""
    seen = asyncio.Event()

    def listen(event):
        if (event.kind, event.node) == (kind, node):
            seen.set()

    executor.listening(listen).__enter__()
    task = asyncio.ensure_future(executor.aexecute())
    await seen.wait()
    return task
