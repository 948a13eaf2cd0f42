"""Conditions, branches, joins and dead edges."""
# ruff: noqa: PLW0108 - that a function takes parameters of these names is what is tested

import asyncio

import pytest
from graph_makers import constant, dag_of, execute, sleeper, statuses
from virtual_time import on_virtual_time, run_dag, seconds

from linus_nb.errors import ConditionError, OptionError
from linus_nb.graph import AgentDAG, AgentNode

SCHEDULES = ["sequential", "levels", "dataflow"]


class TestConditions:
    @pytest.mark.parametrize("answer", [True, 1, "yes", [0]])
    def test_something_true_lets_the_target_run(self, answer):
        dag = dag_of({"a": constant(1), "b": constant(2)}, [("a", "b", lambda s: answer)])
        assert execute(dag)["b"] == 2

    @pytest.mark.parametrize("answer", [False, 0, "", None, []])
    def test_something_false_skips_the_target(self, answer):
        dag = dag_of({"a": constant(1), "b": constant(2)}, [("a", "b", lambda s: answer)])
        result = execute(dag)
        assert (statuses(result)["b"], result.status) == ("skipped", "success")
        assert result.edges == {("a", "b"): False}

    def test_a_condition_may_be_async(self):
        async def condition(state):
            await asyncio.sleep(0)
            return state["a"] == 1

        dag = dag_of({"a": constant(1), "b": constant(2)}, [("a", "b", condition)])
        assert execute(dag)["b"] == 2

    def test_it_sees_the_initial_state_its_source_and_its_ancestors_only(self):
        seen = []
        dag = dag_of(
            {"z": constant("Z"), "a": constant("A"), "b": constant("B"), "c": constant("C")},
            ["a b", ("b", "c", lambda state: seen.append(dict(state)) or True)],
        )
        execute(dag, {"i": 0})
        assert seen == [{"i": 0, "a": "A", "b": "B"}]

    def test_it_sees_copies(self):
        def condition(state):
            state["a"].append("changed")
            state["i"].append("changed")
            return True

        dag = dag_of({"a": constant([1]), "b": lambda a, i: (a, i)}, [("a", "b", condition)])
        initial = {"i": [0]}
        result = execute(dag, initial)
        assert result["b"] == ([1], [0])
        assert (initial, result["a"]) == ({"i": [0]}, [1])

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_it_is_asked_once(self, schedule):
        asked = []
        dag = dag_of(
            {n: constant(n) for n in "abcd"},
            [("a", "b", lambda s: asked.append("ab") or True), "a c", "c d", "b d"],
        )
        execute(dag, schedule=schedule)
        assert asked == ["ab"]

    def test_it_is_never_asked_on_a_dead_edge(self):
        asked = []
        dag = dag_of(
            {n: constant(n) for n in "abc"},
            [("a", "b", lambda s: False), ("b", "c", lambda s: asked.append(1) or True)],
        )
        result = execute(dag)
        assert asked == []
        assert statuses(result) == {"a": "completed", "b": "skipped", "c": "skipped"}

    def test_it_is_asked_of_a_source_that_was_skipped_by_its_error(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("a", lambda: 1 / 0, on_error="skip"))
        dag.add_node(AgentNode("b", constant(2)))
        dag.add_edge("a", "b", lambda state: "a" not in state)
        assert execute(dag)["b"] == 2

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_one_that_raises_fails_its_target(self, schedule):
        dag = dag_of(
            {"a": constant(1), "b": constant(2)}, [("a", "b", lambda state: state["nope"])]
        )
        result = execute(dag, schedule=schedule)
        assert statuses(result) == {"a": "completed", "b": "failed"}
        error = result.nodes["b"].exception
        assert isinstance(error, ConditionError)
        assert isinstance(error.__cause__, KeyError)
        assert "'a' -> 'b' raised KeyError: 'nope'" in result.errors["b"]

    @pytest.mark.parametrize(
        "error",
        [asyncio.CancelledError(), StopIteration(), SystemExit(), KeyboardInterrupt()],
        ids=repr,
    )
    def test_whatever_one_raises_fails_its_target_only(self, error):
        def condition(state):
            raise error

        dag = dag_of(
            {"a": constant(1), "b": constant(2), "c": constant(3)}, [("a", "b", condition)]
        )
        dag.add_node(AgentNode("b", constant(2), on_error="skip"))
        result = execute(dag)
        assert statuses(result) == {"a": "completed", "b": "skipped", "c": "completed"}
        assert result.status == "partial"

    def test_one_whose_error_has_no_text_fails_its_target_all_the_same(self):
        class UnprintableError(Exception):
            def __str__(self):
                raise RuntimeError

        def condition(state):
            raise UnprintableError

        dag = dag_of({"a": constant(1), "b": constant(2)}, [("a", "b", condition)])
        assert statuses(execute(dag)) == {"a": "completed", "b": "failed"}

    @pytest.mark.parametrize(("on_error", "end"), [("skip", "skipped"), ("continue", "completed")])
    def test_one_that_raises_goes_by_its_targets_on_error(self, on_error, end):
        dag = dag_of({"a": constant(1), "c": lambda state: sorted(state)})
        dag.add_node(AgentNode("b", constant(2), on_error=on_error, retry_count=3))
        dag.add_edge("a", "b", lambda state: state["nope"])
        dag.add_edge("b", "c")
        result = execute(dag)
        assert statuses(result)["b"] == end
        assert result["c"] == (["a"] if on_error == "skip" else ["a", "b"])
        assert result.nodes["b"].attempts == []

    @on_virtual_time
    async def test_one_that_raises_fails_its_target_when_all_predecessors_have_settled(self):
        dag = dag_of(
            {"a": sleeper(0.1), "slow": sleeper(1, "S"), "b": constant(2)},
            [("a", "b", lambda state: state["nope"]), "slow b"],
        )
        result = await run_dag(dag)
        assert statuses(result) == {"a": "completed", "slow": "completed", "b": "failed"}
        assert result.execution_time_seconds == seconds(1)

    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_of_two_that_raise_the_first_sources_is_told_whoever_is_faster(self, schedule):
        async def slow():
            await asyncio.sleep(0.01)

        dag = dag_of(
            {"a": slow, "b": constant(1), "c": constant(2)},
            [("a", "c", lambda s: s["of a"]), ("b", "c", lambda s: s["of b"])],
        )
        assert "'of a'" in execute(dag, schedule=schedule).errors["c"]

    @on_virtual_time
    async def test_a_slow_one_holds_up_its_own_target_only(self):
        async def slow(state):
            await asyncio.sleep(5)
            return True

        dag = dag_of({n: sleeper(1, n) for n in ("a", "b", "x", "y")}, [("a", "b", slow), "x y"])
        result = await run_dag(dag)
        assert result.nodes["y"].ended == seconds(2)
        assert result.execution_time_seconds == seconds(7)


