"""Cancelling a run: nothing finished is lost, nothing is left running."""

import asyncio

import pytest
from graph_makers import dag_of, sleeper, statuses, stubborn
from virtual_time import on_virtual_time

from linus_nb.graph import AgentDAG, AgentNode, DAGExecutor


async def cancelled_at(seconds, dag, *, state=None, **executor_options):
    """Cancel a run of ``dag`` and return its executor."""
    executor = DAGExecutor(dag, **executor_options)
    task = asyncio.ensure_future(executor.aexecute(state, schedule="dataflow"))
    await asyncio.sleep(seconds)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    return executor


def now():
    return asyncio.get_running_loop().time()


class TestCancel:
    @on_virtual_time
    async def test_what_finished_is_kept_and_the_rest_is_cancelled(self):
        dag = dag_of({"a": sleeper(0.1, "A"), "b": sleeper(5), "c": sleeper(0.1)}, ["b c"])
        executor = await cancelled_at(1, dag)
        result = executor.last_result
        assert result.status == "cancelled"
        assert statuses(result) == {"a": "completed", "b": "cancelled", "c": "cancelled"}
        assert result.node_results == {"a": "A", "b": None, "c": None}
        assert (result.errors, result.abandoned) == ({}, [])
        assert len(asyncio.all_tasks()) == 1

    @on_virtual_time
    async def test_it_takes_no_time_if_nodes_obey(self):
        await cancelled_at(1, dag_of({"a": sleeper(5)}))
        assert now() == pytest.approx(1)

    @on_virtual_time
    async def test_it_reaches_a_node_in_its_retry_delay(self):
        dag = AgentDAG("d")
        dag.add_node(AgentNode("a", sleeper(0, error=ValueError()), retry_count=9, retry_backoff=9))
        executor = await cancelled_at(1, dag)
        assert now() == pytest.approx(1)
        assert statuses(executor.last_result) == {"a": "cancelled"}

    @on_virtual_time
    async def test_it_reaches_nodes_that_wait_for_a_slot(self):
        dag = dag_of({n: sleeper(5) for n in "abc"})
        executor = await cancelled_at(1, dag, max_concurrency=1)
        assert executor.last_result.cancelled_nodes == 3
        attempts = [a for n in executor.last_result.nodes.values() for a in n.attempts]
        assert {a.status for a in attempts} == {"cancelled"}

    @on_virtual_time
    async def test_it_is_never_retried_even_by_a_node_that_retries_on_everything(self):
        calls = []

        async def work():
            calls.append(1)
            await asyncio.sleep(5)

        dag = AgentDAG("d")
        dag.add_node(AgentNode("a", work, retry_count=5, retry_backoff=0, on_error="continue"))
        executor = await cancelled_at(1, dag)
        assert (len(calls), statuses(executor.last_result)) == (1, {"a": "cancelled"})

    @on_virtual_time
    async def test_a_node_that_swallows_it_is_given_up_after_the_grace_time_and_named(self):
        dag = dag_of({"stubborn": stubborn(9), "good": sleeper(5)})
        executor = await cancelled_at(1, dag)
        assert now() == pytest.approx(1.2)
        assert executor.last_result.abandoned == ["stubborn"]
        assert executor.last_result.cancelled_nodes == 2
        await asyncio.sleep(9)
        assert executor.last_result["stubborn"] is None
        assert executor.last_result.cancelled_nodes == 2

    @on_virtual_time
    async def test_a_value_that_comes_within_the_grace_time_is_kept(self):
        executor = await cancelled_at(1, dag_of({"a": stubborn(0.1, value="kept")}))
        assert executor.last_result["a"] == "kept"
        assert executor.last_result.status == "cancelled"

    @on_virtual_time
    async def test_an_error_while_stopping_is_kept_but_the_node_is_cancelled(self):
        async def work():
            try:
                await asyncio.sleep(5)
            finally:
                raise OSError("while stopping")

        executor = await cancelled_at(1, dag_of({"a": work}))
        assert statuses(executor.last_result) == {"a": "cancelled"}
        assert executor.last_result.errors == {"a": "OSError: while stopping"}

    @on_virtual_time
    async def test_a_second_cancel_does_not_leave_things_running(self):
        executor = DAGExecutor(dag_of({"a": stubborn(0.1, swallow=False)}))
        task = asyncio.ensure_future(executor.aexecute())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1
        assert now() == pytest.approx(1.1)

    @on_virtual_time
    async def test_a_cancel_during_the_clean_up_of_a_failed_run_is_not_lost(self):
        dag = dag_of({"bad": sleeper(1, error=ValueError()), "slow": stubborn(0.1)})
        executor = DAGExecutor(dag)
        task = asyncio.ensure_future(executor.aexecute())
        await asyncio.sleep(1.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert executor.last_result.status == "failed"
        assert statuses(executor.last_result) == {"bad": "failed", "slow": "completed"}

    @on_virtual_time
    async def test_a_timeout_around_the_run_is_a_timeout(self):
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await DAGExecutor(dag_of({"a": sleeper(5)})).aexecute()

    @on_virtual_time
    async def test_at_the_very_beginning_and_at_every_turn_of_the_loop(self):
        for turns in range(40):
            dag = dag_of({n: sleeper(0, n) for n in "abcd"}, ["a b", "b c", "c d"])
            executor = DAGExecutor(dag)
            task = asyncio.ensure_future(executor.aexecute())
            for _ in range(turns + 1):
                await asyncio.sleep(0)
            task.cancel()
            await asyncio.wait([task])
            result = executor.last_result
            assert set(statuses(result).values()) <= {"completed", "cancelled"}
            assert all(n.output == n.name for n in result.nodes.values() if n.status == "completed")
            assert len(asyncio.all_tasks()) == 1
            assert result.abandoned == []

    @on_virtual_time
    async def test_a_condition_in_flight_is_stopped_and_its_source_stays_completed(self):
        async def slow(state):
            await asyncio.sleep(9)
            return True

        dag = dag_of({"a": sleeper(0.1, "A"), "b": sleeper(1)}, [("a", "b", slow)])
        executor = await cancelled_at(1, dag)
        assert now() == pytest.approx(1)
        assert statuses(executor.last_result) == {"a": "completed", "b": "cancelled"}
        assert executor.last_result["a"] == "A"

    @on_virtual_time
    async def test_a_condition_that_would_not_stop_does_not_undo_its_source(self):
        async def deaf(state):
            await stubborn(5)()
            return True

        dag = dag_of({"a": sleeper(0.1, "A"), "b": sleeper(1)}, [("a", "b", deaf)])
        executor = await cancelled_at(1, dag)
        node = executor.last_result.nodes["a"]
        assert (node.status, node.attempts[0].status, node.output) == (
            "completed",
            "completed",
            "A",
        )
        await asyncio.sleep(9)
        assert statuses(executor.last_result)["b"] == "cancelled"


class TestNestedStops:
    @on_virtual_time
    async def test_a_cancel_reaches_the_nodes_of_nested_dags(self):
        inner = dag_of({"x": sleeper(0.1, "X"), "y": sleeper(5)}, name="inner")
        executor = await cancelled_at(1, dag_of({"n": inner}))
        result = executor.last_result
        assert statuses(result) == {"n": "cancelled"}
        child = result.nodes["n"].child
        assert (child.status, statuses(child)) == (
            "cancelled",
            {"x": "completed", "y": "cancelled"},
        )
        assert child["x"] == "X"

    @on_virtual_time
    async def test_a_childs_grace_ends_before_its_parents(self):
        inner = dag_of({"deaf": stubborn(9)}, name="inner")
        executor = await cancelled_at(1, dag_of({"n": inner}))
        assert executor.last_result.abandoned == ["n/deaf"]
        assert now() <= 1.2
        await asyncio.sleep(9)

    @on_virtual_time
    async def test_a_deaf_node_two_levels_down_is_named_by_its_path(self):
        inner = dag_of({"deaf": stubborn(9)}, name="inner")
        middle = dag_of({"m": inner}, name="middle")
        executor = await cancelled_at(1, dag_of({"n": middle}))
        assert executor.last_result.abandoned == ["n/m/deaf"]
        await asyncio.sleep(9)

    @on_virtual_time
    async def test_a_deaf_node_of_a_nested_dag_that_timed_out_holds_no_slot(self):
        inner = dag_of({"deaf": stubborn(50)}, name="inner")
        dag = AgentDAG("outer")
        dag.add_node(AgentNode("n", inner, timeout_seconds=1, on_error="skip"))
        dag.add_node(AgentNode("after", sleeper(0.1, "ok")))
        dag.add_edge("n", "after")
        result = await DAGExecutor(dag, max_concurrency=1).aexecute()
        assert (result["after"], result.abandoned) == ("ok", ["n/deaf"])
        assert now() == pytest.approx(1.25, abs=0.06)
        await asyncio.sleep(50)
