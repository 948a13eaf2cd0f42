"""A DAG as a node of another one."""
# ruff: noqa: PLW0108 - that a function takes parameters of these names is what is tested

import asyncio

import pytest
from graph_makers import dag_of, one_node, sleeper, statuses
from virtual_time import on_virtual_time, run_dag, seconds

from linus_nb.errors import NodeFailedError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor


def seen():
    return dag_of({"seen": lambda state: dict(state)}, name="inner")


class TestInput:
    def test_it_gets_all_that_may_be_read(self):
        dag = dag_of({"a": lambda: 1, "n": seen()}, ["a n"])
        assert DAGExecutor(dag).execute({"i": 0})["n"] == {"i": 0, "a": 1}

    def test_it_gets_its_mapping(self):
        assert one_node(seen(), {"i": 0, "j": 1}, input_mapping={"x": "i"})["n"] == {"x": 0}

    def test_it_gets_nothing_for_an_empty_mapping(self):
        assert one_node(seen(), {"i": 0}, input_mapping={})["n"] == {}

    def test_it_gets_its_prompt_as_the_task(self):
        assert one_node(seen(), {"i": 0}, prompt="do {i}")["n"] == {"task": "do 0"}

    def test_it_cannot_change_its_parents_state(self):
        inner = dag_of({"x": lambda items: items.append(1)}, name="inner")
        dag = dag_of({"n": inner, "after": lambda items: items}, ["n after"])
        assert DAGExecutor(dag).execute({"items": []})["after"] == []


class TestOutput:
    def test_it_is_the_end_nodes_value(self):
        inner = dag_of({"a": lambda: 1, "b": lambda a: a + 1}, ["a b"], name="inner")
        assert one_node(inner)["n"] == 2

    def test_it_is_a_dict_of_several_end_nodes_by_key(self):
        inner = dag_of({"a": lambda: 1})
        inner.add_node(AgentNode("b", lambda: 2, output_key="two"))
        assert one_node(inner)["n"] == {"a": 1, "two": 2}

    def test_it_is_the_value_of_the_branch_that_ran(self):
        inner = dag_of({"s": lambda: 0}, name="inner")
        for name in "ab":
            inner.add_node(AgentNode(name, lambda name=name: name, output_key="x"))
            inner.add_edge("s", name, lambda state, name=name: name == "b")
        assert one_node(inner)["n"] == "b"

    def test_it_is_none_if_the_end_node_was_skipped(self):
        inner = dag_of({"a": lambda: 1, "b": lambda: 2}, [("a", "b", lambda s: False)])
        assert one_node(inner)["n"] is None

    def test_an_empty_dag_gives_an_empty_dict(self):
        assert one_node(AgentDAG("inner"))["n"] == {}

    def test_nodes_and_counts_hold_the_parents_own_nodes(self):
        inner = dag_of({"a": lambda: 1, "b": lambda: 2}, name="inner")
        result = one_node(inner)
        assert (list(result.nodes), result.total_nodes, result.completed_nodes) == (["n"], 1, 1)
        assert statuses(result.nodes["n"].child) == {"a": "completed", "b": "completed"}


