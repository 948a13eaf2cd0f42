"""Nodes with several predecessors, and two nodes that write one key."""

from itertools import pairwise

import pytest
from graph_makers import constant, dag_of, execute, statuses

from linus_nb.errors import SharedKeyError
from linus_nb.graph import AgentDAG, AgentNode

SCHEDULES = ["sequential", "levels", "dataflow"]


class TestJoins:
    @pytest.mark.parametrize("schedule", SCHEDULES)
    @pytest.mark.parametrize("taken", ["A", "B"])
    def test_a_join_behind_a_skipped_branch_runs_once(self, schedule, taken):
        runs = []
        dag = dag_of(
            {
                "start": constant(0),
                "A": constant("A"),
                "B": constant("B"),
                "C": lambda state: runs.append("C") or sorted(state),
                "D": lambda state: state["C"],
            },
            [
                ("start", "A", lambda s: taken == "A"),
                ("start", "B", lambda s: taken == "B"),
                "A C",
                "B C",
                "C D",
            ],
        )
        result = execute(dag, schedule=schedule)
        assert runs == ["C"]
        assert result["D"] == sorted([taken, "start"])
        assert result.status == "success"

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_a_join_of_branches_of_unequal_length_runs_once(self, schedule):
        runs = []
        dag = dag_of(
            {n: constant(n) for n in "abcd"} | {"j": lambda: runs.append("j")},
            ["a b", "b d", "a c", "d j", "c j"],
        )
        execute(dag, schedule=schedule)
        assert runs == ["j"]

    def test_a_join_whose_edges_are_all_dead_is_skipped_and_so_is_what_follows(self):
        dag = dag_of(
            {n: constant(n) for n in "abcde"},
            [("a", "b", lambda s: False), ("a", "c", lambda s: False), "b d", "c d", "d e"],
        )
        result = execute(dag)
        assert (result.completed_nodes, result.skipped_nodes) == (1, 4)
        assert set(result.node_results) == set("abcde")
        assert result.edges[("d", "e")] is False

    def test_a_chain_of_skipped_nodes_may_be_long(self):
        names = [f"n{i}" for i in range(3_000)]
        dag = dag_of({n: constant(n) for n in names})
        dag.add_edge("n0", "n1", lambda s: False)
        for before, after in pairwise(names[1:]):
            dag.add_edge(before, after)
        assert execute(dag, schedule="sequential").skipped_nodes == 2_999


class TestSharedKeys:
    def sharing(self, first, second):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("s", constant(0)))
        dag.add_node(AgentNode("p", constant("P"), output_key="x"))
        dag.add_node(AgentNode("q", constant("Q"), output_key="x"))
        dag.add_node(AgentNode("r", lambda x: x))
        dag.add_edge("s", "p", first)
        dag.add_edge("s", "q", second)
        dag.add_edge("p", "r")
        dag.add_edge("q", "r")
        return dag

    def test_two_nodes_of_one_key_are_refused_with_both_names(self):
        dag = dag_of({})
        dag.add_node(AgentNode("p", constant(1), output_key="x"))
        dag.add_node(AgentNode("q", constant(2), output_key="x"))
        with pytest.raises(SharedKeyError, match="'p' and 'q' write the same key 'x'"):
            dag.validate()
        with pytest.raises(SharedKeyError):
            execute(dag)

    def test_one_unconditional_edge_is_enough_to_refuse(self):
        with pytest.raises(SharedKeyError):
            self.sharing(lambda s: True, None).validate()

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_the_one_that_runs_is_read(self, schedule):
        dag = self.sharing(lambda s: False, lambda s: True)
        result = execute(dag, schedule=schedule)
        assert (result["r"], result.final_state["x"]) == ("Q", "Q")

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_if_both_run_the_run_fails_and_nothing_below_both_starts(self, schedule):
        result = execute(self.sharing(lambda s: True, lambda s: True), schedule=schedule)
        assert result.status == "failed"
        assert statuses(result)["r"] == "cancelled"
        assert sorted([statuses(result)["p"], statuses(result)["q"]]) == ["completed", "failed"]
        assert "both wrote 'x'" in next(iter(result.errors.values()))

    def test_if_both_run_on_error_does_not_help(self):
        dag = self.sharing(lambda s: True, lambda s: True)
        for name in "pq":
            dag.add_node(AgentNode(name, constant(name), output_key="x", on_error="skip"))
        assert execute(dag).status == "failed"

    def test_two_that_complete_fail_the_run_even_if_one_completes_by_its_error(self):
        dag = self.sharing(lambda s: True, lambda s: True)
        dag.add_node(AgentNode("q", lambda: 1 / 0, output_key="x", on_error="continue"))
        result = execute(dag, schedule="sequential")
        assert (result.status, statuses(result)["r"]) == ("failed", "cancelled")