class TestBranches:
    def branching(self, answer):
        dag = dag_of({n: constant(n) for n in ("n", "even", "odd", "join")})
        dag.add_branch("n", answer, {"e": "even", "o": "odd"})
        dag.add_edge("even", "join")
        dag.add_edge("odd", "join")
        return execute(dag)

    def test_the_named_target_runs_and_the_others_are_skipped(self):
        result = self.branching(lambda state: "e")
        assert statuses(result) == {
            "n": "completed",
            "even": "completed",
            "odd": "skipped",
            "join": "completed",
        }

    def test_several_labels_start_several_targets(self):
        assert self.branching(lambda state: ["e", "o"]).completed_nodes == 4

    def test_no_label_starts_none(self):
        assert self.branching(lambda state: []).completed_nodes == 1

    def test_an_async_router_is_awaited(self):
        async def router(state):
            return "o"

        assert statuses(self.branching(router))["odd"] == "completed"

    def test_the_router_is_asked_once(self):
        asked = []
        self.branching(lambda state: asked.append(1) or "e")
        assert asked == [1]

    def test_an_unknown_label_fails_the_targets_and_is_named(self):
        result = self.branching(lambda state: "neither")
        assert result.status == "failed"
        assert "'neither', which is none of ['e', 'o']" in next(iter(result.errors.values()))

    def test_none_is_no_label(self):
        assert self.branching(lambda state: None).status == "failed"

    def test_two_labels_may_lead_to_one_target(self):
        for answer in ("x", "y", ["x", "y"]):
            dag = dag_of({n: constant(n) for n in ("n", "a", "b")})
            dag.add_branch("n", lambda state, answer=answer: answer, {"x": "a", "y": "a", "z": "b"})
            assert statuses(execute(dag)) == {"n": "completed", "a": "completed", "b": "skipped"}

    def test_labels_need_not_be_text(self):
        dag = dag_of({"n": constant(4), "even": constant("e"), "odd": constant("o")})
        dag.add_branch("n", lambda state: state["n"] % 2 == 0, {True: "even", False: "odd"})
        assert statuses(execute(dag))["odd"] == "skipped"

    def test_no_targets_are_refused(self):
        with pytest.raises(OptionError, match="no targets"):
            dag_of({"n": print}).add_branch("n", print, {})
