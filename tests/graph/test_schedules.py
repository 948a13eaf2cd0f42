"""The three schedules, and limits on what runs at once."""

import pytest
from graph_makers import Spy, dag_of, sleeper, statuses
from virtual_time import new_run, on_virtual_time, run_dag, seconds

from linus_nb.errors import OptionError
from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor, options


def uneven():
    return dag_of({"fast": sleeper(0.1), "next": sleeper(0.5), "slow": sleeper(0.5)}, ["fast next"])


class TestMakespans:
    @on_virtual_time
    async def test_dataflow_is_the_critical_path(self):
        assert (await run_dag(uneven())).execution_time_seconds == seconds(0.6)

    @on_virtual_time
    async def test_levels_wait_for_the_level_before(self):
        result = await run_dag(uneven(), policy="levels")
        assert result.execution_time_seconds == seconds(1.0)
        (attempt,) = result.nodes["next"].attempts
        assert (attempt.queued, attempt.released) == (seconds(0.1), seconds(0.5))

    @on_virtual_time
    async def test_sequential_is_the_sum(self):
        assert (await run_dag(uneven(), policy="sequential")).execution_time_seconds == seconds(1.1)

    @on_virtual_time
    async def test_sequential_runs_one_at_a_time_in_execution_order(self):
        spy = Spy()
        dag = dag_of({n: spy.node(n) for n in "dcba"}, ["a d", "d c"])
        await run_dag(dag, policy="sequential")
        assert (spy.most, spy.started) == (1, ["b", "a", "d", "c"])
        assert [n for level in dag.get_execution_order() for n in level] == spy.started

    @on_virtual_time
    async def test_a_level_of_a_skipped_node_does_not_hold_up_the_next(self):
        dag = dag_of(
            {"a": sleeper(0.1), "b": sleeper(9), "c": sleeper(0.1)},
            [("a", "b", lambda s: False), "a c"],
        )
        assert (await run_dag(dag, policy="levels")).execution_time_seconds == seconds(0.2)

    @on_virtual_time
    async def test_an_empty_dag_succeeds_at_once(self):
        result = await run_dag(AgentDAG("empty"))
        assert (result.status, result.total_nodes, result.node_results) == ("success", 0, {})


class TestChoosingASchedule:
    @pytest.mark.parametrize(
        ("executor", "call", "expected"),
        [
            ({}, {}, "levels"),
            ({}, {"parallel": False}, "sequential"),
            ({"schedule": "dataflow"}, {}, "dataflow"),
            ({"schedule": "dataflow"}, {"parallel": False}, "dataflow"),
            ({"schedule": "dataflow"}, {"schedule": "levels"}, "levels"),
            ({}, {"schedule": "dataflow", "parallel": False}, "dataflow"),
        ],
    )
    @on_virtual_time
    async def test_the_most_explicit_one_wins(self, executor, call, expected):
        ex = DAGExecutor(dag_of({"a": sleeper(0)}), **executor)
        assert (await ex.aexecute(**call)).schedule == expected

    def test_execute_is_sequential_by_default(self):
        assert DAGExecutor(dag_of({"a": sleeper(0)})).execute().schedule == "sequential"

    def test_the_sessions_default_is_an_option(self, monkeypatch):
        monkeypatch.setattr(options, "schedule", "dataflow")
        ex = DAGExecutor(dag_of({"a": sleeper(0)}))
        assert ex.execute(parallel=True).schedule == "dataflow"
        assert ex.execute().schedule == "sequential"

    def test_an_unknown_schedule_is_refused_by_name(self):
        with pytest.raises(OptionError, match="'fast' is not one of 'sequential', 'levels'"):
            DAGExecutor(AgentDAG("d"), schedule="fast")
        with pytest.raises(OptionError, match="'fast'"):
            DAGExecutor(AgentDAG("d")).execute(schedule="fast")
        with pytest.raises(OptionError, match="'fast'"):
            options.schedule = "fast"


