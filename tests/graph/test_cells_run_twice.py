"""A notebook cell run twice adds the same node; an edited one replaces it."""

import functools
import logging

import pytest
from graph_makers import dag_of, edges_of

from linus_nb.graph import AgentDAG, AgentNode


class TestCellsRunTwice:
    def add_twice(self, first, second, caplog, **options):
        caplog.set_level(logging.INFO, "linus_nb")
        dag = AgentDAG("d")
        dag.add_node(AgentNode("n", first, **options))
        before = dag.nodes["n"]
        dag.add_node(AgentNode("n", second, **options))
        notices = [r for r in caplog.records if "replaced" in r.getMessage()]
        return dag.nodes["n"] is before, len(notices)

    def run_cell(self, source, **names):
        namespace = dict(names)
        exec(source, namespace)  # noqa: S102 - what a notebook does with a cell
        return namespace["f"]

    @pytest.mark.parametrize(
        "source",
        [
            "f = lambda x: x + 1",
            "def f(x, y=(1, [2])):\n    'doc'\n    return x * y",
            "def g(x): return 2 * x\ndef f(x): return g(x)",
            "import math\ndef f(x): return math.sqrt(x)",
            "def make(n):\n    def f(x): return x + n\n    return f\nf = make(3)",
            "class f:\n    def __init__(self, x): self.x = x",
            "async def f(x): return [i async for i in x]",
            "def f(x): return f(x - 1) if x else 0",
            "import functools\nf = functools.partial(print, 1, end='')",
            "def f(x): return {k: (lambda v: v)(v) for k, v in x.items()}",
        ],
    )
    def test_the_same_cell_is_a_no_op(self, source, caplog):
        first, second = self.run_cell(source), self.run_cell(source)
        assert first is not second
        assert self.add_twice(first, second, caplog) == (True, 0)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("f = lambda x: x + 1", "f = lambda x: x + 2"),
            ("def f(x, y=1): return x", "def f(x, y=2): return x"),
            ("def f(x, *, y=1): return x", "def f(x, *, y=2): return x"),
            ("N = 1\ndef f(x): return x + N", "N = 2\ndef f(x): return x + N"),
            (
                "def g(x): return 1\ndef f(x): return g(x)",
                "def g(x): return 2\ndef f(x): return g(x)",
            ),
            (
                "def make(n):\n    return lambda x: x + n\nf = make(3)",
                "def make(n):\n    return lambda x: x + n\nf = make(4)",
            ),
            ("def f(x): return x.a", "def f(x): return x.b"),
            ("def f(x): return 1", "def f(x): return True"),
            ("def f(x): return 1", "async def f(x): return 1"),
            ("L = [1]\ndef f(x): return L", "L = [1, 2]\ndef f(x): return L"),
            (
                "def g(): return 1\ndef f(x): return [g() for _ in x]",
                "def g(): return 2\ndef f(x): return [g() for _ in x]",
            ),
        ],
    )
    def test_a_changed_cell_replaces_the_node_with_one_notice(self, one, other, caplog):
        assert self.add_twice(self.run_cell(one), self.run_cell(other), caplog) == (False, 1)

    @pytest.mark.parametrize(
        "option",
        [
            {"retry_count": 1},
            {"timeout_seconds": 1},
            {"on_error": "skip"},
            {"output_key": "x"},
            {"prompt": "p"},
            {"input_mapping": {}},
            {"description": "d"},
            {"resource": "r"},
            {"thread": False},
            {"retry_backoff": 1},
        ],
        ids=str,
    )
    def test_a_changed_option_replaces_the_node(self, option):
        dag = dag_of({"n": print})
        before = dag.nodes["n"]
        dag.add_node(AgentNode("n", print, **option))
        assert dag.nodes["n"] is not before

    def test_a_changed_partial_replaces_the_node(self, caplog):
        one, other = functools.partial(print, 1), functools.partial(print, 2)
        assert self.add_twice(one, other, caplog) == (False, 1)

    def test_an_unknown_object_is_the_same_only_if_it_is_the_very_same(self, caplog):
        class Agent:
            def run(self, task):
                return task

        agent = Agent()
        assert self.add_twice(agent, agent, caplog) == (True, 0)
        assert self.add_twice(Agent(), Agent(), caplog) == (False, 1)

    def test_agents_are_compared_by_their_configuration(self, caplog):
        class Agent:
            def __init__(self, n):
                self.n = n

            def to_config(self):
                return {"n": self.n}

            async def arun(self, task):
                return task

        assert self.add_twice(Agent(1), Agent(1), caplog) == (True, 0)
        assert self.add_twice(Agent(1), Agent(2), caplog) == (False, 1)

    def test_a_replaced_node_keeps_its_edges_and_its_place(self):
        dag = dag_of({n: (lambda: 1) for n in "abc"}, ["a b", "b c"])
        dag.add_node(AgentNode("b", lambda: 2))
        assert edges_of(dag) == {("a", "b"), ("b", "c")}
        assert list(dag.nodes) == ["a", "b", "c"]

    def test_an_edge_added_twice_is_one_edge(self):
        dag = dag_of({"a": print, "b": print})
        edges = [dag.add_edge("a", "b", lambda s: s["x"] > 1) for _ in range(2)]
        assert edges[0] is edges[1]
        assert len(dag.edges) == 1

    def test_another_condition_replaces_the_edge(self):
        dag = dag_of({"a": print, "b": print}, ["a b"])
        dag.add_edge("a", "b", lambda s: False)
        assert [edge.conditional for edge in dag.edges] == [True]