class TestFailure:
    def broken(self, **options):
        inner = dag_of({"good": lambda: "kept", "bad": lambda: 1 / 0}, name="inner")
        dag = AgentDAG("outer")
        dag.add_node(AgentNode("n", inner, **options))
        dag.add_node(AgentNode("after", lambda: "after"))
        dag.add_edge("n", "after")
        return DAGExecutor(dag).execute()

    def test_the_childs_failure_is_the_parents(self):
        result = self.broken()
        assert statuses(result) == {"n": "failed", "after": "cancelled"}
        error = result.nodes["n"].exception
        assert isinstance(error, NodeFailedError)
        assert isinstance(error.__cause__, ZeroDivisionError)
        assert "node 'bad' of 'inner' failed: ZeroDivisionError" in result.errors["n"]

    def test_what_its_nodes_finished_is_kept(self):
        child = self.broken().nodes["n"].child
        assert (child["good"], child.status) == ("kept", "failed")

    def test_its_on_error_counts(self):
        result = self.broken(on_error="skip")
        assert (statuses(result), result.status) == (
            {"n": "skipped", "after": "completed"},
            "partial",
        )

    def test_it_is_tried_again_as_a_whole(self):
        calls = []

        def flaky():
            calls.append(1)
            if len(calls) < 3:
                raise ValueError
            return len(calls)

        inner = dag_of({"flaky": flaky}, name="inner")
        result = one_node(inner, retry_count=2, retry_backoff=0)
        assert (result["n"], result.status) == (3, "success")

    def test_a_child_that_kept_an_error_makes_the_run_partial(self):
        inner = AgentDAG("inner")
        inner.add_node(AgentNode("x", lambda: 1 / 0, on_error="continue"))
        result = one_node(inner)
        assert (statuses(result), result.status) == ({"n": "completed"}, "partial")

    def test_a_deep_failure_tells_its_whole_way(self):
        inner = dag_of({"bad": lambda: 1 / 0}, name="inner")
        result = one_node(dag_of({"m": inner}, name="middle"))
        assert "'bad' of 'inner'" in result.errors["n"]


class TestTimes:
    @on_virtual_time
    async def test_it_runs_by_its_parents_schedule(self):
        inner = dag_of({"a": sleeper(1), "b": sleeper(2)}, name="inner")
        dag = dag_of({"n": inner, "m": sleeper(3)})
        for policy, expected in (("dataflow", 3), ("levels", 3), ("sequential", 6)):
            assert (await run_dag(dag, policy=policy)).execution_time_seconds == seconds(expected)

    @on_virtual_time
    async def test_its_parents_timeout_ends_it(self):
        dag = AgentDAG("outer")
        inner = dag_of({"a": sleeper(0.1, "A"), "b": sleeper(9)}, name="inner")
        dag.add_node(AgentNode("n", inner, timeout_seconds=1, on_error="skip"))
        result = await run_dag(dag)
        assert result.execution_time_seconds == seconds(1)
        assert statuses(result.nodes["n"].child) == {"a": "completed", "b": "cancelled"}
        assert (result.nodes["n"].child["a"], result.abandoned) == ("A", [])

    @on_virtual_time
    async def test_many_levels_of_nesting_work(self):
        dag = dag_of({"x": sleeper(1, "X")}, name="level 0")
        for level in range(20):
            dag = dag_of({"n": dag}, name=f"level {level + 1}")
        result = await run_dag(dag, slots=1)
        assert (result["n"], result.execution_time_seconds) == ("X", seconds(1))

    @on_virtual_time
    async def test_one_dag_in_two_places_runs_twice(self):
        inner = dag_of({"x": sleeper(1, "X")}, name="inner")
        result = await run_dag(dag_of({"n": inner, "m": inner}))
        assert result.node_results == {"n": "X", "m": "X"}
        assert result.execution_time_seconds == seconds(1)


@pytest.mark.parametrize("schedule", ["sequential", "levels", "dataflow"])
def test_children_appear_in_events_by_their_path(schedule):
    inner = dag_of({"x": lambda: 1}, name="inner")
    dag = dag_of({"n": dag_of({"m": inner}, name="middle")})

    async def run():
        return [e async for e in DAGExecutor(dag).astream(schedule=schedule)]

    paths = [(event.kind, event.node) for event in asyncio.run(run())]
    started = [node for kind, node in paths if kind == "node_started"]
    finished = [node for kind, node in paths if kind == "node_finished"]
    assert started == ["n", "n/m", "n/m/x"]
    assert finished == ["n/m/x", "n/m", "n"]
    assert [kind for kind, _ in paths].count("run_started") == 1
    assert [kind for kind, _ in paths].count("run_finished") == 1