class TestLimits:
    @pytest.mark.parametrize("most", [1, 2, 3, 7])
    @on_virtual_time
    async def test_no_more_than_max_concurrency_run_at_once(self, most):
        spy = Spy()
        dag = dag_of({f"n{i}": spy.node(f"n{i}") for i in range(7)})
        result = await run_dag(dag, slots=most)
        assert spy.most == most
        assert result.execution_time_seconds == seconds(0.1 * -(-7 // most))

    @on_virtual_time
    async def test_slots_are_given_in_the_order_of_asking(self):
        spy = Spy()
        await run_dag(dag_of({n: spy.node(n) for n in "edcba"}), slots=1)
        assert spy.started == list("edcba")

    @on_virtual_time
    async def test_a_resource_is_limited_by_itself_and_blocks_nobody_else(self):
        gpu, free, dag = Spy(), Spy(), AgentDAG("d")
        for i in range(4):
            dag.add_node(AgentNode(f"g{i}", gpu.node(i), resource="gpu"))
            dag.add_node(AgentNode(f"f{i}", free.node(i)))
        result = await run_dag(dag, limits={"gpu": 1})
        assert (gpu.most, free.most) == (1, 4)
        assert result.execution_time_seconds == seconds(0.4)

    @on_virtual_time
    async def test_a_resource_without_a_limit_has_none(self):
        spy, dag = Spy(), AgentDAG("d")
        for i in range(4):
            dag.add_node(AgentNode(f"g{i}", spy.node(i), resource="gpu"))
        await run_dag(dag, limits={"other": 1})
        assert spy.most == 4

    @on_virtual_time
    async def test_nobody_waits_behind_a_full_resource(self):
        spy, dag = Spy(), AgentDAG("d")
        for i in range(3):
            dag.add_node(AgentNode(f"g{i}", spy.node(f"g{i}"), resource="gpu"))
        dag.add_node(AgentNode("free", spy.node("free")))
        await run_dag(dag, slots=2, limits={"gpu": 1})
        assert spy.started[:2] == ["g0", "free"]

    @on_virtual_time
    async def test_a_failed_run_of_many_waiting_nodes_leaves_nothing_behind(self):
        dag = dag_of({"bad": sleeper(0.1, error=ValueError("bad"))})
        for i in range(2_000):
            dag.add_node(AgentNode(f"n{i}", sleeper(0.1)))
        result = await run_dag(dag, slots=1)
        assert (result.failed_nodes, result.cancelled_nodes) == (1, 2_000)

    @on_virtual_time
    async def test_a_nested_run_that_fails_passes_its_slots_on(self):
        inner = dag_of({"bad": sleeper(0.1, error=ValueError("bad"))}, name="inner")
        for i in range(2_000):
            inner.add_node(AgentNode(f"n{i}", sleeper(0.1)))
        dag = AgentDAG("outer")
        dag.add_node(AgentNode("inner", inner, on_error="skip"))
        dag.add_node(AgentNode("after", sleeper(0.1, "ok")))
        dag.add_edge("inner", "after")
        result = await run_dag(dag, slots=1)
        assert (result["after"], result.execution_time_seconds) == ("ok", seconds(0.2))

    @on_virtual_time
    async def test_slots_are_shared_with_nested_runs_and_a_parent_holds_none(self):
        spy = Spy()
        inner = dag_of({n: spy.node(n) for n in "ab"}, name="inner")
        dag = dag_of({"x": inner, "y": inner.copy("copy"), "c": spy.node("c")})
        result = await run_dag(dag, slots=1)
        assert (spy.most, result.status) == (1, "success")
        assert result.execution_time_seconds == seconds(0.5)

    @pytest.mark.parametrize("limit", [0, -1, 1.5, "2", True, None])
    def test_a_limit_that_can_never_work_is_refused_by_name(self, limit):
        with pytest.raises(OptionError, match="gpu"):
            DAGExecutor(AgentDAG("d"), limits={"gpu": limit})
        if limit is not None:
            with pytest.raises(OptionError, match="max_concurrency"):
                DAGExecutor(AgentDAG("d"), max_concurrency=limit)

    @on_virtual_time
    async def test_a_slot_is_kept_until_the_node_has_settled(self):
        starts = {}

        async def slow(state):
            starts["asked"] = True
            return True

        dag = dag_of({"a": sleeper(0.1), "b": sleeper(0.1)}, [("a", "b", slow)])
        run = new_run(dag, slots=1)
        result = await run.execute()
        assert (statuses(result)["b"], starts) == ("completed", {"asked": True})
