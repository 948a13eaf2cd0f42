"""The short form: edges inferred from names."""
# ruff: noqa: PLW0108 - that a function takes parameters of these names is what is tested

import pytest
from graph_makers import dag_of, edges_of

from linus_nb.errors import CycleError, OptionError
from linus_nb.graph import AgentDAG, DAGExecutor


class TestShortForm:
    def test_a_one_to_three_to_one_dag_with_its_run_is_at_most_ten_lines(self):
        dag = AgentDAG("report")
        dag.node("ingest", lambda path: [1, 2, 3])
        dag.node("total", lambda ingest: sum(ingest))
        dag.node("most", lambda ingest: max(ingest))
        dag.node("least", lambda ingest: min(ingest))
        dag.node("report", lambda text: text, prompt="{total} {most} {least}")
        result = DAGExecutor(dag).execute({"path": "x"})
        assert result["report"] == "6 3 1"
        assert dag.get_execution_order() == [["ingest"], ["total", "most", "least"], ["report"]]

    def test_edges_are_found_in_any_order_of_adding(self):
        dag = AgentDAG("d")
        dag.node("report", lambda text: text, prompt="{total}")
        dag.node("total", lambda numbers: sum(numbers))
        assert edges_of(dag) == {("total", "report")}

    def test_edges_follow_output_keys(self):
        dag = AgentDAG("d")
        dag.node("a", lambda: 1, output_key="one")
        dag.node("b", lambda one: one)
        dag.node("c", lambda p: p, input_mapping={"p": "one"})
        assert edges_of(dag) == {("a", "b"), ("a", "c")}

    def test_a_decorator_gives_the_function_back(self):
        dag = AgentDAG("d")

        @dag.node
        def one():
            return 1

        @dag.node(name="2", retry_count=1)
        def two(one):
            return one + 1

        assert (one(), two(1), list(dag.nodes)) == (1, 2, ["one", "2"])
        assert dag.nodes["2"].retry_count == 1

    def test_redefining_a_node_redraws_the_edges_into_it(self):
        dag = dag_of({})
        for name in "ab":
            dag.node(name, lambda: 1)
        dag.node("c", lambda a: a)
        dag.node("c", lambda b: b)
        assert edges_of(dag) == {("b", "c")}

    def test_redefining_a_nodes_key_redraws_the_edges_out_of_it(self):
        dag = AgentDAG("d")
        dag.node("a", lambda: 1)
        dag.node("b", lambda a: a)
        dag.node("a", lambda: 1, output_key="other")
        assert edges_of(dag) == set()

    def test_edges_drawn_by_hand_stay(self):
        dag = dag_of({"a": lambda: 1})
        dag.node("c", lambda a: a)
        dag.add_edge("a", "c")
        dag.node("c", lambda z=1: z)
        assert edges_of(dag) == {("a", "c")}

    def test_a_node_that_reads_its_own_key_reads_the_initial_state(self):
        dag = AgentDAG("d")
        dag.node("n", lambda n: n + 1)
        assert DAGExecutor(dag).execute({"n": 1})["n"] == 2

    def test_names_that_would_close_a_cycle_are_refused(self):
        dag = AgentDAG("d")
        dag.node("a", lambda b: b)
        with pytest.raises(CycleError, match="'a' -> 'b'"):
            dag.node("b", lambda a: a)

    def test_what_it_cannot_use_is_refused(self):
        with pytest.raises(OptionError, match="cannot use"):
            AgentDAG("d").node("only a name")
